"""What the analytic null keeps of the data: a histogram per gene, and a sample of cells for correlations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from commscore.kernels import histogram as kernels

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Run: TypeAlias = Callable[[Callable[[int, int], object], int], object]

SAMPLE_CELLS = 50_000
SAMPLE_BLOCKS = 64
_LOOKED_AT = 1 << 16
_HEADROOM = 2


def serial(work: Callable[[int, int], object], n: int) -> None:
    """Call ``work(0, n)``: the default way to run a range in the caller's own thread."""
    work(0, n)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Gene-major expression (CSC) without stored zeros.

    Parameters
    ----------
    data
        Positive values, float32 or float64, (n_nonzero,).
    rows
        Cell of every value, uint32, ascending within a gene.
    indptr
        int64, (n_genes + 1,).
    n_cells
        Number of cells, those without any value included.
    """

    data: npt.NDArray[Any]
    rows: npt.NDArray[np.uint32]
    indptr: Integers
    n_cells: int

    def __post_init__(self) -> None:
        if self.data.dtype not in (np.float32, np.float64):
            msg = f"data must be float32 or float64, found {self.data.dtype}"
            raise TypeError(msg)
        if self.data.shape != self.rows.shape:
            msg = f"data and rows must have one shape, found {self.data.shape} and {self.rows.shape}"
            raise ValueError(msg)

    @property
    def n_genes(self) -> int:
        """Number of columns."""
        return int(self.indptr.size - 1)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Per gene: histogram of the non-zeros with exact bin sums, and exact first two moments.

    Summaries of disjoint sets of cells add up (``a + b``) if they have the same ``top``.

    Parameters
    ----------
    n_cells
        Number of cells.
    top
        Binary exponent of the largest value expected: the bins cover 16 octaves, two of them above it.
    counts, sums
        Number and sum of the values in each bin, float64, (n_genes, 128).
    centres, squares
        Mean of the non-zeros and sum of squares about it, float64, (n_genes,).
    """

    n_cells: int
    top: int
    counts: Floats
    sums: Floats
    centres: Floats
    squares: Floats

    @property
    def n_nonzero(self) -> Floats:
        """Number of expressing cells per gene, (n_genes,)."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def mean(self) -> Floats:
        """Mean over all cells per gene, (n_genes,)."""
        return np.asarray(self.sums.sum(axis=1) / self.n_cells)

    @property
    def deviance(self) -> Floats:
        """Sum of squares about the mean over all cells, zeros included, (n_genes,)."""
        n = self.n_nonzero
        return np.asarray(self.squares + n * self.centres**2 * (1.0 - n / self.n_cells))

    def __add__(self, other: Summary) -> Summary:
        """Summary of both sets of cells.

        Raises
        ------
        ValueError
            If the bins or the genes differ.
        """
        if self.top != other.top or self.counts.shape != other.counts.shape:
            msg = (
                f"summaries must have the same bins and genes, found top={self.top} and {other.top}, "
                f"shapes {self.counts.shape} and {other.counts.shape}; pass the same `top` for every chunk"
            )
            raise ValueError(msg)
        n, m = self.n_nonzero, other.n_nonzero
        both = np.maximum(n + m, 1.0)
        apart = other.centres - self.centres
        return Summary(
            n_cells=self.n_cells + other.n_cells,
            top=self.top,
            counts=self.counts + other.counts,
            sums=self.sums + other.sums,
            centres=self.centres + apart * m / both,
            squares=self.squares + other.squares + apart**2 * n * m / both,
        )


def top_exponent(data: npt.NDArray[Any]) -> int:
    """Binary exponent of the largest of at most 65,536 evenly spaced values of ``data``.

    Examples
    --------
    >>> import numpy as np
    >>> top_exponent(np.array([0.7, 5.0], np.float32))
    2
    """
    if data.size == 0:
        return 0
    largest = float(data[:: max(1, data.size // _LOOKED_AT)].max())
    return math.frexp(largest)[1] - 1


def summarise(columns: Columns, *, top: int | None = None, run: Run = serial) -> Summary:
    """Read the data once and return its :class:`Summary`.

    Parameters
    ----------
    columns
        The cells.
    top
        Exponent of the bins; default :func:`top_exponent` of these data. Give the same one for every part of
        data that are read in parts.
    run
        Calls ``work(start, stop)`` over ranges that cover ``0 .. n``, in threads if it likes. The result does
        not depend on the ranges.
    """
    top = top_exponent(columns.data) if top is None else top
    g = columns.n_genes
    counts, sums = np.zeros((g, kernels.N_BINS)), np.zeros((g, kernels.N_BINS))
    centres, squares = np.zeros(g), np.zeros(g)
    single = columns.data.dtype == np.float32
    bits = columns.data.view(np.uint32 if single else np.uint64)
    shift, bias = (20, 127) if single else (49, 1023)
    octaves = kernels.N_BINS // 8
    base = (bias + top + 1 + _HEADROOM - octaves) << 3

    def kernel(start: int, stop: int) -> None:
        shape = (kernels.LANES, kernels.N_BINS)
        c, s, q = np.empty(shape, np.int64), np.empty(shape), np.empty(kernels.LANES)
        bins = columns.data, bits, np.uint64(shift), base, columns.indptr
        kernels.histogram(*bins, c, s, q, start, stop, counts, sums, centres, squares)

    run(kernel, g)
    return Summary(n_cells=columns.n_cells, top=top, counts=counts, sums=sums, centres=centres, squares=squares)


def thin(columns: Columns, *, n_cells: int = SAMPLE_CELLS, run: Run = serial) -> Columns:
    """Return the cells of 64 evenly spaced blocks, about ``n_cells`` in all; all cells if there are no more.

    The choice depends on the number of cells alone. It serves correlations between genes, for which 50,000
    cells are enough: their standard error is below 0.005.
    """
    if columns.n_cells <= n_cells:
        return columns
    width = max(n_cells // SAMPLE_BLOCKS, 1)
    starts = np.arange(SAMPLE_BLOCKS, dtype=np.int64) * columns.n_cells // SAMPLE_BLOCKS
    edges = np.stack([starts, starts + width], axis=1).ravel()
    g = columns.n_genes
    bounds = np.empty((g, edges.size), np.int64)
    run(lambda a, b: kernels.blocks_of_rows(columns.rows, columns.indptr, edges, a, b, bounds), g)
    indptr = np.zeros(g + 1, np.int64)
    np.cumsum((bounds[:, 1::2] - bounds[:, ::2]).sum(axis=1), out=indptr[1:])
    data = np.empty(indptr[-1], columns.data.dtype)
    rows = np.empty(indptr[-1], np.uint32)
    run(lambda a, b: kernels.copy_blocks(columns.data, columns.rows, bounds, edges, indptr, a, b, data, rows), g)
    return Columns(data=data, rows=rows, indptr=indptr, n_cells=width * SAMPLE_BLOCKS)
