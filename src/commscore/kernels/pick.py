"""A few columns of compressed rows, without a second pass that counts them."""

from __future__ import annotations

import numpy as np

from ._jit import njit

NOWHERE = 0xFFFFFFFF


@njit
def pick(data, indices, indptr, place, slot_of, indptr_out, out_data, out_rows):
    """Write the non-zeros of some columns, one column after the other.

    Parameters
    ----------
    data, indices, indptr
        Compressed rows.
    place
        Number that each row is to have, or ``NOWHERE``, uint32.
    slot_of
        Number of each column among those wanted, or ``NOWHERE``, uint32.
    indptr_out
        Where the values of each wanted column begin, int64, (n_wanted + 1,); what does not fit is left out.
    out_data, out_rows
        Values and numbers of their rows, in the order in which rows are stored.

    Returns
    -------
    Whether all values fitted, and none is missing.
    """
    cursor, fits = indptr_out[:-1].copy(), True
    for r in range(place.size):
        number = place[r]
        if number == NOWHERE:
            continue
        for i in range(np.uint64(indptr[r]), np.uint64(indptr[r + 1])):
            slot = slot_of[np.uint64(indices[i])]
            if slot == NOWHERE or data[i] == 0:
                continue
            at = cursor[slot]
            if at == indptr_out[slot + 1]:
                fits = False
                continue
            out_data[at] = data[i]
            out_rows[at] = number
            cursor[slot] = at + 1
    for slot in range(cursor.size):
        if cursor[slot] != indptr_out[slot + 1]:
            fits = False
    return fits
