"""Network of groups: arrows as wide as the traffic between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, Palette, Proportion, checked
from ._colours import group_colours
from ._fit import sized
from ._graph import circle, draw_arrow, draw_nodes, node_sizes, size, width_legend, widths
from ._table import axes, names_of, need_columns, need_rows, scored, significant, top_groups, totals
from ._text import counted, title

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_LEGEND = 0.9
"""Inches."""


@checked
@sized
def network(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore",
    value: str = "count",
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
    top: Count = 120,
    max_groups: Count = 40,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw groups on a circle with an arrow for every source → target pair.

    Parameters
    ----------
    data
        AnnData with a stored result, or a result's table.
    key
        Key in ``adata.uns``.
    value
        What the width shows: ``"count"`` for the number of interactions, or a numeric column to add up.
    max_padj
        Only rows with an adjusted p-value of at most this, 0 to 1; ``None`` for all rows. A table without
        p-values is drawn whole.
    method
        Of a table with several methods, the one to draw; by default the first, which the title names.
    top
        Number of arrows, the widest first.
    max_groups
        Number of groups, by their outgoing and incoming totals.
    palette
        Group -> colour, by default ``adata.uns[f"{groupby}_colors"]``, else our own.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Arrows have the colour of their source, dots the size of all traffic of the group; a ring outside is a
        group that talks to itself. What was left out is said below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, or the table lacks a column.
    """
    frame, method = scored(data, key, method)
    need_columns(frame, "source", "target", "interaction")
    frame, rule = significant(frame, max_padj, method)
    whole = totals(frame, value, names_of(frame["source"], frame["target"]))
    matrix = whole.loc[(groups := top_groups(whole, max_groups)), groups]
    pairs = matrix.stack()
    pairs = need_rows(pairs[pairs > 0], f"no pair has a {value} above 0", "choose another value")
    shown = pairs.sort_values(ascending=False, kind="stable").iloc[:top]
    ax = axes(ax, **size(groups, beside=_LEGEND))
    places = circle(groups)
    sizes = node_sizes(ax, _areas(matrix), beside=_LEGEND)
    colours = group_colours(data, key, groups, palette=palette)
    # the narrow ones on top of the wide ones
    for ((source, target), _), width in zip(shown.items(), widths(shown), strict=True):
        reach = tuple(np.sqrt(sizes[g]) / 2 + 1 for g in (source, target))
        draw_arrow(ax, places[source], places[target], colour=colours[source], width=width, shrink=reach)
    draw_nodes(ax, places, colours=colours, sizes=sizes, beside=_LEGEND)
    width_legend(ax, shown, heading="interactions" if value == "count" else f"sum of {value}")
    left_out = counted(len(whole) - len(groups), "group"), counted(len(pairs) - len(shown), "narrower arrow")
    title(ax, f"Communication between groups ({rule})", *left_out)
    return ax


def _areas(matrix: pd.DataFrame) -> dict[str, float]:
    traffic = matrix.sum(axis=0) + matrix.sum(axis=1)
    biggest = 420.0 / max(1.0, len(matrix) / 12)
    return {g: 25.0 + biggest * float(v) / (float(traffic.max()) or 1.0) for g, v in traffic.items()}
