"""Groups on a circle with curved arrows between them, as several plots draw them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ._fit import room
from ._text import inches, legend, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..arrays import Floats

THINNEST, THICKEST = 0.5, 6.0


def circle(names: Sequence[str]) -> dict[str, Floats]:
    """Return a place on the unit circle for every name, clockwise from the top."""
    first = np.pi if len(names) == 2 else np.pi / 2  # two stand side by side
    angles = first - 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    places = np.column_stack([np.cos(angles), np.sin(angles)])
    return dict(zip(names, places, strict=True))


def untangled(arrows: Mapping[tuple[str, str], float], names: Sequence[str]) -> list[str]:
    """Return the names in an order around the circle in which fewer and narrower arrows cross."""
    index = {name: i for i, name in enumerate(names)}
    apart = {tuple(sorted((index[a], index[b]))): 0.0 for a, b in arrows if a != b}
    for (a, b), width in arrows.items():
        if a != b:
            apart[tuple(sorted((index[a], index[b])))] += float(width)
    ends, weights = np.array(list(apart), np.int64).reshape(-1, 2), np.array(list(apart.values()))
    place = np.arange(len(names))
    crossed, better = _crossings(place[ends], weights), True
    while better:
        better = False
        for i, j in combinations(range(len(names)), 2):
            swapped = place.copy()
            swapped[[i, j]] = place[[j, i]]
            if (new := _crossings(swapped[ends], weights)) < crossed * (1 - 1e-9):
                place, crossed, better = swapped, new, True
    return [names[int(i)] for i in np.argsort(place)]


def _crossings(ends: Any, weights: Floats) -> float:
    """Return how many pairs of chords cross, each with the product of their widths."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    a, b = low[:, None], high[:, None]
    alternate = (a < low) & (low < b) & (b < high)
    return float(weights @ alternate @ weights)


def widths(values: Any) -> Floats:
    """Return line widths in points, proportional to the values above a floor."""
    magnitude = np.abs(np.asarray(values, np.float64))
    high = float(magnitude.max(initial=0.0)) or 1.0
    return THINNEST + (THICKEST - THINNEST) * magnitude / high


UNIT = 1.75
"""Inches of the radius of the circle in a figure of our own."""
_AROUND = 1.36
_PAIR = 0.7
"""Half of the height of two groups side by side, in radii."""


def size(names: Sequence[str], *, beside: float) -> dict[str, float]:
    """Return the size of a figure in inches, with ``beside`` for a legend."""
    (left, right), (bottom, top) = _limits(names, beside, unit=UNIT)
    return {"width": UNIT * (right - left) + 0.3, "height": UNIT * (top - bottom) + 0.7}


def _limits(names: Sequence[str], beside: float, *, unit: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the limits that hold circle, names and legend where the radius has ``unit`` inches."""
    beyond = inches(_short(names).values()) / unit
    up = _AROUND + (beyond if _crowded(names) else 0.25 / unit)
    # a single group stands at the top, two side by side
    high = {1: (0.5, up), 2: (-_PAIR, _PAIR)}.get(len(names), (-up, up))
    return (-_AROUND - beyond, _AROUND + beyond + beside / unit), high


def _unit(ax: Any, names: Sequence[str], beside: float) -> float:
    """Return the inches of the radius that these axes have room for."""
    ax.figure.figure.draw_without_rendering()
    box = ax.get_window_extent()
    full = room().scale * ax.figure.dpi
    width, height = box.width / full, box.height / full
    beyond = inches(_short(names).values())
    up = beyond if _crowded(names) else 0.25
    across = {1: _AROUND - 0.5, 2: 2 * _PAIR}.get(len(names), 2 * _AROUND)
    return float(
        max(min((width - 2 * beyond - beside) / (2 * _AROUND), (height - up * (1 + (len(names) > 1))) / across), 0.4)
    )


def node_sizes(ax: Any, sizes: Mapping[str, float], *, beside: float) -> dict[str, float]:
    """Return areas of dots that leave room between them where the axes are the caller's."""
    share = min(1.0, _unit(ax, list(sizes), beside) / UNIT) if room().limited else 1.0
    return {name: area * share for name, area in sizes.items()}


def _short(names: Sequence[str]) -> dict[str, str]:
    return shorten(names, room().across(24, 0.2))


def _crowded(names: Sequence[str]) -> bool:
    return len(names) > 14


def draw_nodes(
    ax: Any, places: Mapping[str, Any], *, colours: Mapping[str, Any], sizes: Mapping[str, float], beside: float
) -> Any:
    """Draw the groups as dots with their names outside the circle; ``sizes`` are areas in points²."""
    names = list(places)
    xy = np.array([places[n] for n in names])
    dots = ax.scatter(
        xy[:, 0],
        xy[:, 1],
        s=[sizes[n] for n in names],
        c=[colours[n] for n in names],
        edgecolors="white",
        linewidths=0.8,
        zorder=3,
    )
    for name, label in _short(names).items():
        _outside(ax, places[name], label, radial=_crowded(names))
    limits = _limits(names, beside, unit=_unit(ax, names, beside))
    ax.set_aspect("equal")
    ax.set_xlim(*limits[0])
    ax.set_ylim(*limits[1])
    ax.axis("off")
    return dots


def _outside(ax: Any, place: Any, label: str, *, radial: bool) -> None:
    x, y = place * 1.3
    right = x >= -1e-9
    if radial:
        degrees = float(np.degrees(np.arctan2(y, x)))
        ax.text(
            x,
            y,
            label,
            rotation=degrees if right else degrees + 180,
            rotation_mode="anchor",
            in_layout=False,
            ha="left" if right else "right",
            va="center",
            fontsize=7,
        )
        return
    upright = abs(x) < 0.2
    ax.text(
        x,
        y,
        label,
        ha="center" if upright else "left" if right else "right",
        va="center" if not upright else "bottom" if y > 0 else "top",
        fontsize=8.5,
        in_layout=False,
    )


def draw_arrow(
    ax: Any, start: Any, end: Any, *, colour: Any, width: float, shrink: tuple[float, float] = (4.0, 4.0), **style: Any
) -> Any:
    """Draw a curved arrow, or a loop where start and end are one place on the circle."""
    from matplotlib.patches import FancyArrowPatch

    look: dict[str, Any] = {"color": colour, "linewidth": width, "alpha": 0.8, "zorder": 2} | style
    if np.allclose(start, end):
        return _loop(ax, start, look)
    head = 5.0 + 1.6 * width
    arrow = FancyArrowPatch(
        tuple(start),
        tuple(end),
        connectionstyle="arc3,rad=0.16",
        arrowstyle="-|>",
        mutation_scale=head,
        shrinkA=shrink[0],
        shrinkB=shrink[1],
        joinstyle="miter",
        capstyle="butt",
        **look,
    )
    ax.add_patch(arrow)
    return arrow


def _loop(ax: Any, place: Any, look: dict[str, Any]) -> Any:
    from matplotlib.patches import Circle

    loop = Circle(tuple(np.asarray(place) * 1.11), 0.095, fill=False, **(look | {"zorder": 1}))
    ax.add_patch(loop)
    return loop


def width_legend(ax: Any, values: Any, *, heading: str, colour: Any = "0.45", below: bool = False) -> None:
    """Say what the line widths mean: the largest value, about a half and about a fifth of it; in a corner or below."""
    from matplotlib.lines import Line2D

    magnitude = np.abs(np.asarray(values, np.float64))
    high = float(magnitude.max())
    whole = bool(np.all(magnitude == np.round(magnitude)))
    steps = sorted({max(round(high * f), 1) if whole else float(f"{high * f:.2g}") for f in (0.2, 0.5, 1.0)})
    lines = [
        Line2D([], [], color=colour, linewidth=THINNEST + (THICKEST - THINNEST) * s / high, label=f"{s:g}")
        for s in steps
    ]
    if below:
        legend(ax, lines, heading)
        return
    old = ax.get_legend()
    corner = ax.legend(
        handles=lines,
        title=heading,
        loc="lower right",
        frameon=False,
        fontsize=7.5,
        title_fontsize=8,
        handletextpad=1.2,
    )
    if old is not None:
        ax.add_artist(old)
        ax.legend_ = corner
