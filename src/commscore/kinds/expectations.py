"""Shifts that the reviews expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import pl
from ..tables.vocabulary import Verdict
from ._base import Drawing, Listing, ResultKind, View
from ._views import BY_P, FACTORS, ROLES
from ._words import by_value, counted, counts, figures
from ._works import BENJAMINI_HOCHBERG, MODERATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import FigureRequest, StoredResult
    from ._works import Work


def _figures(request: FigureRequest) -> list[Drawing | str]:
    return [
        Drawing(
            "Expected changes",
            lambda: pl.expectations(request.adata, key=request.stored.key, top=request.top),
            alt="Forest plot of the effects of expected changes with their intervals. Verdicts: "
            f"{counts(request.stored.table, 'verdict')}",
            caption="Effect and interval of each expected change, and what the data say of it.",
        )
    ]


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    return [f"Of {len(stored.table):,} shifts that the reviews expect: {counted(stored.table['verdict'])}."]


def _methods(p: Mapping[str, str]) -> str:
    return (
        f"Shifts that the reviews expect were tested between levels of {p.get('condition_key')} with "
        f"{p['samples']} as replicates, at level {p.get('alpha')} and with a margin of {p.get('margin')} log2."
    )


def _works(params: Mapping[str, Any]) -> tuple[Work, ...]:  # noqa: ARG001
    return (MODERATION, BENJAMINI_HOCHBERG)


def _summary(stored: StoredResult) -> dict[str, Any]:
    verdicts = stored.table["verdict"]
    return {"tested": int((verdicts != Verdict.NOT_ASSESSABLE).sum()), "by_verdict": by_value(verdicts)}


def _listing(stored: StoredResult, rows: int) -> Listing:
    """Return the surest verdicts."""
    table, text = stored.table, ("expectation", "contrast", "verdict")
    best = table[table["pvalue"].notna().to_numpy()].sort_values("pvalue", kind="stable")
    lines = [
        [*(str(row[n]) for n in text), figures(row["effect"], "+.2f"), figures(row["padj"])]
        for row in best.head(rows).to_dict("records")
    ]
    numbers = ("effect", "padj")
    return Listing(
        lines, (*text, *numbers), f"{len(table)} expectations: {counts(table, 'verdict').rstrip('.')}", numbers
    )


KIND = ResultKind(
    "Expectations",
    "Shifts that the reviews expect between these contexts, and what the data say of each.",
    {
        "table": View(
            "Expected shifts",
            (
                "what",
                "level",
                "groups",
                "contrast",
                "change",
                "verdict",
                "effect",
                "ci_low",
                "ci_high",
                "padj",
                "reason",
                "source",
                "lines",
            ),
            ("verdict", "level", "change", "contrast", "source"),
            BY_P,
        ),
        "summary": View("Verdicts by review and contrast"),
        "contexts": View("Contexts of the levels"),
        "roles": ROLES,
        "factors": FACTORS,
    },
    place=6,
    plot="expectations",
    figures=_figures,
    findings=_findings,
    methods=_methods,
    works=_works,
    summary=_summary,
    listing=_listing,
    examples=(
        "commscore expectations cohort.h5ad --groupby cell_type --condition-key stage --sample-key sample --contexts "
        '\'{"primary": "stage=invasive;site=primary", "LN": "stage=metastatic;site=lymph_node"}\' --out verdicts.csv',
    ),
)
