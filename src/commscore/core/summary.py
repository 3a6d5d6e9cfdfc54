"""Observed statistics: genes in groups, then entities (complexes through their subunits) in groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..kernels import groups as group_kernels

if TYPE_CHECKING:
    import numpy.typing as npt

    from .columns import Columns
    from .problem import Entities, Groups
    from .threads import Team

COMPLEX_RULES = ("min", "geometric", "mean")


@dataclass(frozen=True)
class GeneSummary:
    """Per gene × group: ``mean``, ``prop`` (fraction of cells above zero) and ``sd`` (n − 1), float64."""

    mean: npt.NDArray[np.float64]
    prop: npt.NDArray[np.float64]
    sd: npt.NDArray[np.float64]


@dataclass(frozen=True)
class EntitySummary:
    """Per entity × group: joined ``mean``, smallest ``prop``, and ``limiting``, the gene with the smallest mean."""

    mean: npt.NDArray[np.float64]
    prop: npt.NDArray[np.float64]
    limiting: npt.NDArray[np.int64]


def summarise(columns: Columns, groups: Groups, team: Team) -> GeneSummary:
    """Mean, fraction expressed and standard deviation of every gene in every group, zeros included."""
    shape = (columns.n_genes, groups.n)
    total, squares = np.zeros(shape), np.zeros(shape)
    expressed = np.zeros(shape, np.int64)
    team.run(
        lambda a, b: group_kernels.moments(
            columns.data, columns.rows, columns.indptr, a, b, groups.labels, groups.sizes, total, squares, expressed
        ),
        columns.n_genes,
    )
    freedom = np.maximum(groups.sizes - 1, 1)
    return GeneSummary(total / groups.sizes, expressed / groups.sizes, np.sqrt(squares / freedom))


def join(mean: npt.NDArray[np.float64], entities: Entities, rule: str) -> npt.NDArray[np.float64]:
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
    starts = entities.indptr[:-1]
    limiting = np.empty((entities.n, genes.mean.shape[1]), np.int64)
    for e in range(entities.n):
        members = entities.genes[entities.indptr[e] : entities.indptr[e + 1]]
        limiting[e] = members[np.argmin(genes.mean[members], axis=0)]
    prop = np.minimum.reduceat(genes.prop[entities.genes], starts, axis=0)
    return EntitySummary(join(genes.mean, entities, rule), prop, limiting)
