"""From the user's matrix to gene-major columns: sorted rows, no stored zeros, only the genes that are asked for.

Two passes over ranges of rows (or columns): count, then fill at known places, so that ranges can run in
threads and the result does not depend on how many there are. The counting pass also looks at every value once
and leaves what it saw in an array: see :data:`SEEN`.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FLAW, FRACTIONAL, HIGH, LOW, NOT_FINITE, SEEN
from ._jit import njit

ENTRIES, ROWS = 1 << 16, 4096  # of a matrix, sorted at a time


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
def _repeated(indices, start, stop, gene_of, stamp, row):
    """Whether a gene occurs twice among these entries; ``stamp`` (n_genes) is written with the row."""
    for i in range(start, stop):
        gene = gene_of[indices[i]]
        if gene >= 0:
            if stamp[gene] == row:
                return True
            stamp[gene] = row
    return False


@njit
def count_csr(data, indices, indptr, part_of, start, stop, gene_of, counts):
    """Count the non-zeros per part and gene in the rows ``start`` to ``stop``; return what was seen.

    ``part_of`` maps a row to a part of the cells or -1, ``gene_of`` a column to a gene of the problem or -1;
    ``counts`` (n_parts × n_genes) is added to. The rows are read as they lie, in whatever order they are used.
    """
    seen, stamp = nothing_seen(), np.full(counts.shape[1], -1, np.int64)
    low, high, strange, fractional = np.inf, -np.inf, False, False
    for row in range(start, stop):
        if part_of[row] < 0:
            continue
        own, before, ascending = counts[part_of[row]], np.int64(-1), True
        for i in range(np.uint64(indptr[row]), np.uint64(indptr[row + 1])):
            column = np.int64(indices[i])
            if column <= before:
                ascending = False
            before = column
            gene = gene_of[np.uint64(column)]
            v = np.float64(data[i])
            if gene < 0 or v == 0:
                continue
            low, high = min(low, v), max(high, v)
            if v - v != 0:
                strange = True
            if not fractional and v != np.floor(v):
                fractional = True
            own[np.uint64(gene)] += 1
        if not ascending and _repeated(indices, indptr[row], indptr[row + 1], gene_of, stamp, row):
            seen[FLAW] = 1
    seen[LOW], seen[HIGH], seen[NOT_FINITE], seen[FRACTIONAL] = low, high, strange, fractional
    return seen


@njit
def _gather(data, indices, indptr, cells, gene_of, values, slots, ends):
    """Copy rows one after the other, with the slot of each entry: its gene + 1, or 0 for what is not wanted.

    Copies of whole rows do not wait for memory, as what follows would if it read rows from all over it.
    """
    at = 0
    for c in range(cells.size):
        start, stop = indptr[cells[c]], indptr[cells[c] + 1]
        n = stop - start
        from_data, from_indices = data[start:stop], indices[start:stop]
        to_values, to_slots = values[at : at + n], slots[at : at + n]
        for i in range(n):
            to_values[i] = from_data[i]
        for i in range(n):
            to_slots[i] = from_indices[i]
        at += n
        ends[c] = at
    for i in range(at):
        gene = gene_of[np.uint64(slots[i])]
        slots[i] = gene + 1 if values[i] != 0 else 0


@njit
def _sort(values, slots, ends, first, starts, sorted_values, sorted_rows):
    """Sort gathered rows by slot, keeping their order; ``starts`` (slots + 1) is written: where each slot begins."""
    starts[:] = 0
    n = ends[ends.size - 1]
    for i in range(n):
        starts[np.uint64(slots[i]) + np.uint64(1)] += np.uint32(1)
    for s in range(1, starts.size):
        starts[s] += starts[s - 1]
    begin = np.uint64(0)
    for c in range(ends.size):
        end = np.uint64(ends[c])
        for i in range(begin, end):
            slot = np.uint64(slots[i])
            at = np.uint64(starts[slot])
            sorted_values[at] = values[i]
            sorted_rows[at] = np.uint32(first + c)
            starts[slot] = np.uint32(at + np.uint64(1))
        begin = end


@njit
def fill_csr(data, indices, indptr, cells, first, gene_of, cursor, out_data, out_rows):
    """Write the non-zeros of rows ``cells`` at ``cursor`` (n_genes); cell number ``c`` becomes row ``first + c``.

    Some rows at a time are sorted by gene in the second-level cache, so that each gene is written in runs.
    """
    longest = np.int64(0)
    for c in range(cells.size):
        longest = max(longest, np.int64(indptr[cells[c] + 1] - indptr[cells[c]]))
    room = ENTRIES + longest
    values, sorted_values = np.empty(room, data.dtype), np.empty(room, data.dtype)
    slots, sorted_rows = np.empty(room, np.int32), np.empty(room, np.uint32)
    starts, ends = np.empty(cursor.size + 2, np.uint32), np.empty(ROWS, np.int64)
    c = 0
    while c < cells.size:
        stop, n = c, np.int64(0)
        while stop < cells.size and stop - c < ROWS and n < ENTRIES:
            n += np.int64(indptr[cells[stop] + 1] - indptr[cells[stop]])
            stop += 1
        _gather(data, indices, indptr, cells[c:stop], gene_of, values, slots, ends[: stop - c])
        _sort(values, slots, ends[: stop - c], first + c, starts, sorted_values, sorted_rows)
        for gene in range(cursor.size):
            start, n = starts[gene], np.int64(starts[gene + 1]) - np.int64(starts[gene])
            at = cursor[gene]
            to_data, to_rows = out_data[at : at + n], out_rows[at : at + n]
            from_data, from_rows = sorted_values[start : start + n], sorted_rows[start : start + n]
            for i in range(n):
                to_data[i] = from_data[i]
            for i in range(n):
                to_rows[i] = from_rows[i]
            cursor[gene] = at + n
        c = stop


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
                seen[FLAW] = 1
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
