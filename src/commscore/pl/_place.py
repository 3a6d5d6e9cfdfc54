"""Labels beside their points: off each other, off the named points, with a line only where they stand apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ._fit import room
from ._text import INCH_PER_LETTER, Names, counted, fitted, note, two_lines, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays import Bools, Floats

_SIZE = 7.0
"""Points of a letter."""
_ONE_LINE = 28
"""Labels of more letters than this are broken in two."""
_LONGEST = 40
"""Most letters of a line."""
_SHARE = 0.45
"""Most of the width of the axes that a label takes."""
_NEAR = (0.09, 0.14, 0.2, 0.28, 0.38, 0.5, 0.65, 0.85, 1.1, 1.4)
"""Inches between a point and its label that are tried."""
_TURNS = 16
_LEADER = 0.15
"""Inches from which on a line leads from a label to its point."""
_FURTHEST = 1.6
"""A longer line is none that a reader follows."""
_COVERED, _CROSSED = 0.12, 0.3
"""What it costs to cover a point without a name, and to cross another line, in inches of distance."""
_AIR = 0.03
"""Inches around labels."""
_POINT = 0.08
"""Inches around a named point that no label covers."""
_STEPS = np.linspace(0.0, 1.0, 12)[None, :, None]


def label_points(ax: Any, x: Any, y: Any, *, labels: Sequence[Names], avoid: Any) -> None:
    """Write labels beside points, the first ones first; what finds no room is counted below the title.

    Limits must be final. ``avoid`` (n × 2) are places that labels rather leave free.
    """
    if not len(labels):
        return
    points = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])

    def write() -> None:
        _write(ax, points, labels=labels, avoid=np.asarray(avoid, np.float64).reshape(-1, 2))

    if room().limited:  # when everything else has its size
        room().later.append(write)
    else:
        write()


def _words(ax: Any, labels: Sequence[Names]) -> list[str]:
    """Return labels in one line, or in two where that is long."""
    inches = ax.get_window_extent().width / ax.figure.dpi / room().scale
    most = min(max(int(_SHARE * inches / (INCH_PER_LETTER * _SIZE / 8)), 10), _LONGEST)

    def broken(label: Names) -> str:
        if len(words := written(label)) <= min(most, _ONE_LINE):
            return words
        return two_lines(label, most) if len(label) > 1 else fitted(label, most)

    return [broken(label) for label in labels]


def _write(ax: Any, points: Floats, *, labels: Sequence[Names], avoid: Floats) -> None:
    words, size, title = _words(ax, labels), _SIZE * room().scale, ax.get_title()
    sizes = _sizes(ax, words, size)
    board = _board(ax, points, avoid)
    boxes = board.place(sizes)
    if missing := sum(box is None for box in boxes):
        note(ax, f"{counted(missing, 'name')} found no room")
        board = _board(ax, points, avoid)  # the line takes some of the height
        boxes = board.place(sizes)
        if missing != (now := sum(box is None for box in boxes)):
            ax.title.set_text(title)
            note(ax, f"{counted(now, 'name')} found no room" if now else " ")
    for word, xy, point, box in zip(words, points, board.points, boxes, strict=True):
        if box is not None:
            _draw(ax, word, xy, box=(box - np.tile(point, 2)) / ax.figure.dpi, size=size)


def _board(ax: Any, points: Floats, avoid: Floats) -> _Board:
    """Return the axes as a board, laid out."""
    ax.figure.figure.draw_without_rendering()
    fixed = [np.asarray(t.get_window_extent().extents) for t in ax.texts if t.get_text().strip()]
    at, others = ax.transData.transform(points), ax.transData.transform(avoid)
    inch = ax.figure.dpi * room().scale
    return _Board(np.asarray(ax.get_window_extent().extents), at, others=others, inch=inch, fixed=fixed)


def _sizes(ax: Any, words: Sequence[str], size: float) -> Floats:
    """Return width and height of the words in pixels."""
    texts = [ax.text(0, 0, word, fontsize=size) for word in words]
    boxes = [text.get_window_extent() for text in texts]
    for text in texts:
        text.remove()
    return np.array([[box.width, box.height] for box in boxes])


def _draw(ax: Any, word: str, xy: Floats, *, box: Floats, size: float) -> None:
    """Write a label; ``box`` is where, in inches from its point."""
    low, high = box[:2], box[2:]
    end = np.clip(0.0, low, high)
    line = {"arrowstyle": "-", "color": "0.45", "lw": 0.5, "shrinkA": 0, "shrinkB": 2.5}
    ax.annotate(
        word,
        tuple(xy),
        tuple(72 * low),
        textcoords="offset points",
        fontsize=size,
        ha="left",
        va="bottom",
        ma="left" if low[0] >= 0 else "right" if high[0] <= 0 else "center",
        zorder=4,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.4},
        arrowprops=line | {"relpos": tuple((end - low) / (high - low))} if np.hypot(*end) > _LEADER else None,
    )


@dataclass
class _Board:
    """Where labels may stand: all in pixels, boxes as left, lower, right and upper end."""

    frame: Floats
    points: Floats
    others: Floats
    inch: float
    fixed: list[Floats] = field(default_factory=list)
    counts: dict[tuple[int, float, bool], Floats] = field(default_factory=dict)
    """How many points the places of a label cover."""

    def place(self, sizes: Floats) -> list[Floats | None]:
        """Return a box for every label, none where all places are taken.

        Where the nearest places wall points in, all labels stand back, so that lines get out.
        """
        tries: list[list[Floats | None]] = []
        downward = list(np.argsort(-self.points[:, 1], kind="stable"))
        orders = (list(range(len(sizes))), downward, downward[::-1])
        for least, order in product((0.0, 0.25, 0.5), orders):
            tries.append(self._in_order(sizes, order, least=least))
            if all(box is not None for box in tries[-1]):
                break
        return min(tries, key=lambda boxes: sum(box is None for box in boxes))

    def _in_order(self, sizes: Floats, order: Sequence[int], *, least: float) -> list[Floats | None]:
        boxes: list[Floats | None] = [None] * len(sizes)
        for _ in range(3):  # again, now that the others have their places
            for i in order:
                boxes[i] = None
                boxes[i] = self._best(i, sizes[i], boxes=boxes, least=least)
        return boxes

    def _best(self, i: int, size: Floats, *, boxes: list[Floats | None], least: float) -> Floats | None:
        for is_near in (True, False):
            middles = self._around(i, size, least) if is_near else self._anywhere(size)
            candidates = np.column_stack([middles - size / 2, middles + size / 2])
            if (places := (i, least, is_near)) not in self.counts:
                self.counts[places] = _covered(candidates, self.others).sum(axis=1)
            cost = self._cost(i, candidates, boxes) + _COVERED * self.counts[places]
            if np.isfinite(cost).any():
                best: Floats = candidates[np.argmin(cost)]
                return best
        return None

    def _around(self, i: int, size: Floats, least: float) -> Floats:
        """Return middles of boxes that touch a ring around the point, the right upper corner first."""
        angles = np.pi * (0.25 + 2 * np.arange(_TURNS) / _TURNS)
        directions = np.column_stack([np.cos(angles), np.sin(angles)])
        square = directions / np.abs(directions).max(axis=1, keepdims=True)
        rings = [r * self.inch for r in _NEAR if r >= least]
        return np.concatenate([self.points[i] + square * size / 2 + r * directions for r in rings])

    def _anywhere(self, size: Floats) -> Floats:
        (x0, y0), (x1, y1) = self.frame[:2] + size / 2, self.frame[2:] - size / 2
        x, y = (np.arange(a, max(b, a) + 1, step) for a, b, step in ((x0, x1, size[0] / 4), (y0, y1, size[1] / 2)))
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)

    def _cost(self, i: int, candidates: Floats, boxes: list[Floats | None]) -> Floats:
        point, placed = self.points[i], {j: b for j, b in enumerate(boxes) if b is not None}
        ends = np.clip(point, candidates[:, :2], candidates[:, 2:])
        low, high = self.frame[:2], self.frame[2:]
        bad = ((candidates[:, :2] < low - 1) | (candidates[:, 2:] > high + 1)).any(axis=1)
        bad |= _covered(_grown(candidates, _POINT * self.inch), self.points).any(axis=1)
        cost = np.hypot(*(ends - point).T) / self.inch
        bad |= cost > _FURTHEST
        path = point + (ends[:, None] - point) * _STEPS
        for other in np.delete(self.points, i, axis=0):
            cost += _CROSSED * (_POINT * self.inch / 2 > np.hypot(*(path - other).T).T).any(axis=1)
        for box in [*self.fixed, *placed.values()]:
            wide = _grown(box[None], _AIR * self.inch)
            bad |= _overlap(candidates, wide[0]) | _covered(wide, path.reshape(-1, 2)).reshape(path.shape[:2]).any(
                axis=1
            )
        for j, box in placed.items():
            start, end = self.points[j], np.clip(self.points[j], box[:2], box[2:])
            bad |= _covered(_grown(candidates, 1.0), (start + (end - start) * _STEPS[0])).any(axis=1)
            cost += _CROSSED * _cross(point, ends, other=(start, end))
        return np.where(bad, np.inf, cost)


def _grown(boxes: Floats, by: float) -> Floats:
    return boxes + by * np.array([-1.0, -1.0, 1.0, 1.0])


def _covered(boxes: Floats, points: Floats) -> Bools:
    """Return boxes × points: which lie inside."""
    x, y = points[None, :, 0], points[None, :, 1]
    return (x >= boxes[:, 0:1]) & (x <= boxes[:, 2:3]) & (y >= boxes[:, 1:2]) & (y <= boxes[:, 3:4])


def _overlap(boxes: Floats, other: Floats) -> Bools:
    return np.asarray(((boxes[:, :2] < other[2:]) & (boxes[:, 2:] > other[:2])).all(axis=1), np.bool_)


def _cross(point: Floats, ends: Floats, *, other: tuple[Floats, Floats]) -> Bools:
    """Return which of the lines from a point to the ends cross another line."""
    start, end = other

    def side(a: Any, b: Any, c: Any) -> Any:
        return np.sign(
            (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
        )

    apart = side(point, ends, start) * side(point, ends, end) < 0
    return np.asarray(apart & (side(start, end, point) * side(start, end, ends) < 0), np.bool_)
