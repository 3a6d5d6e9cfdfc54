"""Quasi-likelihood fits of counts: negative binomial regressions whose scale is a row's own.

Dispersions are those of a whole group of cells, by moments, and may depend on the number of cells; a row differs from
them by one factor, its mean unit deviance over what that deviance is expected to be (Lund et al. 2012,
doi:10.1515/1544-6115.1826), with as many degrees of freedom as its counts can tell.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from . import linear
from .deviance_moments import deviance_moments, unit_deviance
from .log_bias import left_over
from .log_linear import cells_differ

if TYPE_CHECKING:
    from ..arrays import Floats, Ints

_STEPS = 25
_CONVERGED = 1e-6  # of the linear predictor
_WIDEST_STEP = 3.0
_FURTHEST = 14.0  # from the pooled log rate: what separates completely has no finite fit
_RIDGE = 1e-7
_LARGEST = 30.0  # squared residual over its variance
_LEAST_TOLD = 0.02  # share of the degrees of freedom from which a row's deviance says anything
_START = 0.1
_ENOUGH = 10.0  # counts of a level from which no bias is left
_LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class CountRows:
    """Counts of m rows in n samples, and the offsets of their means.

    Attributes
    ----------
    counts
        (m, n).
    offset
        (n,) log of the libraries.
    centre
        (m,) log of the rate of all samples together.
    """

    counts: Floats
    offset: Floats
    centre: Floats

    @classmethod
    def of(cls, counts: Floats, library: Floats) -> CountRows:
        """Rows with at least one count."""
        return cls(counts, np.log(library), np.log(counts.sum(axis=1) / library.sum()))

    def take(self, rows: Ints | slice) -> CountRows:
        """Take some of the rows."""
        return CountRows(self.counts[rows], self.offset, self.centre[rows])

    def mean(self, linear: Floats) -> Floats:
        """Means of linear predictors (m, n) without the offset."""
        centre = self.centre[:, None]
        return np.asarray(np.exp(np.clip(linear, centre - _FURTHEST, centre + _FURTHEST) + self.offset), np.float64)


@dataclass(frozen=True)
class QuasiFit:
    """Fits of m rows.

    Attributes
    ----------
    coefficient
        (m, r) on the natural logarithm, of the orthonormal basis.
    bias_reduced
        (m, r) the same, finite also where one side has no count (Firth 1993, doi:10.1093/biomet/80.1.27).
    null_bias
        (m, r) what ``bias_reduced`` is expected to be beyond the pooled rate where nothing but depth differs, see
        :func:`null_bias`.
    inverse
        (m, r, r): inverse of the information at ``bias_reduced``.
    deviance
        (m,) residual deviance.
    scale, df
        (m,) deviance over its expectation, and the degrees of freedom it has, at most those of the design.
    spread_df
        (m,) degrees of freedom of the chi-square that varies as the deviance does, which may be more.
    bound
        (m,) least scale there can be: that of counting alone.
    counting
        (m,) share of counting in the variance of the observations, the mean over the samples.
    dispersion
        (n,) of the samples.
    """

    coefficient: Floats
    bias_reduced: Floats
    null_bias: Floats
    inverse: Floats
    deviance: Floats
    scale: Floats
    df: Floats
    spread_df: Floats
    bound: Floats
    counting: Floats
    dispersion: Floats

    def take(self, rows: Ints) -> QuasiFit:
        """Take some of the rows."""
        parts = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "dispersion"}
        return replace(self, **parts)


def fit(counts: Floats, basis: Floats, *, library: Floats, n_cells: Floats, level: Ints, start: Floats) -> QuasiFit:
    """Fit rows of counts of one group of cells.

    Parameters
    ----------
    counts
        (m, n), with a count in every row.
    basis
        (n, r) orthonormal basis of the design, with n > r.
    library, n_cells
        (n,) of the samples.
    level
        (n,) codes of what is compared: see :func:`null_bias`.
    start
        (m, r) coefficients on the natural logarithm to start from.
    """
    rows = CountRows.of(counts, library)
    dispersion = _dispersions(rows, basis, n_cells=n_cells, start=start)
    coefficient = regress(rows, basis, dispersion=dispersion, start=start)
    mean = rows.mean(coefficient @ basis.T)
    weight = mean / (1.0 + dispersion * mean)
    leverage = weight * _leverage(_inverse(weight, basis), basis)
    deviance = unit_deviance(rows.counts, mean, dispersion).sum(axis=1)
    expected, variance = deviance_moments(mean, dispersion)
    free = np.maximum(1.0 - leverage, 0.0)
    first, second = (free * expected).sum(axis=1), (free * variance).sum(axis=1)
    most = float(basis.shape[0] - basis.shape[1])
    spread_df = 2.0 * first**2 / np.maximum(second, 1e-300)
    df = np.where(first < _LEAST_TOLD * most, 0.0, np.minimum(most, spread_df))
    bias_reduced = regress(rows, basis, dispersion=dispersion, start=coefficient, bias_reduced=True)
    finite = rows.mean(bias_reduced @ basis.T)
    return QuasiFit(
        coefficient=coefficient,
        bias_reduced=bias_reduced,
        null_bias=null_bias(rows, basis, level),
        inverse=_inverse(finite / (1.0 + dispersion * finite), basis),
        deviance=deviance,
        scale=deviance / np.maximum(first, 1e-300),
        df=df,
        spread_df=spread_df,
        bound=mean.sum(axis=1) / (mean * (1.0 + dispersion * mean)).sum(axis=1),
        counting=(1.0 / (1.0 + dispersion * mean)).mean(axis=1),
        dispersion=dispersion,
    )


def regress(rows: CountRows, basis: Floats, *, dispersion: Floats, start: Floats, bias_reduced: bool = False) -> Floats:
    """Coefficients (m, r) of negative binomial regressions with a logarithmic link, by Fisher scoring.

    Reduced in bias, every count is half its leverage larger, times ``1 + dispersion · mean``, until nothing moves.
    """
    coefficient = start.copy()
    open_rows = np.arange(coefficient.shape[0])
    for _ in range(_STEPS):
        at = coefficient[open_rows]
        step = _step(rows.take(open_rows), basis, dispersion=dispersion, at=at, bias_reduced=bias_reduced)
        coefficient[open_rows] += step
        open_rows = open_rows[np.abs(step).max(axis=1, initial=0.0) > _CONVERGED]
        if open_rows.size == 0:
            break
    return coefficient


def null_bias(rows: CountRows, basis: Floats, level: Ints) -> Floats:
    """Bias (m, r) that is left of coefficients reduced in bias, if all samples have the pooled rate.

    Half a count is added to those of every level, so that a level with less than one count, as those of shallow samples
    are, looks higher than it is. Given all T counts of a row, those of a level with M expected ones are binomial, M of
    T, where nothing but depth differs. What covariates add to a level is in proportion to what is expected there, and
    leads nowhere. All this is exact for levels that covariates split alike, if donors vary little beside the counting
    of so few counts.

    Parameters
    ----------
    rows, basis
        As in :func:`regress`.
    level
        (n,) codes of what is compared.
    """
    out = np.zeros((rows.counts.shape[0], basis.shape[1]))
    member = (level[:, None] == np.unique(level)).astype(np.float64)
    mean = np.exp(rows.centre)[:, None] * np.exp(rows.offset)
    few = np.flatnonzero((mean @ member).min(axis=1) < _ENOUGH)
    if few.size == 0:
        return out
    mean = mean[few]
    inverse = _inverse(mean, basis)
    added = (0.5 * mean * _leverage(inverse, basis)) @ member
    total = np.repeat(rows.counts[few].sum(axis=1, keepdims=True), member.shape[1], axis=1)
    share = (mean @ member) / total
    small = total * share < 4.0 * _ENOUGH
    moving = np.minimum(added[small], 0.5)
    bias = np.zeros_like(share)
    bias[small] = left_over(total[small], share[small], prior=added[small] - moving, bias=moving)
    bias[small] -= np.log2(1.0 + 0.5 / total[small])
    weighted = mean * (bias @ member.T) * _LN2
    out[few] = np.matmul(inverse, (weighted @ basis)[:, :, None])[:, :, 0]
    return out


def _step(rows: CountRows, basis: Floats, *, dispersion: Floats, at: Floats, bias_reduced: bool) -> Floats:
    """One step of Fisher scoring, cut so that no linear predictor moves too far."""
    mean = rows.mean(at @ basis.T)
    spread = 1.0 + dispersion * mean
    weight = mean / spread
    inverse = _inverse(weight, basis)
    score = (rows.counts - mean) / spread
    if bias_reduced:
        score += 0.5 * weight * _leverage(inverse, basis)
    step = np.matmul(inverse, (score @ basis)[:, :, None])[:, :, 0]
    furthest = np.abs(step @ basis.T).max(axis=1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, _WIDEST_STEP / np.maximum(furthest, 1e-300)), np.float64)


def _inverse(weight: Floats, basis: Floats) -> Floats:
    """Inverse (m, r, r) of the weighted cross-products, with a ridge that only keeps it finite."""
    r = basis.shape[1]
    products = linear.column_products(basis)
    information = (weight @ products).reshape(-1, r, r)
    trace = np.einsum("mii->m", information)
    return np.asarray(np.linalg.inv(information + (_RIDGE * trace + 1e-300)[:, None, None] * np.eye(r)), np.float64)


def _leverage(inverse: Floats, basis: Floats) -> Floats:
    """Diagonal of ``basis · inverse · basis'`` (m, n)."""
    r = basis.shape[1]
    products = linear.column_products(basis)
    return np.asarray(inverse.reshape(-1, r * r) @ products.T, np.float64)


def _dispersions(rows: CountRows, basis: Floats, *, n_cells: Floats, start: Floats) -> Floats:
    """Dispersions (n,) ``f0 + f1 / n_cells`` of a group, by moments over means of at least 1."""
    coefficient = start
    terms = [np.ones(n_cells.size)]
    if cells_differ(n_cells):
        terms.append(1.0 / n_cells)
    dispersion = np.full(n_cells.size, _START)
    for _ in range(2):
        coefficient = regress(rows, basis, dispersion=dispersion, start=coefficient)
        mean = rows.mean(coefficient @ basis.T)
        expected = mean + dispersion * mean**2
        weight = mean / (1.0 + dispersion * mean)
        leverage = np.minimum(weight * _leverage(_inverse(weight, basis), basis), 1.0 - 1e-9)
        known = (mean >= 1.0) & (leverage < 0.999)
        if not known.any():
            return dispersion
        squared = np.minimum((rows.counts - mean) ** 2 / (1.0 - leverage), _LARGEST * expected) - mean
        y = (squared / expected)[known]
        x = np.stack([(mean**2 / expected * term)[known] for term in terms], axis=1)
        dispersion = np.stack(terms, axis=1) @ linear.non_negative(x, y)
    return np.asarray(dispersion, np.float64)


@dataclass(frozen=True)
class LikelihoodRatio:
    """Of one contrast: (m,) likelihood-ratio statistics, and the share of counting in the variance without a change."""

    statistic: Floats
    counting: Floats


def likelihood_ratio(
    counts: Floats, fitted: QuasiFit, basis: Floats, *, library: Floats, direction: Floats
) -> LikelihoodRatio:
    """Compare every row's fit with one whose contrast is zero.

    Parameters
    ----------
    counts, basis, library
        As in :func:`fit`, of which ``fitted`` is the result.
    direction
        (r,) the contrast in coordinates of the basis.
    """
    rows = CountRows.of(counts, library)
    unit = direction / np.linalg.norm(direction)
    complement = np.linalg.svd(unit[None, :])[2][1:].T
    null = regress(rows, basis @ complement, dispersion=fitted.dispersion, start=fitted.coefficient @ complement)
    mean = rows.mean(null @ (basis @ complement).T)
    deviance = unit_deviance(rows.counts, mean, fitted.dispersion).sum(axis=1)
    counting = (1.0 / (1.0 + fitted.dispersion * mean)).mean(axis=1)
    return LikelihoodRatio(np.maximum(deviance - fitted.deviance, 0.0), counting)
