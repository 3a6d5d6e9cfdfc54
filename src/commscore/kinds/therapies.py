"""Therapies and what they would cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import pl
from ._base import Drawing, ResultKind, View
from ._words import counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._base import FigureRequest


def _figures(request: FigureRequest) -> list[Drawing | str]:
    return [
        Drawing(
            "Flow that falls",
            lambda: pl.therapies(request.adata, key=request.stored.key, top=request.top),
            alt="Share of flow (without antigen presentation) that falls when the targets of each therapy are taken "
            f"out. {counts(request.stored.table, 'status')}",
            caption="An in-silico cut of edges, not a prediction of response.",
        )
    ]


def _methods(p: Mapping[str, str]) -> str:
    return f"Edges that therapies of the resource act on were cut in silico; flow is {p.get('flow')}."


KIND = ResultKind(
    "Therapies",
    "Which interactions the therapies of the resource would cut: an in-silico cut of edges, not a prediction of "
    "response.",
    {
        "table": View(
            "Therapies",
            (
                "therapy",
                "context",
                "class",
                "action",
                "targets",
                "status",
                "n_edges",
                "share",
                "n_circuits",
                "reported",
            ),
            ("context", "class", "status"),
            (("share", "descending"),),
        ),
        "edges": View("Interactions that are cut", filters=("context", "source", "target")),
        "groups": View("Flow of the groups that falls", filters=("context", "direction")),
        "combinations": View("Combinations", filters=("context",)),
        "bypass": View("What remains beside a cut interaction", filters=("context", "how")),
        "circuits": View("Circuits that are cut"),
    },
    place=8,
    plot="therapies",
    figures=_figures,
    methods=_methods,
)
