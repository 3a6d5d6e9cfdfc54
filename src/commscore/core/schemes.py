"""Schemes of permutation: which labellings are drawn, and how a block of them is turned into group means.

``independent``
    Every permutation is its own uniformly random order of the cells.
``rotation``
    In a random order of the cells the groups are intervals; turning all intervals by jN/J gives J labellings,
    each uniformly random, from one set of sums. With J at most 20 and at most the number of groups they serve
    as well as independent ones (see ``benchmarks/calibration.py``).
``ring``
    The cells lie on one random ring and the labels are turned by random shifts. The labellings, with the
    observed one, are exchangeable, so (1 + b)/(n + 1) is valid in finite samples, not only nearly so.
    Shifts come in pairs a, a + d with one table of label pairs; the observed labelling has a partner too, at
    +d or −d with equal chance, so that no element of the set is special.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..kernels import permute
from ..kernels.rng import shuffle

if TYPE_CHECKING:
    import numpy.typing as npt

    from .columns import Columns
    from .problem import Groups
    from .threads import Team

MAX_ROTATIONS = 20
_ACCUMULATOR_BYTES = 42_000  # of one gene, to stay in the first-level cache
_TILE = 16_384
_UNTILED = 65_536
_RING_STREAM = 2**64 - 1
_SHIFT_STREAM = 2**64 - 2
NAMES = ("rotation", "ring", "independent")


class Block(Protocol):
    """Some permutations, ready to fill a table rows × ``columns`` of group means."""

    @property
    def columns(self) -> int:
        """Columns of the table."""

    @property
    def drop(self) -> tuple[int, ...]:
        """Columns that are no permutation of this test."""

    def fill(self, genes: npt.NDArray[np.int64], slots: npt.NDArray[np.int64], out: npt.NDArray[np.float64]) -> None:
        """Write the means of these genes into the rows ``slots`` (n_genes × n_groups) of ``out``."""

    def on(self, data: Columns) -> Block:
        """Return the same labellings of other values of the same cells."""

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Labels of the columns ``start`` to ``stop``, n_cells × columns, in the order of the cells."""


class Scheme(Protocol):
    """Draws all permutations, block by block."""

    def columns_per_unit(self) -> int:
        """Permutations that one unit of a block (an order, a pair of shifts) gives."""

    def blocks(self, columns: Columns, width: int, team: Team) -> Iterator[Block]:
        """Yield the blocks, each of at most ``width`` units."""

    def widest(self) -> int:
        """Largest useful number of units in a block."""


def ring_order(key: int, n_cells: int) -> npt.NDArray[np.int64]:
    """Return the cells in the order of the ring."""
    order = np.arange(n_cells, dtype=np.int64)
    shuffle(order, np.uint64(key), np.uint64(_RING_STREAM))
    return order


def make(name: str, *, groups: Groups, n_perms: int, key: int) -> Scheme:
    """Return the scheme of this name."""
    if name == "ring":
        return Ring(groups, n_perms, key)
    return Rotation(groups, n_perms, key, rotations=1 if name == "independent" else None)


def _balanced(n_units: int, width: int) -> list[tuple[int, int]]:
    """Cut ``n_units`` into equal blocks of at most ``width``."""
    n_blocks = -(-n_units // width)
    edges = np.linspace(0, n_units, n_blocks + 1).astype(int)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


@dataclass(frozen=True)
class _SegmentBlock:
    """Orders with their segment labels in ``slab`` (n_cells × orders)."""

    data: Columns
    slab: npt.NDArray[np.uint16]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    n_segments: int
    sizes: npt.NDArray[np.int64]
    columns: int
    drop: tuple[int, ...] = ()

    def fill(self, genes: Any, slots: Any, out: Any) -> None:
        """Add up segments, then read every rotation's groups off them."""
        c, tile = self.data, _TILE if self.data.n_cells > _UNTILED else self.data.n_cells
        acc = np.zeros((genes.size, self.slab.shape[1] * self.n_segments))
        permute.add_slab(c.data, c.rows, c.indptr, genes, self.slab, tile, acc)
        by_order = acc.reshape(genes.size, -1, self.n_segments)
        permute.means_of_segments(by_order, self.low, self.high, self.sizes, slots, out)

    def on(self, data: Columns) -> _SegmentBlock:
        """Take other values of the same cells."""
        return replace(self, data=data)

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Read the group of every cell's segment off the intervals."""
        n_rotations, n_groups = self.low.shape
        lookup = np.empty((n_rotations, self.n_segments), np.uint16)
        for j in range(n_rotations):
            for k in range(n_groups):
                a, b = int(self.low[j, k]), int(self.high[j, k])
                lookup[j, np.arange(a, b if b > a else b + self.n_segments) % self.n_segments] = k
        out = np.empty((self.slab.shape[0], stop - start), np.uint16)
        for i, column in enumerate(range(start, stop)):
            # a segment's code counts on from order to order
            out[:, i] = lookup[column % n_rotations, self.slab[:, column // n_rotations] % self.n_segments]
        return out


class Rotation:
    """Random orders × rotations; with one rotation, independent permutations."""

    def __init__(self, groups: Groups, n_perms: int, key: int, *, rotations: int | None = None) -> None:
        self._sizes, self._key, self._n_perms = groups.sizes, key, n_perms
        n_cells = int(groups.sizes.sum())
        self.rotations = rotations or min(MAX_ROTATIONS, groups.n, n_perms, n_cells)
        ends = np.concatenate([[0], np.cumsum(groups.sizes)])
        offsets = (np.arange(self.rotations) * n_cells) // self.rotations
        starts = (ends[None, :-1] + offsets[:, None]) % n_cells
        edges, low = np.unique(starts, return_inverse=True)
        self._low = low.reshape(starts.shape).astype(np.int64)
        self._high = np.roll(self._low, -1, axis=1)  # a group ends where the next one begins
        lengths = np.diff(np.append(edges, n_cells + edges[0]))
        # positions before the first edge belong to the last segment; edges[0] is 0 as no offset moves group 0
        self._template = np.repeat(np.arange(edges.size, dtype=np.uint16), lengths)
        self._n_segments = int(edges.size)

    def columns_per_unit(self) -> int:
        """Rotations of one order."""
        return self.rotations

    def widest(self) -> int:
        """As many orders as the accumulators of one gene allow in the cache."""
        return max(1, min(256, _ACCUMULATOR_BYTES // (8 * self._n_segments)))

    def blocks(self, columns: Columns, width: int, team: Team) -> Iterator[Block]:
        """Shuffle the segments once per order; order number r is stream r of the key."""
        n_orders = -(-self._n_perms // self.rotations)
        for first, stop in _balanced(n_orders, width):
            slab = np.empty((columns.n_cells, stop - first), np.uint16)
            self._draw(slab, first, team)
            kept = min(self._n_perms, stop * self.rotations) - first * self.rotations
            surplus = tuple(range(kept, (stop - first) * self.rotations))
            yield _SegmentBlock(
                columns, slab, self._low, self._high, self._n_segments, self._sizes,
                columns=(stop - first) * self.rotations, drop=surplus,
            )  # fmt: skip

    def _draw(self, slab: npt.NDArray[np.uint16], first: int, team: Team) -> None:
        key, n = np.uint64(self._key), self._n_segments
        team.run(lambda a, b: permute.fill_slab(self._template, n, key, first, slab, a, b), slab.shape[1])


@dataclass(frozen=True)
class _RingBlock:
    """Shifts of the ring; a code is a group, or a pair of groups ``paired`` by the fixed distance."""

    data: Columns
    codes: npt.NDArray[np.uint16]
    shifts: npt.NDArray[np.uint64]
    paired: bool
    sizes: npt.NDArray[np.int64]
    columns: int
    drop: tuple[int, ...]

    def fill(self, genes: Any, slots: Any, out: Any) -> None:
        """Add up by code, then read both labellings of each pair off the table."""
        c, k = self.data, self.sizes.size
        n_codes = k * k if self.paired else k
        flat = np.zeros((genes.size, self.shifts.size * n_codes))
        permute.add_ring(c.data, c.rows, c.indptr, genes, self.codes, self.shifts, n_codes, flat)
        acc = flat.reshape(genes.size, -1, n_codes)
        if self.paired:
            permute.means_of_pairs(acc, self.sizes, slots, out)
        else:
            low = np.arange(k, dtype=np.int64)[None]
            permute.means_of_segments(acc, low, low + 1, self.sizes, slots, out)

    def on(self, data: Columns) -> _RingBlock:
        """Take other values of the same cells."""
        return replace(self, data=data)

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Turn the ring by each shift; of a pair, the first or the second group."""
        n, k = self.data.n_cells, self.sizes.size
        out = np.empty((n, stop - start), np.uint16)
        for i, column in enumerate(range(start, stop)):
            shift = int(self.shifts[column // 2 if self.paired else column])
            codes = self.codes[shift : shift + n]
            first = codes // k if self.paired else codes
            out[:, i] = codes % k if self.paired and column % 2 else first
        return out


class Ring:
    """Shifts of one random ring. The columns must have been laid out in :func:`ring_order`."""

    def __init__(self, groups: Groups, n_perms: int, key: int) -> None:
        self._groups, self._n_perms = groups, n_perms
        n = int(groups.sizes.sum())
        rng = np.random.Generator(np.random.Philox(key=np.array([key, _SHIFT_STREAM], np.uint64)))
        self._paired = groups.n**2 * 8 * 8 <= 2 * _ACCUMULATOR_BYTES
        distance = int(rng.integers(1, n))
        n_units = n_perms // 2 + 1 if self._paired else n_perms + 1
        self._shifts = rng.integers(0, n, n_units)
        self._distance = distance
        # unit 0 holds the observed labelling: as the first or as the second of its pair
        second = bool(rng.integers(2)) and self._paired
        self._shifts[0] = -distance % n if second else 0
        self._drop = {int(second)}
        if self._paired and n_perms % 2 == 0:
            others = np.setdiff1d(np.arange(2 * n_units), list(self._drop))
            self._drop.add(int(rng.choice(others)))

    def columns_per_unit(self) -> int:
        """Two for a pair of shifts."""
        return 2 if self._paired else 1

    def widest(self) -> int:
        """As many shifts as the accumulators of one gene allow in the cache."""
        codes = self._groups.n**2 if self._paired else self._groups.n
        return max(8, min(256, _ACCUMULATOR_BYTES // (8 * codes)))

    def _codes(self) -> npt.NDArray[np.uint16]:
        labels = self._groups.labels
        if self._paired:
            labels = labels * np.uint16(self._groups.n) + np.roll(labels, -self._distance)
        return np.concatenate([labels, labels])

    def blocks(self, columns: Columns, width: int, team: Team) -> Iterator[Block]:  # noqa: ARG002
        """Cut the shifts into blocks; the observed labelling, and one more for parity, are dropped."""
        codes, per = self._codes(), self.columns_per_unit()
        for first, stop in _balanced(self._shifts.size, width):
            inside = range(first * per, stop * per)
            yield _RingBlock(
                columns, codes, self._shifts[first:stop].astype(np.uint64), self._paired, self._groups.sizes,
                columns=len(inside), drop=tuple(sorted(d - first * per for d in self._drop if d in inside)),
            )  # fmt: skip
