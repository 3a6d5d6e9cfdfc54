"""Balance: communication that drives the tumour against communication that restrains it, by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..check import AxesOrNone, Levels, checked
from ._colours import DOWN, UP, obs_colours
from ._fit import sized
from ._stages import estimate, explain_marks, name_stages, places, stage_points
from ._table import axes, extra_of, names_of, need_columns, need_rows, ordered, params_of, table_of
from ._text import bare, counted, title

if TYPE_CHECKING:
    from anndata import AnnData


@checked
@sized
def balance(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_balance",
    tests: pd.DataFrame | None = None,
    order: Levels | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the balance of pro- and anti-tumour communication of every sample, by condition or stage.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.balance` has written to, or its table.
    key
    tests
        Its table of tests; by default the one stored beside the table. Without it no estimates are drawn.
    order
        Conditions from left to right; by default the categories of the table.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Points are samples. The grey line through a point reaches from the balance if all unsigned flow were anti
        to the balance if it were pro. Diamonds are mean of the reference plus tested difference, with the 95 %
        interval of the difference; above it the p-value of the t-test, and the exact one over relabellings of the
        samples with its floor, the smallest that so few samples can give. Samples without a balance are counted below
        the title.

    Raises
    ------
    ValueError
        If no sample has a balance, a condition is unknown, or the table lacks a column.
    """
    frame = table_of(data, key)
    need_columns(frame, "sample", "condition", "balance", "balance_low", "balance_high")
    if tests is None and not isinstance(data, pd.DataFrame):
        tests = extra_of(data, key, "tests")
    conditions = names_of(frame["condition"])
    stages = conditions if order is None else ordered(order, conditions)
    frame = frame[frame["condition"].astype(str).isin(stages).to_numpy()]
    there = frame[np.isfinite(frame["balance"].to_numpy(float))]
    need_rows(there, "no sample has a balance", "pro or anti flow is missing in all; see tl.balance")
    ax = axes(ax, width=max(3.8, 1.15 * len(stages) + 1.8), height=4.0)
    there = there.sort_values("balance", kind="stable")
    groups = [there[(there["condition"].astype(str) == s).to_numpy()] for s in stages]
    for i, rows in enumerate(groups):
        ax.vlines(places(i, len(rows)), rows["balance_low"], rows["balance_high"], color="0.8", lw=1.2, zorder=1)
    stage_key = params_of(data, key).get("condition_key")
    colours = obs_colours(data if stage_key else None, stage_key, stages)
    means = stage_points(ax, [r["balance"].to_numpy(float) for r in groups], [colours[s] for s in stages])
    if tests is not None:
        _tests(ax, tests, stages, means=means)
    name_stages(ax, stages, [len(r) for r in groups])
    _decorate(ax, len(stages))
    missing = len(frame) - len(there)
    text = "Balance of pro- and anti-tumour communication"
    left_out = counted(missing, "sample") + (" without a balance" if missing else "")
    explain_marks(ax, tests is not None, "grey: if all unsigned flow were anti or pro")
    title(ax, text, left_out, pad=6 if tests is None else 26)
    return ax


def _tests(ax: Any, tests: pd.DataFrame, stages: list[str], *, means: list[float]) -> None:
    """Draw every stage that was set against one of the others, and its p-value above it."""
    need_columns(tests, "measure", "reference", "level", "effect", "ci_low", "ci_high")
    rows = tests[(tests["measure"] == "balance").to_numpy()]
    for row in rows.itertuples():
        alt, ref = row.level, row.reference
        if alt not in stages or ref not in stages or not np.isfinite(row.effect):
            continue
        i, base = stages.index(alt), means[stages.index(ref)]
        estimate(ax, i, base + row.effect, ends=(base + row.ci_low, base + row.ci_high))
        if np.isfinite(row.pvalue):
            ax.annotate(
                _p_in_words(row),
                (i, 1.0),
                xycoords=ax.get_xaxis_transform(),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=7.5,
            )


def _p_in_words(row: Any) -> str:
    """Return the p-value of the test, and the exact one with its floor where there is one."""
    exact, floor = (float(getattr(row, n, np.nan)) for n in ("exact_pvalue", "exact_floor"))
    below = f"\nexact {exact:.2g} (floor {floor:.2g})" if np.isfinite([exact, floor]).all() else ""
    return f"p = {row.pvalue:.2g}{below}"


def _decorate(ax: Any, n: int) -> None:
    low, high = ax.get_ylim()
    low, high = min(low, -0.3), max(high, 0.3)
    ax.axhspan(0, high, color=UP, alpha=0.05, lw=0, zorder=0)
    ax.axhspan(low, 0, color=DOWN, alpha=0.05, lw=0, zorder=0)
    ax.axhline(0, color="0.5", lw=0.9, zorder=0)
    ax.set_xlim(-0.6, n - 0.4)
    ax.set_ylim(low, high)
    ax.text(n - 0.43, high, "pro", color=UP, ha="right", va="top", fontsize=8)
    ax.text(n - 0.43, low, "anti", color=DOWN, ha="right", va="bottom", fontsize=8)
    ax.set_ylabel("log2 of pro over anti flow")
    bare(ax)
