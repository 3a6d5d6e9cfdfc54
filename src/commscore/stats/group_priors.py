"""The prior of row variances over several groups of cells: one trend, a level per group, and what a gene lends itself.

Follows Smyth (2004, doi:10.2202/1544-6115.1027), with a trend, and a robust number of degrees of freedom in the spirit
of Phipson et al. (2016, doi:10.1214/16-AOAS920). Beyond them, a gene that varies much in one group varies much in
others, too: the prior of a row takes over from the same gene's variances elsewhere what they have in common, less what
they share because the same donors were measured. Rows of one kind without groups are moderated in :mod:`.variance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri, digamma, fdtrc, fdtri, polygamma

from .variance import Tail, trigamma_inverse

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints

_KNOTS = 5
_ROWS_PER_KNOT = 30
_ROUNDS = 3
_LEVEL_TAILS = (0.05, 0.95)
_SPREAD_TAILS = (0.05, 0.90)
_CANDIDATES = np.geomspace(0.3, 300.0, 40)
_MARGIN = 1.3
_OUTLYING = 0.05  # expected number of rows that are taken as outlying by chance
_LEAST_VARIANCE = 1e-6  # of a log variance
_FLOOR = 1e-5
_BINS = 5
_UNIFORM = (np.arange(400) + 0.5) / 400
_FEWEST = 3


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


def moderate_groups(rows: RowVariances, correlation: Floats | None = None) -> ModeratedVariances:
    """Fit the prior to all groups and moderate their variances.

    Parameters
    ----------
    rows
        Residual variances.
    correlation
        (n_groups, n_groups) mean squared correlation of the residuals of one gene in two groups, which share donors;
        None where there are no shared donors.
    """
    known = np.isfinite(rows.variance) & (rows.df > 0)
    half = np.where(known, rows.df, 1.0) / 2.0
    shape = known & rows.shaping
    shape &= rows.df >= 0.5 * (np.median(rows.df[shape]) if shape.any() else 0.0)
    if shape.sum() < _FEWEST or not (rows.variance[shape] > 0).any():
        return _alone(rows, known)
    floor = _FLOOR * np.median(rows.variance[shape])
    logs = np.log(np.maximum(np.where(known, rows.variance, 1.0), floor)) - digamma(half) + np.log(half)
    base = _base(logs, rows.level, shape)
    residual = np.where(known, logs - base, 0.0)
    sampling = np.where(known, polygamma(1, half), np.inf)
    spread = _prior_spread(residual[shape], (rows.df if rows.spread_df is None else rows.spread_df)[shape])
    spread += _MARGIN * float(sampling[shape].mean()) * np.sqrt(2.0 / shape.sum())
    mean, width = base, np.full(base.shape, max(spread, _LEAST_VARIANCE))
    shared = np.zeros(base.shape)
    if known.shape[0] > 1:
        lent = _borrow(residual, sampling, known=known, shape=shape, spread=spread, correlation=correlation)
        mean, width, shared = base + lent.shift, lent.width, lent.covariance
    return _moderate(rows, known, mean=mean, width=width, shared=shared, spread=spread)


def _alone(rows: RowVariances, known: Bools) -> ModeratedVariances:
    """Too few rows for a prior: every row keeps to itself."""
    variance = np.where(known, rows.variance, np.nan)
    df = np.where(known, rows.df, 0.0)
    own = np.maximum(df, 1e-9)
    return ModeratedVariances(variance, variance, np.zeros(df.shape), own, own, 0.0, 0.0)


def _base(logs: Floats, level: Floats, shape: Bools) -> Floats:
    """Trend over all groups and the level of each, (n_groups, m)."""
    basis = _spline(level, level[shape])
    used = basis[shape]
    group = np.asarray(np.nonzero(shape)[0], np.int64)
    n_groups = logs.shape[0]
    e, offset = logs[shape], np.zeros(n_groups)
    for _ in range(_ROUNDS):
        coef = np.linalg.lstsq(used, e - offset[group], rcond=None)[0]
        rest = e - used @ coef
        offset = _levels(rest, group, n_groups)
    return np.asarray(basis @ coef + offset[:, None], np.float64)


def _levels(rest: Floats, group: Ints, n_groups: int) -> Floats:
    """Winsorised means of the groups, shrunk to the common one if there are more than two groups."""
    own, error = np.zeros(n_groups), np.full(n_groups, np.inf)
    for k in range(n_groups):
        mine = rest[group == k]
        if mine.size:
            clipped = np.clip(mine, *np.quantile(mine, _LEVEL_TAILS))
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


def _prior_spread(residual: Floats, df: Floats) -> float:
    """Variance of the log variances themselves: trigamma(d0 / 2), 0 where sampling explains all.

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
class _Lent:
    """What other groups say of a row's log variance: shift of its mean, variance left, covariance with its own."""

    shift: Floats
    width: Floats
    covariance: Floats


def _borrow(
    residual: Floats, sampling: Floats, *, known: Bools, shape: Bools, spread: float, correlation: Floats | None
) -> _Lent:
    n_groups, m = residual.shape
    rho = np.zeros((n_groups, n_groups)) if correlation is None else correlation
    width = np.full((n_groups, m), max(spread, _LEAST_VARIANCE))
    none = _Lent(np.zeros((n_groups, m)), width, np.zeros((n_groups, m)))
    root = np.sqrt(np.where(known, sampling, 0.0))
    common = _common(residual, root, shape=shape, rho=rho, spread=spread)
    if common <= 0.0:
        return none
    shift, left, covariance = none.shift.copy(), width.copy(), none.covariance.copy()
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


def _moderate(
    rows: RowVariances, known: Bools, *, mean: Floats, width: Floats, shared: Floats, spread: float
) -> ModeratedVariances:
    d = np.where(known, rows.df, 0.0)
    own = np.where(known, rows.variance, 0.0)
    d0 = 2.0 * trigamma_inverse(width)
    prior = np.exp(mean + digamma(d0 / 2.0) - np.log(d0 / 2.0))
    n_rows = int(known.sum())
    posterior = (d0 * prior + d * own) / (d0 + d)
    total = _total_df(d, d0, width=width, shared=shared)
    ceiling = np.maximum(d.sum(axis=1, keepdims=True), 1.0)
    total = np.minimum(total, ceiling)
    p = np.where(known, fdtrc(np.maximum(d, 1e-9), d0, own / prior), 1.0)
    outlying = p * n_rows < _OUTLYING
    total = np.maximum(np.where(outlying, d, total), 1e-9)
    # a row that says nothing of its variance has no tail of its own
    alone = np.maximum(np.where(d > 0, np.minimum(d, total), total), 1e-9)
    variance = np.where(outlying, own, posterior)
    common = 2.0 * float(trigamma_inverse(max(spread, _LEAST_VARIANCE)))
    return ModeratedVariances(variance, prior, d0, total, alone, 1.0 / max(n_rows, 1), common)


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
