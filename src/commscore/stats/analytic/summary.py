"""What the analytic null keeps of the data: a histogram per gene, and a sample of cells for correlations."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from commscore.kernels import scan

from ...arrays import Bools, Counts, Floats, GeneColumns, Ints

Run: TypeAlias = Callable[[Callable[[int, int], object], int], object]

FEWEST_EFFECTIVE = 5.0
"""Cells whose deviations would have the gene's second and fourth moment."""
MOST_ALIKE = 0.5
SAMPLE_CELLS = 50_000
SAMPLE_BLOCKS = 64


def serial(work: Callable[[int, int], object], n: int) -> None:
    """Call ``work(0, n)``: the default way to run a range in the caller's own thread."""
    work(0, n)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Per gene: histogram of the non-zeros with exact bin sums, and exact first two moments.

    Parameters
    ----------
    n_cells
        Number of cells.
    counts, sums
        Number and sum of the values in each bin, float64, (n_genes, n_bins).
    centres, squares
        Mean of the non-zeros and sum of squares about it, float64, (n_genes,).
    alike
        Number of cells in bins of several cells that all have one value, float64, (n_genes,).
    """

    n_cells: int
    counts: Floats
    sums: Floats
    centres: Floats
    squares: Floats
    alike: Floats

    @property
    def smooth(self) -> Bools:
        """Whether sums over cells take many values, none of which stands out, (n_genes,).

        Not where more than half of the expressing cells have the very value of another one, as counts that were cut to
        one, or rounded coarsely, have: sums are then multiples of a step, which a smooth tail misses by half of it. Not
        where a few cells have nearly all of the variance, either: sums then depend on where these go.
        """
        mean, zero = self.mean, self.n_cells - self.n_nonzero
        apart = self.sums / np.maximum(self.counts, 1.0) - mean[:, None]
        second = (self.counts * apart**2).sum(axis=1) + zero * mean**2
        fourth = (self.counts * apart**4).sum(axis=1) + zero * mean**4
        spread_out = second**2 >= FEWEST_EFFECTIVE * fourth
        return np.asarray(spread_out & (self.alike <= MOST_ALIKE * self.n_nonzero))

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


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Histograms of the values above zero in whole numbers, which add up (``a + b``) without rounding.

    A bin is an eighth of an octave; bin ``first`` and those above it are held, see :mod:`commscore.kernels.scan`.

    Parameters
    ----------
    first
        Number of the lowest bin held.
    counts, left, rest
        Number of values, and sums of their next twenty bits and of the bits below those, uint64, (n_bins, n_genes).
        ``rest`` is (n_bins, 0) if there are no such bits.
    squares
        Sum of squares of the twenty bits, modulo 2⁶⁴.
    """

    first: int
    counts: Counts
    left: Counts
    squares: Counts
    rest: Counts

    @classmethod
    def read(cls, bins: Counts, rest: Counts, *, extent: tuple[float, float]) -> Bins:
        """Unpack what the kernels wrote (n_bins × n_genes × 2; and n_bins × n_genes, or × 0).

        ``extent`` bounds the values above zero: the rest of the tables is not touched and takes no memory.
        """
        low, high = (_bin_of(x) for x in extent)
        high = high + 1 if extent[0] <= extent[1] else low
        packed = bins[low:high, :, 0]
        return cls(
            first=low,
            counts=packed >> np.uint64(scan.COUNTED),
            left=packed & np.uint64((1 << scan.COUNTED) - 1),
            squares=bins[low:high, :, 1].copy(),
            rest=rest[low:high].copy(),
        )

    def __add__(self, other: Bins) -> Bins:
        """Histograms of both sets of cells.

        Raises
        ------
        ValueError
            If they are not of the same number of genes.
        """
        if self.counts.shape[1] != other.counts.shape[1]:
            msg = f"histograms must be of the same genes, found {self.counts.shape[1]} and {other.counts.shape[1]}"
            raise ValueError(msg)
        full = [b for b in (self, other) if b.counts.size]
        if len(full) < 2:
            return full[0] if full else self
        first = min(b.first for b in full)
        n = max(b.first + len(b.counts) for b in full) - first
        width = max(b.rest.shape[1] for b in full)
        shapes = {"counts": self.counts.shape[1], "left": self.counts.shape[1], "squares": self.counts.shape[1]}
        histograms = {name: np.zeros((n, w), np.uint64) for name, w in (shapes | {"rest": width}).items()}
        for b in full:
            at = slice(b.first - first, b.first - first + len(b.counts))
            for name, array in histograms.items():
                own = getattr(b, name)
                array[at, : own.shape[1]] += own
        return Bins(first=first, **histograms)

    def summary(self, n_cells: int) -> Summary:
        """Histogram and moments of ``n_cells`` cells, those without any value included."""
        edge, unit = _scale(self.first + np.arange(len(self.counts)))
        n, s = self.counts, self.left
        counts, some = n.astype(np.float64), np.maximum(n, np.uint64(1))
        above = s.astype(np.float64)
        if self.rest.size:
            above += self.rest * 2.0**-29
        sums = edge[:, None] * counts + unit[:, None] * above
        # about the whole part of the mean of the twenty bits, modulo 2⁶⁴: nothing is rounded, nothing cancels
        middle = s // some
        about = self.squares - middle * (s + s - n * middle)
        off = (s - n * middle).astype(np.float64)
        within = unit[:, None] ** 2 * np.maximum(about - off * off / some, 0.0)
        total = np.maximum(counts.sum(axis=0), 1.0)
        centres = sums.sum(axis=0) / total
        apart = sums / np.maximum(counts, 1.0) - centres
        squares = within.sum(axis=0) + (counts * apart * apart).sum(axis=0)
        return Summary(
            n_cells=n_cells,
            counts=np.ascontiguousarray(counts.T),
            sums=np.ascontiguousarray(sums.T),
            centres=centres,
            squares=squares,
            alike=np.where((n > 1) & (within == 0.0), counts, 0.0).sum(axis=0),
        )


def _bin_of(x: float) -> int:
    """Return the number of the bin of a value; the lowest for what is not above zero."""
    code = int(np.float64(max(x, 0.0)).view(np.uint64) >> np.uint64(49)) - 8 * 896
    return min(max(code, 0), scan.N_BINS - 1)


def _scale(number: Ints) -> tuple[Floats, Floats]:
    """Lower edge of each bin and the worth of the lowest of its twenty bits: those of float32."""
    exponent, eighth = number >> 3, number & 7
    unit = np.ldexp(1.0, np.maximum(exponent, 1) - 150)
    return np.ldexp(unit, 20) * (eighth + np.where(exponent > 0, 8, 0)), unit


def tables(n_groups: int, n_genes: int, dtype: np.dtype[Any]) -> tuple[Floats, Counts, Counts]:
    """Zeros for the kernels: totals, bins and rest; pages of bins that are not used take no memory."""
    tail = n_genes if dtype != np.float32 else 0
    return np.zeros((n_groups, n_genes, 2)), _sparse(scan.N_BINS, n_genes, 2), _sparse(scan.N_BINS, tail)


def _sparse(*shape: int) -> Counts:
    """Zeros straight from the system: what ``np.zeros`` takes from freed memory, it writes to."""
    size = 8 * math.prod(shape)
    if not size:
        return np.zeros(shape, np.uint64)
    return np.frombuffer(mmap.mmap(-1, size), np.uint64).reshape(shape)


def as_bits(data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Float32 or float64 values seen as unsigned integers."""
    return data.view(np.uint32 if data.dtype == np.float32 else np.uint64)


def summarise(columns: GeneColumns, *, run: Run = serial) -> Summary:
    """Read the data once and return its :class:`Summary`.

    Parameters
    ----------
    columns
        The cells.
    run
        Calls ``work(start, stop)`` over ranges that cover ``0 .. n``, in threads if it likes. The result does
        not depend on the ranges.
    """
    c = columns
    totals, bins, rest = tables(1, c.n_genes, c.data.dtype)
    extent = (float(c.data.min()), float(c.data.max())) if c.data.size else (np.inf, -np.inf)
    labels, bits = np.zeros(c.n_cells, np.uint16), as_bits(c.data)

    def kernel(start: int, stop: int) -> None:
        seen, columns = scan.nothing_seen(), np.arange(start, stop)
        scan.columns_csc(c.data, bits, c.rows, c.indptr, columns, labels, start, totals, bins, rest, seen)

    run(kernel, c.n_genes)
    return Bins.read(bins, rest, extent=extent).summary(c.n_cells)


def spread(used: Bools, *, n_cells: int = SAMPLE_CELLS) -> Ints:
    """Ranges of rows with 64 evenly spaced blocks of cells, about ``n_cells`` in all; all if there are no more.

    ``used`` marks the rows with cells; the choice depends on their number alone. It serves correlations between
    genes, for which 50,000 cells are enough: their standard error is below 0.005. Returns (n_ranges, 2), first
    row and the one after the last.
    """
    n = int(np.count_nonzero(used))
    if n <= n_cells:
        return np.array([[0, used.size]], np.int64)
    width = max(n_cells // SAMPLE_BLOCKS, 1)
    starts = np.arange(SAMPLE_BLOCKS, dtype=np.int64) * n // SAMPLE_BLOCKS
    ends = np.stack([starts, starts + width - 1])
    rows = ends if n == used.size else np.flatnonzero(used)[ends]
    return np.stack([rows[0], rows[1] + 1], axis=1)
