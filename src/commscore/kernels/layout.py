"""From the user's matrix to gene-major columns: sorted rows, no stored zeros, only the genes that are asked for.

Two passes over ranges of rows (or columns): count, then fill at known places, so that ranges can run in
threads and the result does not depend on how many there are. The counting pass also looks at every value once
and leaves what it saw in an array: see :data:`SEEN`.
"""

from __future__ import annotations

import numpy as np

from ._jit import njit

SEEN = 5
LOW, HIGH, NOT_FINITE, FRACTIONAL, DUPLICATE = range(SEEN)
"""Places in ``seen`` (float64): smallest and largest non-zero value, and flags (0 or 1)."""


@njit
def nothing_seen():
    """State before the first value."""
    seen = np.zeros(SEEN)
    seen[LOW], seen[HIGH] = np.inf, -np.inf
    return seen


@njit
def look(v, seen):
    """Take one non-zero value into account."""
    if v < seen[LOW]:
        seen[LOW] = v
    if v > seen[HIGH]:
        seen[HIGH] = v
    if v - v != 0:  # NaN or infinite
        seen[NOT_FINITE] = 1
    elif seen[FRACTIONAL] == 0 and v != np.floor(v):
        seen[FRACTIONAL] = 1


@njit
def count_csr(data, indices, indptr, cells, gene_of, counts):
    """Count the non-zeros per gene in the rows ``cells``; return what was seen.

    ``gene_of`` maps a column to a gene of the problem or -1; ``counts`` (n_genes) is written.
    """
    seen = nothing_seen()
    last = np.full(counts.size, -1, np.int64)
    for c in range(cells.size):
        row = cells[c]
        for i in range(indptr[row], indptr[row + 1]):
            gene = gene_of[indices[i]]
            if gene < 0:
                continue
            if last[gene] == c:
                seen[DUPLICATE] = 1
            last[gene] = c
            if data[i] != 0:
                look(np.float64(data[i]), seen)
                counts[gene] += 1
    return seen


@njit
def fill_csr(data, indices, indptr, cells, first, gene_of, cursor, out_data, out_rows):
    """Write the non-zeros of rows ``cells`` at ``cursor`` (n_genes); cell number ``c`` becomes row ``first + c``."""
    for c in range(cells.size):
        row = cells[c]
        for i in range(indptr[row], indptr[row + 1]):
            gene = gene_of[indices[i]]
            if gene >= 0 and data[i] != 0:
                at = cursor[gene]
                out_data[at] = data[i]
                out_rows[at] = np.uint32(first + c)
                cursor[gene] = at + 1


@njit
def count_dense(x, cells, columns, counts):
    """Like :func:`count_csr` for a dense matrix; ``columns`` are the problem's genes in order."""
    seen = nothing_seen()
    for c in range(cells.size):
        for g in range(columns.size):
            v = x[cells[c], columns[g]]
            if v != 0:
                look(np.float64(v), seen)
                counts[g] += 1
    return seen


@njit
def fill_dense(x, cells, first, columns, cursor, out_data, out_rows):
    """Like :func:`fill_csr` for a dense matrix."""
    for c in range(cells.size):
        for g in range(columns.size):
            v = x[cells[c], columns[g]]
            if v != 0:
                at = cursor[g]
                out_data[at] = v
                out_rows[at] = np.uint32(first + c)
                cursor[g] = at + 1


@njit
def count_csc(data, indices, indptr, columns, row_of, counts):
    """Like :func:`count_csr` for compressed columns; ``row_of`` maps a stored row to a cell or -1."""
    seen = nothing_seen()
    last = np.full(row_of.size, -1, np.int64)
    for g in range(columns.size):
        for i in range(indptr[columns[g]], indptr[columns[g] + 1]):
            cell = row_of[indices[i]]
            if cell < 0:
                continue
            if last[cell] == g:
                seen[DUPLICATE] = 1
            last[cell] = g
            if data[i] != 0:
                look(np.float64(data[i]), seen)
                counts[g] += 1
    return seen


@njit
def fill_csc(data, indices, indptr, columns, row_of, starts, out_data, out_rows):
    """Like :func:`fill_csr` for compressed columns; rows come out sorted whatever their stored order."""
    for g in range(columns.size):
        at = starts[g]
        ordered = True
        for i in range(indptr[columns[g]], indptr[columns[g] + 1]):
            cell = row_of[indices[i]]
            if cell < 0 or data[i] == 0:
                continue
            out_data[at] = data[i]
            out_rows[at] = np.uint32(cell)
            if at > starts[g] and out_rows[at - 1] > out_rows[at]:
                ordered = False
            at += 1
        if not ordered:
            order = np.argsort(out_rows[starts[g] : at])
            out_rows[starts[g] : at] = out_rows[starts[g] : at][order]
            out_data[starts[g] : at] = out_data[starts[g] : at][order]
