"""A comparison made again without each sample."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .. import pl
from ._base import Drawing, ResultKind, View
from ._views import BY_P, EDGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import FigureRequest, StoredResult

_MOST_CONTRASTS = 6


def _figures(request: FigureRequest) -> list[Drawing | str]:
    """Draw the surest edges of the comparison without each sample, if it is still stored."""
    if request.stored.changed:
        return [f"Effects without each sample: no figure, because {request.stored.changed}."]
    stability = request.stored.tables.get("stability")
    names = [str(c) for c in request.stored.table["contrast"].dropna().unique() if c != "stages"]
    turned = ""
    if stability is not None:
        tested = stability[stability["padj"].notna().to_numpy()]
        turned = f"{int((~tested['sign_stable'].astype(bool)).sum())} of {len(tested)} tested "
    return [
        Drawing(
            f"{name}: without each sample",
            partial(pl.influence, request.adata, influence_key=request.stored.key, contrast=name, top=request.top),
            alt=f"Effects of the surest interactions in {name} with their intervals, and a tick for the effect without "
            f"each sample. {turned + 'rows change sign or were not made again without one.' if turned else ''}",
            caption="Dot and line: all samples, 95 % interval. Ticks: one sample left out; orange: the sign turns.",
        )
        for name in names[:_MOST_CONTRASTS]
    ]


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.tables.get("stability")
    if table is None or table.empty:
        return []
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    stay = int((passing["max_padj"] <= max_padj).sum())
    return [
        f"Of {len(passing):,} changed edges, {stay:,} keep padj ≤ {max_padj:g} whichever single sample is left out."
    ]


def _methods(p: Mapping[str, str]) -> str:
    return (
        f"The comparison of the levels of {p['condition_key']} was made again {p['n_left_out']} times, each time "
        f"without one value of the column {p['left_out']}, with its own choice of expressed interactions and its "
        "own moderated variances."
    )


KIND = ResultKind(
    "Influence of single samples",
    "The comparison made again without each sample (or each patient): would a finding stand without it, and which "
    "one carries it.",
    {
        "stability": View(
            "Findings without any one sample",
            (
                *EDGE,
                "contrast",
                "effect",
                "padj",
                "effect_low",
                "effect_high",
                "max_padj",
                "most_influential",
                "sign_stable",
                "n_left_out",
            ),
            ("contrast", "source", "target", "sign_stable", "most_influential"),
            (("max_padj", "ascending"),),
        ),
        "table": View("Effects without each sample", filters=("left_out", "contrast", "source", "target"), sort=BY_P),
        "untested": View("Samples that cannot be left out"),
    },
    place=3,
    plot="influence",
    figures=_figures,
    findings=_findings,
    methods=_methods,
)
