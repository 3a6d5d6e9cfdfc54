"""One pass over blocks of rows: totals per gene and group, and a histogram per gene, in whole numbers.

The bits of a value above zero are its bin (an eighth of an octave: down to the third bit of the mantissa), the
next twenty bits, and a tail that only float64 has. Count, sum and sum of squares of the twenty bits, and the sum
of the tails, are whole numbers: exact, so that no order of additions, thread or chunk can change a bit, and
nothing cancels. Bins depend neither on the gene nor on the data.

All kernels add to ``totals`` (groups × genes × 2: sum and number of values), ``bins`` (bins × genes × 2, uint64),
``rest`` (bins × genes, uint64, the tails; not read for float32) and ``seen``. ``bits`` is the data seen as unsigned
integers; how they fall apart follows from their size, which is known when a kernel is compiled.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FLAW, FRACTIONAL, HIGH, LOW, NOT_FINITE, SEEN
from ._jit import njit

N_BINS = 2048
COUNTED = 42
"""``bins[..., 0]`` holds the count from this bit on, and the sum of the twenty bits below it."""
MOST_ROWS = (1 << 22) - 1
"""Rows that one table of bins can take."""
UNUSED = 0xFFFF
"""Label of a cell that takes no part."""
NO_GENE = 0xFFFFFFFF
"""Number of a column that takes no part."""
_ONE, _TWENTY, _TAIL = np.uint64(1 << COUNTED), np.uint64((1 << 20) - 1), np.uint64((1 << 29) - 1)
_OFFSET = np.int64(8 * (1023 - 127))
_SINGLE_INFINITY, _DOUBLE_INFINITY = np.uint64(0xFF << 23), np.uint64(0x7FF << 52)


@njit
def nothing_seen():
    """State before the first value."""
    seen = np.zeros(SEEN)
    seen[LOW], seen[HIGH] = np.inf, -np.inf
    return seen


@njit
def _unusual(v, seen):
    """Note a value that is no expression; zeros are nothing."""
    if v - v != 0:  # NaN or infinite
        seen[NOT_FINITE] = 1
    elif v < 0:
        seen[LOW] = min(seen[LOW], v)


@njit
def _wide(code, x):
    """Bin of a float64 value and its next twenty bits."""
    place = np.int64(code >> np.uint64(49)) - _OFFSET
    if place < 0 or place >= N_BINS:  # beyond the range of float32
        return np.uint64(0) if x < 1 else np.uint64(N_BINS - 1), np.uint64(0)
    return np.uint64(place), (code >> np.uint64(29)) & _TWENTY


@njit
def _looked(seen, low, high, fractional):
    """Take into account what a range saw."""
    seen[LOW], seen[HIGH] = min(seen[LOW], low), max(seen[HIGH], high)
    seen[FRACTIONAL] = max(seen[FRACTIONAL], np.float64(fractional))


# the sums are written out in every kernel: handing arrays on to a function costs eight times as much as they do


@njit
def rows_csr(data, bits, indices, indptr, start, stop, labels, gene_of, totals, bins, rest, seen):
    """Read the rows ``start`` to ``stop``; ``labels`` (uint16) are of all rows, ``gene_of`` (uint32) of all columns."""
    infinity = _SINGLE_INFINITY if bits.itemsize == 4 else _DOUBLE_INFINITY
    low, high, fractional, unsorted = np.inf, -np.inf, bool(seen[FRACTIONAL]), False
    for r in range(start, stop):
        k = labels[r]
        if k == UNUSED:
            continue
        own = totals[np.uint64(k)]
        before = np.int64(-1)
        for i in range(np.uint64(indptr[r]), np.uint64(indptr[r + 1])):
            column = np.int64(indices[i])
            if column <= before:
                unsorted = True
            before = column
            gene = np.uint64(gene_of[np.uint64(column)])
            if gene == NO_GENE:
                continue
            code, x = np.uint64(bits[i]), np.float64(data[i])
            if code == 0 or code >= infinity:  # zero, negative, infinite or missing
                _unusual(x, seen)
                continue
            low, high = min(low, x), max(high, x)
            if not fractional and x != np.floor(x):
                fractional = True
            if bits.itemsize == 4:
                place, left = code >> np.uint64(20), code & _TWENTY
            else:
                place, left = _wide(code, x)
                rest[place, gene] += code & _TAIL
            total, number = own[gene, 0] + x, own[gene, 1] + 1.0
            own[gene, 0] = total
            own[gene, 1] = number
            counted, squares = bins[place, gene, 0] + (left | _ONE), bins[place, gene, 1] + left * left
            bins[place, gene, 0] = counted
            bins[place, gene, 1] = squares
    _looked(seen, low, high, fractional)
    seen[FLAW] = max(seen[FLAW], np.float64(unsorted))


@njit
def columns_csc(data, bits, indices, indptr, columns, labels, first, totals, bins, rest, seen):
    """Read these columns, which are the genes ``first``, ``first + 1``, …; ``labels`` are of all rows."""
    infinity = _SINGLE_INFINITY if bits.itemsize == 4 else _DOUBLE_INFINITY
    low, high, fractional, unsorted = np.inf, -np.inf, bool(seen[FRACTIONAL]), False
    for c in range(columns.size):
        gene, column = np.uint64(first + c), columns[c]
        before = np.int64(-1)
        for i in range(np.uint64(indptr[column]), np.uint64(indptr[column + 1])):
            row = np.int64(indices[i])
            if row <= before:
                unsorted = True
            before = row
            k = labels[np.uint64(row)]
            if k == UNUSED:
                continue
            code, x = np.uint64(bits[i]), np.float64(data[i])
            if code == 0 or code >= infinity:
                _unusual(x, seen)
                continue
            low, high = min(low, x), max(high, x)
            if not fractional and x != np.floor(x):
                fractional = True
            own = totals[np.uint64(k)]
            if bits.itemsize == 4:
                place, left = code >> np.uint64(20), code & _TWENTY
            else:
                place, left = _wide(code, x)
                rest[place, gene] += code & _TAIL
            total, number = own[gene, 0] + x, own[gene, 1] + 1.0
            own[gene, 0] = total
            own[gene, 1] = number
            counted, squares = bins[place, gene, 0] + (left | _ONE), bins[place, gene, 1] + left * left
            bins[place, gene, 0] = counted
            bins[place, gene, 1] = squares
    _looked(seen, low, high, fractional)
    seen[FLAW] = max(seen[FLAW], np.float64(unsorted))


@njit
def rows_dense(data, bits, start, stop, labels, columns, totals, bins, rest, seen):
    """Read these columns of the rows ``start`` to ``stop`` of a matrix; ``labels`` are of all rows."""
    infinity = _SINGLE_INFINITY if bits.itemsize == 4 else _DOUBLE_INFINITY
    low, high, fractional = np.inf, -np.inf, bool(seen[FRACTIONAL])
    for r in range(start, stop):
        k = labels[r]
        if k == UNUSED:
            continue
        own = totals[np.uint64(k)]
        for c in range(columns.size):
            gene = np.uint64(c)
            code, x = np.uint64(bits[r, columns[c]]), np.float64(data[r, columns[c]])
            if code == 0 or code >= infinity:
                if code:
                    _unusual(x, seen)
                continue
            low, high = min(low, x), max(high, x)
            if not fractional and x != np.floor(x):
                fractional = True
            if bits.itemsize == 4:
                place, left = code >> np.uint64(20), code & _TWENTY
            else:
                place, left = _wide(code, x)
                rest[place, gene] += code & _TAIL
            total, number = own[gene, 0] + x, own[gene, 1] + 1.0
            own[gene, 0] = total
            own[gene, 1] = number
            counted, squares = bins[place, gene, 0] + (left | _ONE), bins[place, gene, 1] + left * left
            bins[place, gene, 0] = counted
            bins[place, gene, 1] = squares
    _looked(seen, low, high, fractional)


@njit
def repeats(indices, indptr, start, stop, width):
    """Whether any row (or column) ``start`` to ``stop`` stores an entry twice, among ``width`` places."""
    last = np.full(width, -1, np.int64)
    for r in range(start, stop):
        for i in range(indptr[r], indptr[r + 1]):
            if last[indices[i]] == r:
                return True
            last[indices[i]] = r
    return False
