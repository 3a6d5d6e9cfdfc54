"""Observed statistics: genes in groups, then entities (complexes through their subunits) in groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Entities, GeneColumns, Groups
from ..kernels import groups as group_kernels

if TYPE_CHECKING:
    from ..arrays import Floats, Ints
    from .threads import Team

COMPLEX_RULES = ("min", "geometric", "mean")


@dataclass(frozen=True)
class GeneSummary:
    """Per gene × group: ``total`` (float64) and number of cells ``expressed`` (int64) of groups of ``sizes``."""

    total: Floats
    expressed: Ints
    sizes: Ints

    @property
    def mean(self) -> Floats:
        """Mean over all cells of the group, zeros included."""
        return self.total / self.sizes

    @property
    def prop(self) -> Floats:
        """Fraction of cells above zero, 0 to 1."""
        return self.expressed / self.sizes


@dataclass(frozen=True)
class EntitySummary:
    """Per entity × group: joined ``mean``, smallest ``prop``, and ``limiting``, the gene with the smallest mean."""

    mean: Floats
    prop: Floats
    limiting: Ints


def summarise(columns: GeneColumns, groups: Groups, team: Team) -> GeneSummary:
    """Total and number of expressing cells of every gene in every group."""
    total = np.zeros((columns.n_genes, groups.n))
    expressed = np.zeros(total.shape, np.int64)
    team.run(
        lambda a, b: group_kernels.totals(
            columns.data, columns.rows, columns.indptr, a, b, groups.labels, total, expressed
        ),
        columns.n_genes,
    )
    return GeneSummary(total, expressed, groups.sizes)


def standard_deviations(columns: GeneColumns, groups: Groups, genes: GeneSummary, *, team: Team) -> Floats:
    """Return the standard deviation (n − 1) of every gene in every group, zeros included; 0 in a group of one cell."""
    squares = np.zeros(genes.total.shape)
    team.run(
        lambda a, b: group_kernels.deviations(
            columns.data, columns.rows, columns.indptr, a, b, groups.labels, groups.sizes, genes.total,
            genes.expressed, squares,
        ),
        columns.n_genes,
    )  # fmt: skip
    spread: Floats = np.sqrt(squares / np.maximum(groups.sizes - 1, 1))
    return spread


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
