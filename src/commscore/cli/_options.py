"""Options that several commands have, each in one place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._labels import PAIRWISE
from . import _open_resource
from ._run import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_RESOURCE = "Resource"
_PIPELINES = "For pipelines"

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="An .h5ad file, a zarr store, or one of several tables (.h5mu, SpatialData)."),
]
GroupBy = Annotated[str, typer.Option(help="Column of obs with the groups of cells.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Write the table here (.csv, .tsv, .csv.gz, .parquet), or the data with the result (.h5ad)."),
]
Data = Annotated[
    Path | None, typer.Option(help="Write the data with the result here (.h5ad), beside the table of --out.")
]
Untested = Annotated[Path | None, typer.Option(help="Write what was not tested, and why, here.")]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Use only the cells with this value in obs; repeatable: all must hold."),
]
ResourceName = Annotated[
    str, typer.Option("--resource", metavar="RESOURCE", help=_open_resource.HELP, rich_help_panel=_RESOURCE)
]
Species = Annotated[
    str, typer.Option(help="Species of the data: human, mouse, or that of --orthologs.", rich_help_panel=_RESOURCE)
]
Orthologs = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Table with the columns human and --species: for other species, and genes beyond the curated resource.",
        rich_help_panel=_RESOURCE,
    ),
]
ResourceSpecies = Annotated[
    str, typer.Option(help="Species of the genes in a file given to --resource.", rich_help_panel=_RESOURCE)
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Do nothing if the outputs are there and were made from the same input with the same parameters, "
        "resource and version; keep a record of that beside them (OUT.commscore.json).",
        rich_help_panel=_PIPELINES,
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role", metavar="ROLE=GROUP", help="Group that takes a role of the reviews; repeatable, also for one role."
    ),
]
Reference = Annotated[
    str | None, typer.Option(help="Baseline level; demanded where neither its name nor an order says which it is.")
]
Order = Annotated[list[str] | None, typer.Option(help="Stage; repeat for every stage, in order.")]
Contrast = Annotated[
    list[str] | None, typer.Option(help="Level to set against the reference; repeatable. pairwise: every two levels.")
]
Layer = Annotated[str | None, typer.Option(help="Layer with log-normalised expression.")]
CountsLayer = Annotated[str | None, typer.Option(help="Layer with the raw counts.")]
Normalization = Annotated[
    str, typer.Option(help="tmm: libraries times composition factors of each sample × group; library: as counted.")
]
LibraryKey = Annotated[
    str | None, typer.Option(help="Column of obs with the total counts of each cell, where genes were left out.")
]
UseRaw = Annotated[bool, typer.Option("--use-raw", help="Use adata.raw.")]
Normalize = Annotated[
    bool,
    typer.Option(
        "--normalize",
        help="Normalise the raw counts of X, --layer or --use-raw first (10,000 per cell, log1p); written data "
        "keep the counts.",
    ),
]
Backed = Annotated[
    bool,
    typer.Option("--backed", help="Leave the matrix in the file and read it in blocks: for data larger than memory."),
]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Threads = Annotated[int | None, typer.Option(help="Threads.")]
Rows = Annotated[int, typer.Option(min=0, help="Rows to print.")]


def assignments(option: str, texts: Sequence[str] | None, *, several: bool = False) -> dict[str, Any] | None:
    """Split ``NAME=VALUE`` at the first ``=``; with ``several``, a name may come again and has a list of values."""
    result: dict[str, Any] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or not value.strip():
            msg = f"{option} {text}: want NAME=VALUE"
            raise ValueError(msg)
        if several:
            result.setdefault(name.strip(), []).append(value)
            continue
        if name.strip() in result:
            msg = f"{option} {text}: {name.strip()} is given twice"
            raise ValueError(msg)
        result[name.strip()] = value.strip()
    return result or None


def say_reference(params: Mapping[str, Any], reference: str | None) -> None:
    """Say which level served as the reference where none was named."""
    if reference is None and params.get("reference") is not None:
        say(f"reference: {params['reference']} ({params['reference_by']})")


def levels(contrast: Sequence[str] | None) -> Any:
    """Return the levels of ``--contrast`` as the library takes them: ``pairwise`` alone means every two levels."""
    return PAIRWISE if contrast and list(contrast) == [PAIRWISE] else contrast or None
