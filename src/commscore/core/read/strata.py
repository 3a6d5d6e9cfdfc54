"""Statistics of every stratum of the cells, such as a sample, from one pass over a matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...stats.analytic import Pairs, Products, spread
from ...stats.analytic.summary import SAMPLE_CELLS
from .columns import around
from .statistics import UNUSED, CellStatistics, ReadRequest, block_statistics, products_of
from .tiles import Blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...arrays import Ints, Labels
    from ..threads import Team
    from .tiles import Tile

_FEWEST = 2000  # cells of a stratum that correlations come from


@dataclass(frozen=True)
class StratumParts:
    """Parts of every stratum (statistics, or products of gene pairs), which add up stratum by stratum."""

    parts: tuple[Any, ...]

    def __add__(self, other: StratumParts) -> StratumParts:
        """Add up the strata of both sets of cells."""
        return StratumParts(tuple(a + b for a, b in zip(self.parts, other.parts, strict=True)))


@dataclass(frozen=True)
class StratifiedReader:
    """Reads the genes in ``columns`` of a matrix by stratum.

    ``labels`` and ``strata`` are the group and the stratum of every row, ``UNUSED`` where a cell takes no part.
    """

    matrix: Any
    columns: Ints
    labels: Labels
    strata: Labels
    n_groups: int
    n_strata: int
    team: Team

    def statistics(self) -> StratumParts:
        """Return the :class:`~commscore.core.read.statistics.CellStatistics` of every stratum."""
        return self._read(products=False)

    def pairs(self, keys: Ints) -> tuple[Pairs, ...]:
        """Return correlations of these gene pairs in every stratum, over a sample of its cells if it has many."""
        n_cells = max(SAMPLE_CELLS // self.n_strata, _FEWEST)
        samples = tuple(spread(self.strata == s, n_cells=n_cells) for s in range(self.n_strata))
        return tuple(Pairs.of(p) for p in self._read(products=True, keys=keys, samples=samples).parts)

    def _read(self, *, products: bool, samples: tuple[Ints, ...] = (), **options: Any) -> StratumParts:
        rows, at = self.matrix.in_rows(self.columns) if isinstance(self.matrix, Blocks) else (self.matrix, self.columns)
        request = ReadRequest.of(at, self.labels, n_vars=rows.shape[1], n_groups=self.n_groups, **options)
        task = _StrataTask(self.labels, self.strata, request, samples, self.n_strata, products)
        if isinstance(rows, Blocks):
            read: StratumParts = rows.reduce(task, self.team)
            return read
        return _StrataWork(self.labels, self.strata, request, samples, self.n_strata, 0, products)(rows, self.team)


@dataclass(frozen=True)
class _StrataTask:
    labels: Labels
    strata: Labels
    request: ReadRequest
    samples: tuple[Ints, ...]
    n_strata: int
    products: bool

    def on(self, tile: Tile) -> _StrataWork:
        labels, strata = self.labels[tile.rows], self.strata[tile.rows]
        return _StrataWork(labels, strata, self.request, self.samples, self.n_strata, tile.start, self.products)


@dataclass(frozen=True)
class _StrataWork:
    """What is read of the rows of a block, of which ``first`` is the first one's number in the whole matrix."""

    labels: Labels
    strata: Labels
    request: ReadRequest
    samples: tuple[Ints, ...]
    n_strata: int
    first: int
    products: bool

    def __call__(self, block: Any, team: Team) -> StratumParts:
        block, request = _in_rows(block, self.request)
        parts: list[CellStatistics | Products] = []
        for s, rows, some in self._cut(block):
            labels = self.labels[rows]
            if self.products:
                ranges = np.searchsorted(rows + self.first, self.samples[s])
                parts.append(_products(some, labels, replace(request, sample=ranges), team=team))
            else:
                parts.append(block_statistics(some, labels, request, team=team))
        return StratumParts(tuple(parts))

    def _cut(self, block: Any) -> Iterator[tuple[int, Ints, Any]]:
        """Yield every stratum's rows; those that follow each other are not copied."""
        for s in range(self.n_strata):
            rows = np.flatnonzero((self.strata == s) & (self.labels != UNUSED))
            if rows.size and rows[-1] - rows[0] + 1 == rows.size:
                yield s, rows, around(block, rows)[0]
            else:
                yield s, rows, block[rows]


def _products(some: Any, labels: Labels, request: ReadRequest, *, team: Team) -> Products:
    if some.shape[0]:
        return products_of(some, labels, request, team=team)
    n_genes, keys = request.n_genes, request.keys
    return Products(n_cells=0, sums=np.zeros((n_genes, 2)), keys=keys, shared=np.zeros((keys.size, 4)))


def _in_rows(block: Any, request: ReadRequest) -> tuple[Any, ReadRequest]:
    """Return a block whose rows can be cut, and the request in its terms."""
    if sparse.issparse(block) and block.format == "csr":
        return block, request
    some = block[:, request.columns]
    return some.tocsr() if sparse.issparse(some) else some, replace(request, gene_of=np.arange(request.n_genes))
