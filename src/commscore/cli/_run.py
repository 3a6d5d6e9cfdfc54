"""How every command runs: exit codes, a log on standard error, a summary in JSON on standard output."""

from __future__ import annotations

import errno
import inspect
import json
import signal
import sys
import threading
import time
import traceback
from contextlib import contextmanager, nullcontext, redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.progress import without_progress
from ._files import NO_SPACE
from ._keywords import in_options
from ._log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from ._keywords import Keyword

DONE, UNEXPECTED, BAD_INPUT, MACHINE, NOTHING_TESTED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143
EXIT_CODES = {
    DONE: "done, or with --resume already done",
    UNEXPECTED: "an error that is a defect of commscore; the log holds its traceback",
    BAD_INPUT: "the call or its input is wrong; the message names the argument, what was found and what to do",
    MACHINE: "the machine lacks a package, memory, disk space or the network; the same call may work elsewhere",
    NOTHING_TESTED: "done, and all outputs are written, but nothing could be tested; the outputs and the log say why",
    INTERRUPTED: "interrupted (SIGINT)",
    TERMINATED: "terminated (SIGTERM)",
}
_NOTHING = {"tested": "nothing could be tested", "edges": "there is no edge to cut"}
SCHEMA = "commscore.summary/1"
_OF_THE_MACHINE = NO_SPACE | {errno.EROFS, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_PANEL = "For pipelines"


class LogFormat(str, Enum):  # noqa: UP042 -- StrEnum is shown with its class by older versions of typer
    """How the log is written."""

    text = "text"
    json = "json"


_Format = Annotated[
    LogFormat,
    typer.Option(
        "--log-format", help="Log on standard error: text, or one JSON object per line.", rich_help_panel=_PANEL
    ),
]
_Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print a summary in JSON on standard output, and nothing else there.", rich_help_panel=_PANEL
    ),
]
_Quiet = Annotated[bool, typer.Option("--quiet", help="Log only warnings and errors.", rich_help_panel=_PANEL)]
_ADDED = (("log_format", _Format, LogFormat.text), ("as_json", _Json, False), ("quiet", _Quiet, False))


class Terminated(BaseException):
    """SIGTERM, raised where the command is, so that temporary files are removed on the way out."""


@dataclass
class Run:
    """A command that runs: its name, what it was called with, its log."""

    command: str
    parameters: dict[str, Any]
    log: Log
    as_json: bool = False
    keywords: dict[str, Keyword] = field(default_factory=dict)
    """Keywords of the library that are options of the command: messages name these."""
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return round(time.perf_counter() - self.started, 3)


_CURRENT: ContextVar[Run] = ContextVar("commscore_run")


def current() -> Run:
    """Return the command that runs."""
    return _CURRENT.get()


def say(message: str, **facts: Any) -> None:
    """Tell the progress, on standard error; ``facts`` are fields of the line in JSON."""
    current().log.write("info", message, **facts)


def command(function: Callable[..., dict[str, Any] | None]) -> Callable[..., None]:
    """Make a command of a function that returns its summary (or None): adds the options that all commands have."""
    signature = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, kind, default in _ADDED
    ]

    @wraps(function)
    def run(
        *, log_format: LogFormat = LogFormat.text, as_json: bool = False, quiet: bool = False, **parameters: Any
    ) -> None:
        name = function.__name__.strip("_").replace("_", " ")
        running = Run(name, parameters, Log(name, as_json=log_format == LogFormat.json, quiet=quiet), as_json)
        running.log.spoken = lambda text: in_options(text, running.keywords)
        token = _CURRENT.set(running)
        try:
            code = _execute(running, function)
        finally:
            _CURRENT.reset(token)
        if code:
            raise typer.Exit(code)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in signature.parameters.values()]
    run.__signature__ = signature.replace(parameters=[*parameters, *added], return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in (*parameters, *added)}
    return run


def _execute(running: Run, function: Callable[..., dict[str, Any] | None]) -> int:
    """Run, and return the exit code. With ``--json`` nothing but the summary reaches standard output."""
    code, result = DONE, {}
    with running.log.active(), without_progress() if running.log.quiet else nullcontext():
        try:
            with redirect_stdout(sys.stderr) if running.as_json else nullcontext(), _terminable():
                result = function(**running.parameters) or {}
        except (BrokenPipeError, typer.Exit, typer.Abort):  # the reader left, as head does: no error of the input
            raise
        except (Exception, KeyboardInterrupt, Terminated) as error:
            code, message = exit_code(error), in_options(message_of(error), running.keywords)
            trace = {"traceback": traceback.format_exc()} if code == UNEXPECTED else {}
            running.log.write("error", message, exit_code=code, **trace)
            result = {"error": message}
        why = next((text for name, text in _NOTHING.items() if result.get(name) == 0), None)
        if why:
            code = NOTHING_TESTED
            running.log.write("warning", why, exit_code=code)
            running.log.warnings.append(why)
    if running.as_json:
        warnings = list(dict.fromkeys([*result.get("warnings", ()), *running.log.warnings]))
        print_summary(running.command, code, result | {"warnings": warnings, "seconds": running.seconds})
    return code


def exit_code(error: BaseException) -> int:
    """Return the exit code that an error leads to, a key of :data:`EXIT_CODES`."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, Terminated):
        return TERMINATED
    of_the_machine = isinstance(error, OSError) and error.errno in _OF_THE_MACHINE
    if of_the_machine or isinstance(error, MemoryError | ImportError | ConnectionError | TimeoutError):
        return MACHINE
    return BAD_INPUT if isinstance(error, ValueError | KeyError | TypeError | OSError) else UNEXPECTED


def message_of(error: BaseException) -> str:
    """Return one line."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; no output was written"
    if isinstance(error, Terminated):
        return "terminated; no output was written"
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    line = " ".join(str(text).split())
    if isinstance(error, MemoryError):
        return f"out of memory{f': {line}' if line else ''}"
    return line if exit_code(error) != UNEXPECTED and line else f"{type(error).__name__}: {line}"


def print_summary(name: str, code: int, result: dict[str, Any]) -> None:
    """Print one line of JSON on standard output."""
    from .._version import __version__

    usual = {DONE: "done", NOTHING_TESTED: "nothing tested"}.get(code)
    status = "error" if usual is None else result.pop("status", usual)
    head = {"schema": SCHEMA, "command": name, "status": status, "exit_code": code, "commscore": __version__}
    typer.echo(json.dumps(plain(head | result), allow_nan=False))


def plain(value: Any) -> Any:
    """Return what JSON can hold: numbers of NumPy as numbers, arrays as lists, what is not finite as null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if abs(value) != float("inf") and value == value else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


@contextmanager
def _terminable() -> Iterator[None]:
    """Raise :class:`Terminated` on SIGTERM, as schedulers send it; only the main thread can ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
