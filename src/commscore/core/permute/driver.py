"""The one driver of permutations: cells that were read and observed are shown under permuted labels to a visitor.

The steps are read (:class:`~commscore.core.read.cells.LabelledCells`), observe, make sums exact, permute. A score, the
circuits and the comparison of cells are visitors. Another way to draw labels is another scheme, another statistic
another visitor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from . import schemes

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Floats, Groups
    from ..read.cells import LabelledCells
    from .schemes import Block

TOLERANCE = 1e-12  # relative, for ties
_GENES_PER_CHUNK = 64


@dataclass(frozen=True, kw_only=True)
class Draws:
    """How labellings are drawn: ``n`` of them by a ``scheme`` with a ``key``, in blocks of ``memory`` bytes at most.

    ``strata`` of the cells, in their own order, within which labels are permuted; None to permute those of all cells.
    """

    n: int
    scheme: str
    key: int
    memory: int
    strata: Groups | None = None

    def order(self, n_cells: int) -> npt.NDArray[np.uint32]:
        """Return the order in which the cells must be laid out for the scheme."""
        return schemes.order(self.scheme, key=self.key, n_cells=n_cells, strata=self.strata)


class Visitor(Protocol):
    """Is shown every block of permuted labels and keeps its own counts of them."""

    @property
    def bytes_per_labelling(self) -> int:
        """Memory that one labelling takes in its tables."""

    def visit(self, block: Block) -> None:
        """Take the labellings of a block into account, but those in ``block.drop``."""


def permute(
    cells: LabelledCells,
    visitor: Visitor,
    draws: Draws,
    *,
    widest: int | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> None:
    """Show the visitor every permuted labelling, block by block.

    Parameters
    ----------
    cells
        In the order of the scheme (:meth:`Draws.order`), with exact sums where ties count.
    visitor
        Who counts.
    draws
        How labellings are drawn. Blocks shrink so that they fit into the memory; that changes no count.
    widest
        Most units (orders, shifts) of a block, where the visitor's own arrays limit it.
    progress
        Called with the number of labellings after each block.
    """
    strata = None if draws.strata is None else draws.strata.sizes
    scheme = schemes.make(draws.scheme, groups=cells.groups, n_perms=draws.n, key=draws.key, strata=strata)
    unit = scheme.columns_per_unit() * visitor.bytes_per_labelling + scheme.label_bytes(cells.columns.n_cells)
    width = int(np.clip(draws.memory // unit, 1, scheme.widest()))
    for block in scheme.blocks(cells.columns, width if widest is None else min(width, widest), cells.team):
        visitor.visit(block)
        progress(block.columns - len(block.drop))


def group_means(block: Block, cells: LabelledCells) -> Floats:
    """Means of all genes in all groups under the labellings of a block, (n_genes, n_groups, n_kept)."""
    n_genes, n_groups = cells.columns.n_genes, cells.groups.n
    genes, slots = np.arange(n_genes), np.arange(n_genes * n_groups).reshape(n_genes, n_groups)
    table = np.empty((n_genes * n_groups, block.columns))
    cells.team.run(lambda a, b: block.fill(genes[a:b], slots[a:b], table), n_genes, step=_GENES_PER_CHUNK)
    keep = close_gaps(table, block.drop)
    return table[:, :keep].reshape(n_genes, n_groups, keep)


def close_gaps(values: Floats, drop: tuple[int, ...]) -> int:
    """Overwrite dropped columns by the last ones; return how many columns count."""
    keep = int(values.shape[1])
    for column in sorted(drop, reverse=True):
        keep -= 1
        if column != keep:
            values[:, column] = values[:, keep]
    return keep
