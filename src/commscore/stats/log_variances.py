"""What the log variances of one gene in several groups of cells have in common, and what they therefore lend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from .multiple import benjamini_hochberg

if TYPE_CHECKING:
    from ..arrays import Bools, Floats

_EXTREME = 3.0  # normal deviate that no row of a gene falls below: a row of few counts may not vary at all
_FALSE_OUTLYING = 0.05  # false discovery rate of outlying genes
LEAST_VARIANCE = 1e-6
"""Of a log variance."""


@dataclass(frozen=True)
class Lent:
    """What other groups say of a row's log variance: shift of its mean, variance left, covariance with its own."""

    shift: Floats
    width: Floats
    covariance: Floats


@dataclass(frozen=True)
class LogVariances:
    """Log residual variances of all groups × rows about their trend.

    Attributes
    ----------
    residual
        (n_groups, m), 0 where there is none.
    root
        (n_groups, m) their standard errors, by sampling; 0 where there is none.
    known, shape
        (n_groups, m): there is one; it may shape the prior.
    rho
        (n_groups, n_groups) mean squared correlation of the residuals of one gene in two groups, which share donors.
    """

    residual: Floats
    root: Floats
    known: Bools
    shape: Bools
    rho: Floats

    def common(self, spread: float) -> float:
        """Covariance in two groups, beyond what shared donors make; at most ``spread``, the variance."""
        e, t = np.where(self.shape, self.residual, 0.0), np.where(self.shape, self.root, 0.0)
        both = self.shape.astype(np.float64) @ self.shape.T.astype(np.float64)
        product = e @ e.T - self.rho * (t @ t.T)
        upper = np.triu_indices(self.rho.shape[0], 1)
        n = both[upper].sum()
        return float(np.clip(product[upper].sum() / n, 0.0, spread)) if n else 0.0

    def lent(self, spread: float) -> Lent:
        """Predict every row's from the other groups' of its gene."""
        n_groups, m = self.residual.shape
        common = self.common(spread)
        shift, left, covariance = np.zeros((n_groups, m)), np.full((n_groups, m), spread), np.zeros((n_groups, m))
        if common <= 0.0:
            return Lent(shift, left, covariance)
        for k in range(n_groups):
            others = np.flatnonzero(np.arange(n_groups) != k)
            lending = self.known[others].T
            errors = self.root[others].T
            matrix = common + self.rho[np.ix_(others, others)] * errors[:, :, None] * errors[:, None, :]
            matrix *= lending[:, :, None] & lending[:, None, :]
            diagonal = np.where(lending, spread + errors**2, 1.0)
            place = np.arange(others.size)
            matrix[:, place, place] = diagonal
            weight = common * np.linalg.solve(matrix, lending.astype(np.float64)[:, :, None])[:, :, 0]
            weight = np.where(lending, weight, 0.0)
            shift[k] = (weight * self.residual[others].T).sum(axis=1)
            left[k] = np.maximum(spread - common * weight.sum(axis=1), LEAST_VARIANCE)
            covariance[k] = (weight * self.rho[k, others] * errors).sum(axis=1) * self.root[k]
        return Lent(shift, left, covariance)

    def outlying_genes(self, pvalue: Floats, spread: float) -> Bools:
        """Find the genes (m,) that vary more, in all their groups together, than genes of the prior do.

        A gene that some donors lack is no further out in any one group than one of many genes may be by chance, but it
        is so in every group; where chance gives it to one condition alone, the prior's degrees of freedom would be sure
        of it. The normal deviates of a gene's groups are added up; they are as alike as the log variances.
        """
        z = np.where(self.known, np.maximum(-ndtri(np.maximum(pvalue, 1e-300)), -_EXTREME), 0.0)
        scale = np.where(self.known, 1.0 / np.sqrt(spread + self.root**2), 0.0)
        noise = scale * self.root
        apart = 1.0 - np.eye(self.rho.shape[0])
        covariance = self.common(spread) * (scale.sum(axis=0) ** 2 - (scale**2).sum(axis=0))
        covariance += np.einsum("jm,jk,km->m", noise, self.rho * apart, noise)
        n = self.known.sum(axis=0)
        together = ndtr(-z.sum(axis=0) / np.sqrt(np.maximum(n + covariance, 1.0)))
        # genes that may shape the prior say where outlying begins; complexes and repeats of a gene follow them
        told = self.shape.any(axis=0)
        outlying = benjamini_hochberg(np.where(told, together, np.nan)) <= _FALSE_OUTLYING
        return np.asarray((n > 0) & (together <= np.max(together[outlying], initial=-1.0)), np.bool_)
