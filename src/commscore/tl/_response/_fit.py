"""Moderated contrasts of any rows measured per sample: activities, log-ratios of proportions, balances.

The model is that of the comparison of interactions: least squares on samples, variances of donors + counting,
moderated by what the rows share (doi:10.2202/1544-6115.1027), and tails that the row's own few degrees of freedom
keep heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from ...core.contrast import Courses, of_side
from ...stats import linear, moderation

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_ROUNDS = 20
_LEAST = 1e-10


@dataclass(frozen=True)
class Fitted:
    """Contrasts × rows: estimate, standard error, two-sided p, half width of the interval; NaN where not estimable."""

    estimate: Floats
    se: Floats
    pvalue: Floats
    reach: Floats
    courses: Courses | None = None


@dataclass(frozen=True)
class Shared:
    """What rows lend each other: a prior of their variances, from how many rows, and all degrees of freedom."""

    prior: moderation.Prior | None
    n_rows: int
    ceiling: float

    @classmethod
    def of(cls, variance: Floats, df: Floats, *, ceiling: float | None = None) -> Shared:
        """Fit the prior of all rows; none with fewer than three that differ."""
        used = np.isfinite(variance) & (variance > 0) & (df > 0)
        n_rows = int(used.sum())
        prior = moderation.fit_prior(np.where(used, variance, np.nan), df) if n_rows >= 3 else None
        return cls(prior, n_rows, float(df.sum()) if ceiling is None else ceiling)

    def moderate(self, variance: Floats, df: Floats) -> tuple[Floats, moderation.Tail]:
        """Moderated variances, and what their t-statistics are compared with, as in the comparison."""
        prior = self.prior
        if prior is not None:
            prior = moderation.Prior(prior.df, np.full(variance.shape, float(prior.variance[0])))
        return moderation.moderate(variance, df, prior=prior, n_rows=self.n_rows, ceiling=self.ceiling)


@dataclass(frozen=True)
class _Part:
    """Rows that have a value in the same samples."""

    rows: npt.NDArray[np.int64]
    y: Floats
    unit: Floats
    projection: linear.Projection


def fit_rows(
    value: Floats, *, design: Floats, vectors: Floats, unit: Floats, alpha: float = 0.05, n_stages: int = 0
) -> Fitted:  # fmt: skip
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
    alpha
        1 − level of the intervals.
    n_stages
        Number of ordered stages that ``vectors`` compare; with three or more, every course over them is fitted.
    """
    shape = (vectors.shape[0], value.shape[1])
    courses = Courses.unknown(n_stages, shape[1]) if n_stages > 2 else None
    estimate, se, pvalue, reach = (np.full(shape, np.nan) for _ in range(4))
    out = Fitted(estimate, se, pvalue, reach, courses)
    parts = _parts(value, design=design, vectors=vectors, unit=unit)
    usable = [p for p in parts if p.projection.df > 0]
    donor, technical = _noise(usable)
    fits = [linear.fit(p.y, p.projection, noise=donor + technical * p.unit) for p in usable]
    for part in parts:
        out.estimate[:, part.rows] = part.projection.influence @ part.y
    if not fits:
        return out
    shared = Shared.of(np.concatenate([f.variance for f in fits]), np.concatenate([f.df for f in fits]))
    for part, fitted in zip(usable, fits, strict=True):
        variance, tail = shared.moderate(fitted.variance, fitted.df)
        se = np.sqrt(fitted.unscaled * variance)
        out.se[:, part.rows] = se
        with np.errstate(divide="ignore", invalid="ignore"):
            out.pvalue[:, part.rows] = tail.pvalue(fitted.estimate / se)
        wide = tail.quantile(alpha)
        out.reach[:, part.rows] = wide * se
        if courses is not None and part.projection.estimable.all():
            courses.put(part.rows, of_side(
                fitted, part.projection, noise=donor + technical * part.unit, variance=variance, tail=tail,
                n_stages=n_stages, reach=wide,
            ))  # fmt: skip
    return out


def _parts(value: Floats, *, design: Floats, vectors: Floats, unit: Floats) -> list[_Part]:
    there = np.isfinite(value)
    patterns, which = np.unique(there, axis=1, return_inverse=True)
    which = np.ravel(which)
    parts = []
    for i, keep in enumerate(patterns.T):
        rows = np.flatnonzero(which == i)
        if keep.sum() >= 1:
            projection = linear.project(design[keep], vectors)
            parts.append(_Part(rows, value[keep][:, rows], unit[keep][:, rows], projection))
    return parts


def _noise(parts: list[_Part]) -> tuple[float, float]:
    """Variance of donors and factor of the counting variance, by iteratively reweighted non-negative least squares."""
    if not parts:
        return 1.0, 0.0
    squares, counting = [], []
    for p in parts:
        free = np.diag(p.projection.residual)
        squares.append(((p.projection.residual @ p.y) ** 2).sum(axis=0) / p.projection.df)
        counting.append(free @ p.unit / p.projection.df)
    variance, count = np.concatenate(squares), np.concatenate(counting)
    if variance.size == 0:
        return 1.0, 0.0
    terms = np.column_stack([np.ones_like(count), count])
    solution = np.array([variance.mean(), 0.0])
    for _ in range(_ROUNDS):
        scale = np.maximum(terms @ solution, _LEAST)
        solution = nnls(terms / scale[:, None], variance / scale)[0]
    if solution.sum() <= _LEAST:
        return 1.0, 0.0
    return float(solution[0]), float(solution[1])
