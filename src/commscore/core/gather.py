"""Gene-major columns, and sums per cell, of a matrix that is read in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ..kernels import gather as kernels
from .blocks import room
from .columns import Columns, gene_major, join_seen

if TYPE_CHECKING:
    import numpy.typing as npt

    from .blocks import Blocks, Tile
    from .threads import Team


def columns_of(
    blocks: Blocks,
    *,
    cells: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    team: Team,
    counts: npt.NDArray[np.int64] | None = None,
) -> Columns:
    """Lay out some cells and columns of blocks gene-major, as :func:`~commscore.core.columns.gene_major` does.

    Only these columns are kept, and beyond 1 GiB they lie in a temporary file. One block is in memory at a time.

    Parameters
    ----------
    blocks
        The matrix, n_obs × n_vars.
    cells, columns
        Positions of the cells and of the genes, each at most once.
    team
        Threads to use; they do not change the result.
    counts
        Non-zeros of each gene in these cells, if known; it saves one of two passes.
    """
    blocks, columns = blocks.in_rows(columns)
    order = np.argsort(cells, kind="stable")
    task = _Layout(cells[order], columns)
    if counts is None:
        counts = blocks.reduce(_Count(task), team)
    indptr = np.zeros(columns.size + 1, np.int64)
    np.cumsum(counts, out=indptr[1:])
    value = np.dtype(np.float32 if blocks.dtype == np.float32 else np.float64)
    rows = room(int(indptr[-1]), np.uint32, other=int(indptr[-1]) * value.itemsize)
    data = room(int(indptr[-1]), value, other=rows.nbytes)
    cursor, seen = indptr[:-1].copy(), []
    for tile, part in blocks.each(task, team):
        first = int(np.searchsorted(task.cells, tile.start))
        _append(part, first, cursor=cursor, to=(data, rows), team=team)
        seen.append(part.seen)
    if (order[1:] < order[:-1]).any():
        team.run(lambda a, b: kernels.reorder(data, rows, indptr, a, b, order), columns.size, step=16)
    return Columns(data, rows, indptr, cells.size, join_seen(seen))


def _append(part: Columns, first: int, *, cursor: Any, to: Any, team: Team) -> None:
    def work(a: int, b: int) -> None:
        kernels.append(part.data, part.rows, part.indptr, a, b, first, cursor, *to)

    team.run(work, part.n_genes)


@dataclass(frozen=True)
class _Layout:
    """Gene-major columns of every block; ``cells`` ascend."""

    cells: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]

    def on(self, tile: Tile) -> _LayoutWork:
        a, b = np.searchsorted(self.cells, [tile.start, tile.stop])
        return _LayoutWork(self.cells[a:b] - tile.start, self.columns)


@dataclass(frozen=True)
class _LayoutWork:
    cells: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]

    def __call__(self, block: Any, team: Team) -> Columns:
        return gene_major(block, cells=self.cells, columns=self.columns, team=team)


@dataclass(frozen=True)
class _Count:
    """Number of non-zeros of every gene."""

    layout: _Layout

    def on(self, tile: Tile) -> _CountWork:
        return _CountWork(self.layout.on(tile))


@dataclass(frozen=True)
class _CountWork:
    layout: _LayoutWork

    def __call__(self, block: Any, team: Team) -> Any:
        return np.diff(self.layout(block, team).indptr)


def cell_sums(blocks: Blocks, cells: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum and sum of squares of all values of these cells, in their order."""
    total, square = np.zeros(blocks.shape[0]), np.zeros(blocks.shape[0])
    for tile, (one, two) in blocks.each(_CellSums()):
        total[tile.rows] += one
        square[tile.rows] += two
    return total[cells], square[cells]


@dataclass(frozen=True)
class _CellSums:
    def on(self, tile: Tile) -> Any:
        del tile
        return _sums_of_cells


def _sums_of_cells(block: Any, team: Team) -> tuple[Any, Any]:
    del team
    values = block.astype(np.float64)
    squared = values.power(2) if sparse.issparse(values) else values**2
    return np.asarray(values.sum(axis=1)).ravel(), np.asarray(squared.sum(axis=1)).ravel()
