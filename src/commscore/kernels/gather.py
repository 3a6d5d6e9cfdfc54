"""Gene-major columns put together from those of consecutive blocks of cells."""

from __future__ import annotations

import numpy as np

from ._jit import njit


@njit
def append(data, rows, indptr, start, stop, first, cursor, out_data, out_rows):
    """Append a block's genes ``start`` to ``stop`` at ``cursor`` (n_genes); its row 0 is row ``first``."""
    for g in range(start, stop):
        at = cursor[g]
        for i in range(indptr[g], indptr[g + 1]):
            out_data[at] = data[i]
            out_rows[at] = np.uint32(np.int64(rows[i]) + first)
            at += 1
        cursor[g] = at


@njit
def reorder(data, rows, indptr, start, stop, place):
    """Move row ``r`` of the genes ``start`` to ``stop`` to ``place[r]``, in place; rows ascend afterwards."""
    for g in range(start, stop):
        a, b = indptr[g], indptr[g + 1]
        for i in range(a, b):
            rows[i] = place[rows[i]]
        order = np.argsort(rows[a:b])
        rows[a:b] = rows[a:b][order]
        data[a:b] = data[a:b][order]
