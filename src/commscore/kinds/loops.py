"""Feedback loops found in the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import pl
from .._names import read_names
from ._base import Drawing, ResultKind, View
from ._words import TOP, by_value, counted, counts
from ._works import BENJAMINI_HOCHBERG, PERMUTATIONS, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import FigureRequest, StoredResult

_REWIRED = Work(
    "10.1126/science.1065103",
    "Maslov S, Sneppen K (2002). Specificity and stability in topology of protein networks. Science 296:910–913",
)


def _figures(request: FigureRequest) -> list[Drawing | str]:
    return [
        Drawing(
            "Strongest loops and relays",
            lambda: pl.loops(request.adata, key=request.stored.key, top=request.top),
            alt="Loops and relays as lines of cells with the interaction between each and the next. "
            f"{counts(request.stored.table, 'kind')}",
            caption="One line per loop (it ends where it begins) or relay, the strongest first.",
        )
    ]


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    best = stored.table.sort_values("strength", ascending=False, kind="stable").head(TOP)
    return [
        f"{len(stored.table):,} loops and relays were found: {counted(stored.table['kind'])}.",
        *(_chain(row) for row in best.to_dict("records")),
    ]


def _chain(row: Any) -> str:
    """Say who passes what to whom, and whether the whole reinforces."""
    way = "reinforces" if row["sign"] > 0 else "restrains"
    groups, carried = (" → ".join(read_names(row["groups"])), ", then ".join(read_names(row["interactions"])))
    return f"{str(row['kind']).capitalize()} {groups} by {carried}: strength {row['strength']:.3g}, it {way}."


def _methods(p: Mapping[str, str]) -> str:
    return (
        f"Loops of up to {p.get('max_length')} interactions with {p.get('padj')} ≤ {p.get('max_padj')} were enumerated "
        f"and compared with {p.get('n_perms')} networks rewired at random (seed {p.get('rng')}). The sign of a loop is "
        "the product of its links inside cells and of the effect of each interaction on its receptor (unknown ones "
        "taken as activating)."
    )


def _works(params: Mapping[str, Any]) -> tuple[Work, ...]:  # noqa: ARG001
    return (PERMUTATIONS, _REWIRED, BENJAMINI_HOCHBERG)


KIND = ResultKind(
    "Loops",
    "Feedback loops found in the scored interactions, against networks rewired at random.",
    {
        "table": View("Loops and relays", filters=("kind",), sort=(("strength", "descending"),)),
        "summary": View("All loops together"),
    },
    place=5,
    plot="loops",
    figures=_figures,
    findings=_findings,
    methods=_methods,
    works=_works,
    summary=lambda stored: {"by_kind": by_value(stored.table["kind"])},
)
