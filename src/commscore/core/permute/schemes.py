"""Schemes of permutation: which labellings are drawn, and how a block of them is turned into group means.

``independent``
    Every permutation is its own uniformly random order of the cells.
``rotation``
    In a random order of the cells the groups are intervals; turning all intervals by jN/J gives J labellings,
    each uniformly random, from one set of sums. With J at most 20 and at most the number of groups they serve
    as well as independent ones (see ``benchmarks/calibration.py``). The cells lie on a random ring, and turning
    it by one place gives the next order: as good as another random one, and next to it in memory.
``ring``
    The cells lie on one random ring and the labels are turned by 0, 1, … n places, counted from a place that is
    chosen so that the observed labelling is equally likely to be any of these n + 1. Given all of them, any could
    be the observed one, so that (1 + b)/(n + 1) is valid in finite samples, not only nearly so. No labelling is
    drawn twice while there are more than n cells.

Within strata all three are :mod:`~commscore.core.permute.strata`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...arrays import GeneColumns, Groups
from ...kernels import permute
from ...kernels.rng import shuffle
from .strata import StratifiedOrders

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ..threads import Team

MAX_ROTATIONS = 20
_ACCUMULATOR_BYTES = 42_000  # of one gene, to stay in the first-level cache
_WINDOW = 512  # shifts that are added together
_COLUMNS = 600  # of a block
_TILE = 16_384
_UNTILED = 65_536
_RING_STREAM = 2**64 - 1
_PLACE_STREAM = 2**64 - 2
_CIRCLE_STREAM = 2**64 - 3
NAMES = ("rotation", "ring", "independent")


class Block(Protocol):
    """Some permutations, ready to fill a table rows × ``columns`` of group means."""

    @property
    def columns(self) -> int:
        """Columns of the table."""

    @property
    def drop(self) -> tuple[int, ...]:
        """Columns that are no permutation of this test."""

    def fill(self, genes: Ints, slots: Ints, out: Floats) -> None:
        """Write the means of these genes into the rows ``slots`` (n_genes × n_groups) of ``out``."""

    def on(self, data: GeneColumns) -> Block:
        """Return the same labellings of other values of the same cells."""

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Labels of the columns ``start`` to ``stop``, n_cells × columns, in the order of the cells."""


class Scheme(Protocol):
    """Draws all permutations, block by block."""

    def columns_per_unit(self) -> int:
        """Permutations that one unit of a block (an order, a shift) gives."""

    def label_bytes(self, n_cells: int) -> int:
        """Memory for labels per unit of a block."""

    def blocks(self, columns: GeneColumns, width: int, team: Team) -> Iterator[Block]:
        """Yield the blocks, each of at most ``width`` units."""

    def widest(self) -> int:
        """Largest useful number of units in a block."""


def order(name: str, *, key: int, n_cells: int, strata: Groups | None = None) -> npt.NDArray[np.uint32]:
    """Return the order in which the cells of the columns and the labels must be laid out for this scheme.

    Cells lie stratum by stratum where labels are permuted within strata.
    """
    cells = np.arange(n_cells, dtype=np.uint32)
    if name != "independent":
        shuffle(cells, np.uint64(key), np.uint64(_RING_STREAM))
    return cells if strata is None else cells[np.argsort(strata.labels[cells], kind="stable")]


def make(name: str, *, groups: Groups, n_perms: int, key: int, strata: Ints | None = None) -> Scheme:
    """Return the scheme of this name for cells laid out in its :func:`order`, within strata of these sizes if any."""
    n_cells = int(groups.sizes.sum())
    rotations = min(MAX_ROTATIONS, groups.n, n_perms, n_cells) if name == "rotation" else 1
    if strata is not None and strata.size > 1:
        return StratifiedOrders(groups, strata, n_perms=n_perms, key=key, scheme=name, rotations=rotations)
    if name == "ring":
        return Ring(groups, n_perms, key)
    return rotated(groups, n_perms, key, rotations=rotations)


def rotated(groups: Groups, n_perms: int, key: int, *, rotations: int) -> Scheme:
    """Orders × ``rotations``; one rotation, and few cells, which have few turns, take separately drawn orders."""
    few = 2 * -(-n_perms // rotations) > groups.sizes.sum()
    return (Orders if few or rotations == 1 else TurnedOrders)(groups, n_perms, key, rotations=rotations)


def _balanced(n_units: int, width: int) -> Iterator[tuple[int, int]]:
    """Cut ``n_units`` into equal blocks of at most ``width``."""
    n_blocks = -(-n_units // width)
    step = n_units / n_blocks
    return pairwise(int(i * step) if i < n_blocks else n_units for i in range(n_blocks + 1))


@dataclass(frozen=True)
class _Circle:
    """Groups as intervals of a circle of cells in ``rotations`` positions, cut into the segments between all edges.

    ``template`` (n_cells, uint16) is the segment of each place; in rotation ``j`` group ``k`` is the segments
    ``low[j, k]`` to ``high[j, k]`` and begins ``offsets[j]`` places after where it is in rotation 0.
    """

    offsets: Ints
    template: npt.NDArray[np.uint16]
    low: Ints
    high: Ints
    n_segments: int

    @classmethod
    def of(cls, sizes: Ints, rotations: int) -> _Circle:
        """Cut the circle."""
        n_cells = int(sizes.sum())
        ends = np.concatenate([[0], np.cumsum(sizes)])
        offsets = (np.arange(rotations) * n_cells) // rotations
        starts = (ends[None, :-1] + offsets[:, None]) % n_cells
        edges, low = np.unique(starts, return_inverse=True)
        low = low.reshape(starts.shape).astype(np.int64)
        high = np.roll(low, -1, axis=1)  # a group ends where the next one begins
        lengths = np.diff(np.append(edges, n_cells + edges[0]))
        # positions before the first edge belong to the last segment; edges[0] is 0 as no offset moves group 0
        template = np.repeat(np.arange(edges.size, dtype=np.uint16), lengths)
        return cls(offsets, template, low, high, int(edges.size))

    @property
    def rotations(self) -> int:
        """Number of positions."""
        return self.offsets.size

    def groups(self) -> npt.NDArray[np.uint16]:
        """Return the group of every segment in every rotation, rotations × segments."""
        lookup = np.empty((self.rotations, self.n_segments), np.uint16)
        for j in range(self.rotations):
            for k in range(self.low.shape[1]):
                a, b = int(self.low[j, k]), int(self.high[j, k])
                lookup[j, np.arange(a, b if b > a else b + self.n_segments) % self.n_segments] = k
        return lookup


@dataclass(frozen=True)
class _SegmentBlock:
    """Orders with their segments in ``slab`` (n_cells × orders); a segment's code counts on from order to order."""

    data: GeneColumns
    slab: npt.NDArray[np.uint16]
    circle: _Circle
    sizes: Ints
    columns: int
    drop: tuple[int, ...] = ()

    def fill(self, genes: Any, slots: Any, out: Any) -> None:
        """Add up segments, then read every rotation's groups off them."""
        c, tile = self.data, _TILE if self.data.n_cells > _UNTILED else self.data.n_cells
        n_segments = self.circle.n_segments
        acc = np.zeros((genes.size, self.slab.shape[1] * n_segments))
        permute.add_slab(c.data, c.rows, c.indptr, genes, self.slab, tile, acc)
        by_order = acc.reshape(genes.size, -1, n_segments)
        permute.means_of_segments(by_order, self.circle.low, self.circle.high, self.sizes, slots, out)

    def on(self, data: GeneColumns) -> _SegmentBlock:
        """Take other values of the same cells."""
        return replace(self, data=data)

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Read the group of every cell's segment off the intervals."""
        lookup, n = self.circle.groups(), self.circle.rotations
        out = np.empty((self.slab.shape[0], stop - start), np.uint16)
        for i, column in enumerate(range(start, stop)):
            out[:, i] = lookup[column % n, self.slab[:, column // n] % self.circle.n_segments]
        return out


class Orders:
    """Random orders × rotations, each order drawn on its own; with one rotation, independent permutations."""

    def __init__(self, groups: Groups, n_perms: int, key: int, *, rotations: int) -> None:
        self._sizes, self._key, self._n_perms = groups.sizes, key, n_perms
        self._circle = _Circle.of(groups.sizes, rotations)

    def columns_per_unit(self) -> int:
        """Rotations of one order."""
        return self._circle.rotations

    def widest(self) -> int:
        """As many orders as the accumulators of one gene allow in the cache."""
        return max(1, min(256, _ACCUMULATOR_BYTES // (8 * self._circle.n_segments)))

    def label_bytes(self, n_cells: int) -> int:
        """One code per cell."""
        return 2 * n_cells

    def blocks(self, columns: GeneColumns, width: int, team: Team) -> Iterator[Block]:
        """Shuffle the segments once per order; order number r is stream r of the key."""
        rotations = self._circle.rotations
        for first, stop in _balanced(-(-self._n_perms // rotations), width):
            slab = np.empty((columns.n_cells, stop - first), np.uint16)
            self._draw(slab, first, team)
            n = (stop - first) * rotations
            surplus = tuple(range(min(self._n_perms - first * rotations, n), n))
            yield _SegmentBlock(columns, slab, self._circle, self._sizes, n, surplus)

    def _draw(self, slab: npt.NDArray[np.uint16], first: int, team: Team) -> None:
        key, n, template = np.uint64(self._key), self._circle.n_segments, self._circle.template
        team.run(lambda a, b: permute.fill_slab(template, n, key, first, slab, a, b), slab.shape[1])


@dataclass(frozen=True)
class _TurnedBlock:
    """Turns from ``first`` on of a ring of segments, rotation by rotation; ``places`` as in the kernel."""

    data: GeneColumns
    places: npt.NDArray[np.uint16]
    first: int
    circle: _Circle
    sizes: Ints
    columns: int
    drop: tuple[int, ...]

    def fill(self, genes: Any, slots: Any, out: Any) -> None:
        """Add up segments of all shifts, then read every rotation's groups off them."""
        c, o = self.data, self.circle
        permute.turned_segments(
            c.data,
            c.rows,
            c.indptr,
            genes,
            self.places,
            self.first,
            o.n_segments,
            o.low,
            o.high,
            self.sizes,
            slots,
            out,
        )

    def on(self, data: GeneColumns) -> _TurnedBlock:
        """Take other values of the same cells."""
        return replace(self, data=data)

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Read the group of every cell's segment off the intervals."""
        lookup, n, width = self.circle.groups(), self.data.n_cells, self.columns // self.circle.rotations
        out = np.empty((n, stop - start), np.uint16)
        for i, column in enumerate(range(start, stop)):
            j, w = divmod(column, width)
            out[:, i] = lookup[j, self.places[self.first + w : self.first + w + n] // width]
        return out


class TurnedOrders:
    """Turns of one ring × rotations. Columns must have been laid out in :func:`order`."""

    def __init__(self, groups: Groups, n_perms: int, key: int, *, rotations: int) -> None:
        self._sizes, self._key, self._n_perms = groups.sizes, key, n_perms
        self._circle = _Circle.of(groups.sizes, rotations)

    def columns_per_unit(self) -> int:
        """Rotations of one shift."""
        return self._circle.rotations

    def widest(self) -> int:
        """As many shifts as the accumulators of one gene allow near the first-level cache."""
        by_cache = 2 * _ACCUMULATOR_BYTES // (8 * self._circle.n_segments)
        return max(1, min(by_cache, _COLUMNS // self._circle.rotations))

    def label_bytes(self, n_cells: int) -> int:  # noqa: ARG002
        """All blocks share the labels."""
        return 0

    def blocks(self, columns: GeneColumns, width: int, team: Team) -> Iterator[Block]:  # noqa: ARG002
        """Permutation r · rotations + j is turned by r places and rotated to position j."""
        rotations, n = self._circle.rotations, columns.n_cells
        n_turns = -(-self._n_perms // rotations)
        codes = np.empty(n + n_turns, np.uint16)
        codes[:n] = self._circle.template
        shuffle(codes[:n], np.uint64(self._key), np.uint64(_CIRCLE_STREAM))
        codes[n:] = np.resize(codes[:n], n_turns) if n_turns > n else codes[:n_turns]
        for first, stop in _balanced(n_turns, width):
            turn, j = np.meshgrid(np.arange(first, stop), np.arange(rotations))
            number = (turn * rotations + j).ravel()
            surplus = tuple(np.flatnonzero(number >= self._n_perms).tolist())
            yield _TurnedBlock(
                columns, codes * np.uint16(stop - first), first, self._circle, self._sizes, number.size, surplus
            )


@dataclass(frozen=True)
class _RingBlock:
    """Shifts ``first``, ``first + 1``, … of the labels; ``places`` as in ``permute.turned_groups``."""

    data: GeneColumns
    ring: npt.NDArray[np.uint16]
    places: Ints
    first: int
    sizes: Ints
    columns: int
    drop: tuple[int, ...]

    def fill(self, genes: Any, slots: Any, out: Any) -> None:
        """Add up windows of values."""
        c, ends = self.data, np.concatenate([[0], np.cumsum(self.sizes)])
        permute.turned_groups(c.data, c.rows, c.indptr, genes, self.places, ends, self.first, self.sizes, slots, out)

    def on(self, data: GeneColumns) -> _RingBlock:
        """Take other values of the same cells."""
        return replace(self, data=data)

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Turn the labels."""
        return np.stack([np.roll(self.ring, -(self.first + w)) for w in range(start, stop)], axis=1)


class Ring:
    """Shifts of one random ring. Columns and labels must have been laid out in :func:`order`."""

    def __init__(self, groups: Groups, n_perms: int, key: int) -> None:
        self._groups, self._n_perms = groups, n_perms
        rng = np.random.Generator(np.random.Philox(key=np.array([key, _PLACE_STREAM], np.uint64)))
        self._place = int(rng.integers(n_perms + 1))

    def columns_per_unit(self) -> int:
        """One."""
        return 1

    def widest(self) -> int:
        """As many shifts as keep the windows in the first-level cache."""
        return _WINDOW

    def label_bytes(self, n_cells: int) -> int:  # noqa: ARG002
        """All blocks share the labels."""
        return 0

    def blocks(self, columns: GeneColumns, width: int, team: Team) -> Iterator[Block]:  # noqa: ARG002
        """Labelling r is turned by r less the place of the observed one, which is dropped."""
        labels, n = self._groups.labels, self._groups.labels.size
        by_group = np.argsort(labels[::-1], kind="stable")  # places counted from the end
        for first, stop in _balanced(self._n_perms + 1, width):
            drop = (self._place - first,) if first <= self._place < stop else ()
            yield _RingBlock(
                columns, labels, by_group, (first - self._place) % n, self._groups.sizes, stop - first, drop
            )
