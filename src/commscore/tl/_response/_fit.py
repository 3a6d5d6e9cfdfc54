"""Moderated contrasts of any rows measured per sample: activities, log-ratios of proportions, balances.

The model is that of the comparison of interactions: least squares on samples, variances of donors + counting,
moderated by what the rows share (doi:10.2202/1544-6115.1027).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls
from scipy.special import stdtr, stdtrit

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


@dataclass(frozen=True)
class _Part:
    """Rows that have a value in the same samples."""

    rows: npt.NDArray[np.int64]
    y: Floats
    unit: Floats
    projection: linear.Projection


def fit_rows(value: Floats, *, design: Floats, vectors: Floats, unit: Floats, alpha: float = 0.05) -> Fitted:
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
    """
    shape = (vectors.shape[0], value.shape[1])
    out = Fitted(*(np.full(shape, np.nan) for _ in range(4)))
    parts = _parts(value, design=design, vectors=vectors, unit=unit)
    usable = [p for p in parts if p.projection.df > 0]
    donor, technical = _noise(usable)
    fits = [linear.fit(p.y, p.projection, noise=donor + technical * p.unit) for p in usable]
    for part in parts:
        out.estimate[:, part.rows] = part.projection.influence @ part.y
    if not fits:
        return out
    prior = _prior(fits)
    ceiling = float(sum(f.df.sum() for f in fits))
    for part, fitted in zip(usable, fits, strict=True):
        variance, df = moderated(fitted.variance, fitted.df, prior=prior, ceiling=ceiling)
        se = np.sqrt(fitted.unscaled * variance)
        out.se[:, part.rows] = se
        out.pvalue[:, part.rows] = two_sided(fitted.estimate, se, df)
        out.reach[:, part.rows] = -stdtrit(df, alpha / 2.0) * se
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


def _prior(fits: list[linear.Fit]) -> moderation.Prior | None:
    variance, df = np.concatenate([f.variance for f in fits]), np.concatenate([f.df for f in fits])
    return shared_prior(variance, df)


def shared_prior(variance: Floats, df: Floats) -> moderation.Prior | None:
    """Prior of all rows, or None with fewer than three that differ."""
    used = np.isfinite(variance) & (variance > 0) & (df > 0)
    if used.sum() < 3:
        return None
    return moderation.fit_prior(np.where(used, variance, np.nan), df)


def moderated(variance: Floats, df: Floats, *, prior: moderation.Prior | None, ceiling: float) -> tuple[Floats, Floats]:
    """Moderated variances and their degrees of freedom, at most those of all rows together (``ceiling``)."""
    if prior is None:
        return variance, df
    one = moderation.Prior(prior.df, np.full(variance.shape, float(prior.variance[0])))
    return one.posterior(variance, df), np.minimum(df + prior.df, max(ceiling, 1.0))


def two_sided(estimate: Floats, se: Floats, df: Floats) -> Floats:
    """Two-sided p of a t-test."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2.0 * stdtr(np.maximum(df, 1e-9), -np.abs(estimate / se)), np.float64)
