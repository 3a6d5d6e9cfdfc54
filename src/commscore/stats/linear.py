"""Least squares of many rows on one design, and what contrasts of it need.

All rows that miss the same samples share a projection; nothing is solved row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

if TYPE_CHECKING:
    from ..arrays import Bools, Floats


_RANK_TOLERANCE = 1e-9
_RIDGE = 1e-11  # of columns of length 1


@dataclass(frozen=True)
class Projection:
    """A design with its contrasts, for the samples that are there.

    Attributes
    ----------
    influence
        (q, n): what each sample contributes to each contrast, so that estimates are ``influence @ y``; NaN
        rows for contrasts that cannot be estimated.
    residual
        (n, n): I − H, so that residuals are ``residual @ y``.
    df
        Residual degrees of freedom n − rank.
    """

    influence: Floats
    residual: Floats
    df: int

    @property
    def estimable(self) -> Bools:
        """(q,): whether the samples say anything about the contrast."""
        known = np.isfinite(self.influence).all(axis=1) & (self.influence.shape[1] > 0)
        return np.asarray(known, np.bool_)

    @property
    def unscaled(self) -> Floats:
        """(q,): variance of the estimates at unit residual variance."""
        return np.asarray((self.influence**2).sum(axis=1), np.float64)


def project(design: Floats, contrasts: Floats) -> Projection:
    """Prepare ordinary least squares for the rows of ``design``.

    Parameters
    ----------
    design
        (n, p); its rank may be short, as when a pair has lost its partner.
    contrasts
        (q, p) combinations of the coefficients. One outside the row space of the design is not estimable.

    Examples
    --------
    >>> import numpy as np
    >>> p = project(np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]), np.array([[-1.0, 1]]))
    >>> p.df, p.influence.round(3).tolist()
    (2, [[-0.5, -0.5, 0.5, 0.5]])
    """
    n = design.shape[0]
    if n == 0:
        return Projection(np.full((contrasts.shape[0], 0), np.nan), np.zeros((0, 0)), 0)
    u, s, vt = np.linalg.svd(design, full_matrices=False)
    rank = int((s > _RANK_TOLERANCE * s[0]).sum())
    u, s, vt = u[:, :rank], s[:rank], vt[:rank]
    inside = contrasts @ vt.T
    lost = np.linalg.norm(contrasts - inside @ vt, axis=1) > 1e-8 * np.linalg.norm(contrasts, axis=1)
    influence = (inside / s) @ u.T
    influence[lost] = np.nan
    return Projection(influence, np.eye(n) - u @ u.T, n - rank)


def orthonormal(design: Floats) -> Floats:
    """Orthonormal basis (n, rank) of the columns of a design, whose rank may be short."""
    u, s, _ = np.linalg.svd(design, full_matrices=False)
    return np.ascontiguousarray(u[:, s > _RANK_TOLERANCE * s[0]])


def non_negative(x: Floats, y: Floats) -> Floats:
    """Solve non-negative least squares by the normal equations: as many as columns, however many rows.

    Columns are scaled to length 1, so that also those that say the same, of whatever size, can be solved for.

    Examples
    --------
    >>> import numpy as np
    >>> non_negative(np.array([[1.0, 0], [1, 1], [1, 2]]), np.array([1.0, 3, 5])).round(6).tolist()
    [1.0, 2.0]
    """
    length = np.maximum(np.linalg.norm(x, axis=0), 1e-300)
    unit = x / length
    root = np.linalg.cholesky(unit.T @ unit + _RIDGE * np.eye(x.shape[1]))
    return np.asarray(nnls(root.T, np.linalg.solve(root, unit.T @ y))[0] / length, np.float64)


def column_products(basis: Floats) -> Floats:
    """Products (n, r · r) of every two columns: weights times them are weighted cross-products of many rows at once."""
    n, r = basis.shape
    return np.asarray((basis[:, :, None] * basis[:, None, :]).reshape(n, r * r), np.float64)


@dataclass(frozen=True)
class Fit:
    """Estimates (q, m), unscaled variances (q, m), residual variances (m,) and degrees of freedom (m,)."""

    estimate: Floats
    unscaled: Floats
    variance: Floats
    df: Floats
    residual: Floats


def fit(y: Floats, projection: Projection, *, noise: Floats | None = None) -> Fit:
    """Fit all columns of ``y`` (n, m) by ordinary least squares.

    Parameters
    ----------
    y
        (n, m) values; the samples of ``projection``.
    projection
        From :func:`project`.
    noise
        (n, m) variances of the observations up to one factor per row, or None for equal ones. The estimates
        stay those of ordinary least squares, so that parts of a sum add up; their variance and the residual
        variance (with Satterthwaite's degrees of freedom) account for the unequal precision.
    """
    estimate = projection.influence @ y
    residual = projection.residual @ y
    m = y.shape[1]
    if noise is None:
        df = np.full(m, float(projection.df))
        unscaled = np.repeat(projection.unscaled[:, None], m, axis=1)
        total = (residual**2).sum(axis=0)
        expected = df
    else:
        unscaled = projection.influence**2 @ noise
        expected = np.diag(projection.residual) @ noise
        spread = (noise * (projection.residual**2 @ noise)).sum(axis=0)
        df = np.divide(expected**2, spread, out=np.zeros(m), where=spread > 0)
        total = (residual**2).sum(axis=0)
    variance = np.divide(total, expected, out=np.full(m, np.nan), where=expected > 1e-9)
    return Fit(estimate, unscaled, variance, df if projection.df else np.zeros(m), residual)


def loss_of_each(residual: Floats, *, projection: Projection, c: int = 0) -> Floats:
    """How much contrast ``c`` changes when one sample is left out, for all samples at once.

    β₋ᵢ − β = −aᵢeᵢ/(1 − hᵢ) with aᵢ the influence of sample i, eᵢ its residual, hᵢ its leverage. A sample that
    is fitted exactly (hᵢ = 1) and matters to the contrast leaves nothing to estimate it from: NaN.

    Parameters
    ----------
    residual
        (n, m) residuals of the fit.
    projection
        From :func:`project`.
    c
        Which of its contrasts.

    Returns
    -------
    ndarray
        (m, n).
    """
    influence = projection.influence[c]
    slack = np.diag(projection.residual)
    alone = slack < 1e-9
    change = residual.T * -np.where(alone, 0.0, influence / np.where(alone, 1.0, slack))
    change[:, alone & (np.abs(influence) > 1e-9)] = np.nan
    return np.asarray(change, np.float64)
