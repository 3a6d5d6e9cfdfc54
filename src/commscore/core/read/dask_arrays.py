"""Dask arrays: every part is computed where its chunk is, and parts are added up in a tree.

Whatever scheduler is in force runs it: threads by default, or the cluster of a ``distributed.Client``, whose workers
read their chunks themselves; only tasks and parts travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce as fold
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from .tiles import ALONE, Blocks, Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...arrays import Ints
    from ..threads import Team
    from .tiles import Task

_ROWS = 1 << 16
_VALUES = 1 << 23
_FAN_IN = 8
_AT_ONCE = 8  # blocks that may be on their way here, where blocks themselves are wanted


@dataclass(frozen=True)
class DaskBlocks:
    """A two-dimensional dask array with chunks of SciPy sparse matrices or NumPy arrays."""

    array: Any

    @classmethod
    def of(cls, array: Any, name: str) -> DaskBlocks:
        """Check the array and find the sizes of its chunks if they are not known.

        Raises
        ------
        ValueError
            If it has not two dimensions.
        """
        if array.ndim != 2:
            msg = f"{name} is a dask array of {array.ndim} dimensions; give cells × genes"
            raise ValueError(msg)
        if any(np.isnan(size) for sizes in array.chunks for size in sizes):
            array = array.copy().compute_chunk_sizes()
        return cls(array)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.array.shape[0]), int(self.array.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    def _groups(self) -> list[tuple[Tile, list[Any]]]:
        """Return neighbouring chunks, in the order of rows, that make one tile; small ones are joined."""
        chunks = self.array.to_delayed()
        heights, widths = self.array.chunks
        tops, lefts = np.cumsum([0, *heights]), np.cumsum([0, *widths])
        groups = []
        for j in range(len(widths)):
            for a, b in _joined(heights, widths[j]):
                tile = Tile(int(tops[a]), int(tops[b]), int(lefts[j]), int(lefts[j + 1]))
                groups.append((tile, list(chunks[a:b, j])))
        return sorted(groups, key=lambda one: (one[0].start, one[0].first))

    def _parts(self, task: Task) -> list[tuple[Tile, Any]]:
        from dask.delayed import delayed

        work = delayed(_work, pure=False)
        tasks = [(tile, task.on(tile), chunks) for tile, chunks in self._groups()]
        return [(tile, work(one, chunks)) for tile, one, chunks in tasks if one is not None]

    def each(self, task: Task, team: Team = ALONE) -> Iterator[tuple[Tile, Any]]:
        """Yield every tile with its part; rows ascend."""
        from dask import base

        del team  # the scheduler has its own
        compute: Any = base.compute
        parts = self._parts(task)
        cuts = [0, *range(1, len(parts), _AT_ONCE), len(parts)]  # the first alone: some need no more
        for a, b in pairwise(cuts):
            tiles, waiting = zip(*parts[a:b], strict=True)
            yield from zip(tiles, compute(*waiting), strict=True)

    def reduce(self, task: Task, team: Team = ALONE) -> Any:
        """Add up the parts of all tiles, eight at a time, on the workers."""
        from dask.delayed import delayed

        del team
        join = delayed(_join, pure=False)
        parts = [part for _, part in self._parts(task)]
        while len(parts) > 1:
            parts = [join(parts[a : a + _FAN_IN]) for a in range(0, len(parts), _FAN_IN)]
        return parts[0].compute()

    def only(self, columns: Ints) -> Blocks:
        """Return these columns, in tiles of whole rows."""
        some = self.array[:, columns]
        if some.numblocks[1] > 1:
            step = max(1, _VALUES // max(columns.size, 1))
            some = some.rechunk({0: min(step, _ROWS), 1: -1})
        return DaskBlocks(some)

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return itself if its chunks have whole rows, else these columns alone, put together."""
        if self.array.numblocks[1] == 1:
            return self, columns
        return self.only(columns), np.arange(columns.size)


def _joined(heights: tuple[int, ...], width: int) -> list[tuple[int, int]]:
    """Return ranges of chunks that together have few enough rows and values; single chunks may have more."""
    most = min(_ROWS, max(1, 16 * _VALUES // max(width, 1)))
    cuts, rows = [0], 0
    for i, height in enumerate(heights):
        if i > cuts[-1] and rows + height > most:
            cuts.append(i)
            rows = 0
        rows += height
    return list(zip(cuts, [*cuts[1:], len(heights)], strict=True))


def _work(work: Callable[[Any, Team], Any], chunks: list[Any]) -> Any:
    """Compute a part from neighbouring chunks, on a worker, in its own thread."""
    blocks = [_plain(chunk) for chunk in chunks]
    if len(blocks) == 1:
        return work(blocks[0], ALONE)
    joined = sparse.vstack(blocks, format="csr") if sparse.issparse(blocks[0]) else np.concatenate(blocks)
    return work(joined, ALONE)


def _join(parts: list[Any]) -> Any:
    return fold(add, parts)


def _plain(chunk: Any) -> Any:
    """Return a chunk as CSR, CSC or a 2-D array."""
    if sparse.issparse(chunk):
        return chunk if chunk.format in ("csr", "csc") else chunk.tocsr()
    if hasattr(chunk, "to_scipy_sparse"):
        return chunk.to_scipy_sparse().tocsr()
    return np.asarray(chunk)
