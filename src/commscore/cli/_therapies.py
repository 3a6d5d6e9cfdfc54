"""``commscore therapies``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._names import read_names
from ..tables.vocabulary import TherapyStatus
from . import _options as options
from ._files import DATA, TABLES, WITH_RESULT
from ._job import CommandResult, Job, Output, table_and_data, tables
from ._open_resource import open_resource
from ._run import command, say
from ._show import figures, print_table

if TYPE_CHECKING:
    import pandas as pd

_KEY = "commscore_therapies"
_BESIDE = ("edges", "groups", "circuits", "combinations", "bypass")


@command
def therapies(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store with stored scores.")],
    out: options.Out = None,
    data: options.Data = None,
    edges: Annotated[Path | None, typer.Option(help="Write every cut edge with its flow here.")] = None,
    combinations: Annotated[Path | None, typer.Option(help="Write the combinations here.")] = None,
    bypass: Annotated[Path | None, typer.Option(help="Write what remains beside a cut edge here.")] = None,
    key: Annotated[str, typer.Option(help="Key of the stored scores.")] = "commscore",
    role: options.Roles = None,
    condition_key: Annotated[str | None, typer.Option(help="Column of obs: each condition on its own.")] = None,
    sample_key: Annotated[str | None, typer.Option(help="Column of obs: each sample on its own.")] = None,
    max_padj: Annotated[float | None, typer.Option(help="Only edges with at most this adjusted p-value.")] = None,
    species: options.Species = "human",
    orthologs: options.Orthologs = None,
    n_together: Annotated[int, typer.Option(help="Most therapies in a combination.")] = 2,
    n_combinations: Annotated[int, typer.Option(help="Combinations that are listed.")] = 50,
    rows: options.Rows = 10,
    resume: options.Resume = False,
) -> dict[str, Any]:
    """Cut, in silico, the edges that each therapy of the reviews acts on; an inventory, not a prediction of response.

    **Examples**

    `commscore score tumour.h5ad --groupby cell_type --out scored.h5ad`

    `commscore therapies scored.h5ad --max-padj 0.05 --out therapies.csv --combinations pairs.csv`
    """
    outputs: dict[str, Output] = {"--out": (out, DATA), "--data": (data, WITH_RESULT)}
    outputs |= {n: (p, TABLES) for n, p in (("--edges", edges), ("--combinations", combinations), ("--bypass", bypass))}
    resource = open_resource("breast", species=species, orthologs=orthologs)
    roles = options.assignments("--role", role, several=True)

    def work(adata: Any) -> CommandResult:
        from .. import get, tl

        say("cutting the edges of the stored scores")
        tl.therapies(
            adata,
            key=key,
            roles=roles,
            condition_key=condition_key,
            sample_key=sample_key,
            max_padj=max_padj,
            n_together=n_together,
            n_combinations=n_combinations,
            resource=resource,
            key_added=_KEY,
        )
        result = get.load(adata, _KEY)
        writers = tables(**{n: lambda n=n: result.extra[n] for n in _BESIDE})
        summary = {
            "rows": len(result.table),
            "edges": len(get.table(adata, key)),
            "by_status": {str(k): int(n) for k, n in result.table["status"].value_counts().items()},
            "parameters": result.params,
        }
        return CommandResult(
            summary, {**table_and_data(adata, result.surest_first)} | writers, lambda: show(result.surest_first, rows)
        )

    return Job(file, outputs, resource, resume=resume).run(work)


def show(table: pd.DataFrame, rows: int) -> None:
    """Print the therapies that cut most."""
    best = table[table["status"] == TherapyStatus.CUTS].sort_values("share", ascending=False, kind="stable")
    rows_shown = best.head(rows)
    rows_shown = rows_shown.assign(
        **{name: rows_shown[name].map(read_names).str.join(", ") for name in ("class", "targets")}
    )
    text = ("context", "therapy", "class", "targets")
    lines = [
        [*(str(row[n]) for n in text), str(row["n_edges"]), figures(row["share"], ".1%")]
        for row in rows_shown.to_dict("records")
    ]
    print_table(
        lines,
        columns=(*text, "edges", "share"),
        numbers=("edges", "share"),
        title=f"{len(best)} of {len(table)} therapies cut an edge",
        note="share: of the flow without antigen presentation; an in-silico cut, not a prediction of response",
    )
