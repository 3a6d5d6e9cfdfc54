"""Pseudobulk: raw counts of the cells of each sample × group added up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce as fold
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...kernels import pseudobulk as kernels
from .tiles import Blocks

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ..threads import Team
    from .tiles import Tile


@dataclass(frozen=True)
class Pseudobulk:
    """Sums over cells, samples × groups (× genes).

    ``counts`` (n_samples × n_groups × n_genes) of the genes of the problem, ``library`` (n_samples ×
    n_groups) over all genes of the matrix, ``n_cells`` (n_samples × n_groups), ``prop`` (as ``counts``) the
    fraction of cells with a count, NaN without cells. ``seen`` are the bits of
    :mod:`commscore.kernels.pseudobulk` over all values.
    """

    counts: Floats
    library: Floats
    n_cells: Ints
    prop: Floats
    seen: int


def pseudobulk(
    matrix: Any,
    *,
    cells: Ints,
    sample: Ints,
    group: Ints,
    shape: tuple[int, int],
    columns: Ints,
    team: Team,
) -> Pseudobulk:
    """Add up ``matrix[cells]`` by sample and group, in one pass, without densifying.

    Parameters
    ----------
    matrix
        n_obs × n_vars counts, CSR, CSC, another sparse format, or a 2-D array, of any numeric type; or
        :class:`~commscore.core.read.tiles.Blocks` of them.
    cells, sample, group
        Positions of the cells in the matrix, and of each the number of its sample and its group.
    shape
        Number of samples and of groups.
    columns
        Positions of the genes of the problem; the library is over all columns.
    team
        Threads to use; they do not change the result.
    """
    n_bins = shape[0] * shape[1]
    labels = sample * shape[1] + group
    gene_of = np.full(matrix.shape[1], -1, np.int64)
    gene_of[columns] = np.arange(columns.size)
    size = (n_bins, columns.size)
    if isinstance(matrix, Blocks):
        label_of = np.full(matrix.shape[0], -1, np.int64)
        label_of[cells] = labels
        sums = matrix.reduce(_BulkTask(label_of, gene_of, size), team)
    else:
        sums = _sums(matrix, cells, labels, gene_of=gene_of, size=size, team=team)
    n_cells = np.bincount(labels, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        prop = sums.expressed / n_cells[:, None]
    return Pseudobulk(
        sums.total.reshape(*shape, -1),
        sums.library.reshape(shape),
        n_cells.reshape(shape),
        prop.reshape(*shape, -1),
        sums.seen,
    )


@dataclass(frozen=True)
class _BulkSums:
    """Bins × genes, bins × genes, bins, and the bits of what was seen; they add up."""

    total: Floats
    expressed: Floats
    library: Floats
    seen: int

    def __add__(self, other: _BulkSums) -> _BulkSums:
        return _BulkSums(
            self.total + other.total,
            self.expressed + other.expressed,
            self.library + other.library,
            self.seen | other.seen,
        )


def _sums(matrix: Any, cells: Any, labels: Any, *, gene_of: Any, size: tuple[int, int], team: Team) -> _BulkSums:
    """Add up the cells of a matrix in memory, by ranges that run in threads."""
    work, n = _work(matrix, cells, labels, gene_of=gene_of, size=size)
    parts: list[Any] = team.run(work, n, step=max(1, -(-n // team.workers)))
    nothing = _BulkSums(np.zeros(size), np.zeros(size), np.zeros(size[0]), 0)
    return fold(add, (_BulkSums(*part) for part in parts), nothing)


@dataclass(frozen=True)
class _BulkTask:
    """The sums of every tile; ``label_of`` (n_obs) is -1 where a cell takes no part."""

    label_of: Ints
    gene_of: Ints
    size: tuple[int, int]

    def on(self, tile: Tile) -> _BulkWork:
        cells = np.flatnonzero(self.label_of[tile.rows] >= 0)
        return _BulkWork(cells, self.label_of[tile.rows][cells], self.gene_of[tile.columns], self.size)


@dataclass(frozen=True)
class _BulkWork:
    cells: Ints
    labels: Ints
    gene_of: Ints
    size: tuple[int, int]

    def __call__(self, block: Any, team: Team) -> _BulkSums:
        return _sums(block, self.cells, self.labels, gene_of=self.gene_of, size=self.size, team=team)


def _work(matrix: Any, cells: Any, labels: Any, *, gene_of: Any, size: tuple[int, int]) -> tuple[Any, int]:
    """Return the work on a range of rows (or of columns), with its own sums, and the length of all ranges."""

    def empty() -> tuple[Any, Any, Any]:
        return np.zeros(size), np.zeros(size), np.zeros(size[0])

    if sparse.issparse(matrix) and matrix.format == "csc":
        label_of = np.full(matrix.shape[0], -1, np.int64)
        label_of[cells] = labels

        def of_columns(a: int, b: int) -> Any:
            out = empty()
            seen = kernels.add_csc(matrix.data, matrix.indices, matrix.indptr, a, b, label_of, gene_of, *out)
            return *out, int(seen)

        return of_columns, matrix.shape[1]
    rows: Any = matrix.tocsr() if sparse.issparse(matrix) else np.asarray(matrix)

    def of_rows(a: int, b: int) -> Any:
        out = empty()
        if sparse.issparse(rows):
            seen = kernels.add_csr(rows.data, rows.indices, rows.indptr, cells[a:b], labels[a:b], gene_of, *out)
        else:
            seen = kernels.add_dense(rows, cells[a:b], labels[a:b], gene_of, *out)
        return *out, int(seen)

    return of_rows, cells.size
