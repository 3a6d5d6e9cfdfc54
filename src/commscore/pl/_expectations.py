"""Expectations: what reviews expect to change, and what the data say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, Label, checked
from ..tables.expectations import VERDICTS
from ..tables.vocabulary import ExpectedChange, Verdict
from ._fit import room, sized
from ._table import axes, names_of, need_columns, need_rows, pick, ranked, table_of
from ._text import bare, beside, counted, heading, inches, legend, shorten, title

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_LOOK: dict[str, tuple[str, str]] = {
    Verdict.CONFIRMED: ("#0072B2", "o"),
    Verdict.CONTRADICTED: ("#D55E00", "X"),
    Verdict.INCONCLUSIVE: ("#8C8C8C", "D"),
}
_ARROWS: dict[str, str] = {
    ExpectedChange.UP: "↑",
    ExpectedChange.DOWN: "↓",
    ExpectedChange.SWITCH: "⇄",
    ExpectedChange.NON_MONOTONE: "↝",
    ExpectedChange.NONE: "=",
}


@checked
@sized
def expectations(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_expectations",
    contrast: Label | None = None,
    level: str | None = None,
    verdict: str | None = None,
    top: Count = 40,
    ax: AxesOrNone = None,
) -> Any:
    """Draw a forest of expected changes: the effect found, its interval, and the verdict.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.expectations` has written to, or its table.
    key
    contrast, level, verdict
        Only these rows.
    top
        Number of rows: confirmed, then contradicted, then inconclusive ones, the smallest p-values first.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Before each name stands the expected direction (→ up, ← down, ⇄ a switch of sign, ↝ up and down). Rows
        that cannot be assessed, or have no effect, are counted below the title.

    Raises
    ------
    ValueError
        If no row can be assessed, a name is unknown, or the table lacks a column.
    """
    frame = table_of(data, key)
    need_columns(frame, "what", "role", "contrast", "change", "verdict", "effect", "ci_low", "ci_high", "padj", "level")
    frame = pick(frame, contrast=contrast, level=level, verdict=verdict)
    order = {v: i for i, v in enumerate(VERDICTS)}
    assessed = frame.assign(_rank=frame["verdict"].astype(str).map(order))
    drawn = (assessed["verdict"].astype(str) != Verdict.NOT_ASSESSABLE) & np.isfinite(
        assessed["effect"].to_numpy(float)
    )
    assessed = need_rows(
        assessed[drawn.to_numpy()], "no expectation can be assessed", "see the column reason, and contexts= of the call"
    )
    shown = ranked(assessed, ["_rank", "padj"], [True, True]).iloc[: room().rows(top, fixed=1.4, each=0.2)]
    labels = beside((label,) for label in _labels(shown))
    ax = axes(ax, width=inches(labels) + 5.4, height=0.25 * len(shown) + 1.6)
    handles = [_rows(ax, shown, name) for name in _LOOK if (shown["verdict"] == name).any()]
    ax.axvline(0, color="0.5", lw=0.9, zorder=0)
    ax.set_yticks(range(len(shown)), labels, fontsize=7.5)
    ax.set_ylim(len(shown) - 0.3, -0.7)
    ax.set_xlabel("effect (log2 scale) with 95 % interval")
    bare(ax)
    legend(ax, handles, "verdict")
    hidden = (
        counted(len(assessed) - len(shown), "assessed row"),
        counted(len(frame) - len(assessed), "not assessable row"),
    )
    contrasts = names_of(shown["contrast"])
    where = contrasts[0] if len(contrasts) == 1 else ""
    title(ax, "What reviews expect" + (f": {heading(where)}" if where else ""), *hidden)
    return ax


def _labels(shown: pd.DataFrame) -> list[str]:
    what, role = (shorten(shown[c].astype(str), n) for c, n in (("what", 30), ("role", 18)))
    several = shown["contrast"].nunique() > 1
    contrasts = shorten(shown["contrast"].astype(str), 24)
    labels = []
    for row in shown.itertuples():
        name = f"{_ARROWS.get(str(row.change), '')} {what[str(row.what)]}"
        if str(getattr(row, "level", "")) == "composition":
            name += " (share of cells)"
        name += f" in {role[str(row.role)].replace('_', ' ')}" if str(row.role) not in ("", "nan") else ""
        labels.append(name + (f"  ({contrasts[str(row.contrast)]})" if several else ""))
    if "source" in shown:  # two reviews may expect the same
        labels = [m + (f" [{s}]" if labels.count(m) > 1 else "") for m, s in zip(labels, shown["source"], strict=True)]
    if "lines" in shown:  # and one review may say it twice
        labels = [
            f"{m[:-1]}: {s}]" if labels.count(m) > 1 and m.endswith("]") else m
            for m, s in zip(labels, shown["lines"], strict=True)
        ]
    return labels


def _rows(ax: Any, shown: pd.DataFrame, verdict: str) -> Any:
    colour, marker = _LOOK[verdict]
    y = np.flatnonzero((shown["verdict"] == verdict).to_numpy())
    rows = shown.iloc[y]
    ax.hlines(y, rows["ci_low"], rows["ci_high"], color=colour, lw=1.4)
    dots = ax.scatter(
        rows["effect"], y, color=colour, marker=marker, s=34, edgecolors="white", linewidths=0.5, zorder=3
    )
    dots.set_label(f"{verdict} ({len(rows)})")
    return dots
