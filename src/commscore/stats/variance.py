"""Moderated variances: what rows lend each other, the tails of t-statistics, and fits of rows that are no counts.

Residual variances get a scaled inverse chi-squared prior, fitted by moments of their logarithms (Smyth 2004,
doi:10.2202/1544-6115.1027), with an optional trend on a covariate such as the mean log count; the tails of the
t-statistics stay as heavy as a row's own few degrees of freedom ask for (:class:`Tail`). The comparison of interactions
has counts of all genes in several groups of cells, and with them a prior of its own (:mod:`.group_priors`); any other
rows that are measured per sample (activities, strengths, log-ratios of abundances) go through :func:`fit_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls
from scipy.special import chdtrc, digamma, fdtrc, polygamma, stdtr, stdtrit

from . import linear
from .courses import Courses, of_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays import Bools, Floats, Ints


_FLOOR = 1e-5  # of the median: a variance of exactly zero has no logarithm
_ROWS_PER_KNOT = 30
_OUTLYING = 0.05  # expected number of rows that are taken as outlying by chance
_HALVINGS = 40
_LEAST_DF = 1e-9
_ROUNDS = 20
_LEAST = 1e-10  # variance
_FEWEST_ROWS = 3  # that a prior is made of
OUTSIDE = 0.05
"""Intervals leave this much out, whatever level decisions are made at."""


@dataclass(frozen=True)
class Prior:
    """The prior: ``df`` degrees of freedom (``inf`` when all rows agree) at ``variance`` (one per row)."""

    df: float
    variance: Floats

    def posterior(self, variance: Floats, df: Floats | float) -> Floats:
        """Moderated variances: (d0·s0² + d·s²)/(d0 + d); rows without residual degrees take the prior."""
        if np.isinf(self.df):
            return self.variance.copy()
        own = np.where(np.asarray(df) > 0, np.nan_to_num(variance), 0.0)
        with np.errstate(invalid="ignore"):  # none where neither the row nor the others tell one
            posterior: Floats = (self.df * self.variance + df * own) / (self.df + df)
        return posterior

    def outlying(self, variance: Floats, df: Floats | float, *, n_rows: float) -> Bools:
        """Mark variances that the prior excludes (F-test, Bonferroni over ``n_rows``): they keep to themselves.

        A prior of many degrees of freedom would take them for the common variance, and noise for effects.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.nan_to_num(variance / self.variance)
        df = np.maximum(np.broadcast_to(np.asarray(df, np.float64), ratio.shape), 1e-9)
        p = chdtrc(df, df * ratio) if np.isinf(self.df) else fdtrc(df, max(self.df, 1e-9), ratio)
        return np.asarray((p * n_rows < _OUTLYING) & (self.df > 0), np.bool_)


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


def moderate(variance: Floats, df: Floats, *, prior: Prior | None, n_rows: int, ceiling: float) -> tuple[Floats, Tail]:
    """Moderate variances; return them and the null distribution of the t-statistics made with them.

    Parameters
    ----------
    variance, df
        Residual variances and their degrees of freedom, > 0 where there is a variance.
    prior
        What the rows share, one variance per row; None where nothing is shared: every row keeps to itself.
    n_rows
        Number of rows behind the prior.
    ceiling
        Degrees of freedom of all rows together: no moderated row may claim more.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> moderated, tail = moderate(one, one, prior=Prior(np.inf, one), n_rows=100, ceiling=100.0)
    >>> tail.pvalue(np.array([2.0, 40.0])).round(6).tolist()  # the second would be 1e-62 of the prior alone
    [0.050682, 0.000159]
    """
    if prior is None:
        alone = np.maximum(df, _LEAST_DF)
        return variance, Tail(alone, alone, 0.0)
    outlying = prior.outlying(variance, df, n_rows=n_rows)
    total = np.where(outlying, df, np.minimum(df + prior.df, max(ceiling, 1.0)))
    tail = Tail(np.maximum(total, _LEAST_DF), np.maximum(np.minimum(df, total), _LEAST_DF), 1.0 / max(n_rows, 1))
    return np.where(outlying, variance, prior.posterior(variance, df)), tail


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


def fit_prior(variance: Floats, df: Floats | float, *, covariate: Floats | None = None) -> Prior:
    """Fit the prior to row variances by moments of their logarithms.

    With z = log s² and e = z − digamma(d/2) + log(d/2), the spread of e beyond trigamma(d/2) gives the prior
    degrees of freedom, its mean (or its trend on the covariate) the prior variance.

    Parameters
    ----------
    variance
        (m,) residual variances, >= 0; NaN and rows with ``df`` 0 have no say.
    df
        (m,) or one number: residual degrees of freedom, > 0 where used; need not be whole.
    covariate
        (m,) what the prior variance may depend on, for example the mean log count; None for one value.

    Raises
    ------
    ValueError
        Fewer than two rows have a variance.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> s2 = 0.5 * rng.chisquare(4, 4000) / 4
    >>> prior = fit_prior(s2, 4.0)
    >>> prior.df > 50, bool(abs(prior.variance[0] - 0.5) < 0.03)
    (True, True)
    """
    variance = np.asarray(variance, np.float64)
    d = np.broadcast_to(np.asarray(df, np.float64), variance.shape)
    used = np.isfinite(variance) & (variance >= 0) & (d > 1e-9)
    if used.sum() < 2:
        msg = f"variance has {int(used.sum())} usable rows, a prior needs 2; use the row's own variance"
        raise ValueError(msg)
    z = np.log(np.maximum(variance[used], _FLOOR * np.median(variance[used])))
    half = d[used] / 2.0
    e = z - digamma(half) + np.log(half)
    basis = np.ones((variance.size, 1)) if covariate is None else _trend_basis(covariate, used)
    coef, _, rank, _ = np.linalg.lstsq(basis[used], e, rcond=None)
    spread = float(np.sum((e - basis[used] @ coef) ** 2) / max(e.size - rank, 1))
    excess = spread - float(np.mean(polygamma(1, half)))
    fitted = basis @ coef
    if excess <= 0:  # one variance for all, estimated by the mean; along a trend the logarithms are all there is
        common = np.exp(fitted) if basis.shape[1] > 1 else np.full(variance.size, variance[used].mean())
        return Prior(np.inf, common)
    prior_df = 2.0 * float(trigamma_inverse(excess))
    return Prior(prior_df, np.exp(fitted + digamma(prior_df / 2.0) - np.log(prior_df / 2.0)))


def _trend_basis(covariate: Floats, used: Bools) -> Floats:
    """Natural cubic splines of the covariate: linear beyond the outer knots, so the ends do not swing."""
    x = np.clip(np.nan_to_num(covariate), covariate[used].min(), covariate[used].max())
    n_knots = int(np.clip(used.sum() // _ROWS_PER_KNOT, 0, 5))
    if n_knots < 3 or np.ptp(x[used]) == 0:
        return np.ones((x.size, 1))
    knots = np.unique(np.quantile(x[used], np.linspace(0.0, 1.0, n_knots)))
    if knots.size < 3:
        return np.ones((x.size, 1))
    span = knots[-1] - knots[0]
    cubes = np.maximum(x[:, None] - knots, 0.0) ** 3 / span**2
    slope = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    return np.column_stack([np.ones(x.size), (x - knots[0]) / span, slope[:, :-1] - slope[:, -1:]])


@dataclass(frozen=True)
class SharedPrior:
    """What rows lend each other: a prior of their variances, from how many rows, and all degrees of freedom."""

    prior: Prior | None
    n_rows: int
    ceiling: float

    @classmethod
    def of(cls, variance: Floats, df: Floats, *, ceiling: float | None = None) -> SharedPrior:
        """Fit the prior of all rows; none with fewer than three that differ."""
        used = np.isfinite(variance) & (variance > 0) & (df > 0)
        n_rows = int(used.sum())
        prior = fit_prior(np.where(used, variance, np.nan), df) if n_rows >= _FEWEST_ROWS else None
        return cls(prior, n_rows, float(df.sum()) if ceiling is None else ceiling)

    def moderate(self, variance: Floats, df: Floats) -> tuple[Floats, Tail]:
        """Moderated variances, and what their t-statistics are compared with, as in the comparison."""
        prior = self.prior
        if prior is not None:
            prior = Prior(prior.df, np.full(variance.shape, float(prior.variance[0])))
        return moderate(variance, df, prior=prior, n_rows=self.n_rows, ceiling=self.ceiling)


@dataclass(frozen=True)
class Contrasts:
    """Contrasts × rows: estimate, standard error, two-sided p, half width of the interval; NaN where not estimable."""

    estimate: Floats
    se: Floats
    pvalue: Floats
    reach: Floats
    courses: Courses | None = None


@dataclass(frozen=True)
class RowsInSamples:
    """Rows that have a value in the same samples."""

    rows: Ints
    y: Floats
    unit: Floats
    projection: linear.Projection


def fit_rows(
    value: Floats, *, design: Floats, vectors: Floats, unit: Floats, outside: float = OUTSIDE, n_stages: int = 0
) -> Contrasts:
    """Fit every row on the samples that it has.

    Parameters
    ----------
    value
        (n_samples, n_rows), NaN where missing.
    design
        (n_samples, p).
    vectors
        (q, p) contrasts of the coefficients.
    unit
        (n_samples, n_rows) counting variance of each value up to one factor; zeros where it is unknown.
    outside
        What the intervals leave out.
    n_stages
        Number of ordered stages that ``vectors`` compare; with three or more, every course over them is fitted.
    """
    shape = (vectors.shape[0], value.shape[1])
    courses = Courses.unknown(n_stages, shape[1]) if n_stages > 2 else None
    estimate, se, pvalue, reach = (np.full(shape, np.nan) for _ in range(4))
    out = Contrasts(estimate, se, pvalue, reach, courses)
    parts = _parts(value, design=design, vectors=vectors, unit=unit)
    usable = [p for p in parts if p.projection.df > 0]
    donor, technical = fit_noise(usable)
    fits = [linear.fit(p.y, p.projection, noise=donor + technical * p.unit) for p in usable]
    for part in parts:
        out.estimate[:, part.rows] = part.projection.influence @ part.y
    if not fits:
        return out
    shared = SharedPrior.of(np.concatenate([f.variance for f in fits]), np.concatenate([f.df for f in fits]))
    for part, fitted in zip(usable, fits, strict=True):
        variance, tail = shared.moderate(fitted.variance, fitted.df)
        se = np.sqrt(fitted.unscaled * variance)
        out.se[:, part.rows] = se
        with np.errstate(divide="ignore", invalid="ignore"):
            out.pvalue[:, part.rows] = tail.pvalue(fitted.estimate / se)
        wide = tail.quantile(outside)
        out.reach[:, part.rows] = wide * se
        if courses is not None and part.projection.estimable.all():
            steps = part.projection.influence[-(n_stages - 1) :]
            noise = np.maximum(donor + technical * part.unit, _LEAST)
            fits_of_courses = of_side(
                fitted.estimate[-(n_stages - 1) :],
                np.einsum("in,ne,jn->eij", steps, noise, steps),
                variance=variance,
                tail=tail,
                n_stages=n_stages,
                reach=wide,
            )
            courses.put(part.rows, fits_of_courses)
    return out


def _parts(value: Floats, *, design: Floats, vectors: Floats, unit: Floats) -> list[RowsInSamples]:
    there = np.isfinite(value)
    patterns, which = np.unique(there, axis=1, return_inverse=True)
    which = np.ravel(which)
    parts = []
    for i, keep in enumerate(patterns.T):
        rows = np.flatnonzero(which == i)
        if keep.sum() >= 1:
            projection = linear.project(design[keep], vectors)
            parts.append(RowsInSamples(rows, value[keep][:, rows], unit[keep][:, rows], projection))
    return parts


def fit_noise(parts: Sequence[RowsInSamples]) -> tuple[float, float]:
    """Variance between donors, and factor of the counting variance (``unit``) of all rows.

    Two non-negative numbers by iteratively reweighted least squares of residual on expected variance; (1, 0) where
    there is nothing to tell them from.
    """
    if not sum(p.y.shape[1] for p in parts):
        return 1.0, 0.0
    squares, counting = [], []
    for p in parts:
        free = np.diag(p.projection.residual)
        squares.append(((p.projection.residual @ p.y) ** 2).sum(axis=0) / p.projection.df)
        counting.append(free @ p.unit / p.projection.df)
    variance, count = np.concatenate(squares), np.concatenate(counting)
    terms = np.column_stack([np.ones_like(count), count])
    solution = np.array([variance.mean(), 0.0])
    for _ in range(_ROUNDS):
        scale = np.maximum(terms @ solution, _LEAST)
        solution = nnls(terms / scale[:, None], variance / scale)[0]
    if solution.sum() <= _LEAST:
        return 1.0, 0.0
    return float(solution[0]), float(solution[1])
