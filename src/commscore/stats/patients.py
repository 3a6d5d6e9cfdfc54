"""Log-linear fits of samples that share patients: components of the variance, patient means, generalised least squares.

The variance of an observation is ``patient + sample + counting · t + cells / n_cells``, with ``t = 1 / (expected count
+ 1/2)``; samples of one patient share the first part. The four numbers are those of a whole group of cells, by moments
of the residuals of all its rows, within patients and between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

if TYPE_CHECKING:
    from ..arrays import Floats, Ints

_ROUNDS = 30
_CONVERGED = 1e-5
_LEAST = 1e-10
_ALIKE = 0.1  # cells that differ by less, relative to their mean, do not tell a term of their own
_MOST_ROWS = 1500
_INFORMATIVE = 1e-9


@dataclass(frozen=True)
class PatientComponents:
    """Variance of a log2 rate: ``patient`` shared by a patient's samples, the rest of each sample alone."""

    patient: float
    sample: float
    counting: float
    cells: float

    def alone(self, t: Floats, n_cells: Floats) -> Floats:
        """Variance of every observation without its patient's part: ``t`` (m, n) and cells (n,) to (m, n)."""
        return np.asarray(np.maximum(self.sample + self.counting * t + self.cells / n_cells, _LEAST), np.float64)


@dataclass(frozen=True)
class PatientMeans:
    """Precision-weighted means over the samples of each patient.

    Attributes
    ----------
    value
        (m, n_patients).
    variance
        (m, n_patients): what patients differ by and what their samples leave, ``patient + 1 / Σ 1 / variance``.
    first
        (n_patients,) the first sample of each.
    """

    value: Floats
    variance: Floats
    first: Ints


@dataclass(frozen=True)
class GeneralisedFit:
    """Generalised least squares of m rows on n samples, r coefficients.

    Attributes
    ----------
    coefficient
        (m, r).
    inverse
        (m, r, r): inverse of the cross-products of the whitened basis; times the residual variance the covariance.
    variance
        (m,) residual variance, relative to what the components say.
    df
        Residual degrees of freedom.
    basis
        (m, n, r) whitened.
    residual
        (m, n) whitened: uncorrelated, of equal variance.
    """

    coefficient: Floats
    inverse: Floats
    variance: Floats
    df: float
    basis: Floats
    residual: Floats


def patient_components(y: Floats, basis: Floats, patient: Ints, *, t: Floats, n_cells: Floats) -> PatientComponents:
    """Fit the components to squared residuals within patients and between them.

    With R the projector that makes the residuals of the design and R_w that of design and patients together, the
    expectations of the squares of ``R_w y`` and of ``(R − R_w) y`` are linear in the components; the first do not know
    of ``patient``. Non-negative least squares, reweighted by the inverse square of the fit.

    Parameters
    ----------
    y
        (m, n) values.
    basis
        (n, r) orthonormal basis of the design.
    patient
        (n,) codes 0, 1, ….
    t
        (m, n) counting terms.
    n_cells
        (n,) cells of the samples.
    """
    step = max(1, -(-y.shape[0] // _MOST_ROWS))
    y, t = y[::step], t[::step]
    owner = _owners(patient)
    projector = np.eye(basis.shape[0]) - basis @ basis.T
    within = projector - _projection(projector @ owner)
    has_cells = np.ptp(n_cells) > _ALIKE * n_cells.mean()
    columns, squares = [], []
    for part in (within, projector - within):
        square = part**2
        informative = np.diag(part) > _INFORMATIVE
        shared = np.broadcast_to(((part @ owner) ** 2).sum(axis=1), t.shape)
        terms = [shared, np.broadcast_to(square.sum(axis=1), t.shape), t @ square]
        if has_cells:
            terms.append(np.broadcast_to(square @ (1.0 / n_cells), t.shape))
        columns.append(np.stack([term[:, informative].ravel() for term in terms], axis=1))
        squares.append((y @ part)[:, informative].ravel() ** 2)
    solution = _moments(np.vstack(columns), np.concatenate(squares))
    return PatientComponents(solution[0], solution[1], solution[2], solution[3] if has_cells else 0.0)


def _owners(patient: Ints) -> Floats:
    """Return the indicator of the patients, (n, n_patients)."""
    return np.asarray(patient[:, None] == np.arange(patient.max() + 1), np.float64)


def _projection(columns: Floats) -> Floats:
    """Project onto the span of columns, (n, n)."""
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    u = u[:, s > _INFORMATIVE * max(float(s.max(initial=0.0)), 1.0)]
    return np.asarray(u @ u.T, np.float64)


def _moments(x: Floats, y: Floats) -> list[float]:
    """Non-negative least squares with weights 1 / fit², from equal parts; a sample's own where nothing varies."""
    if y.size == 0 or not y.any():
        return [0.0, 1.0, *[0.0] * (x.shape[1] - 2)]
    solution = np.zeros(x.shape[1])
    solution[:2] = y.mean() / max(x[:, :2].sum(axis=1).mean(), _LEAST)
    for _ in range(_ROUNDS):
        fit = np.maximum(x @ solution, _LEAST)
        scaled = x / fit[:, None]
        root = np.linalg.cholesky(scaled.T @ scaled + 1e-12 * np.eye(x.shape[1]))
        before, solution = solution, nnls(root.T, np.linalg.solve(root, scaled.T @ (y / fit)))[0]
        if np.abs(solution - before).max() <= _CONVERGED * max(solution.max(), _LEAST):
            break
    return [float(s) for s in solution]


def patient_means(y: Floats, patient: Ints, *, alone: Floats, shared: float) -> PatientMeans:
    """Means over the samples of each patient, weighted by what each sample alone can be trusted.

    Parameters
    ----------
    y
        (m, n) values.
    patient
        (n,) codes 0, 1, ….
    alone
        (m, n) variances of the observations without their patient's part.
    shared
        Variance between patients.
    """
    owner, weight = _owners(patient), 1.0 / alone
    total = weight @ owner
    first = np.unique(patient, return_index=True)[1].astype(np.int64)
    return PatientMeans((weight * y) @ owner / total, shared + 1.0 / total, first)


def generalised_rows(y: Floats, basis: Floats, patient: Ints, *, alone: Floats, shared: float) -> GeneralisedFit:
    """Generalised least squares of every row with variance ``shared · ZZ' + diag(alone)``, Z the patients.

    Values and basis are whitened: with weights w = 1 / ``alone`` and s their sum over a patient's samples, ``√w (y − k
    Σ w y)`` with k = (1 − 1 / √(1 + shared · s)) / s are uncorrelated and have variance 1.

    Parameters
    ----------
    y
        (m, n) values.
    basis
        (n, r) orthonormal basis of the design.
    patient
        (n,) codes 0, 1, ….
    alone
        (m, n) variances of the observations without their patient's part.
    shared
        Variance between patients.
    """
    n, r = basis.shape
    owner, weight = _owners(patient), 1.0 / alone
    total = weight @ owner
    pull = (1.0 - 1.0 / np.sqrt(1.0 + shared * total)) / total
    root = np.sqrt(weight)
    white = root * (y - (((weight * y) @ owner) * pull) @ owner.T)
    sums = np.einsum("mn,np,nr->mpr", weight, owner, basis, optimize=True) * pull[:, :, None]
    white_basis = root[:, :, None] * (basis - np.einsum("mpr,np->mnr", sums, owner, optimize=True))
    inverse = np.linalg.inv(np.einsum("mnr,mns->mrs", white_basis, white_basis, optimize=True))
    coefficient = np.einsum("mrs,mns,mn->mr", inverse, white_basis, white, optimize=True)
    residual = white - np.einsum("mnr,mr->mn", white_basis, coefficient)
    df = float(n - r)
    variance = (residual**2).sum(axis=1) / df if df else np.full(y.shape[0], np.nan)
    return GeneralisedFit(coefficient, inverse, variance, df, white_basis, residual)
