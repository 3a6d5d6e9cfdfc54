"""What one pass over a block of rows leaves: arrays that add up over blocks, whatever their size and order.

Observed scores and the analytic null need nothing else of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce as fold
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...arrays import FLAW, FRACTIONAL, HIGH, LOW, NOT_FINITE
from ...kernels import groups as group_kernels
from ...kernels import scan
from ...stats.analytic import Bins, Products, spread
from ...stats.analytic.summary import as_bits, tables
from ..threads import Team
from .columns import around, lay_out
from .totals import GeneSummary

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...arrays import Counts, Floats, GeneColumns, Ints, Labels

    Matrix = Any  # CSR, CSC or a 2-D array

UNUSED = scan.UNUSED
ALONE = Team(1, None)
_PARTS = 8
_FEWEST, _MOST = 8192, 131_072  # rows that a thread reads at once
_TILE = 2048  # rows laid out gene-major at once, for what needs that


@dataclass(frozen=True, kw_only=True)
class ReadRequest:
    """What to read.

    Parameters
    ----------
    gene_of
        Number of the gene of every column of the matrix, -1 for columns that take no part, int64, (n_vars,).
    n_groups
        Number of groups of cells.
    keys
        Gene pairs whose products are wanted (:func:`~commscore.stats.analytic.keys_of`), (n_pairs,).
    sample
        Ranges of rows, counted over the whole matrix, whose cells give the products: what
        :func:`~commscore.stats.analytic.spread` says of all rows in use, int64, (n_ranges, 2).
    linear
        Whether to total exp(x) − 1, too.
    background
        Whether to total mean and mean square of all columns of each cell, too.
    """

    gene_of: Ints
    n_groups: int
    keys: Ints
    sample: Ints
    linear: bool = False
    background: bool = False

    @classmethod
    def of(cls, columns: Ints, labels: Labels, *, n_vars: int, n_groups: int, **options: Any) -> ReadRequest:
        """For the genes in these ``columns`` of a matrix with ``n_vars``; ``labels`` of all its rows."""
        gene_of = np.full(n_vars, -1, np.int64)
        gene_of[columns] = np.arange(columns.size)
        options = {"keys": np.zeros(0, np.int64), "sample": spread(labels != UNUSED)} | options
        return cls(gene_of=gene_of, n_groups=n_groups, **options)

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return int(self.gene_of.max(initial=-1)) + 1

    @property
    def columns(self) -> Ints:
        """Column of every gene."""
        at = np.flatnonzero(self.gene_of >= 0)
        columns = np.empty(at.size, np.int64)
        columns[self.gene_of[at]] = at
        return columns


@dataclass(frozen=True, kw_only=True)
class CellStatistics:
    """Statistics of some cells; those of disjoint sets of cells add up (``a + b``).

    Sums are exact, and the same whatever the blocks, where float64 holds them: always in ``bins``, and in
    ``total`` for log-normalised float32.

    Parameters
    ----------
    sizes
        Cells of each group, (n_groups,).
    total, expressed
        Sum and number of values above zero, float64 and int64, (n_genes, n_groups).
    seen
        Of all values of the genes, see :mod:`commscore.kernels.scan`.
    bins
        Histogram of each gene.
    products
        For correlations of gene pairs, if there are ``keys``.
    linear
        Sum of exp(x) − 1, (n_genes, n_groups), if wanted.
    level
        Sums over the cells of a group of the mean and of the mean square of all columns, (2, n_groups), if
        wanted.
    """

    sizes: Ints
    total: Floats
    expressed: Ints
    seen: Floats
    bins: Bins
    products: Products | None = None
    linear: Floats | None = None
    level: Floats | None = None

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return int(self.sizes.sum())

    @property
    def n_values(self) -> int:
        """Number of values above zero."""
        return int(self.expressed.sum())

    @property
    def extent(self) -> tuple[float, float]:
        """Smallest and largest value but zero; 1 and 1 when there is none."""
        low, high = float(self.seen[LOW]), float(self.seen[HIGH])
        return low if low < np.inf else 1.0, high if high > -np.inf else 1.0

    @property
    def finite(self) -> bool:
        """Whether no value is NaN or infinite."""
        return not self.seen[NOT_FINITE]

    @property
    def whole(self) -> bool:
        """Whether every value is a whole number."""
        return not self.seen[FRACTIONAL]

    @property
    def genes(self) -> GeneSummary:
        """Totals as the rest of the package takes them."""
        return GeneSummary(self.total, self.expressed, self.sizes)

    def __add__(self, other: CellStatistics) -> CellStatistics:
        """Statistics of both sets of cells.

        Raises
        ------
        ValueError
            If they are not of the same genes, groups and gene pairs.
        """
        if self.total.shape != other.total.shape:
            msg = f"both parts must be of the same genes and groups, found {self.total.shape} and {other.total.shape}"
            raise ValueError(msg)
        names = ("sizes", "total", "expressed", "bins", "products", "linear", "level")
        both = {name: _joined(getattr(self, name), getattr(other, name)) for name in names}
        return CellStatistics(seen=_saw(self.seen, other.seen), **both)


def _joined(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a + b


def block_statistics(
    block: Matrix, labels: Labels, request: ReadRequest, *, first: int = 0, team: Team = ALONE
) -> CellStatistics:
    """Read a block of rows of all columns once.

    Parameters
    ----------
    block
        Rows ``first`` to ``first + len(block)`` of the matrix, CSR, CSC or a 2-D array; float32 or float64 (other
        types are read as float64). Not written to.
    labels
        Group of each row of the block, ``UNUSED`` for cells that take no part, uint16.
    request
        The same for all blocks.
    first
        Number of the block's first row in the whole matrix.
    team
        Threads; the result does not depend on them.

    Raises
    ------
    ValueError
        If there is not one label for every row.
    """
    if labels.shape != (block.shape[0],):
        msg = f"labels must be of the {block.shape[0]} rows of the block, found {labels.shape}"
        raise ValueError(msg)
    reader = _BlockReader(_readable(block), np.ascontiguousarray(labels, np.uint16), request)
    partial = reader.by_columns(team) if reader.csc else reader.by_rows(team)
    return replace(
        partial,
        products=reader.products(first, team) if request.keys.size else None,
        linear=reader.linear(team) if request.linear else None,
        level=reader.level() if request.background else None,
    )


def products_of(block: Matrix, labels: Labels, request: ReadRequest, *, first: int = 0, team: Team = ALONE) -> Products:
    """Read only the products of gene pairs; parameters as in :func:`block_statistics`."""
    return _BlockReader(_readable(block), np.ascontiguousarray(labels, np.uint16), request).products(first, team)


def _readable(block: Matrix) -> Matrix:
    """Return CSR, CSC or an array of float32 or float64; values of other types are copied, places never."""
    if not sparse.issparse(block):
        block = np.asarray(block)
        return block if block.dtype in (np.float32, np.float64) else block.astype(np.float64)
    block = block if block.format in ("csr", "csc") else block.tocsr()
    if block.data.dtype in (np.float32, np.float64):
        return block
    return type(block)((block.data.astype(np.float64), block.indices, block.indptr), shape=block.shape)


@dataclass(frozen=True)
class _BlockReader:
    """A block and what is read of it. Ranges that threads read depend on the number of rows alone."""

    block: Matrix
    labels: Labels
    request: ReadRequest

    @property
    def csc(self) -> bool:
        return bool(sparse.issparse(self.block) and self.block.format == "csc")

    def by_rows(self, team: Team) -> CellStatistics:
        """Read ranges of rows, as many at a time as there are threads."""
        n = self.labels.size
        step = int(np.clip(-(-n // _PARTS), _FEWEST, _MOST))
        total = _empty(self.request)
        for start in range(0, n, step * team.workers):
            some = range(start, min(n, start + step * team.workers))

            def work(a: int, b: int, rows: range = some) -> CellStatistics:
                return self._rows(rows[a], rows[b - 1] + 1)

            parts: list[Any] = team.run(work, len(some), step=step)
            total = fold(add, parts, total)
        return total

    def _rows(self, start: int, stop: int) -> CellStatistics:
        m, request, labels = self.block, self.request, self.labels
        totals, bins, rest = out = tables(request.n_groups, request.n_genes, m.dtype)
        seen = scan.nothing_seen()
        if sparse.issparse(m):
            gene_of = np.where(request.gene_of < 0, scan.NO_GENE, request.gene_of).astype(np.uint32)
            arrays = m.data, as_bits(m.data), m.indices, m.indptr
            scan.rows_csr(*arrays, start, stop, labels, gene_of, totals, bins, rest, seen)
            if seen[FLAW] and scan.repeats(m.indices, m.indptr, start, stop, m.shape[1]):
                return _flagged(
                    _BlockReader(_canonical(m[start:stop]), labels[start:stop], request)._rows(0, stop - start)
                )
        else:
            scan.rows_dense(m, as_bits(m), start, stop, labels, request.columns, totals, bins, rest, seen)
        return _unpacked(*out, seen=seen, labels=labels[start:stop])

    def by_columns(self, team: Team) -> CellStatistics:
        """Read ranges of compressed columns; more rows than a table of bins takes are read in turns."""
        total, m, n = _empty(self.request), self.block, self.labels.size
        for start in range(0, n, scan.MOST_ROWS):
            some = np.full(n, UNUSED, np.uint16)
            some[start : start + scan.MOST_ROWS] = self.labels[start : start + scan.MOST_ROWS]
            total += self._columns(some, team)
        if total.seen[FLAW] and scan.repeats(m.indices, m.indptr, 0, m.shape[1], n):
            return _flagged(replace(self, block=_canonical(m)).by_columns(team))
        return total

    def _columns(self, labels: Labels, team: Team) -> CellStatistics:
        m, columns = self.block, self.request.columns
        totals, bins, rest = out = tables(self.request.n_groups, columns.size, m.dtype)
        bits = as_bits(m.data)

        def work(a: int, b: int) -> Floats:
            seen: Floats = scan.nothing_seen()
            arrays = m.data, bits, m.indices, m.indptr
            scan.columns_csc(*arrays, columns[a:b], labels, a, totals, bins, rest, seen)
            return seen

        ranges: list[Any] = team.run(work, columns.size)
        return _unpacked(*out, seen=fold(_saw, ranges, scan.nothing_seen()), labels=labels)

    def products(self, first: int, team: Team) -> Products:
        """Products over the cells of the sample; row ``first`` of the whole matrix is the block's first."""
        ends = np.clip(self.request.sample - first, 0, self.labels.size)
        rows = np.concatenate([np.zeros(0, np.int64), *(np.arange(a, b) for a, b in ends)])
        keys, n_genes = self.request.keys, self.request.n_genes

        def work(c: GeneColumns, _: Labels) -> Products:
            return Products.of(c, keys)

        nothing = Products(n_cells=0, sums=np.zeros((n_genes, 2)), keys=keys, shared=np.zeros((keys.size, 4)))
        products: Products = self._added(work, rows, team, start=nothing)
        return products

    def linear(self, team: Team) -> Floats:
        """Sum of exp(x) − 1 per gene and group."""
        shape = self.request.n_genes, self.request.n_groups

        def work(c: GeneColumns, labels: Labels) -> Floats:
            total, number = np.zeros(shape), np.zeros(shape, np.int64)
            data = np.expm1(c.data.astype(np.float64))
            group_kernels.totals(data, c.rows, c.indptr, 0, shape[0], labels, total, number)
            return total

        total: Floats = self._added(work, np.arange(self.labels.size), team, start=np.zeros(shape))
        return total

    def _added(self, work: Callable[[GeneColumns, Labels], Any], rows: Ints, team: Team, *, start: Any) -> Any:
        """Add up ``work`` on the cells in use among these rows, laid out gene-major, a tile per thread at a time."""
        cells, columns = rows[self.labels[rows] != UNUSED], self.request.columns
        step = max(cells.size, 1) if self.csc else _TILE

        def one(a: int, b: int) -> Any:
            some = cells[first + a : first + b]
            block, start = around(self.block, some)
            return work(lay_out(block, cells=some - start, columns=columns, team=ALONE), self.labels[some])

        for first in range(0, cells.size, step * team.workers):
            start = fold(add, team.run(one, min(cells.size - first, step * team.workers), step=step), start)
        return start

    def level(self) -> Floats:
        """Sum over the cells of each group of the mean and of the mean square of all columns."""
        level: Floats = np.zeros((2, self.request.n_groups))
        step = max(self.labels.size, 1) if self.csc else _TILE
        for start in range(0, self.labels.size, step):
            group = self.labels[start : start + step]
            used = group != UNUSED
            for power in (1, 2):
                of_cell = _of_cells(self.block if self.csc else self.block[start : start + step], power)
                level[power - 1] += np.bincount(group[used], of_cell[used], minlength=self.request.n_groups)
        level /= self.block.shape[1]
        return level


def _flagged(part: CellStatistics) -> CellStatistics:
    """Keep in mind that the matrix itself is not sorted."""
    part.seen[FLAW] = 1
    return part


def _canonical(block: Matrix) -> Matrix:
    """Copy with entries that are stored in parts added up; rare, so the copy is paid only then."""
    block = block.copy()
    block.sum_duplicates()
    return block


def _saw(a: Floats, b: Floats) -> Floats:
    """Join what two ranges saw."""
    seen = np.maximum(a, b)
    seen[LOW] = min(a[LOW], b[LOW])
    return seen


def _unpacked(totals: Floats, bins: Counts, rest: Counts, *, seen: Floats, labels: Labels) -> CellStatistics:
    """Return what the kernels wrote of these cells."""
    return CellStatistics(
        sizes=np.bincount(labels[labels != UNUSED], minlength=len(totals)).astype(np.int64),
        total=np.ascontiguousarray(totals[:, :, 0].T),
        expressed=np.ascontiguousarray(totals[:, :, 1].T.astype(np.int64)),
        seen=seen,
        bins=Bins.read(bins, rest, extent=(float(seen[LOW]), float(seen[HIGH]))),
    )


def _empty(request: ReadRequest) -> CellStatistics:
    nothing = tables(request.n_groups, request.n_genes, np.dtype(np.float32))
    return _unpacked(*nothing, seen=scan.nothing_seen(), labels=np.zeros(0, np.uint16))


def _of_cells(block: Matrix, power: int) -> Floats:
    """Sum of the powers of each row, (n_rows,)."""
    if not sparse.issparse(block):
        return np.asarray((block.astype(np.float64) ** power).sum(axis=1))
    values = block.data.astype(np.float64) ** power
    if block.format == "csc":
        return np.bincount(block.indices, values, minlength=block.shape[0]).astype(np.float64, copy=False)
    of_row = np.zeros(block.shape[0])
    full = np.flatnonzero(np.diff(block.indptr))
    if full.size:
        of_row[full] = np.add.reduceat(values, block.indptr[full])
    return of_row
