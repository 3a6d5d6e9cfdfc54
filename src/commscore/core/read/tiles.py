"""Matrices that are read block by block: what a container offers, and how parts of a result become one.

A container cuts its matrix into tiles (all columns of a range of rows, as a rule). A :class:`Task` says what is
computed from a tile; the parts, which are small, are added up. Where a tile is read and worked on, in this process
or on another machine, is the container's business.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce as fold
from operator import add
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from scipy import sparse

from ..threads import Team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from ...arrays import Ints

IN_MEMORY = 1 << 30
"""Bytes above which what is laid out anew goes to a temporary file."""
ALONE = Team(1, None)


@dataclass(frozen=True)
class Tile:
    """Rows ``start`` to ``stop`` and columns ``first`` to ``last`` of a matrix."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def rows(self) -> slice:
        """The rows."""
        return slice(self.start, self.stop)

    @property
    def columns(self) -> slice:
        """The columns."""
        return slice(self.first, self.last)


class Task(Protocol):
    """What is computed from every tile."""

    def on(self, tile: Tile) -> Callable[[Any, Team], Any] | None:
        """Return a picklable function of the tile's block (CSR, CSC or 2-D array) and of a team of threads.

        It carries only what belongs to the tile. What it returns is a part. None if the tile need not be read;
        at least one must be.
        """


@runtime_checkable
class Blocks(Protocol):
    """A matrix that is read tile by tile."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""

    def each(self, task: Task, team: Team = ALONE) -> Iterator[tuple[Tile, Any]]:
        """Yield every tile that is needed with its part; rows ascend."""

    def reduce(self, task: Task, team: Team = ALONE) -> Any:
        """Add up the parts of all tiles."""

    def only(self, columns: Ints) -> Blocks:
        """Return these columns, in tiles of whole rows."""

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return the matrix in tiles of whole rows, with at least these columns, and where they are."""


class Serial:
    """Reads one tile after the other in this process; the next one is read while one is worked on."""

    def tiles(self) -> Sequence[Tile]:
        """Return the tiles; rows ascend."""
        raise NotImplementedError

    def read(self, tile: Tile) -> Any:
        """Return the tile's values."""
        raise NotImplementedError

    def each(self, task: Task, team: Team = ALONE) -> Iterator[tuple[Tile, Any]]:
        """Yield every tile with its part; rows ascend."""
        jobs = [(tile, work) for tile in self.tiles() if (work := task.on(tile)) is not None]
        with ThreadPoolExecutor(1, thread_name_prefix="commscore-read") as reader:
            coming = reader.submit(self.read, jobs[0][0])
            for (tile, work), following in zip(jobs, [*jobs[1:], None], strict=True):
                block = coming.result()
                if following is not None:
                    coming = reader.submit(self.read, following[0])
                yield tile, work(block, team)

    def reduce(self, task: Task, team: Team = ALONE) -> Any:
        """Add up the parts of all tiles."""
        return fold(add, (part for _, part in self.each(task, team)))


@dataclass(frozen=True)
class MatrixView:
    """Some rows (ascending) and some columns of another matrix; None is all of them."""

    whole: Blocks
    rows: Ints | None = None
    columns: Ints | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (
            self.whole.shape[0] if self.rows is None else self.rows.size,
            self.whole.shape[1] if self.columns is None else self.columns.size,
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.whole.dtype

    def _task(self, task: Task) -> _ViewTask:
        return _ViewTask(task, self.rows, self.columns)

    def each(self, task: Task, team: Team = ALONE) -> Iterator[tuple[Tile, Any]]:
        """Yield every tile with its part; rows ascend."""
        mine = self._task(task)
        for tile, part in self.whole.each(mine, team):
            yield mine.tile(tile), part

    def reduce(self, task: Task, team: Team = ALONE) -> Any:
        """Add up the parts of all tiles."""
        return self.whole.reduce(self._task(task), team)

    def only(self, columns: Ints) -> Blocks:
        """Return these columns, in tiles of whole rows."""
        if self.columns is None:
            return MatrixView(self.whole.only(columns), self.rows)
        return MatrixView(self.whole, self.rows, self.columns[columns])

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return the matrix in tiles of whole rows, with at least these columns, and where they are."""
        if self.columns is not None:  # its tiles have whole rows
            return self, columns
        whole, at = self.whole.in_rows(columns)
        return MatrixView(whole, self.rows), at


@dataclass(frozen=True)
class _ViewTask:
    """A task in terms of the whole matrix."""

    task: Task
    rows: Ints | None
    columns: Ints | None

    def tile(self, tile: Tile) -> Tile:
        """Return which rows and columns of the choice a tile of the whole matrix holds."""
        start, stop, first, last = tile.start, tile.stop, tile.first, tile.last
        if self.rows is not None:
            start, stop = (int(i) for i in np.searchsorted(self.rows, [start, stop]))
        if self.columns is not None:
            first, last = 0, self.columns.size
        return Tile(start, stop, first, last)

    def on(self, tile: Tile) -> _ViewWork | None:
        """Return the work on one tile of the whole matrix, None if nothing of it is chosen."""
        mine = self.tile(tile)
        work = self.task.on(mine) if mine.start < mine.stop else None
        if work is None:
            return None
        local = None if self.rows is None else self.rows[mine.rows] - tile.start
        return _ViewWork(work, local, self.columns)


@dataclass(frozen=True)
class _ViewWork:
    work: Callable[[Any, Team], Any]
    rows: Ints | None
    columns: Ints | None

    def __call__(self, block: Any, team: Team) -> Any:
        if self.rows is not None and self.rows.size < block.shape[0]:
            block = block[self.rows]
        if self.columns is not None:
            block = block[:, self.columns]
        return self.work(block, team)


@dataclass(frozen=True)
class Take:
    """The task of returning every block itself."""

    def on(self, tile: Tile) -> Callable[[Any, Team], Any]:
        """Return the identity."""
        del tile
        return _itself


def _itself(block: Any, team: Team) -> Any:
    del team
    return block


def load(blocks: Blocks) -> Any:
    """Return a whole matrix of blocks in memory, CSR or a 2-D array; meant for few columns."""
    whole, _ = blocks.in_rows(np.arange(blocks.shape[1]))
    parts = [block for _, block in whole.each(Take())]
    if any(sparse.issparse(p) for p in parts):
        return sparse.vstack(parts, format="csr")
    return np.concatenate(parts)


def room(size: int, dtype: Any, *, other: int = 0) -> npt.NDArray[Any]:
    """Return an uninitialised array; in a temporary file if it, with ``other`` bytes, takes more than 1 GiB.

    The file (in ``TMPDIR``) has no name and vanishes with the array. The system keeps of it in memory what it can.
    """
    dtype = np.dtype(dtype)
    if size * dtype.itemsize + other <= IN_MEMORY:
        return np.empty(size, dtype)
    with tempfile.TemporaryFile(prefix="commscore-") as file:
        if hasattr(os, "posix_fallocate"):  # a full disk is an error here, not a crash on writing
            _reserve(file.fileno(), size * dtype.itemsize)
        return np.memmap(file, dtype, "w+", shape=(size,))


def _reserve(file: int, n_bytes: int) -> None:
    try:
        os.posix_fallocate(file, 0, n_bytes)
    except OSError as error:
        msg = (
            f"{error.strerror}: the values of the genes take {n_bytes / 1e9:.1f} GB of temporary files in "
            f"{tempfile.gettempdir()}; set TMPDIR to a folder with more room, or use null='analytic'"
        )
        raise OSError(error.errno, msg) from error
