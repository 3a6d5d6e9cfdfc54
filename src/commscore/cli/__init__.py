"""Command line. Heavy imports happen when a command runs, so that ``--help`` is immediate."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from . import _demo, _resource
from ._lazy_group import CONTEXT, add_light, first_lines, lazy_group
from ._log import Log
from ._run import BAD_INPUT, EXIT_CODES, print_summary

if TYPE_CHECKING:
    from collections.abc import Callable

_CODES = "\n".join(f"- {code}: {meaning}" for code, meaning in EXIT_CODES.items())

_FUNCTIONS = first_lines("tl")
_PLOTS = first_lines("pl")
_LEFT_OUT = {"method"}
"""Tools that give Python an object: a command has nothing to give it to."""


def _tool_command(name: str) -> Callable[..., None]:
    from .. import tl
    from ._tool import ToolCommand

    return ToolCommand(name, getattr(tl, name)).command()


def _plot_command(name: str) -> Callable[..., None]:
    from .. import pl
    from ._plot import plot_command

    return plot_command(name, getattr(pl, name))


def _report_command(name: str) -> Callable[..., None]:
    from .. import report
    from ._report import report_command

    return report_command(getattr(report, name))


_TOOLS = {name.replace("_", "-"): (name, _tool_command) for name in _FUNCTIONS if name not in _LEFT_OUT}
app = typer.Typer(
    name="commscore",
    cls=lazy_group(_TOOLS | {"report": ("write", _report_command)}),
    help=f"Cell–cell communication in single-cell data: scored, tested, explained.\n\n**Exit codes**\n\n{_CODES}",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)
for _name, (_function, _) in _TOOLS.items():
    add_light(app, _name, _FUNCTIONS[_function])
_plots = typer.Typer(
    cls=lazy_group({name.replace("_", "-"): (name, _plot_command) for name in _PLOTS}),
    help="Draw a stored result; every plot of the library is a command.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for _name, _line in _PLOTS.items():
    add_light(_plots, _name.replace("_", "-"), _line)
app.add_typer(_plots, name="plot")
add_light(app, "report", "Write one HTML file from the results that are stored in the data.")
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
