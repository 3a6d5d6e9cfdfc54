"""Log2 counts per million of pseudobulks, free of the bias that depth gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..stats.log_bias import PRIOR, added, left_over

if TYPE_CHECKING:
    from ..arrays import Floats
    from .read.pseudobulk import Pseudobulk

_MILLION = 1e6
_LARGE = 16.0  # expected count from which the first-order correction suffices
_BLOCK = 8192


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
    exactly and taken off, see :mod:`commscore.stats.log_bias`.

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
        expected = total * share
        of_library, bias = added(expected, share, n=n, prior=prior)
        out = np.asarray(np.log2((counts + of_library + bias) / library * _MILLION), np.float64)
    if exact:
        small = np.flatnonzero((expected > 0) & (expected < _LARGE))
        total, share, of_library = (np.broadcast_to(a, expected.shape) for a in (total, share, of_library))
        flat = out.reshape(-1)
        for some in np.array_split(small, max(1, small.size // _BLOCK)):
            at = np.unravel_index(some, expected.shape)
            flat[some] -= left_over(total[at], share[at], prior=of_library[at], bias=bias[at])
        out = flat.reshape(out.shape)
    return out
