"""``commscore plot KIND FILE``: the command of a plot, its keywords as options."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._docs import as_markdown, sections
from . import _options as options
from ._files import FIGURES
from ._job import CommandResult, Job
from ._keywords import in_options, keywords_of, parameter
from ._run import command, current, say
from ._tool import CONTAINER, OF_JOB, option_name

if TYPE_CHECKING:
    from collections.abc import Callable

_FILE = "An .h5ad file or a zarr store with stored results, or their table (.csv, .tsv, .csv.gz, .parquet)."
_RESULTS = "An .h5ad file or a zarr store with stored results."
_SAMPLES = "An .h5ad file or a zarr store of samples × edges, as `commscore profile` writes it."
_FILES = {
    "data": Annotated[Path, typer.Argument(metavar="FILE", help=_FILE)],
    "adata": Annotated[Path, typer.Argument(metavar="FILE", help=_RESULTS)],
    "samples": Annotated[Path, typer.Argument(metavar="FILE", help=_SAMPLES)],
}
"""The argument of a command, by what the plot calls its data."""
Dpi = Annotated[int, typer.Option(min=10, max=2400, help="Pixels per inch of a .png.", rich_help_panel="Files")]
_LAST = [
    parameter("out", options.Figure, None),
    parameter("dpi", Dpi, 150),
    *CONTAINER,
    parameter("resume", options.Resume, False),
]


def plot_command(name: str, function: Callable[..., Any]) -> Callable[..., None]:
    """Return the function that typer makes a command of."""
    keywords = keywords_of(function)
    data = next(iter(inspect.signature(function).parameters))
    takes_tables = data == "data"
    own = sorted((k.parameter for k in keywords.values()), key=lambda p: p.default is not p.empty)

    def run(**values: Any) -> dict[str, Any]:
        current().keywords = keywords
        arguments = {n: k.convert(values[n]) for n, k in keywords.items()}
        current().parameters |= {n: v for n, v in arguments.items() if isinstance(v, dict)}
        out = values["out"] or Path(f"{name}.png")

        def work(stored: Any) -> CommandResult:
            def write(temporary: Path, _: Path) -> None:
                import matplotlib as mpl

                from ..pl._save import save

                mpl.use("agg")
                save(function(stored, **arguments).figure, temporary, dpi=values["dpi"])

            say(f"drawing cs.pl.{name}")
            return CommandResult({"plot": name}, {"--out": write})

        same = {name: values[name] for name in OF_JOB}
        return Job(outputs={"--out": (out, FIGURES)}, takes_tables=takes_tables, **same).run(work)

    needed = [k for k in keywords.values() if k.default is inspect.Parameter.empty]
    required = " ".join(f"{k.option} {k.name.upper()}" for k in needed)
    file = "samples.h5ad" if data == "samples" else "results.h5ad"
    example = " ".join(filter(None, ["commscore plot", option_name(name), file, required, f"--out {name}.png"]))
    run.__name__ = f"plot {option_name(name)}"
    run.__doc__ = f"{in_options(as_markdown(sections(function)['']), keywords)}\n\n**Example**\n\n`{example}`"
    parameters = [parameter("file", _FILES[data]), *own, *_LAST]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command(run)
