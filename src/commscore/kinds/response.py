"""Activity of pathways in the receiving cells."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .. import pl
from ._base import Drawing, ResultKind, View
from ._views import BY_P, FACTORS
from ._works import BENJAMINI_HOCHBERG, MODERATION, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from ._base import FigureRequest, StoredResult

_MOST_CONTRASTS = 6
_DECOUPLER = Work(
    "10.1093/bioadv/vbac016",
    "Badia-i-Mompel P et al. (2022). decoupleR: ensemble of computational methods to infer biological activities from "
    "omics data. Bioinform Adv 2:vbac016",
)
_QUALITATIVE = Work(
    "10.2307/2530862",
    "Gail M, Simon R (1985). Testing for qualitative interactions between treatment effects and patient subsets. "
    "Biometrics 41:361–372",
)


def _figures(request: FigureRequest) -> list[Drawing | str]:
    table, key = request.stored.table, request.stored.key
    names = [str(c) for c in table["contrast"].dropna().unique() if c not in ("stages", "all")]
    return [
        Drawing(
            f"{name}: response of the receiving cells",
            partial(pl.response, request.adata, key=key, contrast=name, max_padj=request.max_padj),
            alt=f"Heat map of the change of activity of pathways in every receiving group, {name}. "
            f"{_surest(table[(table['contrast'] == name).to_numpy()], request.max_padj)}",
            caption=f"Change of activity (log2); triangles: padj ≤ {request.max_padj:g}; grey: not tested.",
        )
        for name in names[:_MOST_CONTRASTS]
    ]


def _surest(table: pd.DataFrame, max_padj: float) -> str:
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    if passing.empty:
        return f"None has padj ≤ {max_padj:g}."
    row = passing.loc[passing["padj"].idxmin()]
    way = "up" if row["effect"] > 0 else "down"
    return f"{len(passing)} have padj ≤ {max_padj:g}; the surest is {row['pathway']} in {row['target']}, {way}."


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.table
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    n_tested = int(table["padj"].notna().sum())
    return [f"The activity of {len(passing):,} of {n_tested:,} tested pathways of receiving groups changed."]


def _methods(p: Mapping[str, str]) -> str:
    return (
        f"Activities of pathways (net {p.get('net')}, {p.get('method')}) were estimated per sample in the receiving "
        f"groups and compared between levels of {p.get('condition_key')} by moderated t-tests."
    )


def _works(params: Mapping[str, Any]) -> tuple[Work, ...]:  # noqa: ARG001
    return (_DECOUPLER, MODERATION, _QUALITATIVE, BENJAMINI_HOCHBERG)


KIND = ResultKind(
    "Response",
    "Activity of pathways in the receiving cells, and how far it goes with the interactions upstream.",
    {
        "table": View(
            "Activities compared",
            ("pathway", "target", "contrast", "effect", "ci_low", "ci_high", "pvalue", "padj", "status"),
            ("contrast", "target", "pathway", "status"),
            BY_P,
        ),
        "activities": View("Activities of the samples", filters=("condition", "target", "pathway")),
        "links": View("Interactions upstream", filters=("contrast", "source", "target", "pathway", "agreement")),
        "coupling": View(
            "Response against interaction, across samples",
            filters=("context", "target", "pathway"),
            sort=(("correlation", "descending"),),
        ),
        "switches": View("Changes of sign between contexts", filters=("target", "pathway"), sort=BY_P),
        "factors": FACTORS,
        "untested": View("What was left out, and why", filters=("reason",)),
    },
    place=9,
    plot="response",
    figures=_figures,
    findings=_findings,
    methods=_methods,
    works=_works,
)
