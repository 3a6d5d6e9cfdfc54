"""Gene-major columns of some genes and cells of a matrix in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...arrays import FLAW, HIGH, LOW, NOT_FINITE, GeneColumns
from ...kernels import groups as group_kernels
from ...kernels import layout

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ..threads import Team

_ROWS_PER_RANGE = 32_768


def lay_out(matrix: Any, *, cells: Ints, columns: Ints, team: Team) -> GeneColumns:
    """Lay out ``matrix[cells][:, columns]`` gene-major, in that order, without touching anything else.

    As :func:`commscore.core.read.matrix.gene_major`, of a matrix in memory: CSR, CSC or a 2-D array.
    """
    if sparse.issparse(matrix) and matrix.format == "csc":
        return _from_csc(matrix, cells, columns, team=team)
    if sparse.issparse(matrix):
        return _from_csr(matrix.tocsr(), cells, columns, team=team)
    return _from_dense(np.asarray(matrix), cells, columns, team=team)


def around(block: Any, cells: Ints) -> tuple[Any, int]:
    """Return the rows among which these cells (ascending) lie, without a copy, and the first one's number.

    Laying out takes time and memory for every row of what it is given.
    """
    start, stop = int(cells[0]), int(cells[-1]) + 1
    if not sparse.issparse(block):
        return block[start:stop], start
    if block.format == "csc":
        return block, 0
    a, b = int(block.indptr[start]), int(block.indptr[stop])
    rows = type(block)((stop - start, block.shape[1]), dtype=block.dtype)
    # set, not given: SciPy would copy places to make them of another type
    rows.data, rows.indices, rows.indptr = block.data[a:b], block.indices[a:b], block.indptr[start : stop + 1] - a
    return rows, start


def _value_type(matrix: Any) -> np.dtype[Any]:
    return np.dtype(np.float32 if matrix.dtype == np.float32 else np.float64)


def _values(data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return data if data.dtype in (np.float32, np.float64) else data.astype(np.float64)


def _starts(counts: Ints) -> tuple[Ints, Ints]:
    """From counts (ranges × genes): indptr, and the place where each range begins in each gene."""
    indptr = np.zeros(counts.shape[1] + 1, np.int64)
    np.cumsum(counts.sum(axis=0), out=indptr[1:])
    before = np.cumsum(counts, axis=0) - counts
    return indptr, indptr[:-1] + before


def join_seen(parts: list[Any]) -> Floats:
    """Join what several ranges saw."""
    seen: Floats = layout.nothing_seen()
    for part in parts:
        seen[LOW] = min(seen[LOW], part[LOW])
        seen[HIGH] = max(seen[HIGH], part[HIGH])
        seen[NOT_FINITE:] = np.maximum(seen[NOT_FINITE:], part[NOT_FINITE:])
    return seen


def _from_csr(m: Any, cells: Any, columns: Any, *, team: Team) -> GeneColumns:
    gene_of = np.full(m.shape[1], -1, np.int32)
    gene_of[columns] = np.arange(columns.size, dtype=np.int32)
    data, step = _values(m.data), max(1, -(-cells.size // team.workers))
    part_of = np.full(m.shape[0], -1, np.int32)
    part_of[cells] = np.arange(cells.size, dtype=np.int32) // step
    n_parts = -(-cells.size // step)

    def count(a: int, b: int) -> Any:
        own = np.zeros((n_parts, columns.size), np.int64)
        return layout.count_csr(data, m.indices, m.indptr, part_of, a, b, gene_of, own), own

    counted: list[Any] = team.run(count, m.shape[0], step=max(_ROWS_PER_RANGE, -(-m.shape[0] // team.workers)))
    seen = join_seen([part for part, _ in counted])
    if seen[FLAW]:
        return _from_csr(_canonical(m, columns), cells, np.arange(columns.size), team=team)
    counts = sum((part for _, part in counted), np.zeros((n_parts, columns.size), np.int64))
    indptr, cursors = _starts(counts)
    out = np.empty(indptr[-1], _value_type(data))
    rows = np.empty(indptr[-1], np.uint32)

    def fill(a: int, b: int) -> None:
        layout.fill_csr(data, m.indices, m.indptr, cells[a:b], a, gene_of, cursors[a // step], out, rows)

    team.run(fill, cells.size, step=step)
    return GeneColumns(out, rows, indptr, cells.size, seen)


def _from_dense(x: Any, cells: Any, columns: Any, *, team: Team) -> GeneColumns:
    x, step = _values(x), _ROWS_PER_RANGE
    counts = np.zeros((-(-cells.size // step), columns.size), np.int64)

    def count(a: int, b: int) -> Any:
        return layout.count_dense(x, cells[a:b], columns, counts[a // step])

    seen = join_seen(team.run(count, cells.size, step=step))
    indptr, cursors = _starts(counts)
    out = np.empty(indptr[-1], _value_type(x))
    rows = np.empty(indptr[-1], np.uint32)
    team.run(
        lambda a, b: layout.fill_dense(x, cells[a:b], a, columns, cursors[a // step], out, rows),
        cells.size,
        step=step,
    )
    return GeneColumns(out, rows, indptr, cells.size, seen)


def _from_csc(m: Any, cells: Any, columns: Any, *, team: Team) -> GeneColumns:
    row_of = np.full(m.shape[0], -1, np.int64)
    row_of[cells] = np.arange(cells.size)
    data = _values(m.data)
    counts = np.zeros((1, columns.size), np.int64)

    def count(a: int, b: int) -> Any:
        return layout.count_csc(data, m.indices, m.indptr, columns[a:b], row_of, counts[0, a:b])

    seen = join_seen(team.run(count, columns.size))
    if seen[FLAW]:
        return _from_csc(_canonical(m, columns), cells, np.arange(columns.size), team=team)
    indptr, starts = _starts(counts)
    out = np.empty(indptr[-1], _value_type(data))
    rows = np.empty(indptr[-1], np.uint32)
    team.run(
        lambda a, b: layout.fill_csc(data, m.indices, m.indptr, columns[a:b], row_of, starts[0, a:b], out, rows),
        columns.size,
    )
    return GeneColumns(out, rows, indptr, cells.size, seen)


def _canonical(m: Any, columns: Any) -> Any:
    """Copy these columns with entries that are stored in parts added up; rare, so the copy is paid only then."""
    part = m[:, columns].copy()
    part.sum_duplicates()
    return part


def snap(columns: GeneColumns, team: Team) -> bool:
    """Round the values, in place, to multiples of a power of two so small that every sum over cells is exact.

    Log-normalised float32 values already are. float64 values move by at most n_cells · max · 2⁻⁵⁴ (about 1e-9
    at a million cells). Exact sums make permuted statistics independent of the order of additions: ties are
    ties, and threads, tiles and chunks cannot change a bit. Take observed scores before.

    Returns
    -------
    Whether any value may have changed.
    """
    low, high = columns.extent
    step = 2.0 ** (np.ceil(np.log2(max(columns.n_cells, 1) * high)) - 53)
    if float(np.spacing(np.asarray(low, columns.data.dtype))) >= step:
        return False
    team.run(lambda a, b: group_kernels.snap(columns.data[a:b], step), columns.data.size)
    return True
