"""Without replicates: the labels of the cells of two conditions are permuted within each group of cells.

The samples of a condition are put together. In each group the condition labels of the cells are permuted
jointly for all genes and for the library, through the kernels of the permutation test of scores; the statistic is
the change of pseudobulk log2 CPM. It says whether the cells differ. It does not say whether the conditions
do: two samples of one condition differ too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Entities, Groups
from ...stats.multiple import permutation_pvalue
from ..log_rates import log_rates
from ..permute import Draws, group_means, permute
from ..read.cells import LabelledCells
from ..read.matrix import cell_sums, gene_major
from ._types import Cohort

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, GeneColumns, Ints
    from ..permute.schemes import Block
    from ..read.pseudobulk import Pseudobulk
    from ..threads import Team
    from ._types import Contrast

_BLOCK = 128
_TIES = 1e-9


@dataclass(frozen=True)
class CellCohort:
    """Cells of a cohort that are replicates themselves, and their sums by sample and group.

    Attributes
    ----------
    matrix
        Raw counts, n_obs × n_vars: CSR, CSC, a 2-D array, or :class:`~commscore.core.read.tiles.Blocks`.
    columns
        (n_genes,) columns of the genes of ``bulk``.
    cells, sample, group
        (n_cells,) rows of the cells, and of each its sample and its group.
    bulk
        Sums by sample × group.
    condition
        (n_samples,) codes of the conditions.
    total_cells
        (n_samples,) cells of the sample, also those of groups that take no part.
    min_cells
        Cells of a group in a condition, all samples together, below which nothing is said of it.
    library
        (n_obs,) total count of each cell, times the composition factor of its sample × group as in ``bulk``; None is
        the sum over the matrix.
    """

    matrix: Any
    columns: Ints
    cells: Ints
    sample: Ints
    group: Ints
    bulk: Pseudobulk
    condition: Ints
    total_cells: Ints
    min_cells: int
    library: Floats | None = None

    def pool(self, contrast: Contrast) -> Cohort:
        """Put the samples of each condition together: a cohort of two, the reference first."""
        bulk, members = self.bulk, [np.isin(self.condition, codes) for codes in (contrast.ref, contrast.alt)]
        counts = np.stack([bulk.counts[m].sum(axis=0) for m in members])
        library = np.stack([bulk.library[m].sum(axis=0) for m in members])
        n_cells = np.stack([bulk.n_cells[m].sum(axis=0) for m in members])
        expressed = np.stack([np.nansum(bulk.prop[m] * bulk.n_cells[m][:, :, None], axis=0) for m in members])
        with np.errstate(invalid="ignore"):
            prop = expressed / n_cells[:, :, None]
        return Cohort(
            logcpm=log_rates(counts, library[:, :, None], exact=False),
            counts=counts,
            library=library,
            n_cells=n_cells,
            prop=prop,
            condition=np.arange(2),
            levels=(contrast.reference, contrast.level),
            design=np.eye(2),
            total_cells=np.asarray([self.total_cells[m].sum() for m in members]),
        )

    def of(self, group: int, contrast: Contrast) -> tuple[Ints, Bools]:
        """Return the cells of a group in both conditions, and whether each is of the second."""
        condition = self.condition[self.sample]
        inside = (self.group == group) & np.isin(condition, contrast.ref + contrast.alt)
        return self.cells[inside], np.isin(condition[inside], contrast.alt)

    def read(self, cells: Ints, team: Team) -> GeneColumns:
        """Read the genes' columns of these cells, and the library of each cell as one more."""
        columns = gene_major(self.matrix, cells=cells, columns=self.columns, team=team)
        library = cell_sums(self.matrix, cells)[0] if self.library is None else self.library[cells]
        filled = np.flatnonzero(library)
        return replace(
            columns,
            data=np.concatenate([columns.data.astype(np.float64), library[filled]]),
            rows=np.concatenate([columns.rows, filled.astype(columns.rows.dtype)]),
            indptr=np.append(columns.indptr, columns.indptr[-1] + filled.size),
        )


@dataclass(frozen=True)
class GroupChanges:
    """Per group × entity: change of log2 CPM, two-sided p-value, standard deviation under permutation."""

    effect: Floats
    pvalue: Floats
    sd: Floats


def permuted_changes(
    cohort: CellCohort,
    pools: Cohort,
    entities: Entities,
    *,
    contrast: Contrast,
    n_perms: int,
    seed: int,
    team: Team,
) -> GroupChanges:
    """Permute the condition labels within every group that has enough cells in both; NaN in the others."""
    shape = (pools.n_groups, entities.n)
    changes = GroupChanges(np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan))
    draws = Draws(n=n_perms, scheme="rotation", key=seed, memory=1 << 40)
    for k in np.flatnonzero((pools.n_cells >= cohort.min_cells).all(axis=0)).tolist():
        changes.effect[k] = _difference(pools.logcpm[:, k], entities)
        cells, second = cohort.of(k, contrast)
        order = np.argsort(second, kind="stable")
        order = order[draws.order(order.size)]
        groups = Groups(second[order].astype(np.uint16), pools.n_cells[:, k])
        labelled = LabelledCells(cohort.read(cells[order], team), groups, team)
        counter = ChangeCounter(labelled, entities, observed=changes.effect[k])
        permute(labelled, counter, draws, widest=_BLOCK)
        changes.pvalue[k], changes.sd[k] = counter.result(n_perms)
    return changes


def _difference(logcpm: Floats, entities: Entities) -> Floats:
    """Change of each entity: its lowest subunit in either condition; ``logcpm`` is (2, n_genes, …)."""
    low = np.minimum.reduceat(logcpm[:, entities.genes], entities.indptr[:-1], axis=1)
    return np.asarray(low[1] - low[0], np.float64)


class ChangeCounter:
    """The visitor of two conditions: counts, per entity, the permuted changes as large as the observed one.

    Parameters
    ----------
    cells
        Cells of one group, labelled by condition; the last column is the library.
    entities
        Genes are numbered as the other columns.
    observed
        Change of each entity, (n_entities,).
    """

    bytes_per_labelling = 1  # blocks are as wide as ``_BLOCK`` says

    def __init__(self, cells: LabelledCells, entities: Entities, *, observed: Floats) -> None:
        self._cells, self._entities, self._limit = cells, entities, np.abs(observed) - _TIES
        self._counts, self._squares = np.zeros(entities.n, np.int64), np.zeros(entities.n)

    def visit(self, block: Block) -> None:
        """Turn the means of a block into changes of log2 CPM."""
        sums = group_means(block, self._cells).transpose(1, 0, 2) * self._cells.groups.sizes[:, None, None]
        permuted = _difference(log_rates(sums[:, :-1], sums[:, -1:], exact=False), self._entities)
        self._counts += (np.abs(permuted) >= self._limit[:, None]).sum(axis=1)
        self._squares += (permuted**2).sum(axis=1)

    def result(self, n_perms: int) -> tuple[Floats, Floats]:
        """Two-sided p-values and standard deviations of the permuted changes."""
        return permutation_pvalue(self._counts, n_perms), np.sqrt(self._squares / n_perms)
