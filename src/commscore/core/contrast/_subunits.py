"""Which subunit limits a complex: one for all samples, and another in a condition only where that is certain.

Taking the lowest subunit of every sample would pull a complex down by counting noise, the more so the fewer
counts a sample has: a technical difference between conditions would become a shift of all complexes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ._types import Cohort


COUNTING = 1.0 / np.log(2.0) ** 2  # variance of log2 of a Poisson count, times the count
_CERTAIN = 3.3  # standard errors; 5 in 10,000 by chance
_ENOUGH = 4.0  # expected count from which a gene tells the variation between samples


@dataclass(frozen=True)
class _Members:
    """Complexes of one group: subunits padded with the first one; n samples, M complexes, J places."""

    genes: Ints
    """(M, J)."""
    inside: Bools
    value: Floats
    """(n, M, J) log2 CPM."""
    counting: Floats
    """(n, M, J) variance by counting."""


def choose(cohort: Cohort, entities: Entities, *, rate: Floats) -> Ints:
    """Return the limiting gene of every entity, (n_levels, n_groups, n_entities).

    The subunit with the lowest mean over all samples, weighted by precision: so the noise that chooses it is
    the same in every sample and leaves the change between conditions unbiased. In a level, another one
    where the mean over its samples is lower by 3.3 standard errors.

    Parameters
    ----------
    cohort, entities
        As in :func:`commscore.core.contrast.compare`.
    rate
        (n_groups, n_genes) counts per count of library, all samples together.
    """
    n_levels = len(cohort.levels)
    chosen = np.empty((n_levels, cohort.n_groups, entities.n), np.int64)
    chosen[:] = entities.genes[entities.indptr[:-1]]
    many = np.flatnonzero(entities.n_subunits > 1)
    if many.size == 0:
        return chosen
    genes, inside = _padded(entities, many)
    present = cohort.present
    groups = [k for k in range(cohort.n_groups) if present[:, k].any()]
    members = {k: _members(cohort, group=k, genes=genes, inside=inside, rate=rate[k]) for k in groups}
    level = {k: cohort.condition[present[:, k]] for k in groups}
    between = _between([(members[k], level[k]) for k in groups])
    for k in groups:
        chosen[:, k, many] = _choose(members[k], level[k], n_levels=n_levels, between=between)
    return chosen


def lowest(logcpm: Floats, entities: Entities) -> Ints:
    """Return the gene with the lowest log2 CPM of every entity, first of ties; the last axis of ``logcpm`` are genes.

    For pools of many cells, and where permuted values take the lowest subunit as well: both have the same bias.
    """
    chosen = np.empty((*logcpm.shape[:-1], entities.n), np.int64)
    for e in range(entities.n):
        members = entities.genes[entities.indptr[e] : entities.indptr[e + 1]]
        chosen[..., e] = members[np.argmin(logcpm[..., members], axis=-1)]
    return chosen


def _padded(entities: Entities, many: Ints) -> tuple[Ints, Bools]:
    sizes = entities.n_subunits[many]
    place = np.arange(int(sizes.max()))
    inside = place < sizes[:, None]
    return entities.genes[entities.indptr[many][:, None] + np.where(inside, place, 0)], inside


def _members(cohort: Cohort, *, group: int, genes: Ints, inside: Bools, rate: Floats) -> _Members:
    there = cohort.present[:, group]
    expected = rate[genes] * cohort.library[there, group][:, None, None]
    return _Members(genes, inside, cohort.logcpm[there, group][:, genes], COUNTING / (expected + 0.5))


def _between(groups: list[tuple[_Members, Ints]]) -> float:
    """Variance between samples of one subunit, beyond counting: half that of differences of two, by moments."""
    excess = []
    for m, level in groups:
        within, free = _within(m.value - m.value[:, :, :1], level)
        counting = m.counting + m.counting[:, :, :1]
        informative = m.inside & (COUNTING / m.counting.mean(axis=0) - 0.5 >= _ENOUGH)
        informative &= informative[:, :1]
        informative[:, 0] = False
        if free > 0:
            excess.append((within - counting.mean(axis=0))[informative])
    variances = np.concatenate(excess) if excess else np.zeros(0)
    return float(max(variances.mean(), 0.0)) / 2.0 if variances.size else 0.0


def _within(difference: Floats, level: Ints) -> tuple[Floats, int]:
    """Variance within levels over the first axis, and its degrees of freedom."""
    codes, which = np.unique(level, return_inverse=True)
    free = int(level.size - codes.size)
    indicator = (which[:, None] == np.arange(codes.size)).astype(np.float64)
    mean = np.tensordot(indicator / indicator.sum(axis=0), difference, axes=(0, 0))
    squares = ((difference - mean[which]) ** 2).sum(axis=0)
    return squares / max(free, 1), free


def _choose(m: _Members, level: Ints, *, n_levels: int, between: float) -> Ints:
    weight = 1.0 / (between + m.counting)
    pooled = np.where(m.inside, (weight * m.value).sum(axis=0) / weight.sum(axis=0), np.inf)
    usual = pooled.argmin(axis=1)
    rows = np.arange(usual.size)
    lower = m.value[:, rows, usual][:, :, None] - m.value
    variance = 2.0 * between + m.counting + m.counting[:, rows, usual][:, :, None]
    own = _within(lower, level)[0]
    out = np.repeat(m.genes[rows, usual][None], n_levels, axis=0)
    for code in np.unique(level):
        here = level == code
        by = lower[here].mean(axis=0)
        se = np.sqrt(np.maximum(variance[here].mean(axis=0), own) / here.sum())
        certain = m.inside & (by > _CERTAIN * se)
        best = np.where(certain, by, 0.0).argmax(axis=1)
        out[code] = np.where(certain.any(axis=1), m.genes[rows, best], out[code])
    return out
