"""Options that several commands have, each in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import _open_resource

_RESOURCE = "Resource"
_PIPELINES = "For pipelines"
_FILES = "Files"

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="An .h5ad file, a zarr store, or one of several tables (.h5mu, SpatialData)."),
]
Mod = Annotated[
    str | None,
    typer.Option(
        help="Modality of a MuData file with the expression of genes; by default the only one, or the one called rna.",
        rich_help_panel=_FILES,
    ),
]
TableName = Annotated[
    str | None,
    typer.Option(
        help="Table of a SpatialData store; by default the only one, or the one called table.", rich_help_panel=_FILES
    ),
]
GroupBy = Annotated[str, typer.Option(help="Column of obs with the groups of cells.")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Write the table here (.csv, .tsv, .csv.gz, .parquet), or the data with the result (.h5ad, .zarr).",
        rich_help_panel=_FILES,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="Write the data with the result here (.h5ad, .zarr), beside the table of --out.", rich_help_panel=_FILES
    ),
]
Plot = Annotated[Path | None, typer.Option(help="Draw the result here (.png, .pdf, .svg).", rich_help_panel=_FILES)]
Figure = Annotated[Path | None, typer.Option(help="Write the figure here (.png, .pdf, .svg).", rich_help_panel=_FILES)]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Use only the cells with this value in obs; repeatable: all must hold.",
        rich_help_panel=_FILES,
    ),
]
ResourceName = Annotated[
    str, typer.Option("--resource", metavar="RESOURCE", help=_open_resource.HELP, rich_help_panel=_RESOURCE)
]
OtherResource = Annotated[
    str | None, typer.Option("--resource", metavar="RESOURCE", help=_open_resource.HELP, rich_help_panel=_RESOURCE)
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
Normalize = Annotated[
    bool,
    typer.Option(
        "--normalize",
        help="Normalise the raw counts of X, --layer or --use-raw first (10,000 per cell, log1p); written data "
        "keep the counts.",
        rich_help_panel=_FILES,
    ),
]
Backed = Annotated[
    bool,
    typer.Option(
        "--backed",
        help="Leave the matrix in the file and read it in blocks: for data larger than memory.",
        rich_help_panel=_FILES,
    ),
]
Rows = Annotated[int, typer.Option(min=0, help="Rows to print.", rich_help_panel=_PIPELINES)]
