"""Labels beside their points: off each other, off the named points, with a line only where they stand apart."""

from __future__ import annotations

from dataclasses import dataclass, field
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
_COVERED, _CROSSED = 0.12, 0.8
"""What it costs to cover a point without a name, and to cross another line, in inches of distance."""
_COLLIDES, _LEFT_OUT = 100.0, 1000.0
"""What it costs to stand on another label or its line, which no label may in the end, and to be left out."""
_OVER, _CELL = 0.06, 0.06
"""What a step of a line over points without a name costs, and the size of a step, in inches."""
_STAND_BACK = (0.0, 0.25, 0.5)
"""Inches that labels stand back from their points where there are too many."""
_ROUNDS, _FEW = 8, 16
"""Most rounds in which labels look for a better spot, and most labels for which all orders are tried."""
_AIR = 0.03
"""Inches around labels."""
_POINT = 0.08
"""Inches around a named point that no label covers."""
_RESOLUTIONS = (90, 100, 110, 150, 300)
"""Dots per inch at which words are measured."""
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
    """Return width and height of the words in pixels, the largest of several resolutions: letters are whole pixels."""
    from matplotlib.figure import Figure

    inches = []
    for dpi in _RESOLUTIONS:
        figure = Figure(dpi=dpi)
        boxes = [figure.text(0, 0, word, fontsize=size).get_window_extent() for word in words]
        inches.append([[box.width / dpi, box.height / dpi] for box in boxes])
    return np.asarray(np.max(inches, axis=0) * ax.figure.dpi, np.float64)


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
class _Spots:
    """Where one label may stand: boxes, where its line would reach them, and what each costs by itself."""

    boxes: Floats
    ends: Floats
    cost: Floats
    path: Floats
    """Spots × steps along the line × x and y."""
    length: Floats
    """Of the line, in inches."""

    def beyond(self, inches: float) -> _Spots:
        """Return the spots that are at least so far from their point."""
        return self.subset(self.length >= inches) if inches else self

    def subset(self, which: Any) -> _Spots:
        """Return some of the spots."""
        return _Spots(*(part[which] for part in (self.boxes, self.ends, self.cost, self.path, self.length)))


@dataclass
class _Board:
    """Where labels may stand: all in pixels, boxes as left, lower, right and upper end."""

    frame: Floats
    points: Floats
    others: Floats
    inch: float
    fixed: list[Floats] = field(default_factory=list)

    def place(self, sizes: Floats) -> list[Floats | None]:
        """Return a box for every label, none where all places are taken.

        Every label in turn takes the spot that costs least beside the others, until none moves; of several orders to
        begin with, the one in which fewest labels are left over, then the cheapest, is taken.
        """
        near = [self._spots(i, size, self._around(i, size)) for i, size in enumerate(sizes)]
        far = [self._spots(i, size, self._anywhere(size)) for i, size in enumerate(sizes)]
        tries: list[tuple[float, list[Floats | None]]] = []
        for least in _STAND_BACK:  # where the nearest places wall points in, all stand back, so that lines get out
            spots = [own.beyond(least) for own in near], [own.beyond(least) for own in far]
            tries += [self._settled(spots, order) for order in self._orders()]
            if min(cost for cost, _ in tries) < _LEFT_OUT:
                break
        return min(tries, key=lambda one: one[0])[1]

    def _orders(self) -> list[list[int]]:
        """Return in which orders the labels look for a spot: as given, and from every side where they are few."""
        sides = [np.argsort(way * self.points[:, axis], kind="stable") for axis in (1, 0) for way in (-1, 1)]
        orders = [list(range(len(self.points))), *(list(map(int, side)) for side in sides)]
        return orders if len(self.points) <= _FEW else orders[:2]

    def _settled(self, spots: tuple[list[_Spots], list[_Spots]], order: list[int]) -> tuple[float, list[Floats | None]]:
        taken: dict[int, tuple[_Spots, int]] = {}
        for _ in range(_ROUNDS):
            before = {i: own.boxes[k].tobytes() for i, (own, k) in taken.items()}
            for i in order:
                taken.pop(i, None)
                if (spot := self._best(i, (spots[0][i], spots[1][i]), taken=taken)) is not None:
                    taken[i] = spot
            if before == {i: own.boxes[k].tobytes() for i, (own, k) in taken.items()}:
                break
        cost = 0.0
        boxes: list[Floats | None] = [None] * len(order)
        kept: dict[int, tuple[_Spots, int]] = {}
        for i in sorted(taken):  # what still collides gives way to those before it
            own, k = taken[i]
            beside = float(self._beside(i, own.subset([k]), kept)[0])
            if beside < _COLLIDES:
                kept[i], boxes[i] = taken[i], own.boxes[k]
                cost += float(own.cost[k]) + beside
        return cost + _LEFT_OUT * (len(order) - len(kept)), boxes

    def _best(
        self, i: int, spots: tuple[_Spots, _Spots], *, taken: dict[int, tuple[_Spots, int]]
    ) -> tuple[_Spots, int] | None:
        """Return the cheapest spot, a far one where all near ones collide."""
        choices: list[tuple[float, _Spots, int]] = []
        for own in spots:
            if not len(own.cost):
                continue
            cost = own.cost + self._beside(i, own, taken)
            k = int(np.argmin(cost))
            if cost[k] < _COLLIDES:
                return own, k
            choices.append((float(cost[k]), own, k))
        return min(choices, key=lambda one: one[0])[1:] if choices else None

    def _spots(self, i: int, size: Floats, middles: Floats) -> _Spots:
        """Return the spots around these middles that are allowed where no other label is."""
        boxes = np.column_stack([middles - size / 2, middles + size / 2])
        point = self.points[i]
        ends = np.clip(point, boxes[:, :2], boxes[:, 2:])
        length = np.hypot(*(ends - point).T) / self.inch
        path = point + (ends[:, None] - point) * _STEPS
        bad = ((boxes[:, :2] < self.frame[:2] - 1) | (boxes[:, 2:] > self.frame[2:] + 1)).any(axis=1)
        bad |= length > _FURTHEST
        bad |= _covered(_grown(boxes, _POINT * self.inch), self.points).any(axis=1)
        for box in self.fixed:
            wide = _grown(box[None], _AIR * self.inch)
            bad |= _overlap(boxes, wide[0]) | _within(path, wide[0])
        cost = length + length**2 + _COVERED * np.sqrt(_covered(boxes, self.others).sum(axis=1))
        for other in np.delete(self.points, i, axis=0):
            cost += _CROSSED * (_POINT * self.inch / 2 > np.hypot(*(path - other).T).T).any(axis=1)
        cost += _OVER * self._occupied(path)
        return _Spots(boxes, ends, cost, path, length).subset(~bad)

    def _occupied(self, path: Floats) -> Floats:
        """Return on how many of their steps lines lie over points without a name."""
        low, high = self.frame[:2], self.frame[2:]
        cells = np.maximum(((high - low) / (_CELL * self.inch)).astype(int), 1)
        inside = ((self.others >= low) & (self.others <= high)).all(axis=1)
        unit = (cells - 1) / np.maximum(high - low, 1e-9)
        taken = np.zeros(cells, np.bool_)
        taken[tuple(((self.others[inside] - low) * unit).astype(int).T)] = True
        at = (np.clip(path, low, high) - low) * unit
        x, y = at.astype(int).transpose(2, 0, 1)
        return np.asarray(taken[x, y].sum(axis=1), np.float64)

    def _beside(self, i: int, own: _Spots, taken: dict[int, tuple[_Spots, int]]) -> Floats:
        """Return what each spot costs beside the labels that stand."""
        cost = np.zeros(len(own.cost))
        for j, (theirs, k) in taken.items():
            box, path = theirs.boxes[k], theirs.path[k]
            wide = _grown(box[None], _AIR * self.inch)[0]
            collides = _overlap(own.boxes, wide) | _within(own.path, wide)
            collides |= _covered(_grown(own.boxes, 1.0), path).any(axis=1)
            cost += _COLLIDES * collides
            cost += _CROSSED * _cross(self.points[i], own.ends, other=(self.points[j], theirs.ends[k]))
        return cost

    def _around(self, i: int, size: Floats) -> Floats:
        """Return middles of boxes that touch a ring around the point, the right upper corner first."""
        angles = np.pi * (0.25 + 2 * np.arange(_TURNS) / _TURNS)
        directions = np.column_stack([np.cos(angles), np.sin(angles)])
        square = directions / np.abs(directions).max(axis=1, keepdims=True)
        rings = [r * self.inch for r in _NEAR]
        return np.concatenate([self.points[i] + square * size / 2 + r * directions for r in rings])

    def _anywhere(self, size: Floats) -> Floats:
        (x0, y0), (x1, y1) = self.frame[:2] + size / 2, self.frame[2:] - size / 2
        x, y = (np.arange(a, max(b, a) + 1, step) for a, b, step in ((x0, x1, size[0] / 4), (y0, y1, size[1] / 2)))
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _grown(boxes: Floats, by: float) -> Floats:
    return boxes + by * np.array([-1.0, -1.0, 1.0, 1.0])


def _covered(boxes: Floats, points: Floats) -> Bools:
    """Return boxes × points: which lie inside."""
    x, y = points[None, :, 0], points[None, :, 1]
    return (x >= boxes[:, 0:1]) & (x <= boxes[:, 2:3]) & (y >= boxes[:, 1:2]) & (y <= boxes[:, 3:4])


def _within(path: Floats, box: Floats) -> Bools:
    """Return which of the lines (lines × steps × x and y) go through the box."""
    x, y = path[..., 0], path[..., 1]
    return np.asarray(((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])).any(axis=1), np.bool_)


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
