"""Pseudobulk: raw counts of the cells of each sample × group added up, and their log2 counts per million."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ..kernels import pseudobulk as kernels

if TYPE_CHECKING:
    import numpy.typing as npt

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

    counts: npt.NDArray[np.float64]
    library: npt.NDArray[np.float64]
    n_cells: npt.NDArray[np.int64]
    prop: npt.NDArray[np.float64]
    seen: int


def pseudobulk(
    matrix: Any,
    *,
    cells: npt.NDArray[np.int64],
    sample: npt.NDArray[np.int64],
    group: npt.NDArray[np.int64],
    shape: tuple[int, int],
    columns: npt.NDArray[np.int64],
    team: Team,
) -> Pseudobulk:
    """Add up ``matrix[cells]`` by sample and group, in one pass, without densifying.

    Parameters
    ----------
    matrix
        n_obs × n_vars counts, CSR, CSC, another sparse format, or a 2-D array, of any numeric type.
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
    work, n = _work(matrix, cells, labels, gene_of=gene_of, size=(n_bins, columns.size))
    parts: list[Any] = team.run(work, n, step=max(1, -(-n // team.workers)))
    total, expressed, library, seen = parts[0]
    for more in parts[1:]:
        total += more[0]
        expressed += more[1]
        library += more[2]
        seen |= more[3]
    n_cells = np.bincount(labels, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        prop = expressed / n_cells[:, None]
    return Pseudobulk(
        total.reshape(*shape, -1), library.reshape(shape), n_cells.reshape(shape), prop.reshape(*shape, -1), seen
    )


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


def log_cpm(bulk: Pseudobulk, *, min_cells: int, prior: float = PRIOR) -> npt.NDArray[np.float64]:
    """Log2 counts per million of each sample × group, n_samples × n_groups × n_genes; see :func:`log_rates`.

    NaN where the sample × group has fewer than ``min_cells`` cells or no counts.
    """
    used = (bulk.n_cells >= min_cells) & (bulk.library > 0)
    library = np.where(used, bulk.library, np.nan)[:, :, None]
    return log_rates(bulk.counts, library, prior=prior)


def log_rates(
    counts: npt.NDArray[np.float64],
    library: npt.NDArray[np.float64],
    *,
    prior: float = PRIOR,
    exact: bool = True,
) -> npt.NDArray[np.float64]:
    """Log2 of ``counts`` per million of ``library``, so that depth alone moves nothing.

    log2((count + p + m / (2 (m + p))) / library · 10⁶), where p is ``prior`` times the library over the mean library:
    the same number of counts per million in every sample, as in edgeR's ``cpm`` (doi:10.1093/bioinformatics/btp616).
    m is the count expected from the rate of all samples together; the last summand makes up for the concavity of
    the logarithm (the mean of log(count) lies below the log of the mean by about 1/(2m)), which would otherwise
    make a gene look lower where fewer counts were read. For large m it is ½, as in voom
    (doi:10.1186/gb-2014-15-2-r29). What that leaves of the bias where counts are small is the difference of
    the mean of the logarithm over Poisson counts of mean m from log2(m + p); it is taken off.

    Parameters
    ----------
    counts
        Sums, samples on the first axis.
    library
        Their libraries, broadcast against ``counts``; NaN where the sample is missing.
    prior
        Counts added, on average over the samples.
    exact
        Take off what is left of the bias. Costs a sum over Poisson counts for every m below 16, too much for
        values that are permuted.
    """
    there = np.isfinite(library)
    n, depth = there.sum(axis=0), np.where(there, library, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        added = prior * library * (n / depth)
        expected = np.where(there, counts, 0.0).sum(axis=0) / depth * library
        bias = expected / (2.0 * (expected + added))
        out = np.asarray(np.log2((counts + added + bias) / library * _MILLION), np.float64)
    if exact:
        small = np.flatnonzero((expected > 0) & (expected < _LARGE))
        prior_of = np.broadcast_to(added, expected.shape)
        flat = out.reshape(-1)
        for at in np.array_split(small, max(1, small.size // _BLOCK)):
            flat[at] -= _left_over(expected.ravel()[at], prior_of.ravel()[at], bias.ravel()[at])
        out = flat.reshape(out.shape)
    return out


def _left_over(
    mean: npt.NDArray[np.float64], prior: npt.NDArray[np.float64], bias: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Mean of log2(X + prior + bias) over Poisson X of this mean, less log2(mean + prior)."""
    if mean.size == 0:
        return np.zeros(0)
    added = prior + bias
    largest = float(mean.max())
    mass = np.exp(-mean)
    total = mass * np.log2(added)
    for k in range(1, int(largest + 8.0 * np.sqrt(largest)) + 10):
        mass = mass * (mean / k)
        total += mass * np.log2(k + added)
    return np.asarray(total - np.log2(mean + prior), np.float64)
