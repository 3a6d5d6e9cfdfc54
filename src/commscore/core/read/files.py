"""Containers whose matrix stays where it is: files (HDF5, zarr) here, dask in :mod:`.dask_arrays`.

What is read at once is a block of rows (of columns, where a file is compressed by columns), never the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from .tiles import Blocks, MatrixView, Serial, Take, Tile, load, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...arrays import Ints

VALUES = 1 << 23
"""Values, zeros of dense files included, that a block has at most, if it has more than one row."""
MOST_ROWS = 1 << 18


def contained(matrix: Any, name: str) -> Any:
    """Return a matrix that is in memory as it is, and any other as :class:`~commscore.core.read.tiles.Blocks`.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(matrix, np.ma.MaskedArray) and np.ma.is_masked(matrix):
        msg = f"{name} is a masked array, of which {np.sum(matrix.mask)} values are missing; fill them first"
        raise TypeError(msg)
    if matrix is None or isinstance(matrix, np.ndarray | Blocks) or sparse.issparse(matrix):
        return matrix
    if hasattr(matrix, "dask"):
        from .dask_arrays import DaskBlocks

        return DaskBlocks.of(matrix, name)
    if getattr(matrix, "format", None) in ("csr", "csc") and hasattr(matrix, "group"):  # of anndata, on disk
        parts = tuple(matrix.group[key] for key in ("data", "indices", "indptr"))
        shape = (int(matrix.shape[0]), int(matrix.shape[1]))
        return (CsrOnDisk if matrix.format == "csr" else CscOnDisk).of(parts, shape)
    if len(getattr(matrix, "shape", ())) == 2 and hasattr(matrix, "chunks"):  # array of h5py or zarr
        return DenseOnDisk(matrix)
    if hasattr(matrix, "to_memory"):
        return matrix.to_memory()
    if hasattr(matrix, "__array__") and len(getattr(matrix, "shape", ())) == 2:
        return np.asarray(matrix)
    msg = (
        f"{name} is a {type(matrix).__module__}.{type(matrix).__qualname__}, which cannot be read; give a NumPy array, "
        "a SciPy sparse matrix, a backed or lazily read matrix of anndata, or a dask array of these"
    )
    raise TypeError(msg)


def backed_view(adata: Any, matrix_of: Any, name: str, *, of_raw: bool = False) -> Any:
    """Return the matrix of a view of a backed object without reading it, or None where that is not possible.

    ``matrix_of`` takes the matrix from an object. anndata itself would read the rows of the view into memory.
    """
    parent = getattr(adata, "_adata_ref", None)
    rows, columns = getattr(adata, "_oidx", None), getattr(adata, "_vidx", None)
    if parent is None or rows is None or columns is None:
        return None
    blocks = contained(matrix_of(parent), name)
    if not isinstance(blocks, Blocks):
        return None
    at = _positions(rows, blocks.shape[0])
    if (np.diff(at) <= 0).any():
        return None
    view = MatrixView(blocks, None if at.size == blocks.shape[0] else at)
    if of_raw:  # has all its variables in every view
        return view
    places = _positions(columns, blocks.shape[1])
    return view if np.array_equal(places, np.arange(blocks.shape[1])) else view.only(places)


def _positions(index: Any, size: int) -> Ints:
    return np.asarray(np.arange(size)[index], np.int64)


def take(matrix: Any, columns: Ints) -> Any:
    """Return these columns in memory: CSR, CSC or a 2-D array."""
    return load(matrix.only(columns)) if isinstance(matrix, Blocks) else matrix[:, columns]


def first_values(blocks: Blocks) -> npt.NDArray[Any]:
    """Return the values of the first tile."""
    block = next(iter(blocks.each(Take())))[1]
    return block.data if sparse.issparse(block) else np.asarray(block).ravel()


def _cuts(indptr: Ints, most: int) -> list[int]:
    """Bounds of ranges of at most VALUES values and ``most`` rows, one row at least."""
    cuts = [0]
    while cuts[-1] < indptr.size - 1:
        here = cuts[-1]
        stop = int(np.searchsorted(indptr, indptr[here] + VALUES, side="right")) - 1
        cuts.append(min(max(stop, here + 1), here + most, indptr.size - 1))
    return cuts


@dataclass(frozen=True)
class _CompressedOnDisk(Serial):
    """``data`` and ``indices`` are sliced where they are; ``indptr`` is in memory."""

    data: Any
    indices: Any
    indptr: Ints
    shape: tuple[int, int]

    @classmethod
    def of(cls, parts: tuple[Any, Any, Any], shape: tuple[int, int]) -> _CompressedOnDisk:
        """Build from ``data``, ``indices`` and ``indptr`` of a file."""
        return cls(parts[0], parts[1], np.asarray(parts[2][:], np.int64), shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    def _between(self, first: int, last: int) -> tuple[Any, Any, Any]:
        a, b = int(self.indptr[first]), int(self.indptr[last])
        places = self.indptr[first : last + 1] - a
        return np.asarray(self.data[a:b]), np.asarray(self.indices[a:b]), places


class CsrOnDisk(_CompressedOnDisk):
    """Compressed by rows."""

    @cached_property
    def _tiles(self) -> list[Tile]:
        cuts = _cuts(self.indptr, MOST_ROWS)
        return [Tile(a, b, 0, self.shape[1]) for a, b in pairwise(cuts)]

    def tiles(self) -> Sequence[Tile]:
        """Return the tiles; rows ascend."""
        return self._tiles

    def read(self, tile: Tile) -> Any:
        """Return the tile's values, CSR."""
        parts = self._between(tile.start, tile.stop)
        return sparse.csr_matrix(parts, shape=(tile.stop - tile.start, self.shape[1]), copy=False)

    def only(self, columns: Ints) -> Blocks:
        """Return these columns, in tiles of whole rows."""
        return MatrixView(self, columns=columns)

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return itself."""
        return self, columns


class CscOnDisk(_CompressedOnDisk):
    """Compressed by columns."""

    @cached_property
    def _copies(self) -> dict[bytes, CsrOnDisk]:
        return {}

    @cached_property
    def _tiles(self) -> list[Tile]:
        cuts = _cuts(self.indptr, self.shape[1])
        return [Tile(0, self.shape[0], a, b) for a, b in pairwise(cuts)]

    def tiles(self) -> Sequence[Tile]:
        """Return the tiles; columns ascend."""
        return self._tiles

    def read(self, tile: Tile) -> Any:
        """Return the tile's values, CSC."""
        parts = self._between(tile.first, tile.last)
        return sparse.csc_matrix(parts, shape=(self.shape[0], tile.last - tile.first), copy=False)

    def only(self, columns: Ints) -> Blocks:
        """Return these columns compressed by rows: a copy of them alone, beyond 1 GiB in a temporary file.

        The last copy is kept, for what reads the same columns more than once.
        """
        key = columns.tobytes()
        if key not in self._copies:
            self._copies.clear()
            self._copies[key] = _by_rows(self, columns)
        return self._copies[key]

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return these columns compressed by rows."""
        return self.only(columns), np.arange(columns.size)


def _by_rows(whole: CscOnDisk, columns: Ints) -> CsrOnDisk:
    """Turn some columns into compressed rows, reading each twice."""
    n = whole.shape[0]
    runs = _runs(whole.indptr, columns)
    counts = np.zeros(n, np.int64)
    for a, b in runs:
        for _, indices, _ in (whole._between(c, c + 1) for c in columns[a:b]):
            counts += np.bincount(indices, minlength=n)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    indices = room(int(indptr[-1]), np.int32, other=int(indptr[-1]) * whole.dtype.itemsize)
    data = room(int(indptr[-1]), whole.dtype, other=indices.nbytes)
    cursor = indptr[:-1].copy()
    for a, b in runs:
        parts = [whole._between(c, c + 1) for c in columns[a:b]]
        ends = np.concatenate([[0], np.cumsum([p[0].size for p in parts])])
        block = sparse.csc_matrix(
            (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), ends), shape=(n, b - a)
        ).tocsr()
        size = np.diff(block.indptr)
        at = np.repeat(cursor - block.indptr[:-1], size) + np.arange(block.data.size)
        data[at], indices[at] = block.data, block.indices + a
        cursor += size
    return CsrOnDisk(data, indices, indptr, (n, columns.size))


def _runs(indptr: Ints, columns: Ints) -> list[tuple[int, int]]:
    sizes = np.concatenate([[0], np.cumsum(np.diff(indptr)[columns])])
    cuts = _cuts(sizes, max(columns.size, 1))
    return list(pairwise(cuts))


@dataclass(frozen=True)
class DenseOnDisk(Serial):
    """A two-dimensional array of h5py or zarr."""

    array: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.array.shape[0]), int(self.array.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    def tiles(self) -> Sequence[Tile]:
        """Return the tiles: rows in whole chunks, as far as they are small enough."""
        n, width = self.shape
        chunk = int((self.array.chunks or (1,))[0])
        step = max(1, min(VALUES // max(width, 1), MOST_ROWS))
        step = max(chunk, step - step % chunk)
        return [Tile(a, min(n, a + step), 0, width) for a in range(0, n, step)]

    def read(self, tile: Tile) -> Any:
        """Return the tile's values."""
        return np.asarray(self.array[tile.rows])

    def only(self, columns: Ints) -> Blocks:
        """Return these columns, in tiles of whole rows."""
        return MatrixView(self, columns=columns)

    def in_rows(self, columns: Ints) -> tuple[Blocks, Ints]:
        """Return itself."""
        return self, columns
