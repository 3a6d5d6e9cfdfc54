"""Therapies and what they would cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import pl
from .._names import read_names
from ..tables.vocabulary import TherapyStatus
from ._base import Drawing, Listing, ResultKind, View
from ._words import TOP, counts, figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import FigureRequest, StoredResult


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


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.table
    cuts = table[(table["status"] == "cuts").to_numpy()].sort_values("share", ascending=False, kind="stable")
    names = cuts.drop_duplicates("therapy")
    lines = [
        f"Of {table['therapy'].nunique():,} therapies of the resource {len(names):,} act on a side of at least one "
        "scored interaction. What follows is a cut of edges on paper, no prediction of response."
    ]
    best = names[names["share"].notna().to_numpy()].head(TOP)
    return lines + [
        f"{row['therapy']} (on {', '.join(read_names(row['targets']))}): {row['n_edges']:,} edges, {row['share']:.2g} "
        "of the flow without antigen presentation."
        for row in best.to_dict("records")
    ]


def _methods(p: Mapping[str, str]) -> str:
    return f"Edges that therapies of the resource act on were cut in silico; flow is {p.get('flow')}."


def _listing(stored: StoredResult, rows: int) -> Listing:
    """Return the therapies that cut most."""
    table, text = stored.table, ("context", "therapy", "class", "targets")
    best = table[(table["status"] == TherapyStatus.CUTS).to_numpy()].sort_values(
        "share", ascending=False, kind="stable"
    )
    shown = best.head(rows).to_dict("records")
    lists = ("class", "targets")
    lines = [
        [
            *(", ".join(read_names(row[n])) if n in lists else str(row[n]) for n in text),
            str(row["n_edges"]),
            figures(row["share"], ".1%"),
        ]
        for row in shown
    ]
    return Listing(
        lines,
        (*text, "edges", "share"),
        f"{len(best)} of {len(table)} therapies cut an edge",
        ("edges", "share"),
        "share: of the flow without antigen presentation; an in-silico cut, not a prediction of response",
    )


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
    findings=_findings,
    methods=_methods,
    listing=_listing,
    examples=("commscore therapies scored.h5ad --max-padj 0.05 --out therapies.csv --combinations pairs.csv",),
)
