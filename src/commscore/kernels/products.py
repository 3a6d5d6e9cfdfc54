"""Sums, squares and cross-products of genes over the cells: what correlations between genes come from."""

from __future__ import annotations

import numpy as np

from ._jit import njit


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


@njit
def powers(data, indptr, start, stop, out):
    """Write sum and sum of squares of the genes ``start`` to ``stop`` (n_genes × 2)."""
    for g in range(start, stop):
        x, xx = 0.0, 0.0
        for i in range(indptr[g], indptr[g + 1]):
            v = np.float64(data[i])
            x += v
            xx += v * v
        out[g, 0] = x
        out[g, 1] = xx
