"""Network of changes: between which groups communication went up or down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, Label, Palette, checked
from ._colours import BOTH, DOWN, GREY, UP, group_colours
from ._fit import sized
from ._graph import circle, draw_arrow, draw_nodes, node_sizes, size, untangled, width_legend, widths
from ._table import axes, contrast_of, extra_of, names_of, need_columns, need_rows, one_contrast, ranked
from ._text import counted, heading, title

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_LEGEND = 1.5
"""Inches."""
_NAMES = {UP: "more often up", DOWN: "more often down", BOTH: "as often up as down"}

_STYLES: dict[str, Any] = {UP: "-", DOWN: (0, (2.0, 0.7)), BOTH: (0, (0.6, 0.6))}
"""Lines that stay apart without colours."""


@checked
@sized
def diff_network(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_compare",
    contrast: Label | None = None,
    top: Count = 60,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw groups on a circle with an arrow for every pair in which interactions changed.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.compare` has written to, or what :func:`commscore.get.totals` gives.
    key
    contrast : drawn
    top
        Number of arrows, those with most changed interactions first.
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Width tells how many interactions of the pair changed (adjusted p-value up to the level of the comparison),
        colour and dashes whether more of them went up or down, those of which only one side moved not counted; a
        ring outside is a group with itself. What was left out is said below the title.

    Raises
    ------
    KeyError
        If what is stored under ``key`` is no comparison.
    ValueError
        If nothing changed, the contrast is unknown or must be named, or the table lacks a column.
    """
    frame = extra_of(data, key, "totals")
    need_columns(frame, "contrast", "by", "source", "target", "n_shifted", "n_up", "n_down")
    frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
    pairs = frame[(frame["by"] == "pair").to_numpy()]
    whole = names_of(pairs["source"], pairs["target"])
    moved = need_rows(
        pairs[(pairs["n_shifted"] > 0).to_numpy()],
        f"no pair of {contrast!r} has a changed interaction",
        "look at the volcano plot for what is near",
    )
    shown = ranked(moved, ["n_shifted"], [False]).iloc[:top]
    ends = list(zip(shown["source"].astype(str), shown["target"].astype(str), strict=True))
    there = {name for pair in ends for name in pair}
    groups = [name for name in whole if name in there]
    ax = axes(ax, **size(groups, beside=_LEGEND))
    places = circle(untangled(dict(zip(ends, shown["n_shifted"], strict=True)), groups))
    places = {g: places[g] for g in groups}
    sizes = node_sizes(ax, dict.fromkeys(groups, 130.0 if len(groups) < 16 else 60.0), beside=_LEGEND)
    reach = np.sqrt(next(iter(sizes.values()))) / 2 + 1
    lean = np.sign(shown["n_up"].to_numpy(float) - shown["n_down"].to_numpy(float))
    colours = [{1.0: UP, -1.0: DOWN}.get(float(s), BOTH) for s in lean]
    for (source, target), colour, width in zip(ends, colours, widths(shown["n_shifted"]), strict=True):
        draw_arrow(
            ax,
            places[source],
            places[target],
            colour=colour,
            width=width,
            shrink=(reach, reach),
            linestyle=_STYLES[colour],
        )
    fills = group_colours(data, key, groups, palette=palette)
    draw_nodes(ax, places, colours=fills, sizes=sizes, beside=_LEGEND)
    _legend(ax, [c for c in _NAMES if c in colours])
    width_legend(ax, shown["n_shifted"], heading="changed\ninteractions", colour=GREY)
    idle = len(whole) - len(groups)
    without = counted(idle, "group") + (" without an arrow" if idle else "")
    left_out = counted(len(moved) - len(shown), "narrower arrow")
    title(ax, f"{heading(contrast)}: where communication changed", left_out, without)
    return ax


def _legend(ax: Any, colours: list[str]) -> None:
    from matplotlib.lines import Line2D

    from ._text import legend

    lines = [Line2D([], [], color=c, linewidth=3, ls=_STYLES[c], label=_NAMES[c]) for c in colours]
    legend(ax, lines, loc="upper right", bbox_to_anchor=(1.0, 1.0))
