"""From a matrix, in memory or read in blocks, to what is computed from it: statistics, columns, sums per cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...arrays import GeneColumns
from ...kernels import gather as kernels
from .columns import join_seen, lay_out
from .statistics import UNUSED, CellStatistics, ReadRequest, block_statistics, products_of
from .tiles import Blocks, room

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ...stats.analytic import Products
    from ..threads import Team
    from .tiles import Tile

_CELLS_AT_ONCE = 4096


def statistics_of(
    matrix: Any,
    columns: Ints,
    labels: npt.NDArray[np.uint16],
    *,
    n_groups: int,
    team: Team,
    **options: Any,
) -> CellStatistics:
    """Read all rows once, in this process or wherever the blocks of the matrix are.

    Parameters
    ----------
    matrix
        n_obs × n_vars, CSR, CSC, a 2-D array, or :class:`~commscore.core.read.tiles.Blocks`.
    columns
        Positions of the genes.
    labels
        Group of each row, ``UNUSED`` for cells that take no part, uint16, (n_obs,).
    n_groups
        Number of groups.
    team
        Threads; they do not change the result.
    **options
        What else is wanted: ``bins``, ``keys``, ``linear``, ``background`` of
        :class:`~commscore.core.read.statistics.ReadRequest`.
    """
    if not isinstance(matrix, Blocks):
        request = ReadRequest.of(columns, labels, n_vars=matrix.shape[1], n_groups=n_groups, **options)
        return block_statistics(matrix, labels, request, team=team)
    rows, at = matrix.in_rows(columns)
    apart = options.get("background", False) and rows is not matrix  # of all columns, which are not at hand then
    options |= {"background": False} if apart else {}
    request = ReadRequest.of(at, labels, n_vars=rows.shape[1], n_groups=n_groups, **options)
    statistics: CellStatistics = rows.reduce(_Statistics(labels, request), team)
    return replace(statistics, level=_level(matrix, labels, n_groups)) if apart else statistics


def products_over(
    matrix: Any,
    columns: Ints,
    labels: npt.NDArray[np.uint16],
    *,
    keys: Ints,
    n_groups: int,
    team: Team,
) -> Products:
    """Read only the products of the gene pairs ``keys``; parameters as in :func:`statistics_of`."""
    options: dict[str, Any] = {"n_groups": n_groups, "keys": keys}
    if not isinstance(matrix, Blocks):
        return products_of(
            matrix, labels, ReadRequest.of(columns, labels, n_vars=matrix.shape[1], **options), team=team
        )
    rows, at = matrix.in_rows(columns)
    products: Products = rows.reduce(
        _Statistics(labels, ReadRequest.of(at, labels, n_vars=rows.shape[1], **options), products=True), team
    )
    return products


@dataclass(frozen=True)
class _Statistics:
    """Statistics of every tile, or only the products of gene pairs, for which most tiles need not be read."""

    labels: npt.NDArray[np.uint16]
    request: ReadRequest
    products: bool = False

    def on(self, tile: Tile) -> _StatisticsWork | None:
        sample = self.request.sample
        mine = sample[(sample[:, 1] > tile.start) & (sample[:, 0] < tile.stop)]
        if self.products and not len(mine):
            return None
        return _StatisticsWork(self.labels[tile.rows], replace(self.request, sample=mine), tile.start, self.products)


@dataclass(frozen=True)
class _StatisticsWork:
    labels: npt.NDArray[np.uint16]
    request: ReadRequest
    first: int
    products: bool

    def __call__(self, block: Any, team: Team) -> CellStatistics | Products:
        read = products_of if self.products else block_statistics
        return read(block, self.labels, self.request, first=self.first, team=team)


def _level(blocks: Blocks, labels: npt.NDArray[np.uint16], n_groups: int) -> Floats:
    """Add up, over the cells of each group, mean and mean square of all columns, (2, n_groups)."""
    used = np.flatnonzero(labels != UNUSED)
    sums = cell_sums(blocks, used)
    return np.stack([np.bincount(labels[used], one, minlength=n_groups) for one in sums]) / blocks.shape[1]


def gene_major(matrix: Any, *, cells: Ints, columns: Ints, team: Team, counts: Ints | None = None) -> GeneColumns:
    """Lay out ``matrix[cells][:, columns]`` gene-major, in that order, without touching anything else.

    Parameters
    ----------
    matrix
        n_obs × n_vars, CSR, CSC or a 2-D array, float32 or float64 (other types are read as float64), or
        :class:`~commscore.core.read.tiles.Blocks` of them.
    cells, columns
        Positions of the cells and of the genes, each at most once.
    team
        Threads to use.
    counts
        Non-zeros of each gene in these cells, if known; saves one of two passes over blocks, (n_genes,).

    Returns
    -------
    GeneColumns
        float32 if the matrix is float32, else float64. The matrix is not written to.
    """
    if isinstance(matrix, Blocks):
        return columns_of(matrix, cells=cells, columns=columns, team=team, counts=counts)
    return lay_out(matrix, cells=cells, columns=columns, team=team)


def columns_of(
    blocks: Blocks,
    *,
    cells: Ints,
    columns: Ints,
    team: Team,
    counts: Ints | None = None,
) -> GeneColumns:
    """Lay out some cells and columns of blocks gene-major, as :func:`gene_major` does.

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
    return GeneColumns(data, rows, indptr, cells.size, join_seen(seen))


def _append(part: GeneColumns, first: int, *, cursor: Any, to: Any, team: Team) -> None:
    def work(a: int, b: int) -> None:
        kernels.append(part.data, part.rows, part.indptr, a, b, first, cursor, *to)

    team.run(work, part.n_genes)


@dataclass(frozen=True)
class _Layout:
    """Gene-major columns of every block; ``cells`` ascend."""

    cells: Ints
    columns: Ints

    def on(self, tile: Tile) -> _LayoutWork:
        a, b = np.searchsorted(self.cells, [tile.start, tile.stop])
        return _LayoutWork(self.cells[a:b] - tile.start, self.columns)


@dataclass(frozen=True)
class _LayoutWork:
    cells: Ints
    columns: Ints

    def __call__(self, block: Any, team: Team) -> GeneColumns:
        return lay_out(block, cells=self.cells, columns=self.columns, team=team)


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


def cell_sums(matrix: Any, cells: Ints) -> tuple[Floats, Floats]:
    """Sum and sum of squares of all values of these cells, in their order; a matrix in memory is read in parts."""
    if isinstance(matrix, Blocks):
        return _cell_sums_of_blocks(matrix, cells)
    total, square = np.zeros(cells.size), np.zeros(cells.size)
    rows: Any = matrix.tocsr() if sparse.issparse(matrix) else np.asarray(matrix)
    for start in range(0, cells.size, _CELLS_AT_ONCE):
        part = slice(start, start + _CELLS_AT_ONCE)
        total[part], square[part] = _sums_of_cells(rows[cells[part]])
    return total, square


def _cell_sums_of_blocks(blocks: Blocks, cells: Ints) -> tuple[Floats, Floats]:
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


def _sums_of_cells(block: Any, team: Team | None = None) -> tuple[Any, Any]:
    del team
    values = block.astype(np.float64)
    squared = values.power(2) if sparse.issparse(values) else values**2
    return np.asarray(values.sum(axis=1)).ravel(), np.asarray(squared.sum(axis=1)).ravel()
