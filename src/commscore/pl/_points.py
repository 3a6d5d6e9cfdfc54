"""Scatter of a comparison's rows, coloured by shift, as the volcano and the quadrant plot draw it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._colours import MARKERS, SHIFTS
from ._text import legend

if TYPE_CHECKING:
    import pandas as pd

_BACK = ("not_assessable", "inconclusive", "stable", "detected_only_ref", "detected_only_alt")


def scatter_shifts(ax: Any, shown: pd.DataFrame, x: str, *, y: str, line: tuple[str, str]) -> None:
    """Draw one dot per row in the colour of its shift, what did not move behind, and the legend with counts.

    ``line`` is the style and the meaning of a line that the plot draws.
    """
    from matplotlib.lines import Line2D

    shift = shown["shift"].astype(object)
    present = [s for s in SHIFTS if (shift == s).any()]
    handles: dict[str, Any] = {}
    for name in sorted(present, key=lambda s: s not in _BACK):
        rows = shown[(shift == name).to_numpy()]
        behind = name in _BACK
        handles[name] = ax.scatter(
            rows[x],
            rows[y],
            s=9 if behind else 26,
            color=SHIFTS[name],
            alpha=0.7 if behind else 0.9,
            edgecolors="none" if behind else "white",
            linewidths=0.4,
            label=f"{name.replace('_', ' ')} ({len(rows)})",
            marker=MARKERS.get(name, "o"),
            zorder=1 if behind else 2,
        )
    meaning = Line2D([], [], color="0.5", lw=0.8, ls=line[0], label=line[1])
    legend(ax, [*(handles[s] for s in present), meaning], "shift")


def even_limits(values: Any) -> tuple[float, float]:
    """Return limits around zero that hold all values with some air."""
    high = float(np.nanmax(np.abs(np.asarray(values, np.float64)), initial=0.0)) or 1.0
    return -1.12 * high, 1.12 * high
