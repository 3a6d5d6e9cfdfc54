"""Log-linear fits of samples that share patients: components of the variance, and generalised least squares.

Beside what donors, counting and cells add to each sample alone there is a part that the samples of one patient share,
a number of a whole group of cells as well: by moments of the residuals of all its rows, within patients and between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import log_linear
from .log_linear import LogLinearFit, SharedVariance, VarianceComponents

if TYPE_CHECKING:
    from ..arrays import Floats, Ints
    from .log_moments import Counting

_MOST_ROWS = 1500
_LEAST = 1e-10
_LEAST_WITHIN = 0.5  # degrees of freedom
_BINS = 10
_ROWS_PER_BIN = 50
_INFORMATIVE = 1e-9


def owners(patient: Ints) -> Floats:
    """Return the indicator of the patients, (n, n_patients)."""
    return np.asarray(patient[:, None] == np.unique(patient), np.float64)


@dataclass(frozen=True)
class Strata:
    """Projectors (n, n) that leave of samples what differs within patients, and between them, beside the design."""

    within: Floats
    between: Floats

    @classmethod
    def of(cls, basis: Floats, owner: Floats) -> Strata:
        """Of a design (n, r) with orthonormal columns and the owners of its samples."""
        projector = np.eye(basis.shape[0]) - basis @ basis.T
        within = projector - _projection(projector @ owner)
        return cls(within, projector - within)


def variance_components(
    y: Floats, strata: Strata, owner: Floats, *, counting: Counting, n_cells: Floats
) -> VarianceComponents:
    """Fit the components to squared residuals within patients and between them.

    Their expectations are linear in the components; those within patients do not know of the patients' part.

    Parameters
    ----------
    y
        (m, n) values.
    strata
        Of the design.
    owner
        (n, n_patients), see :func:`owners`.
    counting
        Of all rows; those that tell the components apart are used.
    n_cells
        (n,) cells of the samples.
    """
    rows = counting.telling()
    rows = rows[:: max(1, -(-rows.size // _MOST_ROWS))]
    y, counting = y[rows], counting.take(rows)
    columns, squares = [], []
    for part in (strata.within, strata.between):
        informative = np.diag(part) > _INFORMATIVE
        donor, *others = (term @ part**2 for term in log_linear.parts(counting, n_cells))
        terms = [donor, _of_patients(part, owner, counting.shown), *others]
        columns.append(np.stack([term[:, informative].ravel() for term in terms], axis=1))
        squares.append((y @ part)[:, informative].ravel() ** 2)
    solution = log_linear.moments(np.vstack(columns), np.concatenate(squares))
    if solution is None:
        return VarianceComponents(1.0, 0.0, 0.0)
    donor, patient, of_counting, *of_cells = solution.tolist()
    return VarianceComponents(donor, of_counting, cells=sum(of_cells), patient=patient)


def _of_patients(part: Floats, owner: Floats, shown: Floats) -> Floats:
    """Return the expected squares (m, n) of what a projector leaves of a patients' part with variance 1."""
    out = np.zeros_like(shown)
    for samples in owner.T > 0:
        out += (shown[:, samples] @ part[samples]) ** 2
    return out


def by_level(
    y: Floats, strata: Strata, owner: Floats, *, counting: Counting, noise: Floats, patient: float
) -> tuple[Floats, Floats]:
    """Factors (m,) that bring both parts to what rows of like counts show: of the noise, and of the patients' part.

    Log rates of few counts follow the components loosely, and which of the two parts is off decides how far estimates
    within patients can be trusted; what both are off by in common is left to the residual variances.
    """
    level = np.log(counting.mean).mean(axis=1)
    order = np.argsort(level, kind="stable")
    bins = np.array_split(order, int(np.clip(level.size // _ROWS_PER_BIN, 1, _BINS)))
    q_within, q_between = (((y @ part) ** 2).sum(axis=1) for part in (strata.within, strata.between))
    e_within, e_between = ((noise @ part**2).sum(axis=1) for part in (strata.within, strata.between))
    e_patient = patient * _of_patients(strata.between, owner, counting.shown).sum(axis=1)
    centres, factors = [], []
    for rows in bins:
        of_noise = q_within[rows].sum() / max(e_within[rows].sum(), _LEAST)
        if e_within[rows].sum() <= _LEAST:
            of_noise = 1.0
        rest = q_between[rows].sum() - of_noise * e_between[rows].sum()
        of_patients = max(rest, 0.0) / max(e_patient[rows].sum(), _LEAST)
        centres.append(level[rows].mean())
        factors.append((max(of_noise, _LEAST), of_patients))
    table = np.asarray(factors)
    return np.interp(level, centres, table[:, 0]), np.interp(level, centres, table[:, 1])


def _projection(columns: Floats) -> Floats:
    """Project onto the span of columns, (n, n)."""
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    u = u[:, s > _INFORMATIVE * max(float(s.max(initial=0.0)), 1.0)]
    return np.asarray(u @ u.T, np.float64)


def generalised_rows(y: Floats, basis: Floats, noise: Floats, *, shared: SharedVariance) -> LogLinearFit:
    """Generalised least squares of every row.

    Parameters
    ----------
    y
        (m, n) values.
    basis
        (n, r) orthonormal basis of the design.
    noise
        (m, n) variances of the observations without their patient's part, up to one factor per row.
    shared
        The patients' part.
    """
    n, r = basis.shape
    white = shared.uncorrelated(y, noise)
    white_basis = shared.uncorrelated(np.broadcast_to(basis, (y.shape[0], n, r)), noise)
    inverse = np.linalg.inv(np.einsum("mnr,mns->mrs", white_basis, white_basis, optimize=True))
    coefficient = np.einsum("mrs,mns,mn->mr", inverse, white_basis, white, optimize=True)
    rest = white - np.einsum("mnr,mr->mn", white_basis, coefficient)
    df = float(n - r)
    variance = (rest**2).sum(axis=1) / df if df else np.full(y.shape[0], np.nan)
    return LogLinearFit(coefficient, inverse, variance, df, noise, y - coefficient @ basis.T, shared)


def fit(
    y: Floats, basis: Floats, null: Floats, *, patient: Ints, total: Floats, library: Floats, n_cells: Floats
) -> tuple[LogLinearFit, VarianceComponents]:
    """Fit rows of log rates of one group of cells whose samples share patients.

    Where nothing is left within patients, what they share cannot be told from what samples have alone, and all samples
    count as independent: each patient has one of a condition, so that a difference of conditions is at most less sure.

    Parameters
    ----------
    y
        (m, n) log2 counts per million.
    basis, null
        (n, r) orthonormal bases of the design, and of the design without what is compared.
    patient
        (n,) codes.
    total
        (m,) counts of all samples together.
    library, n_cells
        (n,) of the samples.
    """
    owner = owners(patient)
    strata = Strata.of(basis, owner)
    if np.trace(strata.within) < _LEAST_WITHIN:
        return log_linear.fit(y, basis, null, total=total, library=library, n_cells=n_cells)
    counting = log_linear.expected_counting(y, null, total=total, library=library)
    components = variance_components(y, strata, owner, counting=counting, n_cells=n_cells)
    noise = components.at(counting, n_cells)
    of_noise, of_patients = by_level(y, strata, owner, counting=counting, noise=noise, patient=components.patient)
    shared = SharedVariance(owner, counting.shown * np.sqrt(of_patients)[:, None], components.patient)
    return generalised_rows(y, basis, noise * of_noise[:, None], shared=shared), components


def loss_of_each(fitted: LogLinearFit, basis: Floats, direction: Floats, *, shared: SharedVariance) -> Floats:
    """How much a combination of the coefficients changes without each sample, (m, n); NaN where it cannot be told.

    With P the inverse of the variance and M = P − P B (B'P B)⁻¹ B'P, sample i takes
    ``(B'P B)⁻¹ B'P e_i (P r)_i / M_ii`` with it.
    """
    m, n = fitted.residual.shape
    score = shared.precision(np.broadcast_to(basis, (m, n, basis.shape[1])), fitted.noise)
    own = shared.own_precision(fitted.noise)
    slack = own - np.einsum("mnr,mrs,mns->mn", score, fitted.inverse, score, optimize=True)
    influence = np.einsum("r,mrs,mns->mn", direction, fitted.inverse, score, optimize=True)
    alone = slack < _INFORMATIVE * own
    rest = shared.precision(fitted.residual, fitted.noise)
    change = -np.where(alone, 0.0, influence * rest / np.where(alone, 1.0, slack))
    return np.where(alone & (np.abs(influence) > _INFORMATIVE), np.nan, change)


def whitening(owner: Floats, ratio: float) -> Floats:
    """Symmetric root (n, n) of the inverse of ``ratio · ZZ' + 1``."""
    size = owner.sum(axis=0)
    pull = (1.0 - 1.0 / np.sqrt(1.0 + ratio * size)) / np.maximum(size, 1.0)
    return np.asarray(np.eye(owner.shape[0]) - (owner * pull) @ owner.T, np.float64)
