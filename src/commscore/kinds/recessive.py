"""Weak but specific interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._base import ResultKind, View
from ._views import EDGE

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    methods=_methods,
)
