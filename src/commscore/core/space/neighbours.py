"""Neighbours of every cell within a range, sample by sample, and what arrives from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...kernels import space as kernels

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ..threads import Team

SHAPES = ("flat", "gaussian")
CUT = 0.01
"""Weight below which a Gaussian is taken to be zero."""
_STEP = 4096  # cells


@dataclass(frozen=True)
class Reach:
    """How far a signal goes: as many µm with equal weight (``flat``), or a Gaussian of this standard deviation."""

    shape: str
    um: float

    @property
    def radius(self) -> float:
        """Distance beyond which nothing arrives."""
        return self.um if self.shape == "flat" else self.um * float(np.sqrt(-2.0 * np.log(CUT)))

    @property
    def sd(self) -> float:
        """Standard deviation along one axis of where the signal goes; that of a disc is half of its radius."""
        return self.um / 2 if self.shape == "flat" else self.um


@dataclass(frozen=True)
class Neighbours:
    """Weights between cells: cell i reaches ``indices[indptr[i]:indptr[i + 1]]``; none are of different samples."""

    indptr: Ints
    indices: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]

    @classmethod
    def of_graph(cls, weights: Any) -> Neighbours:
        """Take the weights of a sparse matrix (row: sender); those of a cell to itself are left out."""
        graph = sparse.csr_matrix(weights)
        graph.setdiag(0)
        graph.eliminate_zeros()
        return cls(graph.indptr.astype(np.int64), graph.indices.astype(np.int32), graph.data.astype(np.float32))

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.indptr.size - 1

    def arriving(self, values: npt.NDArray[Any], rows: npt.NDArray[Any], *, group: Ints, n_groups: int) -> Floats:
        """Sum what arrives at every cell from the cells of each group, of a ligand with these values at these cells.

        Σ over the cells i of group s of w_ij · value_i, (n_cells, n_groups).
        """
        out = np.zeros((self.n_cells, n_groups))
        kernels.arriving(values, rows, group, self.indptr, self.indices, self.weights, out)
        return out

    def reached(self, group: Ints, n_groups: int) -> Floats:
        """Sum the weights of the cells of each group around every cell, (n_cells, n_groups)."""
        every = np.arange(self.n_cells, dtype=np.uint32)
        return self.arriving(np.ones(self.n_cells, np.float32), every, group=group, n_groups=n_groups)

    def contacts(self, group: Ints, n_groups: int) -> Ints:
        """Count the ordered pairs of neighbours of each two groups, (n_groups, n_groups)."""
        out = np.zeros((n_groups, n_groups), np.int64)
        kernels.contacts(group, self.indptr, self.indices, out)
        return out

    def with_themselves(self) -> Neighbours:
        """Add every cell (spot) to those that it reaches, with weight 1."""
        ends = self.indptr[1:]
        every = np.arange(self.n_cells, dtype=np.int32)
        indices, weights = np.insert(self.indices, ends, every), np.insert(self.weights, ends, np.float32(1.0))
        return Neighbours(self.indptr + np.arange(self.n_cells + 1), indices, weights)


def neighbours_of(points: Floats, sample: Ints, reach: Reach, *, team: Team) -> Neighbours:
    """Find all cells within reach of every cell of the same sample; there is no limit on their number.

    Parameters
    ----------
    points
        Positions in µm, (n_cells, 2 or 3).
    sample
        Number of the sample of every cell, ascending: cells lie sample by sample, (n_cells,).
    reach
        How far a signal goes.
    team
        Threads; they do not change the result.
    """
    ends = np.flatnonzero(np.diff(sample, prepend=-1, append=-1))
    bounds = list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
    parts = [_PointBins.of(points[a:b], reach.radius) for a, b in bounds]
    indptr = np.zeros(len(points) + 1, np.int64)
    for part, (a, b) in zip(parts, bounds, strict=True):
        _count(part, reach, indptr[a + 1 : b + 1], team=team)
    np.cumsum(indptr, out=indptr)
    indices, weights = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    for part, (a, b) in zip(parts, bounds, strict=True):
        part_of_all = Neighbours(indptr[a : b + 1], indices, weights)
        _fill(part, reach, part_of_all, first=a, team=team)
    return Neighbours(indptr, indices, weights)


@dataclass(frozen=True)
class _PointBins:
    """Cells of one sample in bins no narrower than the radius."""

    points: Floats
    cells: Ints
    first: Ints
    shape: Ints
    place: Ints

    @property
    def fields(self) -> tuple[Floats, Ints, Ints, Ints, Ints]:
        """Arrays in the order in which kernels take them."""
        return self.points, self.cells, self.first, self.shape, self.place

    @classmethod
    def of(cls, points: Floats, radius: float) -> _PointBins:
        n, dimensions = points.shape
        within = np.zeros((n, 3))
        within[:, :dimensions] = points - points.min(axis=0)
        # wider bins where a few far cells would make too many of them
        most = int(np.ceil((4 * n) ** (1 / dimensions))) + 1
        width = np.maximum(radius, within.max(axis=0) / most)
        place = (within / width).astype(np.int64)
        shape = place.max(axis=0) + 1
        number = np.ravel_multi_index(tuple(place.T), tuple(shape))
        cells = np.argsort(number, kind="stable")
        first = np.zeros(int(shape.prod()) + 1, np.int64)
        np.cumsum(np.bincount(number, minlength=int(shape.prod())), out=first[1:])
        return cls(within, cells, first, shape, place)


def _count(bins: _PointBins, reach: Reach, out: Ints, *, team: Team) -> None:
    def work(start: int, stop: int) -> None:
        kernels.count_neighbours(*bins.fields, reach.radius, start, stop, out)

    team.run(work, len(bins.points), step=_STEP)


def _fill(bins: _PointBins, reach: Reach, out: Neighbours, *, first: int, team: Team) -> None:
    """Write the neighbours of one sample, whose cells are numbered from ``first``."""
    kind = kernels.FLAT if reach.shape == "flat" else kernels.GAUSSIAN
    scale = reach.radius, kind, reach.um

    def work(start: int, stop: int) -> None:
        kernels.fill_neighbours(*bins.fields, *scale, out.indptr, first, start, stop, out.indices, out.weights)

    team.run(work, len(bins.points), step=_STEP)
