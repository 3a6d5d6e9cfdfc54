"""Proximity: who meets whom in a tissue, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, Label, Palette, Positive, checked
from ._bar import colour_bar
from ._colours import DIVERGING, MISSING, group_colours, symmetric
from ._fit import room, sized
from ._heatmap import name_groups
from ._table import axes, extra_of, names_of, need_columns, need_rows, params_of, pick
from ._text import counted, inches, shorten, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_CELL = (0.62, 0.4)
"""Inches of a cell that holds a number and its interval."""
_MARKED = (0.24, 0.24)
"""And of one that holds a mark."""
_WRITTEN = 14
"""Numbers are written into the cells up to this many groups."""
_ENDS = ("proximity_low", "proximity_high")
_SHAPES = {"flat": "{what} within {um:g} µm", "gaussian": "Gaussian of {um:g} µm", "connectivity": "the given graph"}


@checked
@sized
def proximity(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_spatial",
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    range_um: Positive | None = None,
    kernel: str | None = None,
    top: Count = 30,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw who meets whom: log2 of the contacts of every two groups over what their numbers give.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.spatial` has written to, or its table ``proximity``.
    key
    source, target
        Only these groups, one or several.
    range_um, kernel
        The range to draw; by default the widest.
    top
        Number of groups, those with the most contacts.
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Sources in rows, targets in columns. Below each number stands its 95 % interval; numbers are bold where it
        leaves out 0. Where numbers find no room, ``▲`` and ``▼`` mark these cells. Grey: not known.

    Raises
    ------
    ValueError
        If no proximity is known, a name does not occur, or the table lacks a column.
    """
    frame = extra_of(data, key, "proximity")
    need_columns(frame, "source", "target", "kernel", "range_um", "contacts", "proximity", *_ENDS)
    frame = _one_range(frame, range_um, kernel)
    names = names_of(frame["source"], frame["target"])
    frame = pick(frame, source=source, target=target)
    need_rows(frame[frame["proximity"].notna().to_numpy()], "no proximity is known", "see the table proximity")
    rows, columns = (_most_met(frame, side) for side in ("source", "target"))
    fits = _room_for_groups(top, each=_CELL)
    written = max(len(rows), len(columns)) <= min(_WRITTEN, fits)
    most = fits if written else _room_for_groups(top, each=_MARKED)
    drawn = rows[:most], columns[:most]
    hidden = counted(len(rows) - len(drawn[0]), "source"), counted(len(columns) - len(drawn[1]), "target")
    colours = group_colours(data, key, names, palette=palette)
    ax = _draw(ax, frame, tuple(_in_order(names, some) for some in drawn), written=written, colours=colours)
    title(ax, f"Who meets whom ({_words(frame, _observed(data, key))})", *hidden, more=_explained(written=written))
    return ax


def _one_range(frame: pd.DataFrame, range_um: float | None, kernel: str | None) -> pd.DataFrame:
    """Return the rows of one range: the widest of those that are left."""
    if kernel is not None:
        frame = pick(frame, kernel=kernel)
    known = frame["range_um"].to_numpy(np.float64)
    if range_um is not None and not np.isclose(known, range_um).any():
        msg = f"range_um={range_um:g} is not in the table; it has {', '.join(f'{r:g}' for r in np.unique(known))}"
        raise ValueError(msg)
    if range_um is None and np.isfinite(known).any():
        range_um = float(np.nanmax(known))
    if range_um is not None:
        frame = frame[np.isclose(known, range_um)]
    return frame[(frame["kernel"] == names_of(frame["kernel"])[0]).to_numpy()]


def _most_met(frame: pd.DataFrame, side: str) -> list[str]:
    """Return the groups of one side, those with the most contacts first."""
    contacts = frame.groupby(side, observed=True)["contacts"].sum().sort_values(ascending=False, kind="stable")
    return [str(name) for name in contacts.index]


def _room_for_groups(most: int, *, each: tuple[float, float]) -> int:
    return min(room().columns(most, fixed=2.8, each=each[0]), room().rows(most, fixed=2.0, each=each[1]))


def _in_order(names: list[str], some: list[str]) -> list[str]:
    return [name for name in names if name in some]


def _words(frame: pd.DataFrame, what: str) -> str:
    """Say how near is near."""
    return _SHAPES[str(frame["kernel"].iloc[0])].format(what=what, um=frame["range_um"].iloc[0])


def _observed(data: AnnData | pd.DataFrame, key: str) -> str:
    """Say what lies near each other: types of cells have shares in spots."""
    if hasattr(data, "uns") and params_of(data, key).get("composition_key") is not None:
        return "shares in spots"
    return "cells"


def _explained(*, written: bool) -> str:
    if not written:
        return "▲ ▼: the 95 % interval leaves out 0"
    return "bold: the 95 % interval leaves out 0"


def _draw(ax: Any, frame: pd.DataFrame, names: tuple[list[str], ...], *, written: bool, colours: dict[str, Any]) -> Any:
    parts = [
        frame.pivot(index="source", columns="target", values=c).reindex(index=names[0], columns=names[1])
        for c in ("proximity", *_ENDS)
    ]
    value, low, high = (np.ma.masked_invalid(part.to_numpy(np.float64)) for part in parts)
    longest = room().across(28, 0.25)
    labels = [list(shorten(side, longest).values()) for side in names]
    each = _CELL if written else _MARKED
    ax = axes(
        ax,
        width=max(each[0] * len(names[1]), 1.6) + inches(labels[0]) + 1.9,
        height=max(each[1] * len(names[0]), 1.2) + inches(labels[1]) + 1.3,
    )
    limit = symmetric(value.filled(np.nan))
    mesh = ax.imshow(value, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    ax.set_facecolor(MISSING)
    name_groups(ax, labels, [[colours[name] for name in side] for side in names])
    write = _numbers if written else _marks
    write(ax, (value, low, high), limit)
    colour_bar(ax, mesh, "log2 of contacts over expected", extend="both")
    return ax


def _numbers(ax: Any, parts: tuple[Any, Any, Any], limit: float) -> None:
    """Write numbers and intervals into the cells, bold where the interval leaves out 0."""
    value, low, high = parts
    for y, x in np.argwhere(~np.ma.getmaskarray(value)):
        colour = "white" if abs(value[y, x]) > 0.6 * limit else "black"
        weight = "bold" if _apart(low[y, x], high[y, x]) else "normal"
        look = {"ha": "center", "color": colour}
        ax.text(x, y, _minus(f"{value[y, x]:+.2f}"), va="bottom", fontsize=7.5, fontweight=weight, **look)
        if not (np.ma.is_masked(low[y, x]) or np.ma.is_masked(high[y, x])):
            ax.text(x, y + 0.08, _minus(f"{low[y, x]:.2f} to {high[y, x]:.2f}"), va="top", fontsize=5.5, **look)


def _marks(ax: Any, parts: tuple[Any, Any, Any], limit: float) -> None:
    """Mark the cells whose interval leaves out 0."""
    value, low, high = parts
    for y, x in np.argwhere(~np.ma.getmaskarray(value)):
        if _apart(low[y, x], high[y, x]):
            colour = "white" if abs(value[y, x]) > 0.6 * limit else "black"
            mark = "▲" if value[y, x] > 0 else "▼"
            ax.text(x, y, mark, ha="center", va="center_baseline", fontsize=6, color=colour)


def _apart(low: Any, high: Any) -> bool:
    """Whether an interval is known and leaves out 0."""
    return not (np.ma.is_masked(low) or np.ma.is_masked(high)) and bool(low > 0 or high < 0)


def _minus(number: str) -> str:
    return number.replace("-", "−")
