"""Scored interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import pl, tl
from ..get._choose import as_single, methods_of
from ..get._frames import by_frequency
from ._base import Drawing, Listing, ResultKind, View
from ._views import EDGE, UNTESTED
from ._words import ALPHA, TOP, claims, counts, edge, figures, first, molecules_in_words
from ._works import BENJAMINI_HOCHBERG, MODERATION, PERMUTATIONS, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import FigureRequest, StoredResult

_SADDLEPOINT = Work(
    "10.2307/3214212",
    "Skovgaard IM (1987). Saddlepoint expansions for conditional distributions. J Appl Probab 24:875–887",
)


def _figures(request: FigureRequest) -> list[Drawing | str]:
    table, key, adata, max_padj = request.stored.table, request.stored.key, request.adata, request.max_padj
    score, padj = first(table, "score"), first(table, "padj")
    tested = None if padj is None or table[padj].isna().all() else max_padj
    passing = table if tested is None else table[(table[padj] <= tested).to_numpy()]
    selection = "all rows" if tested is None else f"padj ≤ {max_padj:g}"
    figures: list[Drawing | str] = []
    if score is not None:
        figures.append(
            Drawing(
                "Strongest interactions",
                lambda: pl.dotplot(adata, key=key, top=request.top),
                alt=f"Dot plot of interactions against pairs of groups. {_strongest(table, score)}",
                caption="Colour: score. Size: the smaller the adjusted p-value, the larger the dot.",
            )
        )
    return [
        *figures,
        Drawing(
            "Interactions between groups",
            lambda: pl.heatmap(adata, key=key, max_padj=tested),
            alt=f"Heat map of the number of interactions ({selection}), sources in rows, targets in columns. "
            f"{_most(passing)}",
            caption=f"Number of interactions with {selection} from each source (rows) to each target (columns).",
        ),
        Drawing(
            "Interactions that go together",
            lambda: pl.clustermap(adata, key=key, max_padj=tested, top=request.top),
            alt=f"Heat map of scores, interactions in rows, pairs of groups in columns, both sorted so that what is "
            f"alike stands together. {_strongest(table, score) if score else ''}",
            caption=f"Scores of the interactions with {selection} somewhere, clustered; strips of colours name source, "
            "target and mode.",
        ),
        Drawing(
            "Ways of communication",
            lambda: pl.spectrum(adata, key=key, max_padj=tested),
            alt=f"Bars of the number of interactions ({selection}) of each source by mode. {counts(passing, 'mode')}",
            caption=f"Interactions with {selection} of each source by mode of communication.",
        ),
    ]


def _strongest(table: pd.DataFrame, score: str) -> str:
    values = table[score]
    return "" if values.isna().all() else f"The highest score has {edge(table.loc[values.idxmax()])}."


def _most(table: pd.DataFrame) -> str:
    if table.empty:
        return "None passes."
    numbers = table.groupby(["source", "target"], observed=True).size()
    source, target = numbers.idxmax()
    return f"The most, {numbers.max()}, go from {source} to {target}."


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:
    table = as_single(stored.table, next(iter(methods_of(stored.table)), None), keep=False)
    if "padj" not in table or table["padj"].isna().all():
        return [f"{len(table):,} edges were scored, without p-values.", *_best(table, cite)]
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    n_tested = int(table["padj"].notna().sum())
    if passing.empty:
        return [
            f"None of {n_tested:,} tested edges has padj ≤ {max_padj:g}; the smallest is {table['padj'].min():.2g}."
        ]
    return [
        f"{len(passing):,} of {n_tested:,} tested edges have padj ≤ {max_padj:g}: {passing['interaction'].nunique():,} "
        f"interactions between {len(passing[['source', 'target']].drop_duplicates()):,} ordered pairs of groups."
        f"{_both_sides(passing)}",
        *_best(passing, cite),
    ]


def _best(table: pd.DataFrame, cite: Callable[[str], str]) -> list[str]:
    best = table.sort_values("score", ascending=False, kind="stable").drop_duplicates("interaction").head(TOP)
    return [
        f"{edge(row)}: score {row['score']:.3g}{_padj(row)}{_one_side(row)}{cite(str(row['interaction']))}."
        for row in best.to_dict("records")
    ]


def _both_sides(table: pd.DataFrame) -> str:
    if "raised" not in table:
        return ""
    return f" In {int((table['raised'] == 'both').sum()):,} of them both sides are above other cells."


def _one_side(row: Any) -> str:
    side = str(row.get("raised"))
    return f", the {side} alone is above other cells" if side in {"ligand", "receptor"} else ""


def _padj(row: Any) -> str:
    return "" if pd.isna(row.get("padj")) else f", padj {row['padj']:.2g}"


def _cautions(stored: StoredResult) -> list[str]:
    if stored.params.get("sample_key") is not None:
        return claims(stored.table)
    return [
        *claims(stored.table),
        "The p-values of the scores say what is specific to groups in this pool of cells, not what holds over "
        "patients.",
    ]


def _methods(p: Mapping[str, str]) -> str:
    how = {
        "none": "without p-values",
        "permutation": f"with p-values from {p.get('n_perms')} permutations of the labels of all cells "
        f"({p.get('scheme')} scheme, seed {p.get('rng')})",
        "analytic": "with p-values from a saddlepoint approximation of the permutation distribution",
    }.get(
        p.get("null", ""),
        f"with p-values from a saddlepoint approximation where it is known, else from "
        f"{p.get('n_perms')} permutations (seed {p.get('rng')})",
    )
    if p.get("sample_key", "none") != "none":
        how = f"{how.replace('all cells', 'the cells of each sample')}; {_over_samples(p)}"
    return (
        f"Interactions between the {p['n_groups']} groups of {p.get('groupby')} ({p.get('n_cells')} cells) were "
        f"scored by {_methods_in_words(p.get('method', ''))}, {how}. Subunits of complexes were joined by "
        f"{p.get('complex')}; an interaction was tested where at least a fraction {p.get('expr_prop')} of the cells of "
        f"both groups express every subunit, in groups of at least {p.get('min_cells')} cells{_pairs_named(p)}. "
        "P-values were divided by the probability "
        f"that permuted labels would list the row{_tails(p)}, and adjusted by Benjamini and Hochberg."
        + molecules_in_words(p)
        + _over_cells(p)
    )


def _tails(p: Mapping[str, str]) -> str:
    if p.get("null") != "permutation":
        return ""
    return (
        " (where no permutation scored as high and fewer than half would list it, the tail was taken from a "
        "saddlepoint approximation for methods that have one, but never below the smallest p-value of the permutations)"
    )


def _methods_in_words(names: str) -> str:
    """Return every method with what it is."""
    summaries = tl.methods().set_index("method")["summary"]
    return ", ".join(f"{n} ({summaries[n]})" if n in summaries else n for n in names.split(", "))


def _over_cells(p: Mapping[str, str]) -> str:
    if p.get("sample_key", "none") != "none" or p.get("null", "none") == "none":
        return ""
    return " Cells were the replicates: the p-values say what is specific in these cells, not what recurs in others."


def _pairs_named(p: Mapping[str, str]) -> str:
    return f", in the {p['n_pairs']} pairs of groups that can meet" if p.get("group_pairs", "none") != "none" else ""


def _over_samples(p: Mapping[str, str]) -> str:
    """Say how samples were the replicates, or that they were too few."""
    samples = f"{p.get('n_samples')} samples (column {p.get('sample_key')})"
    if int(p.get("n_samples", "0")) < int(p.get("min_samples", "3")):
        return f"{samples} are too few for a test over samples"
    return (
        f"labels were permuted within samples, and the excess of each sample over its permuted labels was tested over "
        f"{samples} by a precision-weighted moderated t, where both groups have at least {p.get('min_cells_sample')} "
        f"cells in {p.get('min_samples')} samples or more"
    )


def _works(params: Mapping[str, Any]) -> list[Work]:
    dois = tl.methods().set_index("method")["doi"]
    names = [str(m) for m in np.atleast_1d(np.asarray(params.get("method"), object))]
    works = [Work(str(dois[m]), f"Scoring method {m}") for m in names if dois.get(m)]
    null = str(params.get("null"))
    works += [MODERATION] if params.get("sample_key") is not None else []
    works += [_SADDLEPOINT] if null in ("analytic", "auto") else []
    works += [PERMUTATIONS] if null in ("permutation", "auto") else []
    return [*works, BENJAMINI_HOCHBERG]


def _summary(stored: StoredResult) -> dict[str, Any]:
    """Count what was found by method; ``significant`` is that of the first one, None without p-values."""
    table = stored.table
    only = str(np.atleast_1d(np.asarray(stored.params["method"], object))[0])
    columns = {name: f"padj_{name}" for name in methods_of(table)} or {only: "padj"}
    significant = {name: _significant(table[c]) for name, c in columns.items() if c in table}
    return {
        "tested": len(table),
        "significant": next(iter(significant.values()), None),
        "significant_by_method": significant,
        "alpha": ALPHA,
    }


def _significant(padj: pd.Series) -> int | None:
    return int((padj <= ALPHA).sum()) if padj.notna().any() or not len(padj) else None


_OF_REVIEWS = ("stated", "inferred")


def _listing(stored: StoredResult, rows: int) -> Listing:
    """Return the strongest interactions, each where it is strongest."""
    table, methods = stored.table, methods_of(stored.table)
    if "magnitude_rank" in table:
        return _ranks(table, rows)
    one = as_single(table, next(iter(methods), None), keep=False)
    has_p = one["padj"].notna().any()
    note = f", {int((one['padj'] <= ALPHA).sum())} with padj ≤ {ALPHA}" if has_p else ""
    by = [c for c in ("padj", "score", "basis") if one[c].notna().any()]  # among equals, what reviews tell of is first
    best = one.sort_values(by, ascending=[c != "score" for c in by], kind="stable").drop_duplicates("interaction")
    pairs = by_frequency(one.loc[(one["padj"] <= ALPHA).to_numpy(), "interaction"])
    names = ("source", "target", "ligand_complex", "receptor_complex", "mode")
    lines = [
        [
            "*" if row["basis"] in _OF_REVIEWS else "",
            *(str(row[n]) for n in names),
            figures(row["score"], ".3f"),
            figures(row["pvalue"]),
            figures(row["padj"]),
            str(pairs.get(row["interaction"], 0)),
        ]
        for row in best.head(rows).to_dict("records")
    ]
    of_method = f" (method {methods[0]})" if methods else ""
    return Listing(
        lines,
        ("", "source", "target", "ligand", "receptor", "mode", "score", "p", "padj", "pairs"),
        f"{len(table)} tests{note}{of_method}",
        ("score", "p", "padj", "pairs"),
        f"each interaction where it is strongest; pairs: pairs of groups with padj ≤ {ALPHA}; *: described in reviews",
    )


def _ranks(table: pd.DataFrame, rows: int) -> Listing:
    """Return the best rows of a consensus of methods, each interaction where it ranks best."""
    ranks = ("magnitude_rank", "specificity_rank")
    best = table.sort_values([*ranks, "basis"], kind="stable").drop_duplicates("interaction")
    names = ("source", "target", "ligand_complex", "receptor_complex", "mode", "basis")
    lines = [
        [*(str(row[n]) for n in names), *(figures(row[n], ".3g") for n in ranks)]
        for row in best.head(rows).to_dict("records")
    ]
    columns = ("source", "target", "ligand", "receptor", "mode", "basis", *ranks)
    return Listing(lines, columns, f"{len(table)} tests, ranked", ranks, "each interaction where it ranks best")


KIND = ResultKind(
    "Interactions",
    "Every interaction between every ordered pair of groups that passed the filters. A row opens to what the "
    "resource says of the interaction.",
    {
        "table": View(
            "Scored interactions",
            (
                *EDGE,
                "mode",
                "direction",
                "score",
                "excess",
                "n_samples",
                "n_positive",
                "pvalue",
                "padj",
                "padj_within",
                "magnitude_rank",
                "specificity_rank",
                "ligand_prop",
                "receptor_prop",
                "evidence",
            ),
            ("source", "target", "mode", "direction"),
            (("padj", "ascending"), ("score", "descending")),
        ),
        "untested": UNTESTED,
    },
    place=1,
    plot="dotplot",
    figures=_figures,
    findings=_findings,
    cautions=_cautions,
    methods=_methods,
    works=_works,
    summary=_summary,
    listing=_listing,
    examples=(
        "commscore score tumour.h5ad --groupby cell_type --out table.csv --untested untested.csv --plot dots.png",
        "commscore score cohort.h5ad --groupby cell_type --sample-key patient --null auto --out table.csv",
        "commscore score counts.h5ad --groupby cell_type --normalize --out scored.h5ad",
        "commscore score tumour.h5ad --groupby cell_type --resource liana:consensus --null auto --out table.parquet",
        "commscore score mouse.h5ad --groupby cell_type --species mouse --resource cellphonedb:v5.zip "
        "--orthologs pairs.csv --out table.csv",
    ),
)
