"""Matrices with further columns that are sums of their own: made of every block when it is read, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from .tiles import ALONE, Blocks, Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...arrays import Ints
    from ..threads import Team
    from .tiles import Task


@dataclass(frozen=True)
class WithSums:
    """A matrix whose columns beyond its own are sums of its own, cell by cell.

    Shape, blocks and sums over all columns are those of the matrix itself; only what asks for columns by their number
    gets sums, too.

    Attributes
    ----------
    matrix
        n_obs × n_vars: CSR, CSC, a 2-D array, or :class:`~commscore.core.read.tiles.Blocks`; never written to.
    members
        Columns that are added up in column n_vars, n_vars + 1, …; sums are formed in this order.
    is_log
        Whether values are log1p of what is added up.
    """

    matrix: Any
    members: tuple[tuple[int, ...], ...]
    is_log: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the matrix itself."""
        return self.matrix.shape[0], self.matrix.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self.matrix.dtype)
        return dtype

    @property
    def _blocks(self) -> Blocks:
        return self.matrix if isinstance(self.matrix, Blocks) else OneBlock(self.matrix)

    def each(self, task: Task, team: Team = ALONE) -> Iterator[tuple[Tile, Any]]:
        """Yield every tile of the matrix itself with its part; rows ascend."""
        return self._blocks.each(task, team)

    def reduce(self, task: Task, team: Team = ALONE) -> Any:
        """Add up the parts of all tiles of the matrix itself."""
        return self._blocks.reduce(task, team)

    def only(self, columns: Ints) -> Blocks:
        """Return these columns, in tiles of whole rows."""
        n = self.shape[1]
        own, summed = columns < n, [self.members[c - n] for c in columns if c >= n]
        needed = np.unique(np.concatenate([columns[own], *(np.asarray(m, np.int64) for m in summed)])).astype(np.int64)
        blocks, at = self._blocks.in_rows(needed)
        place = dict(zip(needed.tolist(), np.asarray(at).tolist(), strict=True))
        sums = tuple(np.asarray([place[c] for c in m], np.int64) for m in summed)
        recipe = ColumnRecipe(
            np.asarray([place[c] for c in columns[own].tolist()], np.int64), sums, own, is_log=self.is_log
        )
        return SummedBlocks(blocks, recipe)

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return these columns alone, in tiles of whole rows, and where they are."""
        return self.only(columns), np.arange(columns.size)


@dataclass(frozen=True)
class OneBlock:
    """A matrix in memory as one tile."""

    matrix: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.matrix.shape[0], self.matrix.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self.matrix.dtype)
        return dtype

    def each(self, task: Task, team: Team = ALONE) -> Iterator[tuple[Tile, Any]]:
        """Yield the one tile with its part."""
        tile = Tile(0, self.shape[0], 0, self.shape[1])
        work = task.on(tile)
        if work is not None:
            yield tile, work(self.matrix, team)

    def reduce(self, task: Task, team: Team = ALONE) -> Any:
        """Return the part of the one tile."""
        return next(part for _, part in self.each(task, team))

    def only(self, columns: Ints) -> Blocks:
        """Return a copy of these columns."""
        some = self.matrix[:, columns]
        return OneBlock(some.tocsr() if sparse.issparse(some) else some)

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return a copy of these columns, compressed by rows if they are sparse."""
        return self.only(columns), np.arange(columns.size)


@dataclass(frozen=True)
class ColumnRecipe:
    """How a block of some columns is made of a block: ``own`` says of each whether it is copied or a sum."""

    copied: Ints
    sums: tuple[Ints, ...]
    own: Any
    is_log: bool

    @property
    def size(self) -> int:
        """Number of columns."""
        return int(self.own.size)

    def __call__(self, block: Any) -> Any:
        """Return the columns, as sparse as the block is."""
        order = np.empty(self.size, np.int64)
        order[self.own], order[~self.own] = np.arange(self.copied.size), np.arange(self.copied.size, self.size)
        copied = block[:, self.copied]
        if not self.sums:
            return copied[:, order]
        added = self._added(block)
        if sparse.issparse(block):
            return sparse.hstack([copied, added], format="csr")[:, order]
        return np.concatenate([copied, added], axis=1)[:, order]

    def _added(self, block: Any) -> Any:
        members = np.concatenate(self.sums)
        of = np.repeat(np.arange(len(self.sums)), [s.size for s in self.sums])
        dtype = np.float32 if block.dtype == np.float32 else np.float64
        some = block[:, members]
        if not sparse.issparse(some):
            return self._back(_add_columns(self._linear(np.asarray(some, np.float64)), of)).astype(dtype)
        some = sparse.csr_matrix(some, dtype=np.float64, copy=True)
        some.sum_duplicates()  # sorted, so that the order of adding up is that of the members
        some.data = self._linear(some.data)
        selection = sparse.csr_matrix((np.ones(of.size), (np.arange(of.size), of)), (of.size, len(self.sums)))
        added = sparse.csr_matrix(some @ selection)
        added.data = self._back(added.data).astype(dtype)
        added.eliminate_zeros()
        return sparse.csr_matrix(added, dtype=dtype)

    def _linear(self, values: Any) -> Any:
        with np.errstate(over="ignore"):
            return np.expm1(values) if self.is_log else values

    def _back(self, values: Any) -> Any:
        with np.errstate(invalid="ignore", divide="ignore"):
            if not self.is_log:
                return values
            return np.where(values < 0, values, np.log1p(values))  # negative ones are refused as such later


def _add_columns(values: Any, of: Ints) -> Any:
    """Add up columns one after the other, as the sparse product does: other orders differ in the last bits."""
    out = np.zeros((values.shape[0], int(of[-1]) + 1))
    for column, number in enumerate(of.tolist()):
        out[:, number] += values[:, column]
    return out


@dataclass(frozen=True)
class SummedBlocks:
    """The columns of a recipe, of blocks of whole rows."""

    blocks: Blocks
    recipe: ColumnRecipe

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.blocks.shape[0], self.recipe.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return np.dtype(np.float32 if self.blocks.dtype == np.float32 else np.float64)

    def each(self, task: Task, team: Team = ALONE) -> Iterator[tuple[Tile, Any]]:
        """Yield every tile with its part; rows ascend."""
        for tile, part in self.blocks.each(_SummedTask(task, self.recipe), team):
            yield _of_columns(tile, self.recipe.size), part

    def reduce(self, task: Task, team: Team = ALONE) -> Any:
        """Add up the parts of all tiles."""
        return self.blocks.reduce(_SummedTask(task, self.recipe), team)

    def only(self, columns: Ints) -> Blocks:
        """Return some of the columns."""
        own = np.arange(columns.size) >= 0
        return SummedBlocks(self, ColumnRecipe(columns, (), own, is_log=self.recipe.is_log))

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return itself."""
        return self, columns


@dataclass(frozen=True)
class _SummedTask:
    task: Task
    recipe: ColumnRecipe

    def on(self, tile: Tile) -> _SummedWork | None:
        work = self.task.on(_of_columns(tile, self.recipe.size))
        return None if work is None else _SummedWork(work, self.recipe)


@dataclass(frozen=True)
class _SummedWork:
    work: Callable[[Any, Team], Any]
    recipe: ColumnRecipe

    def __call__(self, block: Any, team: Team) -> Any:
        return self.work(self.recipe(block), team)


def _of_columns(tile: Tile, n: int) -> Tile:
    return Tile(tile.start, tile.stop, 0, n)
