"""``commscore report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import _options as options
from ._job import CommandResult, Job
from ._open_resource import open_resource
from ._run import command, say


@command
def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store with stored results.")],
    out: Annotated[Path, typer.Option(help="Write the report here (.html).")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="Heading of the report.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Key of a result; may be repeated. All by default.")] = None,
    groupby: Annotated[str | None, typer.Option(help="Column of obs whose groups are counted.")] = None,
    resource: Annotated[
        str | None, typer.Option(metavar="RESOURCE", help="Resource that the statements are taken from.")
    ] = None,
    top: Annotated[int, typer.Option(help="Most rows or labels of a figure.")] = 25,
    max_padj: Annotated[float, typer.Option(help="Adjusted p-value up to which a row counts as found.")] = 0.05,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Whether to draw figures.")] = True,
    resume: options.Resume = False,
) -> dict[str, Any]:
    """Write one HTML file from the results that are stored in the data: tables, figures, evidence, methods.

    **Examples**

    `commscore score tumour.h5ad --groupby cell_type --out scored.h5ad`

    `commscore report scored.h5ad --out report.html --title "Primary tumours"`
    """
    opened_resource = None if resource is None else open_resource(resource)

    def work(adata: Any) -> CommandResult:
        from ..report import write

        def page(temporary: Path, _: Path) -> None:
            write(
                adata,
                temporary,
                keys=key or None,
                title=title,
                groupby=groupby,
                resource=opened_resource,
                figures=figures,
                top=top,
                max_padj=max_padj,
            )

        say("writing the report")
        return CommandResult({"results": [k for k in adata.uns if str(k).startswith("commscore")]}, {"--out": page})

    return Job(file, {"--out": (out, (".html", ".htm"))}, opened_resource, resume=resume).run(work)
