"""Statistics of every gene in every group, in one pass over gene-major columns."""

from __future__ import annotations

import numpy as np

from ._jit import njit


@njit
def totals(data, rows, indptr, first, stop, labels, total, expressed):
    """Write sum and number of non-zeros of genes ``first`` to ``stop`` (n_genes × n_groups, float64 and int64)."""
    for g in range(first, stop):
        for i in range(indptr[g], indptr[g + 1]):
            k = labels[rows[i]]
            total[g, k] += data[i]
            expressed[g, k] += 1


@njit
def deviations(data, rows, indptr, first, stop, labels, sizes, total, expressed, squares):
    """Write the sum of squared deviations from the group mean, zeros included, from what ``totals`` wrote.

    sum (x − m)² over the non-zeros and (n − non-zeros)·m² for the zeros: it does not cancel as E[x²] − E[x]²
    does.
    """
    for g in range(first, stop):
        for i in range(indptr[g], indptr[g + 1]):
            k = labels[rows[i]]
            d = data[i] - total[g, k] / sizes[k]
            squares[g, k] += d * d
        for k in range(sizes.size):
            m = total[g, k] / sizes[k]
            squares[g, k] += (sizes[k] - expressed[g, k]) * m * m


@njit
def snap(data, step):
    """Round ``data`` in place to multiples of ``step``, a power of two; halves go to even."""
    for i in range(data.size):
        data[i] = np.rint(data[i] / step) * step
