"""The cells and genes of one problem in a matrix, and every way of reading them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import layout
from ..stats.analytic import Pairs
from .columns import Columns, gene_major
from .gather import products_over, statistics_of
from .partial import UNUSED

if TYPE_CHECKING:
    import numpy.typing as npt

    from .partial import Partial
    from .problem import Groups
    from .threads import Team

    Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reading:
    """Cells and genes of a matrix that is in memory or comes in blocks; nothing is read before it is asked for.

    Parameters
    ----------
    matrix
        CSR, CSC, a 2-D array, or :class:`~commscore.core.blocks.Blocks`.
    cells
        The rows in use, in the order in which labels are permuted, (n_cells,).
    groups
        Their groups, in that order.
    columns
        Columns of the genes, (n_genes,).
    team
        Threads.
    linear, background
        Whether statistics need them, see :class:`~commscore.core.partial.Wanted`.
    """

    matrix: Any
    cells: Integers
    groups: Groups
    columns: Integers
    team: Team
    linear: bool = False
    background: bool = False

    @cached_property
    def _labels(self) -> npt.NDArray[np.uint16]:
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

    def pairs(self, keys: Integers) -> Pairs:
        """Correlations of the gene pairs with these keys, over a sample of the cells."""
        products = products_over(
            self.matrix, self.columns, self._labels, keys=keys, n_groups=self.groups.n, team=self.team
        )
        return Pairs.of(products)

    def laid_out(self, genes: Integers | None = None) -> Columns:
        """Gene-major columns; where only some ``genes`` are asked for (ascending), the others are empty."""
        if genes is None:
            return gene_major(self.matrix, cells=self.cells, columns=self.columns, team=self.team)
        some = gene_major(self.matrix, cells=self.cells, columns=self.columns[genes], team=self.team)
        indptr = np.zeros(self.columns.size + 1, np.int64)
        indptr[genes + 1] = np.diff(some.indptr)
        # what was seen of all genes, so that rounding does not depend on which are asked for
        seen = np.array([*self.statistics.seen[: layout.DUPLICATE], 0.0])
        return replace(some, indptr=np.cumsum(indptr), seen=seen)
