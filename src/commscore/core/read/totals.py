"""Genes in groups of cells: totals, numbers of expressing cells and standard deviations of gene-major columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...kernels import groups as group_kernels

if TYPE_CHECKING:
    from ...arrays import Floats, GeneColumns, Groups, Ints
    from ..threads import Team


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


def group_totals(columns: GeneColumns, groups: Groups, team: Team) -> GeneSummary:
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
            columns.data,
            columns.rows,
            columns.indptr,
            a,
            b,
            groups.labels,
            groups.sizes,
            genes.total,
            genes.expressed,
            squares,
        ),
        columns.n_genes,
    )
    spread: Floats = np.sqrt(squares / np.maximum(groups.sizes - 1, 1))
    return spread
