"""A web server on this machine that serves a folder, and breaks where a test asks for it."""

from __future__ import annotations

import functools
import http.server
import threading
from contextlib import contextmanager


class Server(http.server.ThreadingHTTPServer):
    """Serves files; ``faults`` names a file -> how the next answers go wrong; ``asked`` lists the files asked for.

    Faults: ``cut`` ends in the middle, ``byte`` changes one byte, a number is sent as the status.
    """

    daemon_threads = True

    def __init__(self, folder):
        self.faults, self.asked = {}, []
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        faults = self.server.faults.get(name, [])
        fault = faults.pop(0) if faults else None
        if fault is None:
            return super().do_GET()
        if isinstance(fault, int):
            return self.send_error(fault)
        with open(self.translate_path(self.path), "rb") as file:
            content = bytearray(file.read())
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "byte":
            content[len(content) // 2] ^= 1
            return self.wfile.write(content)
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True
        return None


@contextmanager
def serving(folder):
    """Give a :class:`Server` of a folder that answers until the end of the block."""
    with Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
