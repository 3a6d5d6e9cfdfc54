"""Roles: how much every group sends and receives, and how that moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, CountOrZero, Palette, Proportion, checked
from ._colours import group_colours
from ._fit import sized
from ._place import label_points
from ._table import axes, claim_note, names_of, need_columns, scored, significant, top_groups, totals
from ._text import bare, counted, heading, noted, shorten, title, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from anndata import AnnData


@checked
@sized
def roles(
    data: AnnData | pd.DataFrame,
    later: AnnData | pd.DataFrame | None = None,
    *,
    key: str = "commscore",
    value: str = "count",
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
    names: Sequence[str] = ("before", "after"),
    top: Count = 40,
    labels: CountOrZero = 40,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw what every group sends against what it receives, with arrows to a second condition.

    Parameters
    ----------
    data : scores
    later
        The same of a second condition: an arrow goes from the place in ``data`` to the place here.
    key
        Key in ``adata.uns``, the same in both.
    value : total
    max_padj : drawn
    method : drawn
    names
        Names of the two conditions.
    top
        Number of groups, by what they send and receive.
    labels
        Number of groups with a name, by what they send and receive.
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Groups that are in one condition only are counted below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, the conditions share no group, or a table lacks a column.
    """
    if later is not None and len(names) != 2:
        msg = f"names must be two names of conditions, found {names!r}"
        raise ValueError(msg)
    first, rule, claim = _sums(data, key, value, max_padj=max_padj, method=method)
    second = None if later is None else _sums(later, key, value, max_padj=max_padj, method=method)[0]
    groups = [g for g in first.index if second is None or g in second.index]
    if not groups:
        msg = "data and later have no group in common: score both with the same groupby"
        raise ValueError(msg)
    shown = top_groups(first.loc[groups, groups], top)
    crowd = min(len(shown), labels) / 20
    ax = axes(ax, width=6.0 + 1.5 * crowd, height=5.0 + crowd)
    colours = group_colours(data, key, shown, palette=palette)
    ends = _points(ax, [m for m in (first, second) if m is not None], shown, colours=colours)
    what = "interactions" if value == "count" else f"sum of {value}"
    ax.set_xlabel(f"outgoing ({what})")
    ax.set_ylabel(f"incoming ({what})")
    bare(ax)
    if value == "count":
        for axis in (ax.xaxis, ax.yaxis):
            axis.get_major_locator().set_params(integer=True)
    all_groups = set(first.index) | (set() if second is None else set(second.index))
    text = f"Senders and receivers ({rule})" + ("" if second is None else f": {written(tuple(map(heading, names)))}")
    unnamed = counted(max(len(shown) - labels, 0), "name")
    more = "dotted: as much out as in" + ("" if second is None else f", hollow: {heading(names[0])}")
    title(ax, text, counted(len(all_groups) - len(shown), "group"), unnamed, more=noted(more, claim))
    # the busiest come first: they find the best places
    labelled = np.argsort(-ends[-1].sum(axis=1), kind="stable")[:labels]
    short = list(shorten(shown, 24).values())
    named = ends[-1][labelled]
    words = [(short[i],) for i in labelled]
    label_points(ax, named[:, 0], named[:, 1], labels=words, avoid=_along(ends))
    return ax


def _along(ends: list[Any]) -> Any:
    """Return the dots, and places along the arrows between them."""
    return np.concatenate([ends[0] + t * (ends[-1] - ends[0]) for t in np.linspace(0, 1, 8 if len(ends) > 1 else 1)])


def _sums(
    data: Any, key: str, value: str, *, max_padj: float | None, method: str | None
) -> tuple[pd.DataFrame, str, str]:
    frame, method = scored(data, key, method)
    need_columns(frame, "source", "target", "interaction")
    groups = names_of(frame["source"], frame["target"])
    frame, rule = significant(frame, max_padj, method)
    return totals(frame, value, groups), rule, claim_note(frame)


def _points(ax: Any, matrices: list[pd.DataFrame], groups: list[str], *, colours: Mapping[str, Any]) -> list[Any]:
    """Draw dots (the earlier ones hollow) and arrows between them; return the places."""
    ends = [np.column_stack([m.sum(axis=1).loc[groups], m.sum(axis=0).loc[groups]]).astype(float) for m in matrices]
    fills = [colours[g] for g in groups]
    if len(ends) == 2:
        ax.scatter(ends[0][:, 0], ends[0][:, 1], s=34, facecolors="none", edgecolors=fills, linewidths=1.2)
    ax.scatter(ends[-1][:, 0], ends[-1][:, 1], s=52, color=fills, edgecolors="white", linewidths=0.6, zorder=3)
    both = np.concatenate(ends)
    reach = both.max(axis=0) - both.min(axis=0)
    air = np.where(reach > 0, 0.09 * reach, np.maximum(0.5 * np.abs(both).max(axis=0), 1.0))
    low, high = np.minimum(both.min(axis=0), 0.0) - air, both.max(axis=0) + air  # from zero, as amounts are drawn
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    reach = [min(low[0], low[1]), max(high[0], high[1])]
    ax.plot(reach, reach, color="0.6", lw=0.9, ls=":", zorder=0, scalex=False, scaley=False)
    if len(ends) == 2:
        for start, end, fill in zip(*ends, fills, strict=True):
            if not np.allclose(start, end):
                ax.annotate(
                    "",
                    end,
                    start,
                    arrowprops={"arrowstyle": "-|>", "color": fill, "lw": 1.2, "shrinkA": 3, "shrinkB": 4},
                )
    return ends
