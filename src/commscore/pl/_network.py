"""Network of groups: arrows as wide as the traffic between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, Label, Palette, Proportion, checked
from ._colours import group_colours
from ._fit import room, sized
from ._graph import circle, draw_arrow, draw_nodes, node_sizes, size, untangled, width_legend, widths
from ._heatmap import heatmap, heatmap_size
from ._table import (
    axes,
    beside_axes,
    claim_note,
    names_of,
    need_columns,
    need_rows,
    pick,
    scored,
    significant,
    top_groups,
    totals,
)
from ._text import counted, noted, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_LEGEND = 0.9
"""Inches."""
_MARKS = "colour: source, ring: within a group, dot: all its traffic"


@checked
@sized
def network(
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
    max_groups: Count = 40,
    matrix: bool | None = None,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw groups on a circle with an arrow for the strongest source → target pairs.

    Parameters
    ----------
    data : result
    key
    value : width
    max_padj : drawn
    method : drawn
    source, target, interaction, gene
    top
        Number of arrows, the widest first.
    max_groups
    matrix
        Whether all pairs are drawn as a :func:`heatmap` beside the circle; by default where arrows were left out. Not
        with ``ax``.
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Arrows have the colour of their source, dots the size of all traffic of the group; a ring outside is a
        group that talks to itself. The order of the groups lets few arrows cross. What was left out is said below the
        title.

    Raises
    ------
    ValueError
        If nothing is left to draw, or the table lacks a column.
    """
    frame, method = scored(data, key, method)
    only: dict[str, Any] = {"source": source, "target": target, "interaction": interaction, "gene": gene}
    need_columns(frame, "source", "target", "interaction")
    frame, rule = significant(pick(frame, **only), max_padj, method)
    whole = totals(frame, value, names_of(frame["source"], frame["target"]))
    between = whole.loc[(groups := top_groups(whole, max_groups)), groups]
    pairs = between.stack()
    pairs = need_rows(pairs[pairs > 0], f"no pair has a {value} above 0", "choose another value")
    shown = pairs.sort_values(ascending=False, kind="stable").iloc[:top]
    with_matrix = ax is None and (len(shown) < len(pairs) if matrix is None else matrix)
    ax, other = _axes(ax, groups, with_matrix=with_matrix)
    if other is not None:
        same: dict[str, Any] = {"value": value, "max_padj": max_padj, "method": method, "palette": palette, **only}
        heatmap(data, key=key, top=max_groups, ax=other, **same)
    places = circle(untangled(shown.to_dict(), groups))
    places = {g: places[g] for g in groups}
    beside = 0.0 if room().narrow else _LEGEND
    sizes = node_sizes(ax, _areas(between), beside=beside)
    colours = group_colours(data, key, groups, palette=palette)
    # the narrow ones on top of the wide ones
    for ((sender, receiver), _), width in zip(shown.items(), widths(shown), strict=True):
        reach = tuple(np.sqrt(sizes[g]) / 2 + 1 for g in (sender, receiver))
        draw_arrow(ax, places[sender], places[receiver], colour=colours[sender], width=width, shrink=reach)
    draw_nodes(ax, places, colours=colours, sizes=sizes, beside=beside)
    heading = "interactions" if value == "count" else f"sum of {value}"
    width_legend(ax, shown, heading=heading, below=room().narrow)
    left_out = counted(len(whole) - len(groups), "group"), counted(len(pairs) - len(shown), "narrower arrow")
    title(ax, f"Communication between groups ({rule})", *left_out, more=noted(_MARKS, claim_note(frame)))
    return ax


def _axes(ax: Any, groups: list[str], *, with_matrix: bool) -> tuple[Any, Any]:
    """Return the axes of the circle, and those of the matrix beside it, if any."""
    circle_size = size(groups, beside=_LEGEND)
    if not with_matrix:
        return axes(ax, **circle_size), None
    return beside_axes(circle_size, heatmap_size(groups))


def _areas(matrix: pd.DataFrame) -> dict[str, float]:
    traffic = matrix.sum(axis=0) + matrix.sum(axis=1)
    biggest = 420.0 / max(1.0, len(matrix) / 12)
    return {g: 25.0 + biggest * float(v) / (float(traffic.max()) or 1.0) for g, v in traffic.items()}
