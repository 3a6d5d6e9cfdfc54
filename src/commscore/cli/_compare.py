"""``commscore compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._shared import ALPHA, check_output, one_line_errors, read, replacing, say, write_table

_ENDINGS = (".csv", ".tsv", ".gz", ".parquet", ".h5ad")
_KEY = "commscore_compare"


@one_line_errors
def compare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store with raw counts.")],
    groupby: Annotated[str, typer.Option(help="Column of obs with the groups of cells.")],
    condition_key: Annotated[str, typer.Option(help="Column of obs with the condition or stage.")],
    sample_key: Annotated[str | None, typer.Option(help="Column of obs with the biological samples.")] = None,
    reference: Annotated[str | None, typer.Option(help="Baseline level.")] = None,
    order: Annotated[str | None, typer.Option(help="Stages in order, separated by commas.")] = None,
    contrast: Annotated[list[str] | None, typer.Option(help="Level to compare; may be repeated.")] = None,
    covariate: Annotated[list[str] | None, typer.Option(help="Covariate of the samples; may be repeated.")] = None,
    pair_key: Annotated[str | None, typer.Option(help="Column of obs with the patient, for paired samples.")] = None,
    interaction: Annotated[str | None, typer.Option(help="Column of obs with a second factor.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the table here (.csv, .tsv, .csv.gz, .parquet), or the data with the result (.h5ad)."),
    ] = None,
    totals: Annotated[Path | None, typer.Option(help="Write the totals by pair and mode here.")] = None,
    untested: Annotated[Path | None, typer.Option(help="Write what was not tested, and why, here.")] = None,
    resource: Annotated[str, typer.Option(help="Name of a resource.")] = "breast",
    test: Annotated[str, typer.Option(help="auto, samples, permutation or cells.")] = "auto",
    combine: Annotated[str, typer.Option(help="acat or fisher.")] = "acat",
    counts_layer: Annotated[str | None, typer.Option(help="Layer with the raw counts.")] = None,
    use_raw: Annotated[bool, typer.Option("--use-raw", help="Take the counts from adata.raw.")] = False,
    expr_prop: Annotated[float, typer.Option(help="Fraction of cells that must express each side.")] = 0.1,
    min_cells: Annotated[int, typer.Option(help="A sample × group with fewer cells is missing.")] = 10,
    margin: Annotated[float, typer.Option(help="Log2 change that still counts as none.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Seed of the relabellings.")] = 0,
    rows: Annotated[int, typer.Option(help="Rows to print.")] = 10,
) -> None:
    """Compare communication between conditions or along stages, with samples as replicates.

    **Examples**

    `commscore compare cohort.h5ad --groupby cell_type --condition-key condition --sample-key sample --out shifts.csv`

    `commscore compare cohort.h5ad --groupby cell_type --condition-key stage --sample-key sample --order normal,primary,metastasis`
    """  # noqa: E501
    _check_outputs(file, out, totals, untested)
    say(f"reading {file}")
    adata = read(file)
    from .. import get, tl

    say(f"comparing {condition_key!r} in {adata.n_obs} cells by {groupby!r} with resource {resource!r}")
    tl.compare(
        adata, groupby, condition_key=condition_key, sample_key=sample_key, reference=reference,
        order=None if order is None else [o.strip() for o in order.split(",")], contrast=contrast or None,
        covariates=covariate or (), pair_key=pair_key, interaction=interaction, resource=resource, test=test,
        combine=combine, counts_layer=counts_layer, expr_prop=expr_prop, min_cells=min_cells, margin=margin,
        use_raw=use_raw, rng=seed, key_added=_KEY,
    )  # fmt: skip
    table = get.table(adata, _KEY)
    show(table, rows=rows)
    reasons = get.untested(adata, _KEY)["reason"].value_counts()
    say("not tested: " + (", ".join(f"{r} {n}" for r, n in reasons.items() if n) or "nothing"))
    _write(adata, table, out)
    for path, frame in ((totals, get.totals(adata, _KEY)), (untested, get.untested(adata, _KEY))):
        if path is not None:
            write_table(frame, path)
            say(f"wrote {path}")


def _check_outputs(file: Path, out: Path | None, *tables: Path | None) -> None:
    if out is not None:
        check_output(out, _ENDINGS)
        if out.resolve() == file.resolve():
            msg = f"--out {out} is the input file; choose another name"
            raise ValueError(msg)
    for path in tables:
        if path is not None:
            check_output(path, _ENDINGS[:-1])


def _write(adata: Any, table: Any, out: Path | None) -> None:
    if out is None:
        return
    if out.suffix == ".h5ad":
        with replacing(out) as temporary:
            adata.write_h5ad(temporary)
    else:
        write_table(table, out)
    say(f"wrote {out}")


def show(table: Any, *, rows: int) -> None:
    """Print the surest shifts, each interaction where it is surest, on standard output."""
    import os

    from rich.console import Console
    from rich.table import Table

    tested = table[table["pvalue"].notna()]
    found = int((tested["padj"] <= ALPHA).sum())
    title = f"{len(tested)} of {len(table)} rows tested, {found} with padj ≤ {ALPHA}"
    view = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    text = ("contrast", "source", "target", "interaction", "shift", "driver")
    for name in (*text, "log2FC", "p", "padj"):
        number = name not in text
        view.add_column(name, justify="right" if number else "left", no_wrap=True, min_width=6 if number else None)
    best = tested.sort_values(["pvalue", "effect"], kind="stable").drop_duplicates(["contrast", "interaction"])
    for row in best.head(rows).to_dict("records"):
        words = ["" if row[name] != row[name] else str(row[name]) for name in text]
        view.add_row(*words, f"{row['effect']:+.2f}", *(f"{row[n]:.2g}" for n in ("pvalue", "padj")))
    console = Console(width=None if os.isatty(1) else 140)
    console.print(view)
    unit = str(table["unit"].iloc[0]) if len(table) else "samples"
    console.print(f"each interaction where it is surest; replicates: {unit}", style="dim")
