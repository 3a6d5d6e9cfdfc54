"""``commscore score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import _options as options
from ._files import DATA, FIGURES, TABLES, WITH_RESULT
from ._job import CommandResult, Job, table_and_data, tables
from ._normalize import ExpressionLocation
from ._normalize import normalize as normalized
from ._open_resource import open_resource
from ._run import command, say
from ._show import ALPHA, say_testable, show_scores

if TYPE_CHECKING:
    import pandas as pd

_KEY = "commscore"


@command
def score(
    file: options.File,
    groupby: options.GroupBy,
    out: options.Out = None,
    data: options.Data = None,
    sample_key: Annotated[
        str | None, typer.Option(help="Column of obs with the biological samples: does it recur from sample to sample?")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a dot plot here (.png, .pdf, .svg).")] = None,
    untested: options.Untested = None,
    resource: options.ResourceName = "breast",
    species: options.Species = "human",
    orthologs: options.Orthologs = None,
    resource_species: options.ResourceSpecies = "human",
    method: Annotated[list[str] | None, typer.Option(help="Scoring method; repeatable. mean by default.")] = None,
    null: Annotated[
        str | None, typer.Option(help="permutation, analytic, auto or none; what the library takes by default.")
    ] = None,
    scheme: Annotated[str, typer.Option(help="Scheme of permutations: rotation, ring or independent.")] = "rotation",
    n_perms: Annotated[int, typer.Option(help="Number of permutations.")] = 1000,
    complex: Annotated[  # noqa: A002
        str, typer.Option(help="How subunits are joined: min, geometric or mean.")
    ] = "min",
    missing_subunits: Annotated[str, typer.Option(help="drop or ignore.")] = "drop",
    expr_prop: Annotated[float, typer.Option(help="Fraction of cells that must express each gene.")] = 0.1,
    min_cells: Annotated[int, typer.Option(help="Leave out smaller groups.")] = 5,
    group: Annotated[list[str] | None, typer.Option(help="Use only this group of cells; repeatable.")] = None,
    where: options.Where = None,
    backed: options.Backed = False,
    layer: options.Layer = None,
    use_raw: options.UseRaw = False,
    normalize: options.Normalize = False,
    seed: options.Seed = 0,
    n_jobs: options.Threads = None,
    rows: options.Rows = 10,
    resume: options.Resume = False,
) -> dict[str, Any]:
    """Score and test interactions between groups of cells.

    **Examples**

    `commscore score tumour.h5ad --groupby cell_type --out table.csv --untested untested.csv --plot dots.png`

    `commscore score cohort.h5ad --groupby cell_type --sample-key patient --null auto --out table.csv`

    `commscore score counts.h5ad --groupby cell_type --normalize --out scored.h5ad`

    `commscore score tumour.h5ad --groupby cell_type --resource liana:consensus --null analytic --out table.parquet`

    `commscore score mouse.h5ad --groupby cell_type --species mouse --resource cellphonedb:v5.zip --orthologs pairs.csv --out table.csv`
    """  # noqa: E501
    outputs = {
        "--out": (out, DATA),
        "--data": (data, WITH_RESULT),
        "--plot": (plot, FIGURES),
        "--untested": (untested, TABLES),
    }
    opened_resource = open_resource(resource, species=species, orthologs=orthologs, file_species=resource_species)
    if backed and normalize:
        msg = "--backed reads the matrix as it is in the file: leave out --normalize"
        raise ValueError(msg)
    null_option: dict[str, Any] = {} if null is None else {"null": None if null == "none" else null}

    def work(adata: Any) -> CommandResult:
        from .. import get, tl
        from ..get._store import check_target

        check_target(adata, _KEY, inplace=not backed)
        location = ExpressionLocation(layer, use_raw)
        if normalize:
            location = normalized(adata, location, keep=data is not None or (out is not None and out.suffix == ".h5ad"))
        say(f"scoring {adata.n_obs} cells by {groupby!r} with resource {opened_resource.name!r}")
        result: Any = tl.score(
            adata,
            groupby,
            sample_key=sample_key,
            resource=opened_resource,
            method=_one_or_all(method),
            scheme=scheme,
            n_perms=n_perms,
            complex=complex,
            missing_subunits=missing_subunits,
            expr_prop=expr_prop,
            min_cells=min_cells,
            groups=group or None,
            layer=location.layer,
            use_raw=location.use_raw,
            rng=seed,
            n_jobs=n_jobs,
            inplace=False,
            **null_option,
        )
        if not backed:  # the view of a file cannot take it, and the file is not written
            get.store(adata, _KEY, result)
        table, left_out = result.surest_first, result.untested
        say_testable(result.params)
        say(f"{len(left_out)} interactions or groups not tested" + ("" if untested else "; --untested FILE lists them"))
        summary = summary_of(table, left_out, result.params)
        writers = {**table_and_data(adata, table), "--plot": _dotplot(table)}
        return CommandResult(summary, writers | tables(untested=lambda: left_out), lambda: show(table, rows=rows))

    return Job(file, outputs, opened_resource, where or (), resume, backed).run(work)


def _one_or_all(method: list[str] | None) -> str | list[str]:
    return "mean" if not method else method[0] if len(method) == 1 else method


def summary_of(table: pd.DataFrame, untested: pd.DataFrame, params: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of a table of scores; ``significant`` is that of the first method, None without p-values."""
    only = str(next(iter(params["method"])))
    names = [c.removeprefix("score_") for c in table if c.startswith("score_")]
    columns = {name: f"padj_{name}" for name in names} or {"": "padj"}
    significant = {name: _significant(table[c]) for name, c in columns.items() if c in table}
    reasons = untested["reason"].value_counts()
    return {
        "rows": len(table),
        "tested": len(table),
        "significant": next(iter(significant.values()), None),
        "significant_by_method": {name or only: n for name, n in significant.items()},
        "alpha": ALPHA,
        "untested": len(untested),
        "untested_by_reason": {str(reason): int(n) for reason, n in reasons.items() if n},
        "parameters": params,
    }


def _significant(padj: pd.Series) -> int | None:
    return int((padj <= ALPHA).sum()) if padj.notna().any() or not len(padj) else None


def show(table: pd.DataFrame, *, rows: int, of: str = "") -> None:
    """Print the strongest interactions; ``of`` says of what."""
    if "magnitude_rank" in table:
        note = ", ranked"
    else:
        padj = table.filter(regex="^padj").iloc[:, 0]
        note = f", {(padj <= ALPHA).sum()} with padj ≤ {ALPHA}" if padj.notna().any() else ""
    show_scores(table, title=f"{f'{of}: ' if of else ''}{len(table)} tests{note}", rows=rows)


def _dotplot(table: pd.DataFrame) -> Any:
    def write(temporary: Path, _: Path) -> None:
        from .. import pl
        from ..pl._save import save
        from ._show import first_method

        method = first_method(table)
        columns: dict[str, Any] = {}
        if "magnitude_rank" in table:
            columns = {"score": "magnitude_rank", "pvalue": "specificity_rank"}
        elif method is not None:
            columns = {"score": f"score_{method}", "pvalue": f"padj_{method}"}
        save(pl.dotplot(table, **columns).figure, temporary)

    return write
