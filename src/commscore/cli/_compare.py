"""``commscore compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import _options as options
from ._files import DATA, TABLES, WITH_RESULT
from ._job import CommandResult, Job, table_and_data, tables
from ._open_resource import open_resource
from ._run import command, say
from ._show import figures, print_table, say_testable

if TYPE_CHECKING:
    import pandas as pd

_KEY = "commscore_compare"


@command
def compare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store with raw counts.")],
    groupby: options.GroupBy,
    condition_key: Annotated[str, typer.Option(help="Column of obs with the condition or stage.")],
    sample_key: Annotated[str | None, typer.Option(help="Column of obs with the biological samples.")] = None,
    reference: options.Reference = None,
    order: options.Order = None,
    contrast: options.Contrast = None,
    covariate: Annotated[list[str] | None, typer.Option(help="Covariate of the samples; may be repeated.")] = None,
    patient_key: Annotated[
        str | None, typer.Option(help="Column of obs with the patient, where patients have several samples.")
    ] = None,
    factor_key: Annotated[str | None, typer.Option(help="Column of obs with a second factor.")] = None,
    out: options.Out = None,
    data: options.Data = None,
    totals: Annotated[Path | None, typer.Option(help="Write the totals by pair and mode here.")] = None,
    untested: options.Untested = None,
    resource: options.ResourceName = "breast",
    species: options.Species = "human",
    orthologs: options.Orthologs = None,
    resource_species: options.ResourceSpecies = "human",
    test: Annotated[str, typer.Option(help="auto, samples, permutation or cells.")] = "auto",
    combine: Annotated[str, typer.Option(help="acat, acat4 or fisher.")] = "acat",
    abundance_reference: Annotated[
        list[str] | None, typer.Option(help="Group of cells that abundances are relative to; may be repeated.")
    ] = None,
    counts_layer: options.CountsLayer = None,
    normalization: options.Normalization = "tmm",
    library_key: options.LibraryKey = None,
    use_raw: Annotated[bool, typer.Option("--use-raw", help="Take the counts from adata.raw.")] = False,
    expr_prop: Annotated[float, typer.Option(help="Fraction of cells that must express each side.")] = 0.1,
    min_cells: Annotated[int, typer.Option(help="A sample × group with fewer cells is missing.")] = 10,
    margin: Annotated[float, typer.Option(help="Log2 change that still counts as none.")] = 0.5,
    alpha: Annotated[float, typer.Option(help="Adjusted p-value up to which a row has a direction.")] = 0.05,
    n_perms: Annotated[int, typer.Option(help="Most relabellings of samples, or permutations of cells.")] = 1000,
    where: options.Where = None,
    backed: options.Backed = False,
    seed: options.Seed = 0,
    rows: options.Rows = 10,
    resume: options.Resume = False,
) -> dict[str, Any]:
    """Compare communication between conditions or along stages, with samples as replicates.

    **Examples**

    `commscore compare cohort.h5ad --groupby cell_type --condition-key condition --sample-key sample --out shifts.csv`

    `commscore compare cohort.h5ad --groupby cell_type --condition-key stage --sample-key sample --order normal --order primary --order metastasis`
    """  # noqa: E501
    outputs = {
        "--out": (out, DATA),
        "--data": (data, WITH_RESULT),
        "--totals": (totals, TABLES),
        "--untested": (untested, TABLES),
    }
    opened_resource = open_resource(resource, species=species, orthologs=orthologs, file_species=resource_species)

    def work(adata: Any) -> CommandResult:
        from .. import get, tl
        from ..get._store import check_target

        check_target(adata, _KEY, inplace=not backed)
        say(f"comparing {condition_key!r} in {adata.n_obs} cells by {groupby!r} with resource {opened_resource.name!r}")
        result: Any = tl.compare(
            adata,
            groupby,
            condition_key=condition_key,
            sample_key=sample_key,
            reference=reference,
            order=order or None,
            contrast=options.levels(contrast),
            covariates=covariate or (),
            patient_key=patient_key,
            factor_key=factor_key,
            resource=opened_resource,
            test=test,
            combine=combine,
            abundance_reference=abundance_reference or None,
            counts_layer=counts_layer,
            normalization=normalization,
            library_key=library_key,
            expr_prop=expr_prop,
            min_cells=min_cells,
            margin=margin,
            alpha=alpha,
            use_raw=use_raw,
            n_perms=n_perms,
            rng=seed,
            inplace=False,
        )
        if not backed:  # the view of a file cannot take it, and the file is not written
            get.store(adata, _KEY, result)
        options.say_reference(result.params, reference)
        table, left_out = result.surest_first, result.untested
        say_testable(result.params)
        summary = summary_of(table, left_out, alpha=alpha) | {"parameters": result.params}
        reasons = summary["untested_by_reason"]
        say("not tested: " + (", ".join(f"{r} {n}" for r, n in reasons.items()) or "nothing"))
        writers = tables(totals=lambda: result.extra["totals"], untested=lambda: left_out)
        return CommandResult(
            summary, {**table_and_data(adata, table)} | writers, lambda: show(table, rows=rows, alpha=alpha)
        )

    return Job(file, outputs, opened_resource, where or (), resume, backed).run(work)


def summary_of(table: pd.DataFrame, untested: pd.DataFrame, *, alpha: float) -> dict[str, Any]:
    """Return the counts of a table of shifts."""
    tested = table[table["pvalue"].notna()]
    significant = tested[tested["padj"] <= alpha]
    contrasts = sorted(table["contrast"].astype(str).unique())
    reasons = untested["reason"].value_counts()
    return {
        "rows": len(table),
        "tested": len(tested),
        "significant": len(significant),
        "significant_by_contrast": {c: int((significant["contrast"] == c).sum()) for c in contrasts},
        "alpha": alpha,
        "unit": str(table["unit"].iloc[0]) if len(table) else None,
        "untested": len(untested),
        "untested_by_reason": {str(reason): int(n) for reason, n in reasons.items() if n},
    }


def show(table: pd.DataFrame, *, rows: int, alpha: float) -> None:
    """Print the surest shifts of a table that has them first, each interaction where it is surest."""
    tested = table[table["pvalue"].notna()]
    n_significant = int((tested["padj"] <= alpha).sum())
    shape = ("shape",) if tested["shape"].notna().any() else ()
    text = ("contrast", "source", "target", "interaction", "shift", *shape, "driver")
    best = tested.drop_duplicates(["contrast", "interaction"])
    lines = [
        [
            *("" if row[n] != row[n] else str(row[n]) for n in text),
            figures(row["effect"], "+.2f"),
            figures(row["pvalue"]),
            figures(row["padj"]),
        ]
        for row in best.head(rows).to_dict("records")
    ]
    unit = str(table["unit"].iloc[0]) if len(table) else "samples"
    print_table(
        lines,
        columns=(*text, "log2FC", "p", "padj"),
        numbers=("log2FC", "p", "padj"),
        title=f"{len(tested)} of {len(table)} rows tested, {n_significant} with padj ≤ {alpha:g}",
        note=f"each interaction where it is surest; replicates: {unit}",
    )
