"""``commscore report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._shared import check_output, one_line_errors, read, say


@one_line_errors
def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store with stored results.")],
    out: Annotated[Path, typer.Option(help="Write the report here (.html).")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="Heading of the report.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Key of a result; may be repeated. All by default.")] = None,
    groupby: Annotated[str | None, typer.Option(help="Column of obs whose groups are counted.")] = None,
    resource: Annotated[str | None, typer.Option(help="Resource that the statements are taken from.")] = None,
    top: Annotated[int, typer.Option(help="Most rows or labels of a figure.")] = 25,
    max_padj: Annotated[float, typer.Option(help="Adjusted p-value up to which a row counts as found.")] = 0.05,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Whether to draw figures.")] = True,
) -> None:
    """Write one HTML file from the results that are stored in the data: tables, figures, evidence, methods.

    **Examples**

    `commscore score tumour.h5ad --groupby cell_type --out scored.h5ad`

    `commscore report scored.h5ad --out report.html --title "Primary tumours"`
    """
    check_output(out, (".html", ".htm"))
    say(f"reading {file}")
    adata = read(file)
    from ..report import write

    say("writing the report")
    try:
        write(adata, out, keys=key or None, title=title, groupby=groupby, resource=resource, figures=figures,
              top=top, max_padj=max_padj)  # fmt: skip
    except ImportError as error:  # Jinja2 or matplotlib: what to install is the answer, not a traceback
        raise ValueError(str(error)) from error
    say(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")
