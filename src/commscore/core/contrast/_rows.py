"""Entities (genes and complexes) per sample × group: value, count, fraction expressing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities
from . import _subunits

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ._types import Cohort


@dataclass(frozen=True)
class EntityValues:
    """Arrays (n_groups, n_samples, n_entities), so that one group is one block of memory.

    Attributes
    ----------
    value
        log2 CPM; of a complex that of its limiting subunit, see :mod:`._subunits`.
    count
        Raw count; of a complex that of its limiting subunit.
    expected
        (n_levels, n_groups, n_entities) count expected in a sample of the level's mean library if all samples had the
        rate of the group; 0 where the level has no sample.
    prop
        Fraction of cells expressing; of a complex its smallest.
    seen
        Every subunit has a count.
    subunit
        (n_levels, n_groups, n_entities) limiting gene of every condition.
    """

    value: Floats
    count: Floats
    expected: Floats
    prop: Floats
    seen: Bools
    subunit: Ints


def build(cohort: Cohort, entities: Entities, *, subunit: Ints | None = None) -> EntityValues:
    """Join genes into entities: the value is that of the limiting subunit, the fraction the least of all.

    ``subunit``: limiting gene (n_levels, n_groups, n_entities) if it is not to be chosen by :mod:`._subunits`.
    """
    starts, genes = entities.indptr[:-1], entities.genes
    present = cohort.present
    library = np.where(present, cohort.library, 0.0)
    counts = np.where(present[:, :, None], cohort.counts, 0.0)
    rate = counts.sum(axis=0) / np.maximum(library.sum(axis=0), 1.0)[:, None]
    subunit = _subunits.choose(cohort, entities, rate=rate) if subunit is None else subunit
    value = np.empty((cohort.n_groups, cohort.n_samples, entities.n))
    count = np.empty_like(value)
    depth = _mean_libraries(cohort, library)
    expected = np.empty((len(cohort.levels), cohort.n_groups, entities.n))
    for k in range(cohort.n_groups):
        chosen = subunit[cohort.condition, k]
        value[k] = np.take_along_axis(cohort.logcpm[:, k], chosen, axis=1)
        count[k] = np.take_along_axis(counts[:, k], chosen, axis=1)
        expected[:, k] = rate[k][subunit[:, k]] * depth[:, k, None]

    def least(array: Floats) -> Floats:
        joined = np.minimum.reduceat(array[:, :, genes], starts, axis=2)
        return np.ascontiguousarray(joined.transpose(1, 0, 2))

    return EntityValues(value, count, expected, least(cohort.prop), least(counts) > 0, subunit)


def _mean_libraries(cohort: Cohort, library: Floats) -> Floats:
    """Mean library (n_levels, n_groups) of the samples that have the group."""
    of_level = (cohort.condition == np.arange(len(cohort.levels))[:, None]).astype(np.float64)
    n = of_level @ cohort.present.astype(np.float64)
    return np.asarray((of_level @ library) / np.maximum(n, 1.0), np.float64)


def expressed_in_enough(prop: Floats, *, n_least: int, threshold: float) -> Bools:
    """Decide per row (rows, n) whether the mean of its ``n_least`` highest samples reaches ``threshold``.

    The samples' labels have no say, so choosing rows this way leaves their p-values uniform.
    """
    k = int(np.clip(n_least, 1, prop.shape[1]))
    top = np.partition(prop, prop.shape[1] - k, axis=1)[:, -k:]
    return np.asarray(top.mean(axis=1) >= threshold, np.bool_)
