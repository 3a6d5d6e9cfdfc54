"""Moderated variances: what rows lend each other, and the tails of the t-statistics made with them.

Residual variances get a scaled inverse chi-squared prior (Smyth 2004, doi:10.2202/1544-6115.1027), with a trend and a
level for every group of cells, fitted by plain or by robust moments of their logarithms, the latter in the spirit of
Phipson et al. (2016, doi:10.1214/16-AOAS920). Beyond them, a gene that varies much in one group varies much in others,
too: the prior of a row takes over from the same gene's variances elsewhere what they have in common, less what they
share because the same donors were measured. Where more rows are as variable as one than the prior expects, that row
follows it with that much less of a chance, and has the precision of a mixture. A gene whose variances no such prior
describes, as one that some donors lack, keeps its own in all groups. The tails of the t-statistics stay as heavy as a
row's own few degrees of freedom ask for (:class:`Tail`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, chdtri, digamma, fdtrc, fdtri, polygamma, stdtr, stdtrit

from .log_variances import LEAST_VARIANCE, LogVariances

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints

_KNOTS = 5
_ROWS_PER_KNOT = 30
_ROUNDS = 3
_LEVEL_TAILS = (0.05, 0.95)
_NARROW = (0.05, 0.90)
_WIDE = (0.05, 1.0)
_NO_TAILS = (0.0, 1.0)
_CANDIDATES = np.geomspace(0.3, 300.0, 40)
_MARGIN = 1.3
_BY_CHANCE = 0.05  # expected number of rows that are taken as outlying by chance
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

    ``total`` are the degrees of freedom of a moderated t, ``own`` those of the row alone, or ``total`` where these are
    fewer (see :class:`~commscore.stats.variance.Tail`), ``doubt`` the weight of the latter.
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
    sampling = np.where(known, polygamma(1, half), 0.0)
    n_groups = known.shape[0]
    rho = np.zeros((n_groups, n_groups)) if correlation is None else correlation
    logged = LogVariances(np.where(known, logs - base, 0.0), np.sqrt(sampling), known, shape, rho)
    apart, judged = np.zeros(known.shape, bool), np.zeros(known.shape, bool)
    if robust:
        margin = _MARGIN * float(sampling[shape].mean()) * np.sqrt(2.0 / shape.sum())
        spread, apart = _robust(rows, base, logged, margin=margin)
        judged = known & (rows.df >= rows.df[shape].min())
        logged = replace(logged, shape=shape & ~apart)
    else:
        spread = _plain_spread(logged.residual[shape], sampling[shape], rank=rank)
        if not spread and rank == 1:  # one variance for all, estimated by the mean; a trend has the logarithms only
            base = np.full(base.shape, np.log(rows.variance[shape].mean()))
    lent = logged.lent(spread)
    common_df = float(_prior_df(np.array(spread)))
    prior = _Prior(
        base + lent.shift, lent.width, lent.covariance, n_rows=max(int(logged.shape.sum()), 1), common_df=common_df
    )
    return _moderate(rows, prior, known=known, shape=shape, ceiling=ceiling, apart=apart, judged=judged)


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
    own = np.maximum(df, _LEAST_DF)
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


def _robust_spread(residual: Floats, df: Floats, *, tails: tuple[float, float], margin: float) -> float:
    """Estimate the same from what lies between the ``tails``, and add a margin.

    The variance of the residuals, winsorised, is set equal to that of log F(d, d0), winsorised likewise: so what lies
    beyond has no say, and it costs no assumption about how much that is.
    """
    seen = _winsorised_variance(residual, tails)
    edges = np.quantile(df, np.linspace(0.0, 1.0, _BINS + 1))
    typical = np.unique(np.round(0.5 * (edges[1:] + edges[:-1]), 3))
    expected = np.array([_expected(typical, d0, tails) for d0 in _CANDIDATES])
    least = _expected(typical, np.inf, tails)
    if seen <= least:
        return max(margin, LEAST_VARIANCE)
    # the variance falls with d0; interpolated in trigamma, which it is nearly linear in
    spread = polygamma(1, np.append(_CANDIDATES, 1e12) / 2.0)
    variances = np.append(expected, least)
    order = np.argsort(variances)
    return max(float(np.interp(seen, variances[order], spread[order])) + margin, LEAST_VARIANCE)


def _robust(rows: RowVariances, base: Floats, logged: LogVariances, *, margin: float) -> tuple[float, Bools]:
    """Variance of the log variances, and the rows (n_groups, m) that vary more, alone or with all rows of their gene.

    In two steps: rows that the spread of the middle excludes are found, then it is estimated again without them, from
    all that is not far below: the upper end knows how often rows vary much.
    """
    df = rows.df if rows.spread_df is None else rows.spread_df
    spread = _robust_spread(logged.residual[logged.shape], df[logged.shape], tails=_NARROW, margin=margin)
    prior_df = _prior_df(np.full(base.shape, spread))
    p = _upper_tail(np.where(logged.known, rows.variance, 0.0) / _prior_variance(base, prior_df), rows.df, prior_df)
    alone = p * logged.shape.sum() < _BY_CHANCE
    apart = np.asarray(logged.known & (alone | logged.outlying_genes(p, spread)), np.bool_)
    used = logged.shape & ~apart
    if used.sum() >= _FEWEST:
        spread = _robust_spread(logged.residual[used], df[used], tails=_WIDE, margin=margin)
    return spread, apart


def _winsorised_variance(values: Floats, tails: tuple[float, float]) -> float:
    return float(np.clip(values, *np.quantile(values, tails)).var())


def _expected(df: Floats, prior_df: float, tails: tuple[float, float]) -> float:
    parts = []
    for d in df:
        ratio = chdtri(d, 1.0 - _UNIFORM) / d if np.isinf(prior_df) else fdtri(d, prior_df, _UNIFORM)
        parts.append(np.log(np.maximum(ratio, 1e-300)) - digamma(d / 2.0) + np.log(d / 2.0))
    return _winsorised_variance(np.concatenate(parts), tails)


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


def _explained(pvalue: Floats, *, shape: Bools, judged: Bools) -> Floats:
    """Share that the prior expects of the rows at least as variable as each: a false discovery rate of being outlying.

    Made monotone (Phipson et al. 2016). Counted among the rows that ``shape`` the prior, so that repeats of a gene do
    not count; 1 for rows that are not ``judged``.
    """
    out = np.ones(pvalue.shape)
    p = np.sort(pvalue[shape])
    if p.size and judged.any():
        rank = 0.5 * (np.searchsorted(p, p, "left") + np.searchsorted(p, p, "right"))
        share = np.maximum.accumulate(np.minimum(p * p.size / rank, 1.0))
        out[judged] = share[np.minimum(np.searchsorted(p, pvalue[judged]), p.size - 1)]
    return out


def _mixed(variance: Floats, df: Floats, likely: Floats) -> tuple[Floats, Floats]:
    """Variance and degrees of freedom of rows that follow the prior as ``likely`` as that, and else have their own.

    ``variance`` and ``df`` (2, m) with the prior and alone. The precision is then a mixture of two gamma variables;
    the one returned has its mean and variance, and no more degrees of freedom than there are with the prior. It can
    have fewer than the row alone, because it is unsure which of the two it is.
    """
    weight, precision = np.stack([likely, 1.0 - likely]), 1.0 / variance
    mean = (weight * precision).sum(axis=0)
    spread = (weight * 2.0 / df * precision**2).sum(axis=0) + weight.prod(axis=0) * np.diff(precision, axis=0)[0] ** 2
    return 1.0 / mean, np.minimum(2.0 * mean**2 / spread, df[0])


def _moderate(
    rows: RowVariances,
    prior: _Prior,
    *,
    known: Bools,
    shape: Bools,
    ceiling: float | None,
    apart: Bools,
    judged: Bools,
) -> ModeratedVariances:
    """Moderate all rows but those that are ``apart``, or that the prior excludes.

    Rows that are ``judged`` have degrees of freedom enough to tell whether the prior describes them, and it has a say
    as far as it does.
    """
    d = np.where(known, rows.df, 0.0)
    own = np.where(known, rows.variance, 0.0)
    d0 = _prior_df(prior.width)
    agree = np.isinf(d0)
    finite = np.where(agree, 1.0, d0)
    variance = _prior_variance(prior.mean, d0)
    moderated = np.where(agree, variance, (finite * variance + d * own) / (finite + d))
    total = np.where(agree, np.inf, _total_df(d, finite, width=prior.width, shared=prior.shared))
    p = np.where(known, _upper_tail(own / variance, d, d0), 1.0)
    outlying = apart | (p * shape.sum() < _BY_CHANCE)
    likely = _explained(p, shape=shape, judged=judged)
    mixed = ~outlying & (likely < 1.0)
    with_prior_and_alone = np.stack([moderated, own])[:, mixed], np.stack([total, d])[:, mixed]
    moderated[mixed], total[mixed] = _mixed(*with_prior_and_alone, likely[mixed])
    largest = d.sum(axis=1, keepdims=True) if ceiling is None else ceiling
    total = np.minimum(total, np.maximum(largest, 1.0))
    total = np.maximum(np.where(outlying, d, total), _LEAST_DF)
    # a row that says nothing of its variance has no tail of its own
    alone = np.maximum(np.where(d > 0, np.minimum(d, total), total), _LEAST_DF)
    moderated = np.where(outlying, own, moderated)
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
