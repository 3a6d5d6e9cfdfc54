"""Pro-tumour against anti-tumour flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import pl
from ._base import Drawing, ResultKind, View
from ._views import FACTORS
from ._works import PERMUTATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._base import FigureRequest
    from ._works import Work


def _figures(request: FigureRequest) -> list[Drawing | str]:
    means = request.stored.table.groupby("condition", observed=True)["balance"].mean()
    listing = ", ".join(f"{name}: {value:.2g}" for name, value in means.items())
    return [
        Drawing(
            "Balance of the samples",
            lambda: pl.balance(request.adata, key=request.stored.key),
            alt=f"Log2 of pro-tumour over anti-tumour flow of every sample by condition. Means: {listing}.",
            caption="Above zero, flow that drives the tumour prevails.",
        )
    ]


def _methods(p: Mapping[str, str]) -> str:  # noqa: ARG001
    return "Flow of interactions with a stated direction was summed per sample: log2 of pro over anti."


def _works(params: Mapping[str, Any]) -> tuple[Work, ...]:  # noqa: ARG001
    return (PERMUTATIONS,)


KIND = ResultKind(
    "Balance",
    "Flow that drives the tumour (pro) against flow that restrains it (anti), sample by sample.",
    {
        "table": View(
            "Balance of the samples",
            (
                "sample",
                "condition",
                "n_cells",
                "balance",
                "balance_low",
                "balance_high",
                "unsigned",
                "share_pro",
                "share_anti",
            ),
            ("condition",),
        ),
        "tests": View("Tests between conditions"),
        "edges": View(
            "Interactions behind it",
            filters=("condition", "source", "target", "direction"),
            sort=(("share", "descending"),),
        ),
        "factors": FACTORS,
    },
    place=7,
    plot="balance",
    figures=_figures,
    methods=_methods,
    works=_works,
    counts_evidence=False,
)
