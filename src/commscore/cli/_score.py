"""``commscore score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._shared import check_output, one_line_errors, read, replacing, say, show, show_ranks, write_table

_ENDINGS = (".csv", ".tsv", ".gz", ".parquet", ".h5ad")


@one_line_errors
def score(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store.")],
    groupby: Annotated[str, typer.Option(help="Column of obs with the groups of cells.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Write the table here (.csv, .tsv, .csv.gz, .parquet), or the data with the result (.h5ad)."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a dot plot here (.png, .pdf, .svg).")] = None,
    resource: Annotated[str, typer.Option(help="Name of a resource.")] = "breast",
    method: Annotated[str, typer.Option(help="Scoring method.")] = "mean",
    n_perms: Annotated[int, typer.Option(help="Number of permutations.")] = 1000,
    expr_prop: Annotated[float, typer.Option(help="Fraction of cells that must express each gene.")] = 0.1,
    min_cells: Annotated[int, typer.Option(help="Leave out smaller groups.")] = 5,
    layer: Annotated[str | None, typer.Option(help="Layer with log-normalised expression.")] = None,
    use_raw: Annotated[bool, typer.Option("--use-raw", help="Use adata.raw.")] = False,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Normalise raw counts first (10,000 per cell, log1p).")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the permutations.")] = 0,
    n_jobs: Annotated[int | None, typer.Option(help="Threads.")] = None,
    rows: Annotated[int, typer.Option(help="Rows to print.")] = 10,
) -> None:
    """Score and test interactions between groups of cells.

    **Examples**

    `commscore score tumour.h5ad --groupby cell_type --out table.csv --plot dots.png`

    `commscore score counts.h5ad --groupby cell_type --normalize --out scored.h5ad`
    """
    _check_outputs(file, out, plot)
    say(f"reading {file}")
    adata = read(file)
    if normalize:
        _normalize(adata)
    from .. import get, tl

    say(f"scoring {adata.n_obs} cells by {groupby!r} with resource {resource!r}")
    tl.score(adata, groupby, resource=resource, method=method, n_perms=n_perms, expr_prop=expr_prop,
             min_cells=min_cells, layer=layer, use_raw=use_raw, rng=seed, n_jobs=n_jobs)  # fmt: skip
    table = get.table(adata)
    _write(adata, table, out=out, plot=plot)
    if "padj" in table:
        show(table, title=f"{len(table)} tests, {int((table['padj'] <= 0.05).sum())} with padj ≤ 0.05", rows=rows)
    else:
        show_ranks(table, title=f"{len(table)} tests, ranked", rows=rows)
    say(f"{len(get.untested(adata))} interactions or groups not tested (reasons: cs.get.untested)")


def _check_outputs(file: Path, out: Path | None, plot: Path | None) -> None:
    if out is not None:
        check_output(out, _ENDINGS)
        if out.resolve() == file.resolve():
            msg = f"--out {out} is the input file; choose another name"
            raise ValueError(msg)
    if plot is not None:
        check_output(plot, (".png", ".pdf", ".svg"))


def _normalize(adata: Any) -> None:
    import scanpy as sc

    values = adata.X.data if hasattr(adata.X, "indptr") else adata.X
    if (values % 1 != 0).any():
        msg = (
            "--normalize takes raw counts, but adata.X holds fractions: it seems to be normalised already; leave it out"
        )
        raise ValueError(msg)
    say("normalising counts to 10,000 per cell, log1p")
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)


def _write(adata: Any, table: Any, *, out: Path | None, plot: Path | None) -> None:
    if out is not None:
        if out.suffix == ".h5ad":
            with replacing(out) as temporary:
                adata.write_h5ad(temporary)
        else:
            write_table(table, out)
        say(f"wrote {out}")
    if plot is not None:
        from .. import pl

        with replacing(plot) as temporary:
            columns: dict[str, Any] = (
                {} if "score" in table else {"score": "magnitude_rank", "pvalue": "specificity_rank"}
            )
            pl.dotplot(table, **columns).figure.savefig(temporary, dpi=150)
        say(f"wrote {plot}")
