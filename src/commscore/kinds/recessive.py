"""Weak but specific interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._base import ResultKind, View
from ._views import EDGE
from ._words import TOP, edge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import StoredResult


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.table
    recessive = table[table["recessive"].to_numpy(bool)].sort_values("rank", kind="stable")
    lines = [f"{len(recessive):,} of {len(table):,} edges are weak, specific and stable under resampling."]
    return lines + [
        f"{edge(row)}: in {row['stability']:.0%} of the resamples, at a score of {row['score']:.3g}."
        for row in recessive.head(TOP).to_dict("records")
    ]


def _methods(p: Mapping[str, str]) -> str:
    return f"Weak, specific and stable interactions were sought among the scored ones ({p.get('key')})."


KIND = ResultKind(
    "Recessive interactions",
    "Weak interactions that are specific to their pair of groups and stable under resampling.",
    {
        "table": View(
            "Weak but specific interactions",
            (
                *EDGE,
                "direction",
                "score",
                "specificity",
                "excess",
                "stability",
                "recessive_score",
                "recessive",
                "rank",
                "evidence",
            ),
            ("source", "target", "direction"),
            (("rank", "ascending"),),
        ),
    },
    place=10,
    findings=_findings,
    methods=_methods,
)
