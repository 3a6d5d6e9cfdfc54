"""Statistics of every gene in every group, in one pass over gene-major columns."""

from __future__ import annotations

import numpy as np

from ._jit import njit


@njit
def moments(data, rows, indptr, first, stop, labels, sizes, total, squares, expressed):
    """Write sum, sum of squared deviations from the group mean, and number of non-zeros.

    Genes ``first`` to ``stop``; outputs are n_genes × n_groups, float64, float64 and int64. The deviations
    are taken from the mean in a second look at the column (still in cache), zeros included:
    sum (x − m)² + (n − non-zeros)·m², which does not cancel as E[x²] − E[x]² does.
    """
    for g in range(first, stop):
        for i in range(indptr[g], indptr[g + 1]):
            k = labels[rows[i]]
            total[g, k] += data[i]
            expressed[g, k] += 1
        for i in range(indptr[g], indptr[g + 1]):
            k = labels[rows[i]]
            d = data[i] - total[g, k] / sizes[k]
            squares[g, k] += d * d
        for k in range(sizes.size):
            m = total[g, k] / sizes[k]
            squares[g, k] += (sizes[k] - expressed[g, k]) * m * m


@njit
def extent(data):
    """Smallest and largest value of ``data`` (all positive), 1 and 1 when there is none."""
    low, high = np.inf, 0.0
    for i in range(data.size):
        v = np.float64(data[i])
        low = min(low, v)
        high = max(high, v)
    if data.size == 0:
        return 1.0, 1.0
    return low, high
