"""Abundances of groups of cells relative to the groups that did not change along a contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...stats import linear, log_ratios

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ._types import Cohort, Settings


@dataclass(frozen=True)
class Abundances:
    """Abundances of the groups of a cohort, for one contrast.

    Attributes
    ----------
    log_ratio
        (n_samples, n_groups) log2 ratio of the group's cells to the geometric mean of the reference's.
    reference
        (n_groups,) or (n_groups + 1,) groups of the reference; the last are the cells outside the groups, if any.
    """

    log_ratio: Floats
    reference: Bools

    @property
    def codes(self) -> Ints:
        """Codes of the groups of the reference; one beyond the last group are the cells outside."""
        return np.asarray(np.flatnonzero(self.reference), np.int64)


def relative_to_reference(cohort: Cohort, vectors: Floats, *, settings: Settings) -> Abundances:
    """Take the reference from all samples of the cohort: the groups that change together along ``vectors``."""
    logs = log_ratios.log_cells(cohort.n_cells, cohort.total_cells)
    if settings.abundance_reference:
        reference = np.isin(np.arange(logs.shape[1]), settings.abundance_reference)
    else:
        projection = linear.project(cohort.design, vectors)
        reference = log_ratios.majority(projection.influence @ logs / np.sqrt(projection.unscaled)[:, None])
    return Abundances(log_ratios.centred(logs, reference)[:, : cohort.n_groups], reference)


def change_of_pools(pools: Cohort, *, settings: Settings) -> tuple[Floats, Floats, Ints]:
    """Change of every group between two pools of cells, its standard error (counting alone), codes of the reference."""
    relative = relative_to_reference(pools, np.array([[-1.0, 1.0]]), settings=settings)
    there = (pools.n_cells > 0).all(axis=0)
    change = np.where(there, relative.log_ratio[1] - relative.log_ratio[0], np.nan)
    cells = np.exp2(log_ratios.log_cells(pools.n_cells, pools.total_cells))
    spread = log_ratios.counting_errors(cells, relative.reference)[: pools.n_groups]
    return change, np.where(there, spread, np.inf), relative.codes
