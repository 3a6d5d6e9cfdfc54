"""Response: what the receiving cells do, by group and pathway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, Label, Proportion, checked
from ._bar import colour_bar
from ._colours import DIVERGING, MISSING, symmetric
from ._fit import room, sized
from ._table import axes, contrast_of, names_of, need_columns, need_rows, one_contrast, table_of
from ._text import bare, counted, heading, inches, shorten, title

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@checked
@sized
def response(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_response",
    contrast: Label | None = None,
    max_padj: Proportion = 0.05,
    top: Count = 40,
    max_groups: Count = 40,
    ax: AxesOrNone = None,
) -> Any:
    """Draw how the activity of every pathway changed in every receiving group.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.response` has written to, or its table.
    key
    contrast : drawn
    max_padj
        Cells with an adjusted p-value of at most this, 0 to 1, get a mark.
    top
        Number of pathways, the largest change first.
    max_groups
        Number of receiving groups, the largest change first.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Receiving groups in rows, pathways in columns; ``▲`` significantly up, ``▼`` down. Cells that were not tested
        are grey. What was left out is said below the title.

    Raises
    ------
    ValueError
        If no row has an effect, the contrast is unknown or must be named, or the table lacks a column.
    """
    frame = table_of(data, key)
    need_columns(frame, "contrast", "target", "pathway", "effect", "padj")
    frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
    measured = frame[np.isfinite(frame["effect"].to_numpy(float))]
    measured = need_rows(measured, f"no row of {contrast!r} has an effect", "see the column status")
    measured = measured.assign(target=measured["target"].astype(str), pathway=measured["pathway"].astype(str))
    whole = measured.pivot(index="target", columns="pathway", values="effect")
    max_groups = room().rows(max_groups, fixed=1.5, each=0.18)
    top = room().columns(top, fixed=1.9, each=0.18)
    rows = _largest(whole.abs().max(axis=1), max_groups, order=names_of(frame["target"]))
    columns = _largest(whole.abs().max(axis=0), top, order=names_of(frame["pathway"]))
    padj = measured.pivot(index="target", columns="pathway", values="padj").loc[rows, columns]
    ax = _draw(ax, whole.loc[rows, columns], (padj <= max_padj).to_numpy())
    grey = "grey: not tested" if whole.loc[rows, columns].isna().to_numpy().any() else ""
    hidden = counted(len(whole) - len(rows), "group"), counted(whole.shape[1] - len(columns), "pathway")
    title(ax, f"{heading(contrast)}: response of the receiving cells (▲ ▼ padj ≤ {max_padj:g})", *hidden, more=grey)
    return ax


def _largest(size: pd.Series, most: int, *, order: list[str]) -> list[str]:
    largest = set(size.sort_values(ascending=False, kind="stable").index[:most])
    return [name for name in order if name in largest]


def _draw(ax: Any, matrix: pd.DataFrame, sure: Any) -> Any:
    labels = [
        list(shorten(names, longest).values())
        for names, longest in ((matrix.index, room().across(30, 0.3)), (matrix.columns, room().upward(30, 0.3)))
    ]
    ax = axes(
        ax,
        width=inches(labels[0]) + max(0.28 * matrix.shape[1], 1.6) + 1.8,
        height=inches(labels[1]) + max(0.28 * len(matrix), 1.6) + 1.0,
    )
    values = np.ma.masked_invalid(matrix.to_numpy(np.float64))
    high = symmetric(values.filled(np.nan))
    mesh = ax.imshow(values, cmap=DIVERGING, vmin=-high, vmax=high, aspect="auto")
    ax.set_facecolor(MISSING)
    for y, x in np.argwhere(sure):
        dark = abs(values[y, x]) > 0.6 * high
        ax.text(
            x,
            y,
            "▲" if values[y, x] > 0 else "▼",
            ha="center",
            va="center_baseline",
            fontsize=6,
            color="white" if dark else "black",
        )
    ax.set_xticks(range(matrix.shape[1]), labels[1], rotation=90, fontsize=8)
    ax.set_yticks(range(len(matrix)), labels[0], fontsize=8)
    ax.set_ylabel("receiving group", fontsize=8.5)
    ax.tick_params(length=0)
    bare(ax, "top", "right", "left", "bottom")
    colour_bar(ax, mesh, "change of activity (log2)", shrink=0.8, extend="both")
    return ax
