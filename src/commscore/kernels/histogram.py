"""What the analytic null needs of the data: one histogram per gene, and cross-products of gene pairs.

A bin is an eighth of an octave, taken from the bits of the floating-point number: the three leading bits of
the mantissa below the exponent. Bins therefore depend neither on the gene nor on the chunk of cells, and the
parts of a matrix add up.
"""

from __future__ import annotations

import numpy as np

from ._jit import njit

N_BINS = 128
LANES = 4


@njit
def histogram(data, bits, shift, base, indptr, c, s, q, start, stop, counts, sums, centres, squares):
    """Histogram of the non-zeros of genes ``start`` to ``stop``, with the exact sum in every bin.

    ``bits`` is ``data`` seen as unsigned integers, ``shift`` (uint64) drops all but three bits of its mantissa
    and ``base`` is the code of the lowest bin; what is smaller or larger goes to the end bins. ``counts`` and
    ``sums`` are genes × 128; ``centres`` and ``squares`` (genes) are the mean of the non-zeros and the sum of
    squares about it. Values are dealt to four partial histograms so that runs of equal bins do not wait:
    ``c`` (4 × 128, int64), ``s`` (4 × 128, float64) and ``q`` (4) are overwritten.
    """
    last = np.int64(N_BINS - 1)
    for g in range(start, stop):
        x = data[indptr[g] : indptr[g + 1]]
        code = bits[indptr[g] : indptr[g + 1]]
        n = x.size
        if n == 0:
            continue
        for w in range(LANES):
            q[w] = 0.0
            for j in range(N_BINS):
                c[w, j] = 0
                s[w, j] = 0.0
        pivot = np.float64(x[0])
        whole = n - n % LANES
        for i in range(0, whole, LANES):
            for w in range(LANES):
                b = np.uint64(min(max(np.int64(np.uint64(code[i + w]) >> shift) - base, 0), last))
                v = np.float64(x[i + w])
                c[w, b] += 1
                s[w, b] += v
                q[w] += (v - pivot) * (v - pivot)
        for i in range(whole, n):
            b = np.uint64(min(max(np.int64(np.uint64(code[i]) >> shift) - base, 0), last))
            v = np.float64(x[i])
            c[0, b] += 1
            s[0, b] += v
            q[0] += (v - pivot) * (v - pivot)
        total = 0.0
        for j in range(N_BINS):
            counts[g, j] = c[0, j] + c[1, j] + c[2, j] + c[3, j]
            sums[g, j] = (s[0, j] + s[1, j]) + (s[2, j] + s[3, j])
            total += sums[g, j]
        centres[g] = total / n
        squares[g] = max((q[0] + q[1]) + (q[2] + q[3]) - n * (centres[g] - pivot) ** 2, 0.0)


@njit
def blocks_of_rows(rows, indptr, edges, start, stop, bounds):
    """Place of every edge (a cell number) in the sorted rows of genes ``start`` to ``stop``.

    ``bounds`` is genes × edges, int64: the first stored value whose row is not below the edge.
    """
    for g in range(start, stop):
        low, end = indptr[g], indptr[g + 1]
        for e in range(edges.size):
            high = end
            while low < high:
                middle = (low + high) >> 1
                if rows[middle] < edges[e]:
                    low = middle + 1
                else:
                    high = middle
            bounds[g, e] = low


@njit
def copy_blocks(data, rows, bounds, edges, indptr, start, stop, out_data, out_rows):
    """Copy the cells between edges 0–1, 2–3, … of genes ``start`` to ``stop``, renumbered without gaps."""
    for g in range(start, stop):
        at = indptr[g]
        before = np.int64(0)
        for e in range(0, edges.size, 2):
            for i in range(bounds[g, e], bounds[g, e + 1]):
                out_data[at] = data[i]
                out_rows[at] = np.uint32(np.int64(rows[i]) - edges[e] + before)
                at += 1
            before += edges[e + 1] - edges[e]


@njit
def cross_products(data, rows, indptr, dense, first, second, start, stop, out):
    """Sum over the cells where both genes of a pair are non-zero, pairs ``start`` to ``stop``.

    ``out`` (pairs × 4): number of such cells, sum of the first gene, of the second, of their product. Pairs
    are best sorted by ``first``, whose column is laid out once in ``dense`` (n_cells zeros) and serves all its
    partners.
    """
    held = np.int64(-1)
    for p in range(start, stop):
        a, b = first[p], second[p]
        if a != held:
            if held >= 0:
                for i in range(indptr[held], indptr[held + 1]):
                    dense[rows[i]] = 0.0
            for i in range(indptr[a], indptr[a + 1]):
                dense[rows[i]] = data[i]
            held = a
        n, x, y, xy = 0, 0.0, 0.0, 0.0
        for i in range(indptr[b], indptr[b + 1]):
            u = dense[rows[i]]
            v = np.float64(data[i])
            n += u > 0.0
            x += u
            y += v if u > 0.0 else 0.0
            xy += u * v
        out[p, 0] = n
        out[p, 1] = x
        out[p, 2] = y
        out[p, 3] = xy
