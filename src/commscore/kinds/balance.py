"""Pro-tumour against anti-tumour flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import pl
from ._base import Drawing, ResultKind, View
from ._views import FACTORS
from ._words import TOP
from ._works import PERMUTATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import FigureRequest, StoredResult
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


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    table, tests = stored.table, stored.tables.get("tests")
    means = table.groupby("condition", observed=True)["balance"].mean().dropna()
    if means.empty:
        return ["No sample has a balance: pro or anti flow is missing in all of them."]
    listing = ", ".join(f"{name} {value:.2g}" for name, value in means.items())
    lines = [f"Mean of log2 pro over anti flow in {table['sample'].nunique():,} samples: {listing}."]
    if tests is None:
        return lines
    tested = tests[((tests["measure"] == "balance") & tests["pvalue"].notna()).to_numpy()]
    return lines + [
        _difference(row) for row in tested.sort_values("pvalue", kind="stable").head(TOP).to_dict("records")
    ]


def _difference(row: Any) -> str:
    exact = ""
    if not (pd.isna(row["exact_pvalue"]) or pd.isna(row["exact_floor"])):
        exact = f"; over relabelled samples {row['exact_pvalue']:.2g}, where {row['exact_floor']:.2g} is the least"
    return (
        f"{row['contrast']}: {row['effect']:+.2g} (95 % interval {row['ci_low']:.2g} to {row['ci_high']:.2g}), "
        f"p {row['pvalue']:.2g}{exact}."
    ).replace(" -", " −")


def _methods(p: Mapping[str, str]) -> str:  # noqa: ARG001
    return (
        "Flow of interactions with a stated direction (pro- or anti-tumour, not the effect on the receptor) was summed "
        "per sample: log2 of pro over anti."
    )


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
    findings=_findings,
    methods=_methods,
    works=_works,
    counts_evidence=False,
)
