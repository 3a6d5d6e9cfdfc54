"""Command line. Heavy imports happen when a command runs, so that ``--help`` is immediate."""

from __future__ import annotations

import typer

from . import _compare, _demo, _report, _resource, _score

app = typer.Typer(
    name="commscore",
    help="Cell–cell communication in single-cell data: scored, tested, explained.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("score")(_score.score)
app.command("compare")(_compare.compare)
app.command("report")(_report.report)
app.command("demo")(_demo.demo)
app.add_typer(_resource.app, name="resource")


def _version(value: bool) -> None:
    if value:
        from .. import __version__

        typer.echo(f"commscore {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Cell–cell communication in single-cell data: scored, tested, explained."""


def main() -> None:
    """Entry point of the ``commscore`` command."""
    app()
