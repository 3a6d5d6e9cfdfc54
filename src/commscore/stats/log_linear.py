"""Log-linear fits of counts: least squares of log rates, weighted by what every observation can be trusted.

The variance of an observation is the sum of what donors, counting and cells add: ``a0 s² + a1 v + a2 s² / cells``,
where v is the variance of the logarithm of a Poisson count and s how much of a change it shows (:mod:`.log_moments`),
at the count expected if what is compared made no difference. The three are those of a whole group of cells, by moments
of the residuals of its rows; only the scale of that variance is a row's own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from . import linear
from .log_bias import added
from .log_moments import Counting

if TYPE_CHECKING:
    from ..arrays import Floats

_ROUNDS = 30
_CONVERGED = 1e-5
_ALIKE = 0.1  # cells that differ by less, relative to their mean, do not tell a term of their own
_LEAST = 1e-10  # variance
_DIGITS = 9  # to which counts are the same


@dataclass(frozen=True)
class VarianceComponents:
    """What makes the variance of a log2 rate.

    ``donor`` is that of a rate between samples, ``cells`` is divided by their number, and ``patient`` is what samples
    of a patient share, all in squares of log2; ``counting`` is a factor of the variance of Poisson counts.
    """

    donor: float
    counting: float
    cells: float = 0.0
    patient: float = 0.0

    def at(self, counting: Counting, n_cells: Floats) -> Floats:
        """Variance (m, n) of every observation without its patient's part."""
        noise = (self.donor + self.cells / n_cells) * counting.shown**2 + self.counting * counting.variance
        return np.asarray(np.maximum(_not_less_for_fewer(noise, counting.mean), _LEAST), np.float64)


def _not_less_for_fewer(noise: Floats, mean: Floats) -> Floats:
    """Raise variances (m, n) to those of the samples of as many counts or more.

    Below one count a logarithm varies less, as it says less: a sample that knows next to nothing must not weigh most.
    """
    order = np.lexsort((-noise, -np.log(mean).round(_DIGITS)), axis=1)
    out = np.empty_like(noise)
    np.put_along_axis(out, order, np.maximum.accumulate(np.take_along_axis(noise, order, axis=1), axis=1), axis=1)
    return out


@dataclass(frozen=True)
class SharedVariance:
    """What samples of one patient have in common.

    ``owner`` (n, n_patients) marks whose they are; ``loading`` (m, n) is how much of it log rates show, less than 1
    where counts are small. The variance of a row is ``variance · L Z Z' L + diag(noise)``.
    """

    owner: Floats
    loading: Floats
    variance: float

    def uncorrelated(self, values: Floats, noise: Floats) -> Floats:
        """Whiten values (m, n, …): with weights w = 1 / ``noise``, loadings l and s the sum of l² w over a patient.

        ``√w (y − k l Σ l w y)`` with k = (1 − 1 / √(1 + variance · s)) / s.
        """
        root = np.sqrt(1.0 + self.variance * ((self.loading**2 / noise) @ self.owner))
        pull = self.variance / (root * (1.0 + root))
        return np.asarray(np.einsum("mn,mn...->mn...", noise**-0.5, self._less(values, noise, pull)), np.float64)

    def precision(self, values: Floats, noise: Floats) -> Floats:
        """Multiply values (m, n, …) by the inverse of the variance."""
        centred = self._less(values, noise, self._pull(noise))
        return np.asarray(np.einsum("mn,mn...->mn...", 1.0 / noise, centred), np.float64)

    def own_precision(self, noise: Floats) -> Floats:
        """Diagonal (m, n) of the inverse of the variance."""
        return np.asarray(1.0 / noise - (self.loading / noise) ** 2 * (self._pull(noise) @ self.owner.T), np.float64)

    def take(self, rows: slice) -> SharedVariance:
        """Take some of the rows."""
        return replace(self, loading=self.loading[rows])

    def _pull(self, noise: Floats) -> Floats:
        s = (self.loading**2 / noise) @ self.owner
        return np.asarray(self.variance / (1.0 + self.variance * s), np.float64)

    def _less(self, values: Floats, noise: Floats, pull: Floats) -> Floats:
        """Take off what samples of a patient show together, by ``pull`` (m, n_patients)."""
        sums = np.einsum("mn,mn...,np,mp->mp...", self.loading / noise, values, self.owner, pull, optimize=True)
        return np.asarray(values - np.einsum("mn,mp...,np->mn...", self.loading, sums, self.owner, optimize=True))


@dataclass(frozen=True)
class LogLinearFit:
    """Weighted fits of m rows on n samples, r coefficients of an orthonormal basis of the design.

    Attributes
    ----------
    coefficient
        (m, r).
    inverse
        (m, r, r): inverse of the weighted cross-products; times the residual variance the covariance.
    variance
        (m,) residual variance, relative to what :class:`VarianceComponents` say.
    df
        Residual degrees of freedom.
    noise
        (m, n): the variances whose inverses are the weights.
    residual
        (m, n): observed less fitted.
    shared
        What samples of one patient share beside that; None where they share nothing.
    """

    coefficient: Floats
    inverse: Floats
    variance: Floats
    df: float
    noise: Floats
    residual: Floats
    shared: SharedVariance | None = None

    @property
    def standardised(self) -> Floats:
        """Residuals (m, n) in units of what the components say, uncorrelated."""
        if self.shared is None:
            return self.residual / np.sqrt(self.noise)
        return self.shared.uncorrelated(self.residual, self.noise)

    def take(self, rows: slice) -> LogLinearFit:
        """Take some of the rows."""
        parts = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in ("df", "shared")}
        shared = None if self.shared is None else self.shared.take(rows)
        return replace(self, **parts, shared=shared)


def expected_counting(y: Floats, null: Floats, *, total: Floats, library: Floats) -> Counting:
    """Tell what counting adds at the counts expected of a fit without what is compared, as many in all as were read.

    Weights from counts that know the difference would be those that chance gave to its two sides.

    Parameters
    ----------
    y
        (m, n) log2 counts per million.
    null
        (n, r) orthonormal basis of the design without what is compared.
    total
        (m,) counts of all samples together.
    library
        (n,) of the samples.
    """
    log_rate = y @ null @ null.T
    rate = 2.0 ** (log_rate - log_rate.mean(axis=1, keepdims=True))
    mean = rate * library * (total / (rate @ library))[:, None]
    share = library / library.sum()
    of_library, bias = added(mean, share, n=library.size)
    return Counting.of(mean, of_library + bias)


def variance_components(
    residual: Floats, projector: Floats, *, counting: Counting, n_cells: Floats
) -> VarianceComponents:
    """Fit the three components to squared residuals of ordinary least squares.

    The expectation of a squared residual is linear in the components, with the squares of the projector as weights;
    non-negative least squares, reweighted by the inverse square of the fit until it does not move.

    Parameters
    ----------
    residual
        (m, n) residuals of ordinary least squares.
    projector
        (n, n) symmetric matrix that makes residuals.
    counting
        Of all rows; those that tell the components apart are used.
    n_cells
        (n,) cells of the samples.
    """
    rows = counting.telling()
    informative = np.diag(projector) > 1e-9
    terms = np.stack(parts(counting.take(rows), n_cells)) @ projector[:, informative] ** 2
    solution = moments(terms.reshape(len(terms), -1).T, (residual[rows][:, informative] ** 2).ravel())
    return VarianceComponents(1.0, 0.0, 0.0) if solution is None else VarianceComponents(*map(float, solution))


def parts(counting: Counting, n_cells: Floats) -> list[Floats]:
    """Give what one unit of each component adds to the variance, (m, n) each; of cells only where these differ."""
    shown = counting.shown**2
    return [shown, counting.variance, *([shown / n_cells] if cells_differ(n_cells) else [])]


def cells_differ(n_cells: Floats) -> bool:
    """Whether cells tell a term of their own."""
    return bool(np.ptp(n_cells) > _ALIKE * n_cells.mean())


def moments(x: Floats, y: Floats) -> Floats | None:
    """Non-negative least squares of squared residuals, reweighted by the inverse square of the fit.

    Parameters
    ----------
    x
        (n_observations, n_components) what one unit of each component adds; the first is there in all.
    y
        (n_observations,) squared residuals.

    Returns
    -------
    The components, or None where nothing varies.
    """
    if y.size == 0 or not y.any():
        return None
    solution = np.zeros(x.shape[1])
    solution[0] = y.mean() / x[:, 0].mean()
    for _ in range(_ROUNDS):
        fit = np.maximum(x @ solution, _LEAST)
        before, solution = solution, linear.non_negative(x / fit[:, None], y / fit)
        if np.abs(solution - before).max() <= _CONVERGED * max(solution.max(), _LEAST):
            break
    return None if solution.sum() <= _LEAST else np.asarray(solution, np.float64)


def weighted_rows(y: Floats, basis: Floats, noise: Floats) -> LogLinearFit:
    """Weighted least squares of every row, each with weights of its own.

    Parameters
    ----------
    y
        (m, n) values.
    basis
        (n, r) orthonormal basis of the design.
    noise
        (m, n) variances of the observations, up to one factor per row.
    """
    (m, n), r = y.shape, basis.shape[1]
    weight = 1.0 / noise
    products = linear.column_products(basis)
    inverse = np.asarray(np.linalg.inv((weight @ products).reshape(m, r, r)), np.float64)
    coefficient = np.matmul(inverse, ((weight * y) @ basis)[:, :, None])[:, :, 0]
    residual = y - coefficient @ basis.T
    df = float(n - r)
    variance = (weight * residual**2).sum(axis=1) / df if df else np.full(m, np.nan)
    return LogLinearFit(coefficient, inverse, variance, df, noise, residual)


def fit(
    y: Floats, basis: Floats, null: Floats, *, total: Floats, library: Floats, n_cells: Floats
) -> tuple[LogLinearFit, VarianceComponents]:
    """Fit rows of log rates of one group of cells: components of the variance, then weighted rows.

    Parameters
    ----------
    y
        (m, n) log2 counts per million.
    basis, null
        (n, r) orthonormal bases of the design, and of the design without what is compared.
    total
        (m,) counts of all samples together.
    library, n_cells
        (n,) of the samples.
    """
    projector = np.eye(basis.shape[0]) - basis @ basis.T
    counting = expected_counting(y, null, total=total, library=library)
    components = variance_components(y @ projector, projector, counting=counting, n_cells=n_cells)
    return weighted_rows(y, basis, components.at(counting, n_cells)), components
