"""Sums over the cells of each bin (a sample × group) from raw counts: one look at every stored value.

``labels`` gives the bin of each cell; ``gene_of`` maps a column to a gene of the problem or -1. Written are
``total`` (n_bins × n_columns) for all columns and ``expressed`` (n_bins × n_genes) for the genes of the problem.
A cell expresses a gene from half a count on: what corrections leave of a count that is not there is less.
Whole numbers add up exactly in float64, so cells can be summed in any order. Threads that share the two must not
share bins (rows of CSR and of dense matrices) or columns (CSC).
"""

from __future__ import annotations

import numpy as np

from ._jit import njit

HALF = 0.5
NEGATIVE, NOT_FINITE, FRACTIONAL = 1, 2, 4
"""Bits of what was seen that is no count."""


@njit
def check(v):
    """Bits that describe one value; 0 for a count."""
    if not np.isfinite(v):
        return NOT_FINITE
    return (v < 0) * NEGATIVE | (v != np.floor(v)) * FRACTIONAL


@njit
def add_csr(data, indices, indptr, cells, labels, gene_of, total, expressed):
    """Add the rows ``cells``; an entry stored in parts counts once as expressed. Return the bits of what was seen."""
    seen = 0
    last = np.full(expressed.shape[1], -1, np.int64)
    for c in range(cells.size):
        k = labels[c]
        for i in range(indptr[cells[c]], indptr[cells[c] + 1]):
            v = np.float64(data[i])
            if v == 0:
                continue
            seen |= check(v)
            total[k, indices[i]] += v
            g = gene_of[indices[i]]
            if g >= 0 and v >= HALF and last[g] != c:
                last[g] = c
                expressed[k, g] += 1
    return seen


@njit
def add_csc(data, indices, indptr, first, stop, label_of, gene_of, total, expressed):
    """Add the columns ``first`` to ``stop``; ``label_of`` is the bin of a stored row, or -1 if it takes no part."""
    seen = 0
    last = np.full(label_of.size, -1, np.int64)
    for j in range(first, stop):
        g = gene_of[j]
        for i in range(indptr[j], indptr[j + 1]):
            row = indices[i]
            k = label_of[row]
            v = np.float64(data[i])
            if k < 0 or v == 0:
                continue
            seen |= check(v)
            total[k, j] += v
            if g >= 0 and v >= HALF and last[row] != j:
                last[row] = j
                expressed[k, g] += 1
    return seen


@njit
def add_dense(x, cells, labels, gene_of, total, expressed):
    """Add the rows ``cells`` of a dense matrix."""
    seen = 0
    for c in range(cells.size):
        k = labels[c]
        for j in range(x.shape[1]):
            v = np.float64(x[cells[c], j])
            if v == 0:
                continue
            seen |= check(v)
            total[k, j] += v
            g = gene_of[j]
            if g >= 0 and v >= HALF:
                expressed[k, g] += 1
    return seen
