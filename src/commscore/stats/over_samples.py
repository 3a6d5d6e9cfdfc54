"""Whether an excess that every sample shows with its own precision recurs from sample to sample.

Every row has in every sample an excess d over what permuted labels of that sample give, and its variance v under them.
Between samples it varies by τ² more, a trend of the row's level (DerSimonian & Laird's moments,
doi:10.1016/0197-2456(86)90046-2, averaged over rows that are alike, before they are cut off at zero). Weights
1/(v + τ²) give the mean and the residual variance about it, which is moderated as other variances are
(Smyth 2004, doi:10.2202/1544-6115.1027); the t-test is one-sided. The residual variance, and not the weights alone,
makes the standard error (Hartung & Knapp 2001, doi:10.1002/sim.791), so that a wrong τ² costs power and not validity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from commscore.kernels import excess as kernels

from .variance import RowVariances, Tail, moderate

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints

_BINS = 10
_SAME_LEVEL = 1e-9
_ROWS_PER_BIN = 100
_INDEPENDENT = 25
"""Rows that share samples, genes and groups tell no more of a common variance than so many that share nothing."""
_LEAST_SHARE = 0.25  # of a row's mean variance: a sample in which a gene hardly varies is not that much surer
_LEAST = 1e-8
_TINY = 1e-300


@dataclass(frozen=True)
class SampleExcess:
    """Per row and sample (n_rows × n_samples): ``excess``, its ``variance``, and whether the sample is ``used``.

    ``level`` (n_rows,) is the mean of what permuted labels give, over the samples.
    """

    excess: Floats
    variance: Floats
    used: Bools
    level: Floats

    def within_reach(self, reach: Floats) -> SampleExcess:
        """Count what is above zero in proportion to ``reach``, 0 to 1, (n_rows × n_samples) of the weaker side.

        One side alone would make an excess in samples in which the other is hardly expressed. No value grows by this;
        rates under labels without meaning fall (benchmarks/README_samples.md).
        """
        out = self.excess.copy()
        np.multiply(out, reach, out=out, where=out > 0)
        return replace(self, excess=out)

    @property
    def n(self) -> Ints:
        """Samples of each row."""
        return np.asarray(self.used.sum(axis=1), np.int64)

    @property
    def n_positive(self) -> Ints:
        """Samples of each row with an excess above zero."""
        return np.asarray((self.used & (self.excess > 0)).sum(axis=1), np.int64)


@dataclass(frozen=True)
class SampleTest:
    """Per row: precision-weighted ``mean`` excess, its standard error, one-sided p, and the fit's own numbers.

    ``between`` is τ² of each row, ``prior_df`` what rows lend each other.
    """

    mean: Floats
    se: Floats
    pvalue: Floats
    between: Floats
    prior_df: float


def test_excess(rows: SampleExcess) -> SampleTest:
    """Test every row that has two samples or more; one with a single sample has a mean and no more."""
    n, least = rows.n, _least_variance(rows)
    between = variance_between(rows, least)
    total, mean, squares = (np.empty(n.size) for _ in range(3))
    kernels.weighted(rows.excess, rows.variance, rows.used, least, between, total, mean, squares)
    df = np.maximum(n - 1, 0).astype(np.float64)
    several = n >= 2
    residual = np.where(several, np.maximum(squares / np.maximum(df, 1.0), _LEAST), np.nan)
    posterior, tail, prior_df = _moderated(residual, df, rows.level)
    se = np.where(several, np.sqrt(posterior / np.maximum(total, _TINY)), np.nan)
    pvalue = one_sided(mean / se, tail)
    return SampleTest(mean, se, np.where(several, pvalue, np.nan), between, prior_df)


def one_sided(t: Floats, tail: Tail) -> Floats:
    """P-value of an excess from the two-sided tail."""
    two = tail.pvalue(np.nan_to_num(t))
    return np.asarray(np.where(t > 0, 0.5 * two, 1.0 - 0.5 * two), np.float64)


def _least_variance(rows: SampleExcess) -> Floats:
    """Return what no variance of a row counts as less than: a quarter of their mean."""
    out = np.empty(len(rows.used))
    kernels.least_variance(rows.variance, rows.used, _LEAST_SHARE, 1e-30, out)
    return out


def variance_between(rows: SampleExcess, least: Floats) -> Floats:
    """τ² of every row: the moment estimates of rows of like level, averaged, and interpolated between their means.

    No variance of a row counts as less than ``least`` (n_rows,).
    """
    several = np.flatnonzero(rows.n >= 2)
    if not several.size:
        return np.zeros(least.size)
    moment = np.empty(least.size)
    kernels.moments_between(rows.excess, rows.variance, rows.used, least, moment)
    moment, level = moment[several], rows.level[several]
    order = np.argsort(level, kind="stable")
    bins = np.split(order, _cuts(level[order], int(np.clip(order.size // _ROWS_PER_BIN, 1, _BINS))))
    middle = np.array([level[b].mean() for b in bins])
    value = np.array([max(moment[b].mean(), 0.0) for b in bins])
    return np.asarray(np.interp(rows.level, middle, value), np.float64)


def _cuts(ascending: Floats, n: int) -> Ints:
    """Where to cut rows into ``n`` bins of like size: between two levels, so that the order of equal ones is no matter.

    All pairs of groups have one level in an interaction. Levels that differ by rounding are equal.
    """
    even = np.linspace(0, ascending.size, n + 1).astype(np.int64)[1:-1]
    cuts = np.searchsorted(ascending, ascending[even] - _SAME_LEVEL)
    return np.unique(cuts[cuts > 0])


def _moderated(variance: Floats, df: Floats, level: Floats) -> tuple[Floats, Tail, float]:
    """Moderate residual variances with a trend of the level; return them, their tail and the prior's df."""
    known = np.isfinite(variance)
    rows = RowVariances(variance[None], np.where(known, df, 0.0)[None], level[None], known[None])
    ceiling = _INDEPENDENT * float(np.max(df, initial=1.0))
    moderated = moderate(rows, robust=False, ceiling=ceiling)
    return moderated.variance[0], moderated.tail(0), moderated.common_df
