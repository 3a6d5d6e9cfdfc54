"""Spectrum: by which modes of communication every group talks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._validate import one_of
from ..check import AxesOrNone, Count, Palette, Proportion, checked
from ._colours import group_colours
from ._fit import room, sized
from ._table import axes, claim_note, names_of, need_columns, scored, significant
from ._text import bare, counted, inches, shorten, title

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@checked
@sized
def spectrum(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore",
    by: str = "source",
    value: str = "count",
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
    top: Count = 40,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw how much every group sends (or receives) by each mode of communication.

    Parameters
    ----------
    data : scores
    key
    by
        ``"source"`` for what groups send, ``"target"`` for what they receive.
    value : total
    max_padj : drawn
    method : drawn
    top
        Number of groups, the largest totals first.
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        One row of bars per mode, one bar per group, all on one scale: the longest bar fills its row. What was
        left out is said below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, or the table lacks a column.
    """
    one_of("by", by, ["source", "target"])
    frame, method = scored(data, key, method)
    need_columns(frame, "source", "target", "interaction", "mode")
    frame, rule = significant(frame, max_padj, method)
    if value != "count":
        need_columns(frame, value)
    grouped = frame.groupby([frame["mode"].astype(str), frame[by].astype(str)])
    whole = (grouped.size() if value == "count" else grouped[value].sum()).unstack().fillna(0.0)
    modes = list(whole.sum(axis=1).sort_values(ascending=False, kind="stable").index)
    top = room().columns(top, fixed=1.5, each=0.16)
    biggest = whole.sum(axis=0).sort_values(ascending=False, kind="stable").index[:top]
    groups = [g for g in names_of(frame[by]) if g in set(biggest)]
    matrix = whole.loc[modes, groups].to_numpy(np.float64)
    short = list(shorten(groups, room().upward(28, 0.3)).values())
    ax = axes(ax, width=2.0 + max(0.3 * len(groups), 2.6), height=0.5 * len(modes) + inches(short) + 1.0)
    colours = list(group_colours(data, key, groups, palette=palette).values())
    high = float(matrix.max()) or 1.0
    for i, row in enumerate(matrix):
        ax.axhline(-i, color="0.8", lw=0.6, zorder=0)
        ax.bar(range(len(groups)), 0.82 * row / high, bottom=-i, width=0.8, color=colours, ec="none")
        for j, height in enumerate(row):
            if height > 0 and len(groups) <= 24:
                ax.text(j, -i + 0.82 * height / high + 0.01, f"{height:.3g}", ha="center", va="bottom", fontsize=5.5)
    ax.set_yticks([-i + 0.3 for i in range(len(modes))], [m.replace("_", " ") for m in modes], fontsize=8)
    ax.set_xticks(range(len(groups)), short, rotation=90, fontsize=7.5)
    ax.set_xlim(-0.6, len(groups) - 0.4)
    ax.set_ylim(-len(modes) + 0.95, 1.08)
    ax.tick_params(length=0)
    bare(ax, "top", "right", "left", "bottom")
    verb = "sent" if by == "source" else "received"
    what = "Interactions" if value == "count" else f"Sum of {value}"
    title(
        ax, f"{what} {verb}, by mode ({rule})", counted(whole.shape[1] - len(groups), "group"), more=claim_note(frame)
    )
    return ax
