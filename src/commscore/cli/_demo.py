"""``commscore demo``: the main job on data that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._shared import one_line_errors, replacing, say, show, write_table


@one_line_errors
def demo(
    out: Annotated[Path, typer.Option(help="Folder for tables and figures.")] = Path("commscore-demo"),
    n_perms: Annotated[int, typer.Option(help="Number of permutations.")] = 1000,
) -> None:
    """Score real blood cells, score and compare a simulated breast tumour; print and write what was found.

    **Example**

    `commscore demo --out first-look`
    """
    out.mkdir(parents=True, exist_ok=True)
    from .. import ds

    say("700 real blood cells (10x PBMC 68k, reduced; comes with scanpy), resource 'breast'")
    _run(ds.pbmc(), out, name="pbmc", title="Blood cells, curated resource 'breast'", n_perms=n_perms)
    say("a simulated breast tumour cohort, resource 'breast'")
    cohort = ds.simulate(n_samples=4, n_cells=400, rng=0)
    cohort.layers["counts"] = cohort.X.copy()
    _normalize(cohort)
    _run(cohort, out, name="breast", title="Simulated breast tumours, curated resource 'breast'", n_perms=n_perms)
    _report(cohort, out / "report.html")
    typer.echo(f"\nTables and figures are in {out.resolve()}")


def _report(cohort: Any, path: Path) -> None:
    from .. import tl

    tl.compare(cohort, "cell_type", condition_key="condition", sample_key="sample")
    try:
        from ..report import write

        write(cohort, path, title="Simulated breast tumours")
    except ImportError as error:  # Jinja2 comes with the extra "report"; the demo is of use without it
        say(f"no report: {error}")
    else:
        say(f"wrote {path.name}: open it in a browser")


def _normalize(adata: Any) -> None:
    import scanpy as sc

    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)


def _run(adata: Any, out: Path, *, name: str, title: str, n_perms: int) -> None:
    from .. import get, pl, tl

    tl.score(adata, "cell_type", n_perms=n_perms)
    table = get.table(adata)
    found = int((table["padj"] <= 0.05).sum())
    show(table, title=f"{title}: {len(table)} tests, {found} with padj ≤ 0.05", rows=12)
    write_table(table, out / f"{name}.csv")
    write_table(get.untested(adata), out / f"{name}_untested.csv")
    with replacing(out / f"{name}.png") as temporary:
        pl.dotplot(adata).figure.savefig(temporary, dpi=150)
    say(f"wrote {name}.csv, {name}_untested.csv, {name}.png")
