"""What takes long says so on standard error: a bar on a terminal, one line elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

QUIET = "COMMSCORE_QUIET"
"""Variable of the environment: set to anything but nothing or 0, no progress is shown."""

_SILENT: ContextVar[bool] = ContextVar("silent", default=False)
_PATIENCE = 2.0  # seconds


@contextmanager
def without_progress() -> Iterator[None]:
    """Show no progress inside."""
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


def is_quiet() -> bool:
    """Whether nothing is to be shown here."""
    return _SILENT.get() or os.environ.get(QUIET, "0") not in ("", "0")


def say(text: str) -> None:
    """Show a line on standard error, unless nothing is to be shown."""
    if not is_quiet():
        _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text + "\n")
        stream.flush()
    except (OSError, ValueError):  # the reader left: no error of the work
        return


@contextmanager
def progress_bar(total: int | None, what: str) -> Iterator[Callable[[int], object]]:
    """Give a function that takes the number of units done; it shows nothing of what is soon over.

    Parameters
    ----------
    total
        Number of units, None where they cannot be counted.
    what
        What they are.
    """
    if is_quiet():
        yield lambda _: None
        return
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=total, desc=what, delay=1, leave=False, file=sys.stderr) as shown:
            yield shown.update
        return
    line = _Line(total, what)
    timer = threading.Timer(_PATIENCE, line.say)
    timer.daemon = True
    timer.start()
    try:
        yield line.update
    finally:
        timer.cancel()


class _Line:
    """One line, for notebooks and logs."""

    def __init__(self, total: int | None, what: str) -> None:
        self._total, self._what, self._n_done = total, what, 0
        self._start, self._stream = time.monotonic(), sys.stderr

    def update(self, n: int) -> None:
        self._n_done += n

    def say(self) -> None:
        text = f"commscore: {self._what} …"
        if self._total and self._n_done:
            left = (time.monotonic() - self._start) * (self._total - self._n_done) / self._n_done
            text = f"commscore: {self._what}: {self._n_done:,} of {self._total:,}, about {max(left, 1):.0f} s to go"
        _write(self._stream, text)
