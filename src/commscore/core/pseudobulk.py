"""Pseudobulk: raw counts of the cells of each sample × group added up, and their log2 counts per million."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce as fold
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ..kernels import pseudobulk as kernels
from .blocks import Blocks
from .log_bias import left_over

if TYPE_CHECKING:
    from ..arrays import Floats, Ints
    from .blocks import Tile
    from .threads import Team

PRIOR = 0.5
_MILLION = 1e6
_LARGE = 16.0  # expected count from which the first-order correction suffices
_BLOCK = 8192


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
        :class:`~commscore.core.blocks.Blocks` of them.
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
        sums = matrix.reduce(_Task(label_of, gene_of, size), team)
    else:
        sums = _sums(matrix, cells, labels, gene_of=gene_of, size=size, team=team)
    n_cells = np.bincount(labels, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        prop = sums.expressed / n_cells[:, None]
    return Pseudobulk(
        sums.total.reshape(*shape, -1), sums.library.reshape(shape), n_cells.reshape(shape),
        prop.reshape(*shape, -1), sums.seen,
    )  # fmt: skip


@dataclass(frozen=True)
class _Sums:
    """Bins × genes, bins × genes, bins, and the bits of what was seen; they add up."""

    total: Floats
    expressed: Floats
    library: Floats
    seen: int

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(
            self.total + other.total, self.expressed + other.expressed, self.library + other.library,
            self.seen | other.seen,
        )  # fmt: skip


def _sums(matrix: Any, cells: Any, labels: Any, *, gene_of: Any, size: tuple[int, int], team: Team) -> _Sums:
    """Add up the cells of a matrix in memory, by ranges that run in threads."""
    work, n = _work(matrix, cells, labels, gene_of=gene_of, size=size)
    parts: list[Any] = team.run(work, n, step=max(1, -(-n // team.workers)))
    nothing = _Sums(np.zeros(size), np.zeros(size), np.zeros(size[0]), 0)
    return fold(add, (_Sums(*part) for part in parts), nothing)


@dataclass(frozen=True)
class _Task:
    """The sums of every tile; ``label_of`` (n_obs) is -1 where a cell takes no part."""

    label_of: Ints
    gene_of: Ints
    size: tuple[int, int]

    def on(self, tile: Tile) -> _TileWork:
        cells = np.flatnonzero(self.label_of[tile.rows] >= 0)
        return _TileWork(cells, self.label_of[tile.rows][cells], self.gene_of[tile.columns], self.size)


@dataclass(frozen=True)
class _TileWork:
    cells: Ints
    labels: Ints
    gene_of: Ints
    size: tuple[int, int]

    def __call__(self, block: Any, team: Team) -> _Sums:
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


def log_cpm(bulk: Pseudobulk, *, min_cells: int, prior: float = PRIOR) -> Floats:
    """Log2 counts per million of each sample × group, n_samples × n_groups × n_genes; see :func:`log_rates`.

    NaN where the sample × group has fewer than ``min_cells`` cells or no counts.
    """
    used = (bulk.n_cells >= min_cells) & (bulk.library > 0)
    library = np.where(used, bulk.library, np.nan)[:, :, None]
    return log_rates(bulk.counts, library, prior=prior)


def log_rates(
    counts: Floats,
    library: Floats,
    *,
    prior: float = PRIOR,
    exact: bool = True,
) -> Floats:
    """Log2 of ``counts`` per million of ``library``, so that depth alone moves nothing.

    log2((count + p + b) / library · 10⁶), where p is ``prior`` times the library over the mean library: the same number
    of counts per million in every sample, as in edgeR's ``cpm`` (doi:10.1093/bioinformatics/btp616). b makes up for the
    concavity of the logarithm, which would otherwise make a gene look lower where fewer counts were read. Given
    the counts of all samples together and no difference but depth, the count of a sample is binomial with its
    share π of the library; with mean m, b = m (1 − π) / (2 (m + p)), which for many samples and large m is
    the ½ of voom (doi:10.1186/gb-2014-15-2-r29). What that leaves of the bias where counts are small is computed
    exactly and taken off, see :mod:`commscore.core.log_bias`.

    Parameters
    ----------
    counts
        Sums, samples on the first axis.
    library
        Their libraries, broadcast against ``counts``; NaN where the sample is missing.
    prior
        Counts added, on average over the samples.
    exact
        Take off what is left of the bias. Costs a sum over counts for every m below 16, too much for
        values that are permuted.
    """
    there = np.isfinite(library)
    n, depth = there.sum(axis=0), np.where(there, library, 0.0).sum(axis=0)
    total = np.where(there, counts, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = library / depth
        added = prior * n * share
        expected = total * share
        bias = expected * (1.0 - share) / (2.0 * (expected + added))
        out = np.asarray(np.log2((counts + added + bias) / library * _MILLION), np.float64)
    if exact:
        small = np.flatnonzero((expected > 0) & (expected < _LARGE))
        total, share, added = (np.broadcast_to(a, expected.shape) for a in (total, share, added))
        flat = out.reshape(-1)
        for some in np.array_split(small, max(1, small.size // _BLOCK)):
            at = np.unravel_index(some, expected.shape)
            flat[some] -= left_over(total[at], share[at], prior=added[at], bias=bias[at])
        out = flat.reshape(out.shape)
    return out
