"""Fits of rows that are measured once per sample and are no counts: activities, strengths, balances.

Every row is fitted on the samples that it has; the variances of the rows are moderated together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import linear, log_linear
from .courses import Courses, of_side
from .variance import OUTSIDE, moderate_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays import Floats, Ints


_LEAST = 1e-10  # variance


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
    moderated, null = moderate_rows(np.concatenate([f.variance for f in fits]), np.concatenate([f.df for f in fits]))
    ends = np.cumsum([f.df.size for f in fits])
    for part, fitted, end in zip(usable, fits, ends, strict=True):
        mine = slice(end - fitted.df.size, end)
        variance, tail = moderated[mine], null.take(mine)
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

    Two non-negative numbers by reweighted least squares of residual on expected variance; (1, 0) where there is
    nothing to tell them from.
    """
    squares, counting = [np.zeros(0)], [np.zeros(0)]
    for p in parts:
        free = np.diag(p.projection.residual)
        squares.append(((p.projection.residual @ p.y) ** 2).sum(axis=0) / p.projection.df)
        counting.append(free @ p.unit / p.projection.df)
    count = np.concatenate(counting)
    components = log_linear.moments(np.column_stack([np.ones_like(count), count]), np.concatenate(squares))
    return (1.0, 0.0) if components is None else (float(components[0]), float(components[1]))
