"""Sums over the cells of each bin (a sample × group) from raw counts: one look at every stored value.

``labels`` gives the bin of each cell; ``gene_of`` maps a column to a gene of the problem or -1. Written are
``total`` and ``expressed`` (n_bins × n_genes) for the genes of the problem and ``library`` (n_bins) for all
columns. Whole numbers add up exactly in float64, so ranges can be summed in any order.
"""

from __future__ import annotations

import numpy as np

from ._jit import njit

NEGATIVE, NOT_FINITE, FRACTIONAL = 1, 2, 4
"""Bits of what was seen that is no count."""


@njit
def check(v):
    """Bits that describe one value; 0 for a count."""
    if not np.isfinite(v):
        return NOT_FINITE
    return (v < 0) * NEGATIVE | (v != np.floor(v)) * FRACTIONAL


@njit
def add_csr(data, indices, indptr, cells, labels, gene_of, total, expressed, library):
    """Add the rows ``cells``; an entry stored in parts counts once as expressed. Return the bits of what was seen."""
    seen = 0
    last = np.full(total.shape[1], -1, np.int64)
    for c in range(cells.size):
        k = labels[c]
        for i in range(indptr[cells[c]], indptr[cells[c] + 1]):
            v = np.float64(data[i])
            if v == 0:
                continue
            seen |= check(v)
            library[k] += v
            g = gene_of[indices[i]]
            if g < 0:
                continue
            total[k, g] += v
            if last[g] != c:
                last[g] = c
                expressed[k, g] += 1
    return seen


@njit
def add_csc(data, indices, indptr, first, stop, label_of, gene_of, total, expressed, library):
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
            library[k] += v
            if g < 0:
                continue
            total[k, g] += v
            if last[row] != j:
                last[row] = j
                expressed[k, g] += 1
    return seen


@njit
def add_dense(x, cells, labels, gene_of, total, expressed, library):
    """Add the rows ``cells`` of a dense matrix."""
    seen = 0
    for c in range(cells.size):
        k = labels[c]
        for j in range(x.shape[1]):
            v = np.float64(x[cells[c], j])
            if v == 0:
                continue
            seen |= check(v)
            library[k] += v
            g = gene_of[j]
            if g >= 0:
                total[k, g] += v
                expressed[k, g] += 1
    return seen
