"""Abundances of groups of cells relative to the groups that did not change along a contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...stats import linear, log_ratios, variance

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ._types import Cohort, Settings


_LEAST = 1e-12  # variance of rounding


@dataclass(frozen=True)
class AbundanceFit:
    """Change of a group's log-ratio (q,) along every contrast, its standard error, and the null of their ratio."""

    estimate: Floats
    se: Floats
    tail: variance.Tail

    @property
    def pvalue(self) -> Floats:
        """(q,) two-sided p-values; missing where nothing varies, as for a group that is the reference itself."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.se > 0, self.tail.pvalue(self.estimate / self.se), np.nan)

    def reach(self, level: float) -> Floats:
        """(q,) half width of the interval that leaves out ``level``."""
        return np.asarray(self.tail.quantile(level) * self.se, np.float64)


@dataclass(frozen=True)
class Abundances:
    """Abundances of the groups of a cohort, for one contrast.

    Attributes
    ----------
    log_ratio
        (n_samples, n_groups) log2 ratio of the group's cells to the geometric mean of the reference's.
    reference
        (n_groups,) or (n_groups + 1,) groups of the reference; the last are the cells outside the groups, if any.
    variances
        (m,) residual variances of the groups that have enough cells in every sample, where all vary alike.
    df
        Residual degrees of freedom of each.
    """

    log_ratio: Floats
    reference: Bools
    variances: Floats
    df: int

    @property
    def codes(self) -> Ints:
        """Codes of the groups of the reference; one beyond the last group are the cells outside."""
        return np.asarray(np.flatnonzero(self.reference), np.int64)

    def fit(self, group: int, *, keep: Bools, projection: linear.Projection) -> AbundanceFit:
        """Fit one group in the samples ``keep``, its variance moderated by those of the groups."""
        fitted = linear.fit(self.log_ratio[keep, group][:, None], projection)
        scale = log_ratios.noise_scale(self.reference)[group]
        own = fitted.variance / scale if scale > 0 else fitted.variance  # nothing varies in what is the reference
        rows = np.append(self.variances, own)
        df = np.append(np.full(self.variances.size, float(self.df)), fitted.df)
        shaping = (np.arange(rows.size) < self.variances.size) & (scale > 0)
        ceiling = float(self.variances.size * self.df)
        moderated, tail = variance.moderate_rows(rows, df, shaping=shaping, ceiling=ceiling)
        last = slice(rows.size - 1, rows.size)
        spread = fitted.unscaled[:, 0] * moderated[last] * (scale if scale > 0 else 1.0)
        return AbundanceFit(fitted.estimate[:, 0], np.sqrt(spread), tail.take(last))


def relative_to_reference(cohort: Cohort, vectors: Floats, *, settings: Settings) -> Abundances:
    """Take the reference from all samples of the cohort: the groups that change together along ``vectors``."""
    logs = log_ratios.log_cells(cohort.n_cells, cohort.total_cells)
    projection = linear.project(cohort.design, vectors)
    if settings.abundance_reference:
        reference = np.isin(np.arange(logs.shape[1]), settings.abundance_reference)
    else:
        reference = log_ratios.majority(projection.influence @ logs / np.sqrt(projection.unscaled)[:, None])
    ratio = log_ratios.centred(logs, reference)[:, : cohort.n_groups]
    scale = log_ratios.noise_scale(reference)[: cohort.n_groups]
    rows = cohort.present.all(axis=0) & (scale > 0)
    variances = linear.fit(ratio[:, rows], projection).variance / scale[rows]
    return Abundances(ratio, reference, variances[variances > _LEAST], projection.df)


def change_of_pools(pools: Cohort, *, settings: Settings) -> tuple[Floats, Floats, Ints]:
    """Change of every group between two pools of cells, its standard error (counting alone), codes of the reference."""
    relative = relative_to_reference(pools, np.array([[-1.0, 1.0]]), settings=settings)
    there = (pools.n_cells > 0).all(axis=0)
    change = np.where(there, relative.log_ratio[1] - relative.log_ratio[0], np.nan)
    cells = np.exp2(log_ratios.log_cells(pools.n_cells, pools.total_cells))
    spread = log_ratios.counting_errors(cells, relative.reference)[: pools.n_groups]
    return change, np.where(there, spread, np.inf), relative.codes
