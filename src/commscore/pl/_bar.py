"""Scales of colour: their bar, of the same width and letters in every plot, and their sign without colours."""

from __future__ import annotations

from typing import Any

import numpy as np

_WIDE = 0.14
"""Inches."""


def colour_bar(ax: Any, mappable: Any, label: str, *, shrink: float = 0.7, **more: Any) -> Any:
    """Draw a colour bar beside axes and return it."""
    figure = ax.figure
    high = ax.get_position().height * figure.get_window_extent().height / figure.dpi
    bar = figure.colorbar(mappable, ax=ax, shrink=shrink, aspect=max(shrink * high / _WIDE, 3.0), pad=0.02, **more)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7.5)
    return bar


def mark_below(ax: Any, values: Any, high: float, *, corner: tuple[float, float] = (0.0, 0.0)) -> None:
    """Draw a dash in the cells (rows × columns) below a quarter of the scale: in grey both ends of it look the same.

    ``corner`` is the middle of the first cell.
    """
    y, x = np.nonzero(np.ma.filled(np.ma.masked_invalid(values), 0.0) < -0.25 * high)
    dark = np.asarray(np.ma.filled(values, 0.0), np.float64)[y, x] < -0.6 * high
    colours = np.where(dark, "0.9", "0.35")
    ax.scatter(x + corner[0], y + corner[1], marker="_", s=12, linewidths=0.8, c=colours, zorder=3)
