"""Cells with their labels: statistics in one pass over a matrix, or gene-major columns in the order of a scheme."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from functools import reduce as fold
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...arrays import FLAW, GeneColumns, Groups
from ...kernels.pick import NOWHERE, pick
from ...stats.analytic import Pairs
from .columns import snap
from .matrix import gene_major, products_over, statistics_of
from .statistics import UNUSED
from .strata import StratifiedReader
from .totals import GeneSummary, group_totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from ...arrays import Ints
    from ..threads import Team
    from .statistics import CellStatistics


_FEW = 64  # genes
_AT_ONCE = 1 << 16  # cells


@dataclass(frozen=True)
class LabelledCells:
    """Gene-major columns of cells and the groups of these cells, in one order.

    ``exact``: sums over any of the cells are exact, as permuted statistics must be; ``rounded``: values changed for it.
    """

    columns: GeneColumns
    groups: Groups
    team: Team
    exact: bool = False
    rounded: bool = False

    @classmethod
    def read(
        cls, matrix: Any, *, cells: Ints, groups: Groups, columns: Ints, order: npt.NDArray[np.integer], team: Team
    ) -> LabelledCells:
        """Lay out the rows ``cells`` of a matrix and their groups in this order."""
        laid_out = gene_major(matrix, cells=cells[order], columns=columns, team=team)
        return cls(laid_out, Groups(groups.labels[order], groups.sizes), team)

    def observe(self) -> GeneSummary:
        """Totals of the genes in the groups as they are labelled."""
        return group_totals(self.columns, self.groups, self.team)

    def with_exact_sums(self) -> LabelledCells:
        """Round the values (:func:`~commscore.core.read.columns.snap`), in place: the columns are this object's own.

        Whoever needs the values as they were observes first.
        """
        return replace(self, exact=True, rounded=snap(self.columns, self.team))

    def in_strata(self, own: Ints) -> Iterator[LabelledCells]:
        """Yield the cells of every stratum, with the groups that it has; cells lie stratum by stratum.

        ``own`` are the cells of each stratum and group.
        """
        c, ends = self.columns, np.concatenate([[0], np.cumsum(own.sum(axis=1))])
        within = [c.rows[a:b] for a, b in pairwise(c.indptr.tolist())]
        cuts = np.stack([a + np.searchsorted(rows, ends) for a, rows in zip(c.indptr[:-1], within, strict=True)])
        for s, (first, last) in enumerate(pairwise(ends.tolist())):
            size = cuts[:, s + 1] - cuts[:, s]
            indptr = np.concatenate([[0], np.cumsum(size)])
            at = np.arange(indptr[-1]) + np.repeat(cuts[:, s] - indptr[:-1], size)
            columns = GeneColumns(c.data[at], c.rows[at] - np.uint32(first), indptr, last - first, c.seen)
            number = (np.cumsum(own[s] > 0) - 1).astype(np.uint16)
            groups = Groups(number[self.groups.labels[first:last]], own[s][own[s] > 0])
            yield replace(self, columns=columns, groups=groups)


@dataclass(frozen=True, eq=False)
class CellReader:
    """Cells and genes of a matrix that is in memory or comes in blocks; nothing is read before it is asked for.

    Parameters
    ----------
    matrix
        CSR, CSC, a 2-D array, or :class:`~commscore.core.read.tiles.Blocks`.
    cells
        The rows in use, ascending, (n_cells,); None if all are.
    groups
        Groups of these cells.
    columns
        Columns of the genes, (n_genes,).
    team
        Threads.
    order
        Gives the order in which columns are laid out and labels are permuted; by default that of ``cells``.
    linear, background
        Whether statistics need them, see :class:`~commscore.core.read.statistics.ReadRequest`.
    strata
        Strata of these cells, such as samples: statistics are then read by stratum.
    """

    matrix: Any
    cells: Ints | None
    groups: Groups
    columns: Ints
    team: Team
    order: Callable[[], npt.NDArray[np.integer]] | None = None
    linear: bool = False
    background: bool = False
    strata: Groups | None = None

    @property
    def placed(self) -> Ints:
        """The rows in use, in the order of columns."""
        if self.order is None:
            return np.arange(self.groups.labels.size) if self.cells is None else self.cells
        order = np.asarray(self.order(), np.int64)
        return order if self.cells is None else self.cells[order]

    def grouped(self) -> Groups:
        """Return the groups in the order of columns."""
        if self.order is None:
            return self.groups
        labels, order = np.empty_like(self.groups.labels), self.order()
        for some in _stretches(order.size):  # an index of another type than int64 is copied as a whole
            labels[some] = self.groups.labels[order[some]]
        return replace(self.groups, labels=labels)

    @cached_property
    def _labels(self) -> npt.NDArray[np.uint16]:
        return self._of_rows(self.groups)

    def _of_rows(self, groups: Groups) -> npt.NDArray[np.uint16]:
        """Labels of all rows of the matrix."""
        if self.cells is None:
            return groups.labels
        labels = np.full(self.matrix.shape[0], UNUSED, np.uint16)
        labels[self.cells] = groups.labels
        return labels

    @cached_property
    def stratified(self) -> StratifiedReader:
        """Reads by stratum."""
        if self.strata is None:
            msg = "the cells have no strata"
            raise RuntimeError(msg)
        return StratifiedReader(
            self.matrix,
            self.columns,
            self._labels,
            self._of_rows(self.strata),
            n_groups=self.groups.n,
            n_strata=self.strata.n,
            team=self.team,
        )

    @cached_property
    def by_stratum(self) -> tuple[CellStatistics, ...]:
        """Statistics of the cells of every stratum, from one pass."""
        return self.stratified.statistics().parts

    @cached_property
    def statistics(self) -> CellStatistics:
        """Statistics of all cells, from one pass."""
        if self.strata is not None:
            pooled: CellStatistics = fold(add, self.by_stratum)
            return pooled
        return statistics_of(
            self.matrix,
            self.columns,
            self._labels,
            n_groups=self.groups.n,
            team=self.team,
            linear=self.linear,
            background=self.background,
        )

    def pairs(self, keys: Ints) -> Pairs:
        """Correlations of the gene pairs with these keys, over a sample of the cells."""
        products = products_over(
            self.matrix, self.columns, self._labels, keys=keys, n_groups=self.groups.n, team=self.team
        )
        return Pairs.of(products)

    def read(self) -> LabelledCells:
        """Lay out all genes, and the groups, without having read the statistics."""
        columns = gene_major(self.matrix, cells=self.placed, columns=self.columns, team=self.team)
        return LabelledCells(columns, self.grouped(), self.team)

    def read_again(self, genes: Ints | None = None) -> LabelledCells:
        """Lay out all genes, or ``genes`` (ascending; the others are empty), with what the statistics tell of them."""
        if genes is None:
            return LabelledCells(self._laid_out(np.arange(self.columns.size)), self.grouped(), self.team)
        some = self._picked(genes) if self._pickable(genes) else self._laid_out(genes)
        indptr = np.zeros(self.columns.size + 1, np.int64)
        indptr[genes + 1] = np.diff(some.indptr)
        # what was seen of all genes, so that rounding does not depend on which are asked for
        seen = np.array([*self.statistics.seen[:FLAW], 0.0])
        columns = replace(some, indptr=np.cumsum(indptr), seen=seen)
        return LabelledCells(columns, self.grouped(), self.team)

    def _laid_out(self, genes: Ints) -> GeneColumns:
        """Lay out these genes; the statistics say how many of their values are not zero (none was negative)."""
        counts = self.statistics.expressed.sum(axis=1)[genes]
        return gene_major(self.matrix, cells=self.placed, columns=self.columns[genes], team=self.team, counts=counts)

    def _pickable(self, genes: Ints) -> bool:
        """Whether reading the rows in their stored order, once, is right and worth it."""
        m = self.matrix
        rows = sparse.issparse(m) and m.format == "csr" and m.dtype in (np.float32, np.float64)
        return bool(rows and genes.size <= _FEW and not self.statistics.seen[FLAW])

    def _place_of_rows(self) -> npt.NDArray[np.uint32]:
        """Place in the order of columns of every row of the matrix."""
        place = np.full(self.matrix.shape[0], NOWHERE, np.uint32)
        order = None if self.order is None else self.order()
        for some in _stretches(self.groups.labels.size):
            number = np.arange(some.start, some.stop)
            at = number if order is None else order[some]
            place[at if self.cells is None else self.cells[at]] = number
        return place

    def _picked(self, genes: Ints) -> GeneColumns:
        """Columns of a few genes of compressed rows; how many values each has is known."""
        m, indptr = self.matrix, np.zeros(genes.size + 1, np.int64)
        np.cumsum(self.statistics.expressed[genes].sum(axis=1), out=indptr[1:])
        place = self._place_of_rows()
        slot_of = np.full(m.shape[1], NOWHERE, np.uint32)
        slot_of[self.columns[genes]] = np.arange(genes.size)
        data, rows = np.empty(indptr[-1], m.dtype), np.empty(indptr[-1], np.uint32)
        if not pick(m.data, m.indices, m.indptr, place, slot_of, indptr, data, rows):
            return self._laid_out(genes)
        for start, stop in pairwise(indptr.tolist()):
            order = np.argsort(rows[start:stop])
            rows[start:stop], data[start:stop] = rows[start:stop][order], data[start:stop][order]
        return GeneColumns(data, rows, indptr, self.groups.labels.size, self.statistics.seen)


def _stretches(n: int) -> Iterator[slice]:
    """Cut a range of ``n`` cells."""
    for start in range(0, n, _AT_ONCE):
        yield slice(start, min(n, start + _AT_ONCE))
