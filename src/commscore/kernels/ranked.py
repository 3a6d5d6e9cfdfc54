"""Weighted sums of ranked values (quantiles, trimmed means) of genes in groups, gene-major."""

from __future__ import annotations

import numpy as np

from ._jit import njit


@njit
def sort_columns(data, rows, indptr, start, stop, out_data, out_rows):
    """Write the columns ``start`` to ``stop`` with the values in descending order."""
    for g in range(start, stop):
        a, b = indptr[g], indptr[g + 1]
        order = np.argsort(data[a:b])
        for i in range(b - a):
            at = a + order[b - a - 1 - i]
            out_data[a + i] = data[at]
            out_rows[a + i] = rows[at]


@njit
def weighted_ranks(data, rows, indptr, genes, labels, weights, first, slots, out, column):
    """Sum of weight × value over each group's values in descending order, for several labellings.

    ``data`` and ``rows`` come from :func:`sort_columns`; ``labels`` is n_cells × labellings. Group ``k`` has
    its weights, one per rank from the largest value on, from ``weights[first[k]]`` on; values beyond the
    non-zeros are 0. Labelling ``b`` is written to column ``column + b`` of the rows ``slots``
    (genes × groups, -1 where no test needs it) of ``out``.
    """
    n_groups, width = slots.shape[1], labels.shape[1]
    at = np.empty((width, n_groups), np.int64)
    total = np.empty((width, n_groups), np.float64)
    for g in range(genes.size):
        total[:] = 0.0
        for b in range(width):
            at[b] = first[:n_groups]
        for i in range(indptr[genes[g]], indptr[genes[g] + 1]):
            cell = labels[np.uint64(rows[i])]
            v = np.float64(data[i])
            for b in range(width):
                w, own = np.uint64(b), np.uint64(cell[b])
                rank = at[w, own]
                at[w, own] = rank + 1
                total[w, own] += weights[np.uint64(rank)] * v
        for k in range(n_groups):
            if slots[g, k] >= 0:
                for b in range(width):
                    out[slots[g, k], column + b] = total[b, k]
