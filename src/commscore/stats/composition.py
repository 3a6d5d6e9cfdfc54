"""Composition factors: what libraries have to be multiplied with so that one dominant gene moves no other.

A library is a sum: where a gene rises from 5 to 30 % of all counts, every other gene falls by a quarter with nothing
happening to it. A trimmed mean of log ratios over many genes sees that fall, for most genes do not change, and the
library times 2 to that mean (the effective library) takes it off again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr

if TYPE_CHECKING:
    from ..arrays import Bools, Floats

TRIM_RATIO, TRIM_LEVEL = 0.3, 0.05
"""Share of the genes left out at each end of the log ratios, and of the levels of expression."""
LOWEST_LEVEL = -1e10
"""Mean log2 share of a sample and the reference above which a gene counts, in the published factors."""
LEAST_COUNTS = 5
"""Counts in all samples together from which a gene tells something."""
LEAST_EXPECTED, ENOUGH, FEWEST = 1.0, 100, 10
"""Counts expected in the sample; genes with that many that suffice; genes without which there is no factor."""
_GENE_VARIANCE = 0.05  # of a gene's log2 ratio, beside that of counting
_TRIMMED_VARIANCE = 0.6  # of the weighted trimmed mean, times the sum of weights
_CENTRE = 0.25
"""What is added to expected counts where 1/2 is added to counts, so that depth moves no trimmed mean: log counts are
skewed, and what is left after trimming lies between their mean, log2(expected), and log2(expected + 1/2)."""
_NOTHING = 1e-6  # log2 ratio below which a sample equals the reference
_COUNTING = 1.0 / np.log(2.0) ** 2


@dataclass(frozen=True)
class PooledFactors:
    """Log2 composition factors of samples, (n_samples,) each; 0 is the mean of the samples.

    ``shrunk`` to their mean as far as they are unsure, which is what libraries are to be multiplied with (2 to it);
    ``unshrunk``; ``se`` the standard error of the latter, infinite where too few genes tell anything.
    """

    shrunk: Floats
    unshrunk: Floats
    se: Floats


def pooled_factors(counts: Floats, library: Floats) -> PooledFactors:
    """Compare each sample with all samples together, and shrink what counting alone may have made.

    Of the genes with one expected count or more (the :data:`ENOUGH` with the most if there are fewer), the log2 ratio
    of the count to the expected one is averaged after the :data:`TRIM_RATIO` of the genes with the lowest and highest
    ratios and the :data:`TRIM_LEVEL` with the lowest and highest expectations are left out; weights are 1 / (variation
    of genes + counting). With fewer than :data:`FEWEST` genes the factor is 0. The pool as the reference gives all
    samples the same genes to be compared with, deep ones most of them, and shrinking keeps the error of shallow samples
    out of their libraries.

    Parameters
    ----------
    counts
        (n_samples, n_genes), all genes that were counted.
    library
        (n_samples,) total counts, above 0.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.tile(np.linspace(50, 500, 200), (2, 1))
    >>> counts[1, 0] = counts[0].sum()  # half of the second sample is one gene
    >>> pooled_factors(counts, counts.sum(axis=1)).unshrunk.round(2)
    array([ 0.5, -0.5])
    """
    used = counts.sum(axis=0) >= LEAST_COUNTS
    counts, library = counts[:, used], np.asarray(library, np.float64)
    factor, se = np.zeros(library.size), np.full(library.size, np.inf)
    if counts.shape[1] < FEWEST:
        return PooledFactors(factor, factor, se)
    rate = counts.sum(axis=0) / library.sum()
    for sample in range(library.size):
        factor[sample], se[sample] = _against_pool(counts[sample], rate * library[sample])
    known = np.isfinite(se)
    if known.sum() < 2:
        return PooledFactors(np.zeros(library.size), np.zeros(library.size), se)
    away = np.where(known, factor - factor[known].mean(), 0.0)
    between = max(float(away[known].var(ddof=1) - (se[known] ** 2).mean()), 0.0)
    # twice infinite is zero: a sample of which nothing is known has the mean; without any error all is between samples
    error = np.where(known, se, np.inf) ** 2
    return PooledFactors(away * (between / np.maximum(between + error, np.finfo(np.float64).tiny)), away, se)


def _against_pool(count: Floats, expected: Floats) -> tuple[float, float]:
    """Return the weighted trimmed mean of log2 ratios of one sample and its standard error."""
    enough = expected >= LEAST_EXPECTED
    if enough.sum() < ENOUGH:
        n = min(ENOUGH, expected.size)
        enough = expected >= np.partition(expected, -n)[-n]  # genes that tie with the last come, too
    ratio = np.log2((count[enough] + 0.5) / (expected[enough] + _CENTRE))
    expected = expected[enough] + 0.5
    kept = _within(ratio, TRIM_RATIO) & _within(expected, TRIM_LEVEL)
    if not kept.any():
        return 0.0, np.inf
    weight = 1.0 / (_GENE_VARIANCE + _COUNTING / expected[kept])
    total = float(weight.sum())
    return float((weight * ratio[kept]).sum()) / total, float(np.sqrt(_TRIMMED_VARIANCE / total))


def tmm_factors(counts: Floats, library: Floats) -> Floats:
    """Compute the published factors (Robinson & Oshlack 2010, doi:10.1186/gb-2010-11-3-r25), whose product is 1.

    Every sample is compared with one of them, that whose upper quartile of shares is nearest to the mean of all.
    :func:`pooled_factors` is what comparisons use.

    Parameters
    ----------
    counts
        (n_samples, n_genes).
    library
        (n_samples,) total counts.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.tile(np.linspace(50, 500, 200), (2, 1))
    >>> counts[1, 0] = counts[0].sum()
    >>> tmm_factors(counts, counts.sum(axis=1)).round(2)
    array([1.41, 0.71])
    """
    counts, library = np.asarray(counts, np.float64), np.asarray(library, np.float64)
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] == 0 or library.size < 2:
        return np.ones(library.size)
    quartile = np.quantile(counts, 0.75, axis=1) / library
    reference = int(np.argmin(np.abs(quartile - quartile.mean())))
    shares = counts / library[:, None]
    with np.errstate(divide="ignore"):
        logs, variance = np.log2(shares), (1.0 - shares) / counts
    factor = np.zeros(library.size)
    for sample in range(library.size):
        both = (counts[[sample, reference]] > 0).all(axis=0)
        both &= 0.5 * (logs[sample] + logs[reference]) > LOWEST_LEVEL
        ratio = np.log2(shares[sample, both] / shares[reference, both])  # 1 of 2 ties with 2 of 4
        level = logs[sample, both] + logs[reference, both]
        if np.abs(ratio).max(initial=0.0) < _NOTHING:
            continue
        kept = _within(ratio, TRIM_RATIO) & _within(level, TRIM_LEVEL)
        weight = 1.0 / (variance[sample, both] + variance[reference, both])[kept]
        factor[sample] = (weight * ratio[kept]).sum() / weight.sum() if kept.any() else 0.0
    return np.asarray(2.0 ** (factor - factor.mean()), np.float64)


def _within(values: Floats, share: float) -> Bools:
    """Mark values whose rank is not among the ``share`` lowest or highest; equal values share the mean of their ranks.

    So what is kept does not depend on the order of the genes.
    """
    n = values.size
    cut = int(n * share)
    first, last = cut + 1, n - cut  # ranks that stay, from 1
    low, high = np.partition(values, [cut, n - cut - 1])[[cut, n - cut - 1]]
    kept = np.asarray((values > low) & (values < high), np.bool_)
    for edge in (low, high):
        equal = values == edge
        rank = (values < edge).sum() + 0.5 * (equal.sum() + 1)
        if first <= rank <= last:
            kept |= equal
    return kept


def difference_of_means(first: Floats, second: Floats) -> tuple[float, float]:
    """Mean of the second minus that of the first and its two-sided p-value, by Student's t; 1 without replicates.

    Examples
    --------
    >>> import numpy as np
    >>> difference, pvalue = difference_of_means(np.array([0.0, 0.1, 0.2]), np.array([1.0, 1.1, 1.2]))
    >>> round(difference, 6), round(pvalue, 6)
    (1.0, 0.000255)
    """
    df = first.size + second.size - 2
    if min(first.size, second.size) < 2:
        return 0.0, 1.0
    difference = float(second.mean() - first.mean())
    within = sum(float(((x - x.mean()) ** 2).sum()) for x in (first, second)) / df
    se = np.sqrt(within * (1.0 / first.size + 1.0 / second.size))
    if se == 0.0:
        return difference, 0.0 if difference else 1.0
    return difference, float(2.0 * stdtr(df, -abs(difference) / se))
