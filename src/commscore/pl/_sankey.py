"""Sankey diagram: from sources through interactions to targets."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..check import AxesOrNone, Count, Label, Palette, Proportion, checked
from ._colours import group_colours
from ._fit import room, sized
from ._table import axes, claim_note, names_of, need_columns, need_rows, pick, ranked, scored, significant
from ._text import counted, inches, shorten, spread, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

_COLUMNS = ("source", "interaction", "target")
_BAR = 0.035
"""Half of the width of a bar, in units of the axis."""
_UNIT = 2.3
"""Inches of a unit in a figure of our own."""
_NODE = "#E4E4E4"
"""Bars of interactions, whose names stand on them."""


@checked
@sized
def sankey(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore",
    value: str = "score",
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    top: Count = 40,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the strongest rows as bands from source through interaction to target.

    Parameters
    ----------
    data : result
    key
    value
        Column that gives the width of a band, not negative; ``"count"`` for one each.
    max_padj : drawn
    method : drawn
    source, target, interaction, gene
    top
        Number of rows, the largest values first.
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        What was left out is said below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, a group does not occur, or the table lacks a column.
    """
    frame, method = scored(data, key, method)
    need_columns(frame, *_COLUMNS)
    frame, rule = significant(
        pick(frame, source=source, target=target, interaction=interaction, gene=gene), max_padj, method
    )
    if value == "count":
        frame = frame.assign(count=1.0)
    need_columns(frame, value)
    frame = need_rows(frame[(frame[value] > 0).to_numpy()], f"no row has {value} above 0", "choose another value")
    shown = ranked(frame, [value], [False]).iloc[:top]
    tallest = max(shown[c].nunique() for c in _COLUMNS)
    while tallest > room().rows(tallest, fixed=0.9, each=0.18):
        shown = shown.iloc[:-1]
        tallest = max(shown[c].nunique() for c in _COLUMNS)
    orders = _orders(shown, value)
    stacks = {c: _stack(shown, c, value, order=orders[c]) for c in _COLUMNS}
    short = {c: shorten(s, room().across(30, 0.24)) for c, s in stacks.items()}
    names = inches(short["source"].values()) + inches(short["target"].values())
    ax = axes(ax, width=5.2 + names, height=max(2.4, 0.3 * tallest + 0.9))
    groups = names_of(frame["source"], frame["target"])
    halves = _BAR, _half(short["interaction"].values()), _BAR
    _draw(ax, shown, value, stacks=stacks, colours=group_colours(data, key, groups, palette=palette), halves=halves)
    _name(ax, stacks, short)
    what = "Strongest interactions" if value == "score" else f"Largest {value.replace('_', ' ')}"
    title(ax, f"{what} ({rule})", counted(len(frame) - len(shown), "row"), pad=20, more=claim_note(shown))
    return ax


def _orders(shown: pd.DataFrame, value: str) -> dict[str, list[str]]:
    """Return the names of every column from top to bottom: the largest first, then so that fewer bands cross."""
    names = shown[list(_COLUMNS)].astype(str)
    weights = shown[value].to_numpy(float)
    sums = {c: pd.Series(weights).groupby(names[c].to_numpy(), sort=False).sum() for c in _COLUMNS}
    order = {c: list(s.sort_values(ascending=False, kind="stable").index) for c, s in sums.items()}
    tries = [order]
    for column, *beside in 3 * [("source", "interaction"), ("target", "interaction"), ("interaction", *_COLUMNS[::2])]:
        at = np.mean([_heights(names[c], tries[-1][c]) for c in beside], axis=0)
        mean = pd.Series(weights * at).groupby(names[column].to_numpy()).sum() / sums[column]
        tries.append(tries[-1] | {column: sorted(tries[-1][column], key=mean.to_dict().__getitem__)})
    return min(tries, key=lambda one: _crossings(names, one, weights))


def _heights(names: pd.Series, order: list[str]) -> Any:
    """Return where the name of every row stands, 0 at the top, 1 at the bottom."""
    return names.map({n: i / max(len(order) - 1, 1) for i, n in enumerate(order)}).to_numpy(float)


def _crossings(names: pd.DataFrame, order: dict[str, list[str]], weights: Any) -> float:
    """Return how much of the bands crosses: the products of their widths."""
    crossed = 0.0
    for pair in itertools.pairwise(_COLUMNS):
        left, right = (_heights(names[c], order[c]) for c in pair)
        turned = (left[:, None] < left) & (right[:, None] > right)
        crossed += float(weights @ turned @ weights)
    return crossed


def _stack(shown: pd.DataFrame, column: str, value: str, *, order: list[str]) -> dict[str, tuple[float, float]]:
    """Return the lower and upper end of every name of a column, from top to bottom, with gaps between."""
    sizes = shown.groupby(shown[column].astype(str), sort=False)[value].sum().loc[order]
    share = sizes / sizes.sum()
    # the gaps take a third of the height at most, so every column is as tall as the others
    gap = min(0.02, 0.35 / max(len(share), 1))
    scale = 1.0 - gap * (len(share) - 1)
    tops = 1.0 - np.concatenate([[0.0], np.cumsum(share.to_numpy() * scale + gap)[:-1]])
    return {str(n): (float(t - s * scale), float(t)) for n, s, t in zip(share.index, share, tops, strict=True)}


def _draw(
    ax: Any,
    shown: pd.DataFrame,
    value: str,
    *,
    stacks: dict[str, dict[str, tuple[float, float]]],
    colours: Any,
    halves: tuple[float, float, float],
) -> None:
    for i, (left, right) in enumerate(itertools.pairwise(_COLUMNS)):
        used = {c: {n: ends[1] for n, ends in stacks[c].items()} for c in (left, right)}
        order = {c: {n: k for k, n in enumerate(stacks[c])} for c in (left, right)}
        rows = shown.assign(_l=shown[left].astype(str), _r=shown[right].astype(str))
        rows["_a"], rows["_b"] = rows["_l"].map(order[left]), rows["_r"].map(order[right])
        bands = rows.sort_values(["_a", "_b"], kind="stable")
        high = {c: _height(stacks[c]) / float(shown[value].sum()) for c in (left, right)}
        for source, _, a, b, size in _plain(bands, value):
            top_a, top_b = used[left][a], used[right][b]
            low_a, low_b = top_a - size * high[left], top_b - size * high[right]
            used[left][a], used[right][b] = low_a, low_b
            reach = i + halves[i], i + 1 - halves[i + 1]
            _band(ax, reach, ((low_a, top_a), (low_b, top_b)), colour=colours[source])
    for i, column in enumerate(_COLUMNS):
        for name, (low, high_end) in stacks[column].items():
            colour = _NODE if column == "interaction" else colours[name]
            ax.bar(i, high_end - low, bottom=low, width=2 * halves[i], color=colour, ec="none", zorder=3)


def _half(names: Any) -> float:
    """Return half of the width of a bar that holds these names, in units of the axis."""
    unit = _UNIT if not room().limited else 0.5 * room().width / (2 + 2 * _BAR)
    return float(min(0.5 * inches(names) / unit + 0.02, 0.3))


def _plain(bands: pd.DataFrame, value: str) -> Any:
    columns = (bands["source"].astype(str), bands["target"].astype(str), bands["_l"], bands["_r"], bands[value])
    return zip(*columns, strict=True)


def _height(stack: dict[str, tuple[float, float]]) -> float:
    return sum(high - low for low, high in stack.values())


def _band(
    ax: Any, reach: tuple[float, float], ends: tuple[tuple[float, float], tuple[float, float]], *, colour: Any
) -> None:
    x = np.linspace(0, 1, 40)
    ease = x * x * (3 - 2 * x)
    (low_a, top_a), (low_b, top_b) = ends
    across = reach[0] + x * (reach[1] - reach[0])
    ax.fill_between(
        across, low_a + ease * (low_b - low_a), top_a + ease * (top_b - top_a), color=colour, alpha=0.45, lw=0
    )


def _name(ax: Any, stacks: dict[str, dict[str, tuple[float, float]]], short: dict[str, dict[str, str]]) -> None:
    places = ((-1, "right"), (0, "center"), (1, "left"))
    line = 0.16 * room().scale / (ax.figure.get_window_extent().height / ax.figure.dpi * ax.get_position().height)
    for i, (column, (side, align)) in enumerate(zip(_COLUMNS, places, strict=True)):
        upward = list(reversed(stacks[column]))
        middles = [sum(stacks[column][name]) / 2 for name in upward]
        for name, y in zip(upward, spread(middles, line, low=0.0, high=1.0), strict=True):
            ax.text(
                i + side * (_BAR + 0.02),
                y,
                short[column][name],
                ha=align,
                va="center_baseline",
                fontsize=7.5,
                zorder=4,
            )
        ax.annotate(
            column,
            (i, 1.0),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.5,
            fontweight="bold",
        )
    ax.set_xlim(-_BAR, 2 + _BAR)
    ax.set_ylim(0, 1)
    ax.axis("off")
