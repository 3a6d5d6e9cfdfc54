"""Heat map of source × target totals: who talks to whom, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, ColourMap, Count, Label, Palette, Proportion, checked
from ._bar import colour_bar
from ._colours import group_colours
from ._fit import room, sized
from ._table import axes, claim_note, names_of, need_columns, pick, scored, significant, top_groups, totals
from ._text import bare, counted, inches, shorten, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_WRITTEN = 16
"""Numbers are written into the cells up to this many groups."""


@checked
@sized
def heatmap(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore",
    value: str = "count",
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    top: Count = 40,
    cmap: ColourMap = "cividis",
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw source × target totals.

    Parameters
    ----------
    data : result
    key
    value : total
    max_padj : drawn
    method : drawn
    source, target, interaction, gene
    top
        Number of groups, by their outgoing and incoming totals.
    cmap
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Sources in rows, targets in columns; what was left out is said below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, or the table lacks a column.
    """
    frame, method = scored(data, key, method)
    need_columns(frame, "source", "target", "interaction")
    frame = pick(frame, source=source, target=target, interaction=interaction, gene=gene)
    frame, rule = significant(frame, max_padj, method)
    whole = totals(frame, value, names_of(frame["source"], frame["target"]))
    longest = room().across(28, 0.25)
    top = room().columns(top, fixed=0.07 * longest + 1.4, each=0.14)
    groups = top_groups(whole, top)
    matrix = whole.loc[groups, groups].to_numpy(np.float64)
    short = shorten(groups, longest)
    labels = [short[g] for g in groups]
    n = len(groups)
    ax = axes(ax, **heatmap_size(labels))
    mesh = ax.imshow(matrix, cmap=cmap, aspect="equal", vmin=min(0.0, float(matrix.min())))
    colours = list(group_colours(data, key, groups, palette=palette).values())
    name_groups(ax, (labels, labels), (colours, colours))
    if n <= min(_WRITTEN, room().columns(_WRITTEN, fixed=inches(labels) + 1.4, each=0.22)):
        _numbers(ax, matrix, mesh)
    what = "Interactions" if value == "count" else f"Sum of {value}"
    title(ax, f"{what} from source to target ({rule})", counted(len(whole) - n, "group"), more=claim_note(frame))
    bar = colour_bar(ax, mesh, "number of interactions" if value == "count" else value)
    if value == "count":
        bar.ax.yaxis.get_major_locator().set_params(integer=True)
    return ax


def heatmap_size(labels: list[str]) -> dict[str, float]:
    """Return the size of a figure for so many groups, in inches."""
    n, names = len(labels), inches(shorten(labels, 28).values())
    side = max(0.32 * n if n <= _WRITTEN else 0.2 * n, 1.6)
    return {"width": side + names + 1.8, "height": side + names + 1.1}


def name_groups(ax: Any, labels: Sequence[list[str]], colours: Sequence[list[Any]]) -> None:
    """Name sources (rows) and targets (columns) beside a heat map, each with the colour of its group."""
    size = 8 if max(map(len, labels)) <= _WRITTEN else 6.5
    ax.set_yticks(range(len(labels[0])), labels[0], fontsize=size)
    ax.set_xticks(range(len(labels[1])), labels[1], rotation=90, fontsize=size)
    ax.tick_params(length=0, pad=11)
    ax.set_xlabel("target", fontsize=8.5)
    ax.set_ylabel("source", fontsize=8.5)
    bare(ax, "top", "right", "left", "bottom")
    box: dict[str, Any] = {"marker": "s", "s": 26, "clip_on": False, "linewidths": 0}
    # one coordinate in cells, the other in points outside the frame
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    points = ax.figure.dpi_scale_trans
    left = blended_transform_factory(ax.transAxes, ax.transData) + ScaledTranslation(-6 / 72, 0, points)
    below = blended_transform_factory(ax.transData, ax.transAxes) + ScaledTranslation(0, -6 / 72, points)
    rows, columns = (np.arange(len(side)) for side in labels)
    ax.scatter(np.zeros(rows.size), rows, c=colours[0], transform=left, **box)
    ax.scatter(columns, np.zeros(columns.size), c=colours[1], transform=below, **box)


def _numbers(ax: Any, matrix: Any, mesh: Any) -> None:
    for (i, j), value in np.ndenumerate(matrix):
        red, green, blue, _ = mesh.cmap(mesh.norm(value))
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        text = f"{value:.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.2g}"
        ax.text(j, i, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")
