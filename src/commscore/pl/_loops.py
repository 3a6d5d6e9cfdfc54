"""Loops: chains of interactions that close, each a line of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import natural_order
from .._names import read_names
from .._validate import one_of
from ..check import AxesOrNone, Count, Palette, checked
from ._colours import DOWN, UP, group_colours
from ._fit import room, sized
from ._table import axes, need_columns, need_rows, ranked, table_of
from ._text import counted, inches, legend, shorten, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from anndata import AnnData

_NAMES = {1: "reinforces", -1: "restrains"}


@checked
@sized
def loops(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_loops",
    kind: str | None = None,
    top: Count = 20,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw loops and relays as lines of cells, with the interaction between each cell and the next.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.loops` has written to, or its table.
    key
    kind
        ``"loop"`` (closed) or ``"relay"`` (open); by default both, loops first.
    top
        Number of lines, the strongest first.
    palette
    ax

    Returns
    -------
    matplotlib.axes.Axes
        The colour of a line is the sign of the whole (dashed where it restrains); a loop ends in a hollow dot, the
        group where it began. Beside each loop its strength and ``strength_pvalue``: how often any loop of a rewired
        network is as strong. What was left out is said below the title.

    Raises
    ------
    ValueError
        If there are none, or the table lacks a column.
    """
    one_of("kind", kind, [None, "loop", "relay"])
    frame = table_of(data, key)
    need_columns(frame, "kind", "groups", "interactions", "sign", "strength", "strength_pvalue")
    frame = frame if kind is None else frame[(frame["kind"] == kind).to_numpy()]
    lines = need_rows(frame, f"there is no {kind or 'loop or relay'}", "raise max_padj or max_length of tl.loops")
    lines = ranked(lines.assign(_open=lines["kind"].astype(str) == "relay"), ["_open", "strength"], [True, False])
    shown = lines.iloc[: room().rows(top, fixed=0.9, each=0.42)]
    chains, carried = ([read_names(cell) for cell in shown[c]] for c in ("groups", "interactions"))
    names = natural_order({g for chain in chains for g in chain})
    longest = max(map(len, chains))
    each = (0.9 * room().width - 1.4) / longest / room().width if room().limited else 1.0
    short = shorten(names, room().across(18, each)), shorten([i for c in carried for i in c], room().across(22, each))
    step = max(inches(short[1].values()), inches(short[0].values())) + 0.45
    ax = axes(ax, width=step * (longest - 1) + 3.4, height=0.5 * len(shown) + 1.2)
    colours = group_colours(data, key, names, palette=palette)
    for y, (row, chain, edges) in enumerate(zip(shown.itertuples(), chains, carried, strict=True)):
        _line(ax, y, chain, edges=[short[1][e] for e in edges], colours=colours, sign=int(row.sign))
        for x, group in enumerate(chain):
            ax.text(x, y + 0.2, short[0][group], ha="center", va="top", fontsize=6.5)
        ax.text(longest - 0.75, y, _strength_text(row), va="center", fontsize=7)
    ax.set_xlim(-0.5, longest - 1 + 1.9 / step)
    ax.set_ylim(len(shown) - 0.3, -0.6)
    ax.axis("off")
    _legend(ax, {int(s) for s in shown["sign"]})
    text = {"loop": "Feedback loops", "relay": "Relays"}.get(str(kind), "Feedback loops and relays")
    title(ax, text, counted(len(lines) - len(shown), "weaker line"))
    return ax


def _line(ax: Any, y: int, chain: list[str], *, edges: list[str], colours: Mapping[str, Any], sign: int) -> None:
    look = {"arrowstyle": "-|>", "color": UP if sign > 0 else DOWN, "lw": 1.3, "ls": _style(sign)}
    for x, name in enumerate(edges):
        ax.annotate("", (x + 0.94, y), (x + 0.06, y), arrowprops=look)
        ax.text(x + 0.5, y - 0.06, name, ha="center", va="bottom", fontsize=6.5)
    back = len(chain) > 1 and chain[0] == chain[-1]
    fills = ["white" if back and x == len(chain) - 1 else colours[g] for x, g in enumerate(chain)]
    ax.scatter(
        np.arange(len(chain)),
        np.full(len(chain), y),
        s=85,
        c=fills,
        edgecolors=[colours[g] for g in chain],
        linewidths=1.6,
        zorder=3,
    )


def _style(sign: int) -> Any:
    return "-" if sign > 0 else (0, (2.5, 1.0))


def _strength_text(row: Any) -> str:
    text = f"strength {row.strength:.2g}"
    # the p-value is of all loops together: beside one loop it must say so
    p = row.strength_pvalue
    return text + (f"\nany loop as strong: p = {p:.2g}" if np.isfinite(p) else "")


def _legend(ax: Any, signs: set[int]) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=UP if s > 0 else DOWN, lw=2, ls=_style(s), label=f"the whole {_NAMES[1 if s > 0 else -1]}")
        for s in sorted(signs, reverse=True)
    ]
    legend(ax, lines, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2)
