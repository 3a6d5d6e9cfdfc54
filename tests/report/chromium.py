"""Chromium, driven through a pair of pipes by the Chrome DevTools protocol; needs nothing but the browser."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

BINARY = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip


class Chromium:
    """One page. Whatever the page says on its console, throws, or asks the network for is kept."""

    def __init__(self, profile: Path) -> None:
        into, self.write = os.pipe()
        self.read, out = os.pipe()
        # the browser reads its commands from descriptor 3 and answers on 4
        shell = f'exec "$0" "$@" 3<&{into} 4>&{out}'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", shell, BINARY, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(into, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(into)
        os.close(out)
        self.buffer, self.number, self.session = b"", 0, None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.loaded = False
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)
        os.close(self.read)
        os.close(self.write)

    def call(self, method: str, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self, wait: float = 60):
        end = time.monotonic() + wait
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("Chromium does not answer")
            piece = os.read(self.read, 1 << 20)
            if not piece:
                raise EOFError("Chromium ended")
            self.buffer += piece
        raw, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(raw)
        self._keep(message.get("method"), message.get("params", {}))
        return message

    def _keep(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def open(self, file: Path) -> float:
        """Load a file; return the milliseconds until it was ready."""
        self.loaded = False
        self.call("Page.navigate", url=file.as_uri())
        while not self.loaded:
            self._next()
        return self("performance.timing.loadEventEnd - performance.timing.navigationStart")

    def __call__(self, expression: str):
        """Return the value of an expression, promises awaited."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                         userGesture=True)  # fmt: skip
        if "exceptionDetails" in done:
            raise RuntimeError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)  # fmt: skip

    def click(self, selector: str) -> None:
        """Press the mouse on the middle of an element, as a person does."""
        spot = self(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.left + Math.min(r.width / 2, 30), r.top + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1)

    def press(self, key: str, code: int, text: str = "") -> None:
        extra = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **extra)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def until(self, expression: str, wait: float = 20) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + wait
        while not self(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"not true after {wait} s: {expression}")
            time.sleep(0.03)

    def picture(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
