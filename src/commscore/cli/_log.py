"""The log of a command, on standard error: lines for people, or one JSON object per line."""

from __future__ import annotations

import io
import json
import sys
import warnings
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Log:
    """Where a command says what it does.

    Parameters
    ----------
    command
        Its name, a field of every line in JSON.
    as_json
        One JSON object per line: ``time`` (UTC, ISO 8601), ``level`` (``info``, ``warning``, ``error``), ``command``,
        ``message``, and what else is known. Then whatever others write to standard error becomes such lines too.
    quiet
        Leave out ``info``.

    Attributes
    ----------
    warnings
        Python's warnings so far, each once.
    spoken
        What says a warning of the library in the words of the command.
    """

    def __init__(self, command: str, *, as_json: bool = False, quiet: bool = False) -> None:
        self.command, self.as_json, self.quiet = command, as_json, quiet
        self.stream: TextIO | None = None
        self.warnings: list[str] = []
        self.spoken: Callable[[str], str] = str

    def write(self, level: str, message: str, **facts: Any) -> None:
        """Write one line; ``facts`` are fields of the line in JSON, of which text shows the traceback only."""
        if self.quiet and level == "info":
            return
        stream = self.stream or sys.stderr
        if self.as_json:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": now, "level": level, "command": self.command, "message": message, **facts}
            stream.write(json.dumps(line, default=str) + "\n")
        else:
            start = "" if level == "info" else f"commscore: {level}: "
            stream.write(f"{facts.get('traceback', '')}{start}{message}\n")
        stream.flush()

    @contextmanager
    def active(self) -> Iterator[None]:
        """Take over Python's warnings and, in JSON, the whole of standard error."""
        self.stream = sys.stderr
        lines = _Lines(self)
        try:
            with warnings.catch_warnings():
                warnings.showwarning = self._warned
                if not self.as_json:
                    yield
                    return
                with redirect_stderr(lines):
                    yield
        finally:
            lines.end()
            self.stream = None

    def _warned(self, message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        text = self.spoken(" ".join(str(message).split()))
        if text not in self.warnings:
            self.warnings.append(text)
        self.write("warning", f"{category.__name__}: {text}", category=category.__name__)


class _Lines(io.TextIOBase):
    """Standard error for everybody else: every line becomes a line of the log."""

    def __init__(self, log: Log) -> None:
        self.log, self.rest = log, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *whole, self.rest = (self.rest + text).replace("\r", "\n").split("\n")
        for line in filter(str.strip, whole):
            self.log.write("info", line.strip())
        return len(text)

    def end(self) -> None:
        """Write what did not end in a newline."""
        self.write("\n" if self.rest else "")
