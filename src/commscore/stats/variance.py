"""Moderated variances: what rows lend each other, and the tails of the t-statistics made with them.

Residual variances get a scaled inverse chi-squared prior (Smyth 2004, doi:10.2202/1544-6115.1027), with a trend and a
level for every group of cells, fitted by plain or by robust moments of their logarithms, the latter in the spirit of
Phipson et al. (2016, doi:10.1214/16-AOAS920). Beyond them, a gene that varies much in one group varies much in others,
too: the prior of a row takes over from the same gene's variances elsewhere what they have in common, less what they
share because the same donors were measured. A gene whose variances no such prior describes, as one that some donors
lack, keeps its own in all groups. The tails of the t-statistics stay as heavy as a row's own few degrees of freedom ask
for (:class:`Tail`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, chdtri, digamma, fdtrc, fdtri, ndtr, ndtri, polygamma, stdtr, stdtrit

from .multiple import benjamini_hochberg

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints

_KNOTS = 5
_ROWS_PER_KNOT = 30
_ROUNDS = 3
_LEVEL_TAILS = (0.05, 0.95)
_SPREAD_TAILS = (0.05, 0.90)
_NO_TAILS = (0.0, 1.0)
_CANDIDATES = np.geomspace(0.3, 300.0, 40)
_MARGIN = 1.3
_OUTLYING = 0.05  # expected number of rows that are taken as outlying by chance; false discovery rate of such genes
_EXTREME = 3.0  # normal deviate that no row of a gene falls below: a row of few counts may not vary at all
_LEAST_VARIANCE = 1e-6  # of a log variance
_FLOOR = 1e-5  # of the median: a variance of exactly zero has no logarithm
_BINS = 5
_UNIFORM = (np.arange(400) + 0.5) / 400
_FEWEST = 3  # rows that a prior is made of
_HALVINGS = 40
_LEAST_DF = 1e-9
_HARDLY = 1e-12  # variance of a log variance
OUTSIDE = 0.05
"""Intervals leave this much out, whatever level decisions are made at."""


@dataclass(frozen=True)
class Tail:
    """Null distribution of a moderated t: Student's with the degrees of freedom of prior and row, or of the row alone.

    ``df`` with the prior; ``own`` without it, of weight ``doubt``: n rows that agree with a prior cannot exclude that
    one in n does not follow it. At ordinary levels this changes nothing; far out it keeps the p-values of a few
    samples from being those of a normal distribution.
    """

    df: Floats
    own: Floats
    doubt: float

    def take(self, rows: Ints | slice) -> Tail:
        """Take some of the rows."""
        return Tail(self.df[rows], self.own[rows], self.doubt)

    def pvalue(self, t: Floats) -> Floats:
        """Two-sided p-value."""
        with_prior, alone = (2.0 * stdtr(df, -np.abs(t)) for df in (self.df, self.own))
        return np.asarray((1.0 - self.doubt) * with_prior + self.doubt * alone, np.float64)

    def ratio_pvalue(self, ratio: Floats, df: float) -> Floats:
        """P-value of a mean of ``df`` squares over the variance."""
        with_prior, alone = (fdtrc(df, own, ratio) for own in (self.df, self.own))
        return np.asarray((1.0 - self.doubt) * with_prior + self.doubt * alone, np.float64)

    def quantile(self, alpha: float) -> Floats:
        """|t| whose two-sided p-value is ``alpha``, by bisection of its logarithm: few degrees of freedom reach far."""
        low, high = (-stdtrit(df, alpha / 2.0) for df in (self.df, self.own))
        for _ in range(_HALVINGS if np.any(self.df != self.own) else 0):
            middle = np.sqrt(low) * np.sqrt(high)
            beyond = self.pvalue(middle) < alpha
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return np.asarray(np.sqrt(low) * np.sqrt(high), np.float64)


@dataclass(frozen=True)
class RowVariances:
    """Residual variances of all groups × rows.

    Attributes
    ----------
    variance, df
        (n_groups, m); NaN or df 0 where there is none.
    level
        (n_groups, m): log2 mean count, along which the trend runs.
    shaping
        (n_groups, m): the rows that may shape the prior.
    spread_df
        (n_groups, m): degrees of freedom that say how much sampling spreads the variances, where these are more than
        what a row may claim; None where they are ``df``.
    """

    variance: Floats
    df: Floats
    level: Floats
    shaping: Bools
    spread_df: Floats | None = None


@dataclass(frozen=True)
class ModeratedVariances:
    """(n_groups, m) each: moderated variances, prior variances and degrees of freedom, and the tails' degrees.

    The prior has ``inf`` degrees of freedom where all rows agree, 0 where there is none; ``common_df`` are those of a
    prior that nothing was lent to.

    ``total`` are the degrees of freedom of a moderated t, ``own`` those of the row alone (see
    :class:`~commscore.stats.variance.Tail`), ``doubt`` the weight of the latter.
    """

    variance: Floats
    prior: Floats
    prior_df: Floats
    total: Floats
    own: Floats
    doubt: float
    common_df: float

    def tail(self, group: int) -> Tail:
        """Null distribution of the t-statistics of a group's rows."""
        return Tail(self.total[group], self.own[group], self.doubt)


def moderate(
    rows: RowVariances, correlation: Floats | None = None, *, robust: bool = True, ceiling: float | None = None
) -> ModeratedVariances:
    """Fit the prior to all groups and moderate their variances.

    Parameters
    ----------
    rows
        Residual variances.
    correlation
        (n_groups, n_groups) mean squared correlation of the residuals of one gene in two groups, which share donors;
        None where there are no shared donors.
    robust
        Winsorise what levels and degrees of freedom of the prior are made of, with a margin for what the latter may
        be off: for many rows, some of which are outlying. Plain moments are those of Smyth (2004), for a few rows.
    ceiling
        Degrees of freedom of all rows of a group together: no moderated row may claim more. None for their sum.
    """
    known = np.isfinite(rows.variance) & (rows.df > 0)
    half = np.where(known, rows.df, 1.0) / 2.0
    shape = known & rows.shaping
    if robust:
        shape &= rows.df >= 0.5 * (np.median(rows.df[shape]) if shape.any() else 0.0)
    if shape.sum() < _FEWEST or not (rows.variance[shape] > 0).any():
        return _alone(rows, known)
    floor = _FLOOR * np.median(rows.variance[shape])
    logs = np.log(np.maximum(np.where(known, rows.variance, 1.0), floor)) - digamma(half) + np.log(half)
    base, rank = _base(logs, rows.level, shape, tails=_LEVEL_TAILS if robust else _NO_TAILS)
    residual = np.where(known, logs - base, 0.0)
    sampling = np.where(known, polygamma(1, half), np.inf)
    if robust:
        spread = _robust_spread(residual[shape], (rows.df if rows.spread_df is None else rows.spread_df)[shape])
        spread += _MARGIN * float(sampling[shape].mean()) * np.sqrt(2.0 / shape.sum())
        spread = max(spread, _LEAST_VARIANCE)
    else:
        spread = _plain_spread(residual[shape], sampling[shape], rank=rank)
        if not spread and rank == 1:  # one variance for all, estimated by the mean; a trend has the logarithms only
            base = np.full(base.shape, np.log(rows.variance[shape].mean()))
    likeness = _likeness(residual, sampling, known=known, shape=shape, spread=spread, correlation=correlation)
    lent = _borrow(residual, likeness, known=known)
    common_df = float(_prior_df(np.array(spread)))
    prior = _Prior(base + lent.shift, lent.width, lent.covariance, n_rows=int(shape.sum()), common_df=common_df)
    apart = np.zeros(known.shape, bool)
    if robust:
        ratio = np.where(known, rows.variance, 0.0) / _prior_variance(base, np.full(base.shape, common_df))
        apart = known & _outlying_genes(_upper_tail(ratio, rows.df, common_df), known, likeness)
    return _moderate(rows, known, prior, ceiling=ceiling, apart=apart)


def moderate_rows(
    variance: Floats, df: Floats, *, shaping: Bools | None = None, ceiling: float | None = None
) -> tuple[Floats, Tail]:
    """Moderate the variances of a few rows of one kind, by plain moments; return them and the null of their t.

    Parameters
    ----------
    variance, df
        (m,) residual variances and their degrees of freedom, 0 where there is none.
    shaping
        (m,) the rows that may shape the prior; None for all whose variance is not zero.
    ceiling
        As for :func:`moderate`.

    Examples
    --------
    >>> import numpy as np
    >>> variance = np.array([0.5, 1.0, 1.5, 2.0])
    >>> moderated, tail = moderate_rows(variance, np.full(4, 3.0))
    >>> moderated.tolist(), tail.df.tolist()  # no more apart than chance makes them
    ([1.25, 1.25, 1.25, 1.25], [12.0, 12.0, 12.0, 12.0])
    """
    shaping = variance > 0 if shaping is None else shaping
    rows = RowVariances(variance[None], df[None], np.zeros((1, variance.size)), shaping[None])
    moderated = moderate(rows, robust=False, ceiling=ceiling)
    return moderated.variance[0], moderated.tail(0)


def _alone(rows: RowVariances, known: Bools) -> ModeratedVariances:
    """Too few rows for a prior: every row keeps to itself."""
    variance = np.where(known, rows.variance, np.nan)
    df = np.where(known, rows.df, 0.0)
    own = np.maximum(df, 1e-9)
    return ModeratedVariances(variance, variance, np.zeros(df.shape), own, own, 0.0, 0.0)


def _base(logs: Floats, level: Floats, shape: Bools, *, tails: tuple[float, float]) -> tuple[Floats, int]:
    """Trend over all groups and the level of each, (n_groups, m), and how many coefficients they have."""
    basis = _spline(level, level[shape])
    used = basis[shape]
    group = np.asarray(np.nonzero(shape)[0], np.int64)
    n_groups = logs.shape[0]
    e, offset = logs[shape], np.zeros(n_groups)
    for _ in range(_ROUNDS):
        coef = np.linalg.lstsq(used, e - offset[group], rcond=None)[0]
        rest = e - used @ coef
        offset = _levels(rest, group, n_groups, tails=tails)
    return np.asarray(basis @ coef + offset[:, None], np.float64), basis.shape[-1] + n_groups - 1


def _levels(rest: Floats, group: Ints, n_groups: int, *, tails: tuple[float, float]) -> Floats:
    """Winsorised means of the groups, shrunk to the common one if there are more than two groups."""
    own, error = np.zeros(n_groups), np.full(n_groups, np.inf)
    for k in range(n_groups):
        mine = rest[group == k]
        if mine.size:
            clipped = np.clip(mine, *np.quantile(mine, tails))
            own[k], error[k] = clipped.mean(), max(clipped.var(), 1e-12) / mine.size
    there = np.isfinite(error)
    if there.sum() == 0:
        return own
    common = float(own[there].mean())
    if there.sum() <= 2:
        return np.where(there, own, common)
    between = max(float(own[there].var(ddof=1) - error[there].mean()), 0.0)
    trust = np.where(there, between / (between + np.where(there, error, 1.0)), 0.0)
    return np.asarray(common + trust * (own - common), np.float64)


def _spline(level: Floats, shaping: Floats) -> Floats:
    """Natural cubic splines (…, basis) over the range of the shaping rows, constant beyond it."""
    x = np.clip(np.nan_to_num(level), shaping.min(), shaping.max())
    n_knots = int(np.clip(shaping.size // _ROWS_PER_KNOT, 0, _KNOTS))
    knots = np.unique(np.quantile(shaping, np.linspace(0.0, 1.0, n_knots))) if n_knots >= 3 else np.zeros(0)
    if knots.size < 3:
        return np.ones((*x.shape, 1))
    span = knots[-1] - knots[0]
    cubes = np.maximum(x[..., None] - knots, 0.0) ** 3 / span**2
    slope = (cubes[..., :-1] - cubes[..., -1:]) / (knots[-1] - knots[:-1])
    linear = ((x - knots[0]) / span)[..., None]
    return np.concatenate([np.ones_like(linear), linear, slope[..., :-1] - slope[..., -1:]], axis=-1)


def _plain_spread(residual: Floats, sampling: Floats, *, rank: int) -> float:
    """Variance of the log variances themselves: trigamma(d0 / 2), 0 where sampling explains all."""
    return max(float(np.sum(residual**2) / max(residual.size - rank, 1) - sampling.mean()), 0.0)


def _robust_spread(residual: Floats, df: Floats) -> float:
    """Estimate the same without the outlying rows.

    The variance of the residuals, winsorised, is set equal to that of log F(d, d0), winsorised likewise: so outlying
    rows have no say, and it costs no assumption about how many there are.
    """
    seen = _winsorised_variance(residual)
    edges = np.quantile(df, np.linspace(0.0, 1.0, _BINS + 1))
    typical = np.unique(np.round(0.5 * (edges[1:] + edges[:-1]), 3))
    expected = np.array([_expected(typical, d0) for d0 in _CANDIDATES])
    least = _expected(typical, np.inf)
    if seen <= least:
        return 0.0
    # the variance falls with d0; interpolated in trigamma, which it is nearly linear in
    spread = polygamma(1, np.append(_CANDIDATES, 1e12) / 2.0)
    variances = np.append(expected, least)
    order = np.argsort(variances)
    return float(np.interp(seen, variances[order], spread[order]))


def _winsorised_variance(values: Floats) -> float:
    return float(np.clip(values, *np.quantile(values, _SPREAD_TAILS)).var())


def _expected(df: Floats, prior_df: float) -> float:
    parts = []
    for d in df:
        ratio = chdtri(d, 1.0 - _UNIFORM) / d if np.isinf(prior_df) else fdtri(d, prior_df, _UNIFORM)
        parts.append(np.log(np.maximum(ratio, 1e-300)) - digamma(d / 2.0) + np.log(d / 2.0))
    return _winsorised_variance(np.concatenate(parts))


@dataclass(frozen=True)
class _Likeness:
    """What the log variances of one gene in two groups have in common.

    Attributes
    ----------
    common
        Their covariance beyond what shared donors make.
    spread
        Variance of log variances themselves.
    root
        (n_groups, m) standard errors of log variances, 0 where there is none.
    rho
        (n_groups, n_groups) mean squared correlation of the residuals.
    """

    common: float
    spread: float
    root: Floats
    rho: Floats


def _likeness(
    residual: Floats, sampling: Floats, *, known: Bools, shape: Bools, spread: float, correlation: Floats | None
) -> _Likeness:
    n_groups = residual.shape[0]
    rho = np.zeros((n_groups, n_groups)) if correlation is None else correlation
    root = np.sqrt(np.where(known, sampling, 0.0))
    return _Likeness(_common(residual, root, shape=shape, rho=rho, spread=spread), spread, root, rho)


@dataclass(frozen=True)
class _Lent:
    """What other groups say of a row's log variance: shift of its mean, variance left, covariance with its own."""

    shift: Floats
    width: Floats
    covariance: Floats


def _borrow(residual: Floats, likeness: _Likeness, *, known: Bools) -> _Lent:
    n_groups, m = residual.shape
    common, spread, root, rho = likeness.common, likeness.spread, likeness.root, likeness.rho
    shift, left, covariance = np.zeros((n_groups, m)), np.full((n_groups, m), spread), np.zeros((n_groups, m))
    if common <= 0.0:
        return _Lent(shift, left, covariance)
    for k in range(n_groups):
        others = np.flatnonzero(np.arange(n_groups) != k)
        lending = known[others].T
        errors = root[others].T
        matrix = common + rho[np.ix_(others, others)] * errors[:, :, None] * errors[:, None, :]
        matrix *= lending[:, :, None] & lending[:, None, :]
        diagonal = np.where(lending, spread + errors**2, 1.0)
        place = np.arange(others.size)
        matrix[:, place, place] = diagonal
        weight = common * np.linalg.solve(matrix, lending.astype(np.float64)[:, :, None])[:, :, 0]
        weight = np.where(lending, weight, 0.0)
        shift[k] = (weight * residual[others].T).sum(axis=1)
        left[k] = np.maximum(spread - common * weight.sum(axis=1), _LEAST_VARIANCE)
        covariance[k] = (weight * rho[k, others] * errors).sum(axis=1) * root[k]
    return _Lent(shift, left, covariance)


def _common(residual: Floats, root: Floats, *, shape: Bools, rho: Floats, spread: float) -> float:
    """Covariance of the log variances of one gene in two groups, beyond what shared donors make."""
    e, t = np.where(shape, residual, 0.0), np.where(shape, root, 0.0)
    both = shape.astype(np.float64) @ shape.T.astype(np.float64)
    product = e @ e.T - rho * (t @ t.T)
    upper = np.triu_indices(residual.shape[0], 1)
    n = both[upper].sum()
    return float(np.clip(product[upper].sum() / n, 0.0, spread)) if n else 0.0


def _outlying_genes(pvalue: Floats, known: Bools, likeness: _Likeness) -> Bools:
    """Genes (m,) that vary more, in all their groups together, than genes of the prior do.

    A gene that some donors lack is no further out in any one group than one of many genes may be by chance, but it is
    so in every group; where chance gives it to one condition alone, the prior's degrees of freedom would be sure of it.
    The normal deviates of a gene's groups are added up; they are as alike as the log variances.
    """
    z = np.where(known, np.maximum(-ndtri(np.maximum(pvalue, 1e-300)), -_EXTREME), 0.0)
    scale = np.where(known, 1.0 / np.sqrt(likeness.spread + likeness.root**2), 0.0)
    noise = scale * likeness.root
    apart = 1.0 - np.eye(known.shape[0])
    covariance = likeness.common * (scale.sum(axis=0) ** 2 - (scale**2).sum(axis=0))
    covariance += np.einsum("jm,jk,km->m", noise, likeness.rho * apart, noise)
    n = known.sum(axis=0)
    together = ndtr(-z.sum(axis=0) / np.sqrt(np.maximum(n + covariance, 1.0)))
    return np.asarray(benjamini_hochberg(np.where(n > 0, together, np.nan)) <= _OUTLYING, np.bool_)


@dataclass(frozen=True)
class _Prior:
    """Mean and variance (n_groups, m) of log variances, what of it a row's own shares, and what all that is made of."""

    mean: Floats
    width: Floats
    shared: Floats
    n_rows: int
    common_df: float


def _prior_df(width: Floats) -> Floats:
    """Degrees of freedom of priors whose log variances vary by ``width``, ``inf`` where they do not."""
    return np.where(width > 0, 2.0 * trigamma_inverse(np.maximum(width, _HARDLY)), np.inf)


def _prior_variance(mean: Floats, df: Floats) -> Floats:
    """Prior variances whose logarithms have this mean."""
    half = 0.5 * np.where(np.isinf(df), 1.0, df)
    return np.asarray(np.exp(mean + np.where(np.isinf(df), 0.0, digamma(half) - np.log(half))), np.float64)


def _upper_tail(ratio: Floats, df: Floats, prior_df: Floats | float) -> Floats:
    """Chance that a row's variance is at least so many times that of the prior."""
    agree, df = np.isinf(prior_df), np.maximum(df, _LEAST_DF)
    tail = np.where(agree, chdtrc(df, df * ratio), fdtrc(df, np.where(agree, 1.0, prior_df), ratio))
    return np.asarray(tail, np.float64)


def _moderate(
    rows: RowVariances, known: Bools, prior: _Prior, *, ceiling: float | None, apart: Bools
) -> ModeratedVariances:
    """Moderate all rows but those that are ``apart``, or that the prior excludes."""
    d = np.where(known, rows.df, 0.0)
    own = np.where(known, rows.variance, 0.0)
    d0 = _prior_df(prior.width)
    agree = np.isinf(d0)
    finite = np.where(agree, 1.0, d0)
    variance = _prior_variance(prior.mean, d0)
    posterior = np.where(agree, variance, (finite * variance + d * own) / (finite + d))
    total = np.where(agree, np.inf, _total_df(d, finite, width=prior.width, shared=prior.shared))
    largest = d.sum(axis=1, keepdims=True) if ceiling is None else ceiling
    total = np.minimum(total, np.maximum(largest, 1.0))
    p = np.where(known, _upper_tail(own / variance, d, d0), 1.0)
    outlying = apart | (p * known.sum() < _OUTLYING)
    total = np.maximum(np.where(outlying, d, total), _LEAST_DF)
    # a row that says nothing of its variance has no tail of its own
    alone = np.maximum(np.where(d > 0, np.minimum(d, total), total), _LEAST_DF)
    moderated = np.where(outlying, own, posterior)
    return ModeratedVariances(moderated, variance, d0, total, alone, 1.0 / prior.n_rows, prior.common_df)


def _total_df(d: Floats, d0: Floats, *, width: Floats, shared: Floats) -> Floats:
    """Degrees of freedom of the posterior; fewer where the prior comes from the same donors as the row."""
    half = 0.5 * (d + d0)
    if not shared.any():
        return d + d0
    a = d / (d + d0)
    sampling = np.where(d > 0, polygamma(1, np.maximum(d, 1e-9) / 2.0), 0.0)
    alone = a**2 * sampling + (1.0 - a) ** 2 * width
    more = 1.0 + 2.0 * a * (1.0 - a) * shared / np.maximum(alone, 1e-300)
    return np.asarray(2.0 * trigamma_inverse(polygamma(1, half) * np.maximum(more, 1.0)), np.float64)


def trigamma_inverse(x: Floats | float) -> Floats:
    """Solve trigamma(y) = x for y > 0 by Newton's method on 1/trigamma (Smyth 2004, appendix).

    Examples
    --------
    >>> from scipy.special import polygamma
    >>> float(trigamma_inverse(polygamma(1, 2.5)).round(9))
    2.5
    """
    x = np.asarray(x, np.float64)
    y = 0.5 + 1.0 / x
    for _ in range(50):
        tri = polygamma(1, y)
        step = tri * (1.0 - tri / x) / polygamma(2, y)
        y = y + step
        if np.max(-step / y, initial=0.0) < 1e-10:
            break
    # both ends in closed form: trigamma(y) ~ 1/y² for small y and 1/y for large
    y = np.where(x > 1e7, 1.0 / np.sqrt(x), y)
    return np.asarray(np.where(x < 1e-6, 1.0 / x, y), np.float64)
