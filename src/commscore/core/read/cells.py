"""The cells and genes of one problem in a matrix, and every way of reading them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...arrays import FLAW, GeneColumns, Groups
from ...kernels.pick import NOWHERE, pick
from ...stats.analytic import Pairs
from .matrix import gene_major, products_over, statistics_of
from .partial import UNUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from ...arrays import Ints
    from ..threads import Team
    from .partial import Partial


_FEW = 64  # genes
_AT_ONCE = 1 << 16  # cells


@dataclass(frozen=True, eq=False)
class Reading:
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
        GeneColumns of the genes, (n_genes,).
    team
        Threads.
    order
        Gives the order in which columns are laid out and labels are permuted; by default that of ``cells``.
    linear, background
        Whether statistics need them, see :class:`~commscore.core.read.partial.Wanted`.
    """

    matrix: Any
    cells: Ints | None
    groups: Groups
    columns: Ints
    team: Team
    order: Callable[[], npt.NDArray[np.integer]] | None = None
    linear: bool = False
    background: bool = False

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
        if self.cells is None:
            return self.groups.labels
        labels = np.full(self.matrix.shape[0], UNUSED, np.uint16)
        labels[self.cells] = self.groups.labels
        return labels

    @cached_property
    def statistics(self) -> Partial:
        """Statistics of all cells, from one pass."""
        return statistics_of(
            self.matrix, self.columns, self._labels, n_groups=self.groups.n, team=self.team, linear=self.linear,
            background=self.background,
        )  # fmt: skip

    def pairs(self, keys: Ints) -> Pairs:
        """Correlations of the gene pairs with these keys, over a sample of the cells."""
        products = products_over(
            self.matrix, self.columns, self._labels, keys=keys, n_groups=self.groups.n, team=self.team
        )
        return Pairs.of(products)

    def laid_out(self, genes: Ints | None = None) -> GeneColumns:
        """Gene-major columns; where only some ``genes`` are asked for (ascending), the others are empty."""
        if genes is None:
            return self._laid_out(slice(None))
        some = self._picked(genes) if self._pickable(genes) else self._laid_out(genes)
        indptr = np.zeros(self.columns.size + 1, np.int64)
        indptr[genes + 1] = np.diff(some.indptr)
        # what was seen of all genes, so that rounding does not depend on which are asked for
        seen = np.array([*self.statistics.seen[:FLAW], 0.0])
        return replace(some, indptr=np.cumsum(indptr), seen=seen)

    def _laid_out(self, genes: Ints | slice) -> GeneColumns:
        # what is not zero was counted if the statistics are known, and refused if it was negative
        counts = self.statistics.expressed.sum(axis=1)[genes] if "statistics" in vars(self) else None
        return gene_major(
            self.matrix, cells=self.placed, columns=self.columns[genes], team=self.team, counts=counts
        )  # fmt: skip

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
            return self._laid_out(self.columns[genes])
        for start, stop in pairwise(indptr.tolist()):
            order = np.argsort(rows[start:stop])
            rows[start:stop], data[start:stop] = rows[start:stop][order], data[start:stop][order]
        return GeneColumns(data, rows, indptr, self.groups.labels.size, self.statistics.seen)


def _stretches(n: int) -> Iterator[slice]:
    """Cut a range of ``n`` cells."""
    for start in range(0, n, _AT_ONCE):
        yield slice(start, min(n, start + _AT_ONCE))
