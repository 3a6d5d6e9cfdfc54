"""Entities (genes, and complexes through their subunits) in groups, from genes in groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Entities

if TYPE_CHECKING:
    from ..arrays import Floats, Ints
    from .read.totals import GeneSummary

COMPLEX_RULES = ("min", "geometric", "mean")


@dataclass(frozen=True)
class EntitySummary:
    """Per entity × group: joined ``mean``, smallest ``prop``, and ``limiting``, the gene with the smallest mean."""

    mean: Floats
    prop: Floats
    limiting: Ints


def join(mean: Floats, entities: Entities, rule: str) -> Floats:
    """Entity × group statistic from gene × group means by the rule ``min``, ``geometric`` or ``mean``."""
    rows, starts = mean[entities.genes], entities.indptr[:-1]
    if rule == "min":
        return np.minimum.reduceat(rows, starts, axis=0)
    sizes = entities.n_subunits[:, None]
    if rule == "mean":
        return np.add.reduceat(rows, starts, axis=0) / sizes
    with np.errstate(divide="ignore"):
        joined = np.exp(np.add.reduceat(np.log(rows), starts, axis=0) / sizes)
    # exp(log(x)) is not x to the last bit; an entity of one gene is that gene
    return np.where(sizes == 1, rows[starts], joined)


def entity_summary(genes: GeneSummary, entities: Entities, rule: str) -> EntitySummary:
    """Join genes into entities: mean by ``rule``, smallest fraction expressed, limiting subunit (first of ties)."""
    mean, starts = genes.mean[entities.genes], entities.indptr[:-1]
    lowest = np.repeat(np.minimum.reduceat(mean, starts, axis=0), entities.n_subunits, axis=0)
    place = np.where(mean == lowest, np.arange(mean.shape[0])[:, None], mean.shape[0])
    limiting = entities.genes[np.minimum.reduceat(place, starts, axis=0)]
    prop = np.minimum.reduceat(genes.prop[entities.genes], starts, axis=0)
    return EntitySummary(join(genes.mean, entities, rule), prop, limiting)


def expected_means(genes: GeneSummary, sizes: Ints, *, strata: tuple[Floats, Ints] | None = None) -> Floats:
    """Gene × group means that groups of these sizes have on average if labels are permuted.

    Parameters
    ----------
    genes
        Means of genes in groups of ``sizes``.
    strata
        Where labels are permuted within samples: sums (n_samples, n_genes, n_groups) and cells (n_samples, n_groups).
    """
    if strata is None:
        whole = genes.mean @ sizes / sizes.sum()
        return np.repeat(whole[:, None], sizes.size, axis=1)
    total, cells = strata
    of_sample = total.sum(axis=2) / np.maximum(cells.sum(axis=1), 1)[:, None]
    return np.asarray(of_sample.T @ (cells / np.maximum(cells.sum(axis=0), 1)), np.float64)
