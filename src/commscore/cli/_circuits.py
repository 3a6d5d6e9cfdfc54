"""``commscore circuits``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import _options as options
from ._files import DATA, TABLES, WITH_RESULT
from ._job import CommandResult, Job, Output, table_and_data, tables
from ._normalize import ExpressionLocation
from ._normalize import normalize as normalized
from ._open_resource import open_resource
from ._run import command, say
from ._show import ALPHA, figures, print_table, say_testable

if TYPE_CHECKING:
    import pandas as pd

    from ..get import Result

_KEY = "commscore_circuits"


@command
def circuits(
    file: options.File,
    groupby: options.GroupBy,
    out: options.Out = None,
    data: options.Data = None,
    edges: Annotated[Path | None, typer.Option(help="Write the steps of the circuits here.")] = None,
    changes: Annotated[Path | None, typer.Option(help="Write the changes between conditions here.")] = None,
    untested: options.Untested = None,
    role: options.Roles = None,
    condition_key: Annotated[str | None, typer.Option(help="Column of obs with the condition or stage.")] = None,
    sample_key: Annotated[str | None, typer.Option(help="Column of obs with the biological samples.")] = None,
    reference: options.Reference = None,
    order: options.Order = None,
    contrast: options.Contrast = None,
    species: options.Species = "human",
    orthologs: options.Orthologs = None,
    n_perms: Annotated[int, typer.Option(help="Number of permutations.")] = 1000,
    scheme: Annotated[str, typer.Option(help="Scheme of permutations: rotation, ring or independent.")] = "rotation",
    expr_prop: Annotated[float, typer.Option(help="Fraction of cells that must express each gene.")] = 0.1,
    min_cells: Annotated[int, typer.Option(help="Smaller groups take no role.")] = 5,
    where: options.Where = None,
    layer: options.Layer = None,
    use_raw: options.UseRaw = False,
    counts_layer: options.CountsLayer = None,
    normalization: options.Normalization = "tmm",
    library_key: options.LibraryKey = None,
    normalize: options.Normalize = False,
    seed: options.Seed = 0,
    n_jobs: options.Threads = None,
    rows: options.Rows = 10,
    resume: options.Resume = False,
) -> dict[str, Any]:
    """Test the circuits of the reviews: chains and loops of signals between, and inside, the cells that take part.

    **Examples**

    `commscore circuits tumour.h5ad --groupby cell_type --out circuits.csv --edges steps.csv`

    `commscore circuits cohort.h5ad --groupby cell_type --role tumour=Cancer --role tumour=Cycling --condition-key stage --sample-key sample --changes changes.csv`
    """  # noqa: E501
    if changes is not None and condition_key is None:
        msg = f"--changes {changes} needs --condition-key: changes are between conditions"
        raise ValueError(msg)
    outputs: dict[str, Output] = {"--out": (out, DATA), "--data": (data, WITH_RESULT)}
    outputs |= {n: (p, TABLES) for n, p in (("--edges", edges), ("--changes", changes), ("--untested", untested))}
    resource = open_resource("breast", species=species, orthologs=orthologs)
    roles = options.assignments("--role", role, several=True)

    def work(adata: Any) -> CommandResult:
        from .. import get, tl

        location = ExpressionLocation(layer, use_raw)
        if normalize:
            to_file = any(path is not None and path.suffix == ".h5ad" for path in (out, data))
            location = normalized(adata, location, keep=to_file or sample_key is not None)
        say(f"testing circuits in {adata.n_obs} cells by {groupby!r}")
        tl.circuits(
            adata,
            groupby,
            roles=roles,
            condition_key=condition_key,
            sample_key=sample_key,
            reference=reference,
            order=order or None,
            contrast=options.levels(contrast),
            resource=resource,
            n_perms=n_perms,
            scheme=scheme,
            expr_prop=expr_prop,
            min_cells=min_cells,
            layer=location.layer,
            use_raw=location.use_raw,
            counts_layer=counts_layer,
            normalization=normalization,
            library_key=library_key,
            rng=seed,
            n_jobs=n_jobs,
            key_added=_KEY,
        )
        result = get.load(adata, _KEY)
        options.say_reference(result.params, reference)
        say_testable(result.params)
        writers = tables(**{n: lambda n=n: result.extra[n] for n in ("edges", "changes", "untested")})
        summary = _summary(result) | {"parameters": result.params}
        return CommandResult(
            summary, {**table_and_data(adata, result.surest_first)} | writers, lambda: show(result.surest_first, rows)
        )

    return Job(file, outputs, resource, where or (), resume).run(work)


def _summary(result: Result) -> dict[str, Any]:
    """Return the counts; a run in which every circuit is broken has tested steps, or changes, all the same."""
    table = result.table
    tested = {"circuits": table} | {n: result.extra[n] for n in ("edges", "changes") if n in result.extra}
    by_table = {name: int(frame["pvalue"].notna().sum()) for name, frame in tested.items()}
    return {
        "rows": len(table),
        "tested": sum(by_table.values()),
        "tested_by_table": by_table,
        "significant": int(((table["padj"] <= ALPHA) & (table["status"] == "complete")).sum()),
        "significant_by_status": _by_status(table[table["padj"] <= ALPHA]),
        "alpha": ALPHA,
        "by_status": _by_status(table),
    }


def _by_status(table: pd.DataFrame) -> dict[str, int]:
    return {str(k): int(n) for k, n in table["status"].value_counts(sort=False).items()}


def show(table: pd.DataFrame, rows: int) -> None:
    """Print circuits in the order of the table, complete ones first."""
    text = ("circuit", "kind", "status")
    complete, single = ((table["status"] == name).to_numpy() for name in ("complete", "step"))
    sure = (table["padj"] <= ALPHA).to_numpy()
    lines = [
        [
            *(str(row[n]) for n in text),
            f"{row['n_expressed']} of {row['n_steps']}",
            figures(row["strength"], ".3f"),
            figures(row["pvalue"]),
            figures(row["padj"]),
        ]
        for row in table.head(rows).to_dict("records")
    ]
    print_table(
        lines,
        columns=(*text, "steps", "strength", "p", "padj"),
        numbers=("steps", "strength", "p", "padj"),
        title=f"{len(table)} circuits: {int(complete.sum())} complete, {int((complete & sure).sum())} of them with "
        f"padj ≤ {ALPHA}; {int(single.sum())} single steps, {int((single & sure).sum())} with padj ≤ {ALPHA}",
        note="steps: expressed, of all; a broken circuit (a step is not expressed) has no p",
    )
