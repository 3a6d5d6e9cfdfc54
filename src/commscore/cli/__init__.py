"""Command line. Heavy imports happen when a command runs, so that ``--help`` is immediate."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any, NoReturn

import typer

from . import _circuits, _compare, _demo, _expectations, _report, _resource, _score, _therapies
from ._log import Log
from ._run import BAD_INPUT, EXIT_CODES, print_summary

_CODES = "\n".join(f"- {code}: {meaning}" for code, meaning in EXIT_CODES.items())

app = typer.Typer(
    name="commscore",
    help=f"Cell–cell communication in single-cell data: scored, tested, explained.\n\n**Exit codes**\n\n{_CODES}",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("score")(_score.score)
app.command("compare")(_compare.compare)
app.command("circuits")(_circuits.circuits)
app.command("therapies")(_therapies.therapies)
app.command("expectations")(_expectations.expectations)
app.command("report")(_report.report)
app.command("demo")(_demo.demo)
app.add_typer(_resource.app, name="resource")
_ClickException: Any = typer.BadParameter.__mro__[2]  # typer exports only classes below it


def _version(value: bool) -> None:
    if value:
        from .. import __version__

        typer.echo(f"commscore {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


def main() -> NoReturn:
    """Entry point of the ``commscore`` command; an error in its usage is told as every other error."""
    try:
        code = app(standalone_mode=False, prog_name="commscore")
    except _ClickException as error:
        code = _usage_error(error, sys.argv[1:])
    except typer.Abort:
        code = 1
    sys.exit(code or 0)


def _usage_error(error: Any, arguments: list[str]) -> int:
    where = error.ctx.command_path if getattr(error, "ctx", None) else "commscore"
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
        typer.echo(error.format_message(), err=True)
        return BAD_INPUT
    message = f"{' '.join(error.format_message().split())} (see {where} --help)"
    name = where.removeprefix("commscore").strip() or "commscore"
    Log(name, as_json=_asked_for_json_log(arguments)).write("error", message, exit_code=BAD_INPUT)
    if "--json" in arguments:
        print_summary(name, BAD_INPUT, {"error": message, "warnings": [], "seconds": 0.0})
    return BAD_INPUT


def _asked_for_json_log(arguments: list[str]) -> bool:
    return "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)
