"""Labels permuted within strata, such as samples: every stratum has its own random order and its own circle.

Cells lie stratum by stratum. A unit is one order of the cells of every stratum; as in the other schemes the groups are
intervals, in ``rotations`` positions, the same position in all strata. A stratum of fewer cells than a lap takes an
order of its own for every unit; any other is a random ring that is turned by one place from unit to unit and drawn anew
for every lap: were it not, strata would come back to where they began in lockstep, and p-values would rest on no more
labellings than the smallest has cells. Laps are counted from the first unit, so that blocks change nothing.

``ring``: the observed labels lie on the rings of one lap, at a place that any of the n + 1 labellings could have; the
other laps have rings of the same cells with labels drawn anew. Given all of them, any could be the observed one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...kernels import permute

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, GeneColumns, Groups, Ints
    from ..threads import Team

LAP = 64
_ACCUMULATORS = 10_500  # of one gene, near the first-level cache
_COLUMNS = 600  # of a block


@dataclass(frozen=True)
class StrataOfCells:
    """Where strata begin (n_strata + 1) among cells that lie stratum by stratum, and their cells per group."""

    bounds: Ints
    own: Ints

    @classmethod
    def of(cls, groups: Groups, sizes: Ints) -> StrataOfCells:
        """Count the groups' cells in strata of these sizes."""
        bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        stratum = np.repeat(np.arange(sizes.size), sizes)
        own = np.bincount(stratum * groups.n + groups.labels, minlength=sizes.size * groups.n)
        return cls(bounds, own.reshape(sizes.size, groups.n).astype(np.int64))


@dataclass(frozen=True)
class StratumCircles:
    """Groups as intervals of each stratum's circle in ``rotations`` positions; see ``permute.means_in_strata``."""

    template: npt.NDArray[np.uint16]
    n_segments: Ints
    low: Ints
    high: Ints

    @property
    def rotations(self) -> int:
        """Number of positions."""
        return int(self.low.shape[1])

    @classmethod
    def of(cls, own: Ints, rotations: int) -> StratumCircles:
        """Cut every stratum's circle; a group without cells has no interval, one of all cells the whole circle."""
        parts = [cls._cut(cells, rotations) for cells in own]
        templates, low, high = zip(*parts, strict=True)
        n_segments = np.array([int(t.max()) + 1 for t in templates], np.int64)
        return cls(np.concatenate(templates), n_segments, np.stack(low), np.stack(high))

    @staticmethod
    def _cut(cells: Ints, rotations: int) -> tuple[npt.NDArray[np.uint16], Ints, Ints]:
        n = int(cells.sum())
        offsets, ends = (np.arange(rotations) * n) // rotations, np.concatenate([[0], np.cumsum(cells)])
        starts, stops = (ends[:-1] + offsets[:, None]) % n, (ends[1:] + offsets[:, None]) % n
        edges = np.unique(np.append(np.concatenate([starts[:, cells > 0], stops[:, cells > 0]]), 0))
        template = np.repeat(np.arange(edges.size, dtype=np.uint16), np.diff(np.append(edges, n)))
        return template, np.searchsorted(edges, starts), np.searchsorted(edges, stops)

    @classmethod
    def observed(cls, labels: npt.NDArray[np.uint16], own: Ints) -> StratumCircles:
        """Segments that are the groups themselves, each cell in its own."""
        low = np.tile(np.arange(own.shape[1]), (len(own), 1, 1))
        return cls(labels, np.full(len(own), own.shape[1], np.int64), low, low + 1)

    def groups(self, stratum: int, own: Ints) -> npt.NDArray[np.uint16]:
        """Return the group of every segment of a stratum in every position, rotations × segments."""
        n = int(self.n_segments[stratum])
        lookup = np.empty((self.rotations, n), np.uint16)
        for j in range(self.rotations):
            for k in np.flatnonzero(own):
                a, b = int(self.low[stratum, j, k]), int(self.high[stratum, j, k])
                lookup[j, np.arange(a, b if b > a else b + n) % n] = k
        return lookup


@dataclass(frozen=True)
class _StrataBlock:
    """Units of all strata, position by position; codes as in ``permute.draw_strata``."""

    data: GeneColumns
    strata: StrataOfCells
    circles: StratumCircles
    codes: npt.NDArray[np.uint16]
    code_at: Ints
    turned: Bools
    sizes: Ints
    columns: int
    drop: tuple[int, ...]

    def fill(self, genes: Any, slots: Any, out: Any) -> None:
        """Add up the strata's segments, then their groups."""
        c, o, s = self.data, self.circles, self.strata
        drawn = self.codes, self.code_at, self.turned
        intervals = o.n_segments, o.low, o.high
        permute.means_in_strata(
            c.data, c.rows, c.indptr, genes, s.bounds, *drawn, *intervals, s.own, self.sizes, slots, out
        )

    def on(self, data: GeneColumns) -> _StrataBlock:
        """Take other values of the same cells."""
        return replace(self, data=data)

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Read the group of every cell's segment off the intervals."""
        width = self.columns // self.circles.rotations
        out = np.empty((int(self.strata.bounds[-1]), stop - start), np.uint16)
        for s, own in enumerate(self.strata.own):
            first, last = self.strata.bounds[s : s + 2]
            lookup, stride = self.circles.groups(s, own), 1 if self.turned[s] else width
            at = self.code_at[s] + np.arange(last - first) * stride
            for i, column in enumerate(range(start, stop)):
                j, w = divmod(column, width)
                out[first:last, i] = lookup[j, self.codes[at + w] // width]
        return out


class StratifiedOrders:
    """Orders within strata × rotations, or a ring of blocks. Cells lie as ``schemes.order`` says."""

    def __init__(self, groups: Groups, sizes: Ints, *, n_perms: int, key: int, scheme: str, rotations: int) -> None:
        self._sizes, self._n_perms, self._key = groups.sizes, n_perms, key
        self._strata = StrataOfCells.of(groups, sizes)
        self._n_units, self._place = -(-n_perms // rotations), -1
        if scheme == "ring":
            self._circles = StratumCircles.observed(groups.labels, self._strata.own)
            rng = np.random.Generator(np.random.Philox(key=np.array([key, 2**64 - 2], np.uint64)))
            self._place, self._n_units = int(rng.integers(n_perms + 1)), n_perms + 1
        else:
            self._circles = StratumCircles.of(self._strata.own, rotations)
        self._turned = (sizes >= LAP) & (scheme != "independent")

    def columns_per_unit(self) -> int:
        """Positions of one unit."""
        return self._circles.rotations

    def widest(self) -> int:
        """As many units as the accumulators of one gene and stratum allow near the first-level cache."""
        by_cache = _ACCUMULATORS // int(self._circles.n_segments.max())
        return max(1, min(by_cache, _COLUMNS // self._circles.rotations, LAP))

    def label_bytes(self, n_cells: int) -> int:  # noqa: ARG002
        """One code per cell of a stratum that is drawn unit by unit."""
        return 2 * int(np.diff(self._strata.bounds)[~self._turned].sum())

    def blocks(self, columns: GeneColumns, width: int, team: Team) -> Iterator[_StrataBlock]:  # noqa: ARG002
        """Cut every lap into equal blocks; permutation u · rotations + j is unit u in position j."""
        for lap in range(0, self._n_units, LAP):
            units = min(LAP, self._n_units - lap)
            n_blocks = -(-units // width)
            for i in range(n_blocks):
                yield self._block(columns, lap + i * units // n_blocks, lap + (i + 1) * units // n_blocks)

    def _block(self, columns: GeneColumns, first: int, stop: int) -> _StrataBlock:
        width, cells = stop - first, np.diff(self._strata.bounds)
        room = np.where(self._turned, cells + width, cells * width)
        code_at = np.concatenate([[0], np.cumsum(room)])
        codes = np.empty(code_at[-1], np.uint16)
        template, key = self._circles.template, np.uint64(self._key)
        permute.draw_strata(
            template, self._strata.bounds, code_at, self._turned, key, LAP, first, width, self._place, codes
        )
        drop = self._dropped(first, width)
        n = width * self._circles.rotations
        return _StrataBlock(columns, self._strata, self._circles, codes, code_at, self._turned, self._sizes, n, drop)

    def _dropped(self, first: int, width: int) -> tuple[int, ...]:
        """Columns that are no permutation: the observed labelling, or beyond the number asked for."""
        if self._place >= 0:
            return (self._place - first,) if first <= self._place < first + width else ()
        j, unit = np.divmod(np.arange(width * self._circles.rotations), width)
        number = (first + unit) * self._circles.rotations + j
        return tuple(np.flatnonzero(number >= self._n_perms).tolist())
