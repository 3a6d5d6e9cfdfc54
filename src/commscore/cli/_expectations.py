"""``commscore expectations``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..tables.vocabulary import Verdict
from . import _options as options
from ._files import DATA, WITH_RESULT
from ._job import CommandResult, Job, table_and_data
from ._open_resource import open_resource
from ._run import command, say
from ._show import figures, print_table

if TYPE_CHECKING:
    import pandas as pd

_KEY = "commscore_expectations"


@command
def expectations(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store with raw counts.")],
    groupby: options.GroupBy,
    condition_key: Annotated[str, typer.Option(help="Column of obs with the condition or stage.")],
    sample_key: Annotated[str, typer.Option(help="Column of obs with the biological samples.")],
    context: Annotated[
        list[str],
        typer.Option(metavar="LEVEL=WORDS", help="Words of the reviews that hold for a level of the condition."),
    ],
    out: options.Out = None,
    data: options.Data = None,
    role: options.Roles = None,
    covariate: Annotated[list[str] | None, typer.Option(help="Covariate of the samples; may be repeated.")] = None,
    patient_key: Annotated[
        str | None, typer.Option(help="Column of obs with the patient, where patients have several samples.")
    ] = None,
    species: options.Species = "human",
    orthologs: options.Orthologs = None,
    counts_layer: options.CountsLayer = None,
    normalization: options.Normalization = "tmm",
    library_key: options.LibraryKey = None,
    use_raw: Annotated[bool, typer.Option("--use-raw", help="Take the counts from adata.raw.")] = False,
    expr_prop: Annotated[float, typer.Option(help="Fraction of cells that must express a gene.")] = 0.1,
    min_cells: Annotated[int, typer.Option(help="A sample × role with fewer cells is missing.")] = 10,
    margin: Annotated[float, typer.Option(help="Log2 change that still counts as none.")] = 0.5,
    alpha: Annotated[float, typer.Option(help="Level of the verdicts.")] = 0.05,
    where: options.Where = None,
    seed: options.Seed = 0,
    rows: options.Rows = 10,
    resume: options.Resume = False,
) -> dict[str, Any]:
    """Test the shifts that the reviews expect: confirmed, contradicted, inconclusive, or not assessable and why.

    **Example**

    `commscore expectations cohort.h5ad --groupby cell_type --condition-key stage --sample-key sample --context "primary=stage=invasive;site=primary" --context "LN=stage=metastatic;site=lymph_node" --out verdicts.csv`
    """  # noqa: E501
    resource = open_resource("breast", species=species, orthologs=orthologs)
    contexts = options.assignments("--context", context) or {}
    roles = options.assignments("--role", role, several=True)

    def work(adata: Any) -> CommandResult:
        from .. import get, tl

        say(f"looking for the expected shifts between levels of {condition_key!r}")
        tl.expectations(
            adata,
            groupby,
            condition_key=condition_key,
            sample_key=sample_key,
            contexts=contexts,
            roles=roles,
            covariates=covariate or (),
            patient_key=patient_key,
            resource=resource,
            counts_layer=counts_layer,
            normalization=normalization,
            library_key=library_key,
            use_raw=use_raw,
            expr_prop=expr_prop,
            min_cells=min_cells,
            margin=margin,
            alpha=alpha,
            rng=seed,
            key_added=_KEY,
        )
        result = get.load(adata, _KEY)
        counts = result.table["verdict"].value_counts()
        summary = {
            "rows": len(result.table),
            "tested": int((result.table["verdict"] != Verdict.NOT_ASSESSABLE).sum()),
            "by_verdict": {str(k): int(n) for k, n in counts.items()},
        }
        writers = {**table_and_data(adata, result.surest_first)}
        return CommandResult(summary | {"parameters": result.params}, writers, lambda: show(result.surest_first, rows))

    return Job(file, {"--out": (out, DATA), "--data": (data, WITH_RESULT)}, resource, where or (), resume).run(work)


def show(table: pd.DataFrame, rows: int) -> None:
    """Print the surest verdicts."""
    counts = ", ".join(f"{n} {verdict}" for verdict, n in table["verdict"].value_counts().items() if n)
    text = ("expectation", "contrast", "verdict")
    best = table[table["pvalue"].notna()].sort_values("pvalue", kind="stable")
    lines = [
        [*(str(row[n]) for n in text), figures(row["effect"], "+.2f"), figures(row["padj"])]
        for row in best.head(rows).to_dict("records")
    ]
    columns = (*text, "effect", "padj")
    print_table(lines, columns=columns, numbers=columns[3:], title=f"{len(table)} expectations: {counts}")
