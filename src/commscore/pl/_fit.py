"""Room on axes of the caller's: how many rows and letters they hold, and letters that shrink with them."""

from __future__ import annotations

import math
import textwrap
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from ._literal import literal, make_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")

FULL = (4.5, 3.5)
"""Inches of axes, names and legends included, on which letters have their full size."""
SMALLEST = 0.65
"""Letters shrink to this share of their size, not further."""
_EDGE = 0.04
"""Inches between axes and the end of their cell."""
_NARROW = 5.5
_LETTER = 0.068
"""Inches, of 8 pt."""


@dataclass
class Room:
    """What a plot may fill: inches as if letters had their full size. Without axes of the caller's, no limit."""

    width: float = math.inf
    height: float = math.inf
    scale: float = 1.0
    sides: tuple[float, float] = (0.0, 0.0)
    """Left and right end on the canvas, in pixels."""
    cell: Any = None
    """Box on the canvas that axes must stay in with their names; none where a layout engine sees to it."""
    later: list[Callable[[], None]] = field(default_factory=list)
    """What is placed when everything has its size."""

    @property
    def limited(self) -> bool:
        """Whether the axes are the caller's."""
        return math.isfinite(self.width)

    @property
    def narrow(self) -> bool:
        """Whether a legend at the side would take too much."""
        return self.width < _NARROW

    def rows(self, most: int, *, fixed: float, each: float) -> int:
        """Return how many rows fit: ``fixed`` inches for what is above and below, ``each`` for a row."""
        return _count(most, self.height - fixed, each=each)

    def columns(self, most: int, *, fixed: float, each: float) -> int:
        """Return how many columns fit."""
        return _count(most, self.width - fixed, each=each)

    def across(self, letters: int, share: float) -> int:
        """Return how many letters a name may have that lies in this share of the width."""
        return _count(letters, share * self.width, each=_LETTER, least=6)

    def upward(self, letters: int, share: float) -> int:
        """Return how many letters a name may have that stands in this share of the height."""
        return _count(letters, share * self.height, each=_LETTER, least=6)


def _count(most: int, inches: float, *, each: float, least: int = 1) -> int:
    return most if not math.isfinite(inches) else max(min(most, int(inches / each)), min(least, most))


_NOW: ContextVar[Room | None] = ContextVar("room", default=None)


def room() -> Room:
    """Return the room of the plot that is being drawn."""
    return _NOW.get() or Room()


def sized(plot: Callable[P, R]) -> Callable[P, R]:
    """Let a plot know its room and write names letter by letter; shrink letters and marks to axes that are small."""

    @wraps(plot)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        ax: Any = kwargs.get("ax")
        own = Room() if ax is None else _measured(ax)
        others = set() if ax is None else set(ax.figure.figure.axes) - {ax}
        token = _NOW.set(own)
        try:
            with literal():
                if ax is not None:
                    make_literal(ax)
                result = plot(*args, **kwargs)
                if own.limited:
                    _settle(ax, own, [ax, *(a for a in ax.figure.figure.axes if a not in others and a is not ax)])
        finally:
            _NOW.reset(token)
        return result

    return call


def _measured(ax: Any) -> Room:
    ax.figure.figure.draw_without_rendering()
    cell = None if ax.figure.figure.get_layout_engine() is not None else _cell(ax)
    box = cell or ax.get_tightbbox() or ax.get_window_extent()
    width, height = box.width / ax.figure.dpi, box.height / ax.figure.dpi
    scale = min(max(min(width / FULL[0], height / FULL[1]), SMALLEST), 1.0)
    return Room(width / scale, height / scale, scale, (box.x0, box.x1), cell)


def _settle(ax: Any, own: Room, drawn: list[Any]) -> None:
    for one in drawn:
        if own.scale < 1:
            shrink(one, own.scale)
    _keep_inside(drawn, own.cell)
    ax.figure.figure.draw_without_rendering()
    box = ax.get_window_extent()
    for one in drawn:
        for axis, length in ((one.xaxis, box.width), (one.yaxis, box.height)):
            _wrap(axis.label, length / ax.figure.dpi)
    for place in own.later:
        _keep_inside(drawn, own.cell)
        place()
    _keep_inside(drawn, own.cell)


def _cell(ax: Any) -> Any:
    """Return the share of the figure that axes of a grid have for themselves and their names, else the figure."""
    from matplotlib.transforms import Bbox

    whole, spec = ax.figure.bbox, ax.get_subplotspec()
    if spec is None:
        return whole
    spec = spec.get_topmost_subplotspec()
    bottoms, tops, lefts, rights = spec.get_gridspec().get_grid_positions(ax.figure)
    (top, bottom), (left, right) = ((span.start, span.stop - 1) for span in (spec.rowspan, spec.colspan))

    def between(ends: Any, starts: Any, i: int) -> float:
        return float(ends[i - 1] + starts[i]) / 2

    x0 = between(rights, lefts, left) if left > 0 else 0.0
    x1 = between(rights, lefts, right + 1) if right + 1 < len(lefts) else 1.0
    y1 = between(bottoms, tops, top) if top > 0 else 1.0
    y0 = between(bottoms, tops, bottom + 1) if bottom + 1 < len(tops) else 0.0
    share = Bbox.from_extents(x0, y0, x1, y1).transformed(ax.figure.transSubfigure)
    return share.padded(-_EDGE * ax.figure.dpi)


def _keep_inside(drawn: list[Any], cell: Any) -> None:
    """Shrink axes, together, until they stay in their cell with all names."""
    from matplotlib.transforms import Bbox

    if cell is None:
        return
    to_figure = drawn[0].figure.transSubfigure.inverted()
    for _ in range(3):
        drawn[0].figure.figure.draw_without_rendering()
        names = Bbox.union([box for one in drawn if (box := one.get_tightbbox()) is not None])
        parts = [one.get_position(original=True).transformed(one.figure.transSubfigure) for one in drawn]
        old = Bbox.union(parts)
        (start, end), (first, last) = old.get_points(), names.get_points()
        low = np.maximum(start, cell.min + np.maximum(start - first, 0))
        high = np.minimum(end, cell.max - np.maximum(last - end, 0))
        high = np.maximum(high, low + 0.2 * (cell.max - cell.min))
        if np.allclose(low, start, atol=1) and np.allclose(high, end, atol=1):
            return
        unit = (high - low) / (end - start)
        for one, part in zip(drawn, parts, strict=True):
            box = Bbox(low + unit * (part.get_points() - start))
            one.set_position(box.transformed(to_figure))
            one.set_in_layout(True)


def _wrap(label: Any, inches: float) -> None:
    letters = max(int(1.1 * inches / (_LETTER * label.get_fontsize() / 8)), 12)
    lines = [piece for line in label.get_text().split("\n") for piece in textwrap.wrap(line, letters)]
    label.set_text("\n".join(lines))


def shrink(ax: Any, scale: float) -> None:
    """Multiply the sizes of all letters, marks and lines on axes."""
    for axis in _axes(ax):
        tick_labels = axis.get_ticklabels()
        if tick_labels:
            size = scale * tick_labels[0].get_fontsize()
            axis.set_tick_params(labelsize=size, pad=scale * axis.majorTicks[0].get_pad())
    ticks = {id(t) for axis in _axes(ax) for t in axis.get_ticklabels()}
    for artist in ax.findobj():
        if id(artist) not in ticks:
            _shrink(artist, scale)


def _axes(ax: Any) -> Iterator[Any]:
    yield from (ax.xaxis, ax.yaxis)


def _shrink(artist: Any, scale: float) -> None:
    from matplotlib.patches import FancyArrowPatch

    if hasattr(artist, "get_fontsize"):
        artist.set_fontsize(scale * artist.get_fontsize())
        if getattr(artist, "arrow_patch", None) is not None:
            _shrink(artist.arrow_patch, scale)
    elif hasattr(artist, "get_linewidth"):
        artist.set_linewidth(scale * np.asarray(artist.get_linewidth()))
        if hasattr(artist, "set_sizes"):
            artist.set_sizes(scale**2 * artist.get_sizes())
        if hasattr(artist, "set_markersize"):
            artist.set_markersize(scale * artist.get_markersize())
        if isinstance(artist, FancyArrowPatch):
            artist.set_mutation_scale(scale * artist.get_mutation_scale())
            artist.shrinkA, artist.shrinkB = scale * artist.shrinkA, scale * artist.shrinkB
