"""Entities (genes and complexes) per sample × group: value, expected count, fraction expressing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..problem import Entities
    from ._types import Cohort

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Arrays (n_groups, n_samples, n_entities), so that one group is one block of memory.

    Attributes
    ----------
    value
        log2 CPM; of a complex that of its lowest subunit in the sample.
    expected
        Count expected in the sample if all samples had the group's overall rate: what the precision depends
        on. It knows the depth and the cells of the sample, not its own value, so precision and value are
        not tied to each other.
    prop
        Fraction of cells expressing; of a complex its smallest.
    seen
        Every subunit has a count.
    """

    value: Floats
    expected: Floats
    prop: Floats
    seen: Bools


def build(cohort: Cohort, entities: Entities) -> Rows:
    """Join genes into entities by their least subunit, sample by sample."""
    starts, genes = entities.indptr[:-1], entities.genes
    present = cohort.present
    library = np.where(present, cohort.library, 0.0)
    counts = np.where(present[:, :, None], cohort.counts, 0.0)
    total = np.maximum(library.sum(axis=0), 1.0)
    rate = np.minimum.reduceat((counts.sum(axis=0) / total[:, None])[:, genes], starts, axis=1)

    def least(array: npt.NDArray[np.float64]) -> Floats:
        joined = np.minimum.reduceat(array[:, :, genes], starts, axis=2)
        return np.ascontiguousarray(joined.transpose(1, 0, 2))

    return Rows(least(cohort.logcpm), rate[:, None, :] * library.T[:, :, None], least(cohort.prop), least(counts) > 0)


def limiting_subunit(cohort: Cohort, entities: Entities, *, group: int, samples: Bools) -> Ints:
    """Gene with the lowest mean log CPM over these samples, per entity; first of ties, -1 without samples."""
    if not samples.any():
        return np.full(entities.n, -1, np.int64)
    chosen = entities.genes[entities.indptr[:-1]].copy()
    many = np.flatnonzero(entities.n_subunits > 1)
    if many.size == 0:
        return chosen
    sizes = entities.n_subunits[many]
    place = np.arange(int(sizes.max()))
    inside = place < sizes[:, None]
    members = entities.genes[entities.indptr[many][:, None] + np.where(inside, place, 0)]
    mean = cohort.logcpm[samples, group].mean(axis=0)[members]
    chosen[many] = members[np.arange(many.size), np.where(inside, mean, np.inf).argmin(axis=1)]
    return chosen


def expressed_in_enough(prop: Floats, *, n_least: int, threshold: float) -> Bools:
    """Decide per row (rows, n) whether the mean of its ``n_least`` highest samples reaches ``threshold``.

    The samples' labels have no say, so choosing rows this way leaves their p-values uniform.
    """
    k = int(np.clip(n_least, 1, prop.shape[1]))
    top = np.partition(prop, prop.shape[1] - k, axis=1)[:, -k:]
    return np.asarray(top.mean(axis=1) >= threshold, np.bool_)
