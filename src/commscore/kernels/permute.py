"""Permuted group means, gene-major.

X is read once per block of permutations. Labels lie as ``slab[cell, w]``; each non-zero is added to ``w``
accumulators that stay in the first-level cache. Values are multiples of a power of two chosen by the caller
so that every sum is exact: no order of additions, tile or thread can change a bit.
"""

from __future__ import annotations

import numpy as np

from ._jit import njit
from .rng import shuffle


@njit
def fill_slab(template, n_segments, key, first, slab, start, stop):
    """Shuffle ``template`` once per column ``start`` to ``stop`` of ``slab``; column w is stream ``first + w``.

    Column w holds the places of its segments in a row of accumulators: label + w · n_segments.
    """
    labels = np.empty_like(template)
    for w in range(start, stop):
        for i in range(labels.size):
            labels[i] = template[i] + w * n_segments
        shuffle(labels, key, np.uint64(first + w))
        for i in range(labels.size):
            slab[i, w] = labels[i]


@njit
def add_slab(data, rows, indptr, genes, slab, tile, acc):
    """Add the columns ``genes`` into ``acc`` (genes × (orders · segments)) at the places of ``slab``.

    Cells are taken in tiles so that the part of the slab in use stays in the second-level cache.
    """
    n_cells, width = slab.shape
    cursor = np.empty(genes.size, np.int64)
    for g in range(genes.size):
        cursor[g] = indptr[genes[g]]
    for low in range(0, n_cells, tile):
        high = np.uint32(min(n_cells, low + tile))
        for g in range(genes.size):
            sums = acc[g]
            i = np.uint64(cursor[g])
            end = np.uint64(indptr[genes[g] + 1])
            while i < end and rows[i] < high:
                places = slab[np.uint64(rows[i])]
                v = np.float64(data[i])
                for w in range(width):
                    sums[np.uint64(places[w])] += v
                i += np.uint64(1)
            cursor[g] = np.int64(i)


@njit
def means_of_segments(acc, low, high, sizes, slots, out):
    """Group means from segment sums: rotation ``j`` of group ``k`` is the segments ``low[j, k]`` to ``high[j, k]``.

    A group that passes the end of the order has ``high <= low`` and is the rest plus the beginning.
    ``slots`` (genes × groups) is the row of ``out`` for that mean, or -1 where no test needs it; ``out`` is
    rows × (orders · rotations).
    """
    n_genes, width, n_segments = acc.shape
    n_rotations, n_groups = low.shape
    below = np.zeros(n_segments + 1, np.float64)
    for g in range(n_genes):
        for w in range(width):
            for s in range(n_segments):
                below[s + 1] = below[s] + acc[g, w, s]
            for k in range(n_groups):
                row = slots[g, k]
                if row < 0:
                    continue
                for j in range(n_rotations):
                    a, b = low[j, k], high[j, k]
                    total = below[b] - below[a]
                    if b <= a:
                        total += below[n_segments]
                    out[row, w * n_rotations + j] = total / sizes[k]


@njit
def add_turned(data, rows, start, stop, places, first, width, sums):
    """Add the non-zeros ``start`` to ``stop`` into ``sums`` (segments · ``width`` shifts).

    Of the cell at place ``i`` of the ring, shift ``w`` has the segment ``places[first + i + w] / width``.
    """
    n = np.uint64(width)
    whole = n - n % np.uint64(8)
    for i in range(np.uint64(start), np.uint64(stop)):
        at = np.uint64(first) + np.uint64(rows[i])
        v = np.float64(data[i])
        for begin in range(np.uint64(0), whole, np.uint64(8)):
            for more in range(8):  # a loop of known length is unrolled
                w = np.uint64(begin) + np.uint64(more)  # plain Python counts in int
                sums[np.uint64(places[at + w]) + w] += v
        for rest in range(whole, n):
            w = np.uint64(rest)
            sums[np.uint64(places[at + w]) + w] += v


@njit
def turned_segments(data, rows, indptr, genes, places, first, n_segments, low, high, sizes, slots, out):
    """Means under shifts of one ring, whose cells hold segments, times rotations of the groups over segments.

    Places as in :func:`add_turned`, groups as in :func:`means_of_segments`; shift ``w`` and rotation ``j``
    fill column ``j · shifts + w`` of ``out``.
    """
    n_rotations, n_groups = low.shape
    width = out.shape[1] // n_rotations
    sums, below = np.empty((n_segments, width)), np.zeros((n_segments + 1, width))
    flat = sums.reshape(n_segments * width)
    for g in range(genes.size):
        flat[:] = 0.0
        add_turned(data, rows, indptr[genes[g]], indptr[genes[g] + 1], places, first, width, flat)
        for s in range(n_segments):
            for w in range(width):
                below[s + 1, w] = below[s, w] + sums[s, w]
        for k in range(n_groups):
            if slots[g, k] < 0:
                continue
            for j in range(n_rotations):
                a, b = low[j, k], high[j, k]
                means = out[slots[g, k], j * width : (j + 1) * width]
                if b > a:
                    for w in range(width):
                        means[w] = (below[b, w] - below[a, w]) / sizes[k]
                else:
                    for w in range(width):
                        means[w] = (below[b, w] - below[a, w] + below[n_segments, w]) / sizes[k]


@njit
def add_windows(values, places, first, n, sums):
    """Write the sum of the windows of ``values`` that begin at ``places + first`` (modulo ``n``), as long as ``sums``.

    The sums are exact, so that four at a time give what one after the other does.
    """
    sums[:] = 0.0
    width = np.uint64(sums.size)
    at = np.empty(4, np.uint64)
    whole = places.size - places.size % 4
    for q in range(0, whole, 4):
        for i in range(4):
            at[i] = np.uint64(places[q + i] + first) % np.uint64(n)
        a, b, c, d = at[0], at[1], at[2], at[3]
        for lane in range(width):
            w = np.uint64(lane)
            sums[w] += (values[a + w] + values[b + w]) + (values[c + w] + values[d + w])
    for q in range(whole, places.size):
        a = np.uint64(places[q] + first) % np.uint64(n)
        for lane in range(width):
            w = np.uint64(lane)
            sums[w] += values[a + w]


@njit
def turned_groups(data, rows, indptr, genes, places, ends, first, sizes, slots, out):
    """Means under shifts of one ring, whose cells hold groups: column ``w`` of ``out`` is shift ``first + w``.

    ``places[ends[k]:ends[k + 1]]`` are the places of group ``k``, counted from the end of the ring, ascending.
    What a shift moves along the ring is a window of the values, so that neighbouring shifts are added together.
    """
    n, width = places.size, out.shape[1]
    values = np.zeros(n + width)
    last = np.uint64(n - 1)
    for g in range(genes.size):
        start, stop = np.uint64(indptr[genes[g]]), np.uint64(indptr[genes[g] + 1])
        for i in range(start, stop):
            values[last - np.uint64(rows[i])] = data[i]
        for w in range(width):
            values[n + w] = values[w]
        for k in range(sizes.size):
            if slots[g, k] >= 0:
                means = out[slots[g, k]]
                add_windows(values, places[ends[k] : ends[k + 1]], first, n, means)
                for w in range(width):
                    means[w] /= sizes[k]
        for i in range(start, stop):
            values[last - np.uint64(rows[i])] = 0.0


MIN, GEOMETRIC, MEAN = 0, 1, 2


@njit
def join_subunits(values, indptr, members, rule, first, start, stop):
    """Write complex ``c`` (``start`` to ``stop``) into row ``first + c`` of ``values`` from its members' rows."""
    width = values.shape[1]
    for c in range(start, stop):
        out = values[first + c]
        n = indptr[c + 1] - indptr[c]
        for b in range(width):
            v = values[members[indptr[c]], b]
            if rule == GEOMETRIC:
                v = np.log(v)
            for m in range(indptr[c] + 1, indptr[c + 1]):
                u = values[members[m], b]
                if rule == MIN:
                    v = min(v, u)
                elif rule == GEOMETRIC:
                    v += np.log(u)
                else:
                    v += u
            if rule == GEOMETRIC:
                v = np.exp(v / n)
            elif rule == MEAN:
                v /= n
            out[b] = v


SUM, PRODUCT, PLAIN = 0, 1, 2


@njit
def count_exceeding(values, keep, ligand, receptor, threshold, form, strict, start, stop, counts):
    """Add to ``counts`` how often a permuted statistic reaches its threshold (or passes it, if ``strict``).

    Tests ``start`` to ``stop``; ``ligand`` and ``receptor`` are rows of ``values`` (rows × permutations), of
    which the columns ``0 .. keep`` count. SUM is (l + r)/2, zero if either is zero; PRODUCT is l·r;
    PLAIN is (l + r)/2 whatever the signs.
    """
    for t in range(start, stop):
        left, right, limit = values[ligand[t]], values[receptor[t]], threshold[t]
        n = 0
        if form == SUM:
            for b in range(keep):
                l, r = left[b], right[b]  # noqa: E741
                s = 0.5 * (l + r) if (l > 0.0) & (r > 0.0) else 0.0
                n += (s > limit) if strict else (s >= limit)
        elif form == PRODUCT:
            for b in range(keep):
                s = left[b] * right[b]
                n += (s > limit) if strict else (s >= limit)
        else:
            for b in range(keep):
                s = 0.5 * (left[b] + right[b])
                n += (s > limit) if strict else (s >= limit)
        counts[t] += n


@njit
def stratum_stream(stratum, number):
    """Stream of one order of the cells of a stratum."""
    return (np.uint64(stratum) + np.uint64(1)) << np.uint64(40) | np.uint64(number)


LAPS = np.uint64(1 << 39)
"""Streams of the rings of strata are counted from here, those of single orders from 0."""


@njit
def draw_strata(template, bounds, code_at, turned, key, lap, first, width, place, codes):
    """Write the segments, times ``width``, of the units ``first`` to ``first + width`` of every stratum's cells.

    ``template`` holds the segments of the cells, stratum ``s`` between ``bounds[s]`` and ``bounds[s + 1]``. A turned
    stratum has one random ring per lap of ``lap`` units (of cell ``i``, unit ``first + w`` has the segment
    ``codes[code_at[s] + i + w]``); any other an order of its own per unit, ``codes[code_at[s] + i · width + w]``. Unit
    ``place`` (-1: none) has the template itself.
    """
    number = first // lap
    for s in range(bounds.size - 1):
        start, n = bounds[s], bounds[s + 1] - bounds[s]
        if turned[s]:
            labels = template[start : start + n].copy()
            if place >= 0 and place // lap == number:
                offset = first - place
            else:
                shuffle(labels, key, stratum_stream(s, LAPS + np.uint64(number)))
                offset = first - number * lap
            for x in range(n + width):
                codes[code_at[s] + x] = labels[(x + offset) % n] * width
            continue
        for w in range(width):
            labels = template[start : start + n].copy()
            if first + w != place:
                shuffle(labels, key, stratum_stream(s, np.uint64(first + w)))
            for i in range(n):
                codes[code_at[s] + i * width + w] = labels[i] * width


@njit
def add_codes(data, rows, start, stop, codes, first, stride, width, sums):
    """Add the non-zeros ``start`` to ``stop`` into ``sums`` (segments · ``width`` units); see :func:`draw_strata`."""
    n = np.uint64(width)
    whole = n - n % np.uint64(8)
    for i in range(np.uint64(start), np.uint64(stop)):
        at = np.uint64(first) + np.uint64(rows[i]) * np.uint64(stride)
        v = np.float64(data[i])
        for begin in range(np.uint64(0), whole, np.uint64(8)):
            for more in range(8):
                w = np.uint64(begin) + np.uint64(more)
                sums[np.uint64(codes[at + w]) + w] += v
        for rest in range(whole, n):
            w = np.uint64(rest)
            sums[np.uint64(codes[at + w]) + w] += v


@njit
def add_groups(sums, n_segments, low, high, own, slots, below, out):
    """Add the groups' sums in a stratum to their rows of ``out``; ``own`` are the groups' cells in it."""
    n_rotations = low.shape[0]
    width = out.shape[1] // n_rotations
    for s in range(n_segments):
        for w in range(width):
            below[s + 1, w] = below[s, w] + sums[s * width + w]
    for k in range(own.size):
        if slots[k] < 0 or own[k] == 0:
            continue
        for j in range(n_rotations):
            a, b = low[j, k], high[j, k]
            total = out[slots[k], j * width : (j + 1) * width]
            if b > a:
                for w in range(width):
                    total[w] += below[b, w] - below[a, w]
            else:
                for w in range(width):
                    total[w] += below[b, w] - below[a, w] + below[n_segments, w]


@njit
def means_in_strata(
    data, rows, indptr, genes, bounds, codes, code_at, turned, n_segments, low, high, own, sizes, slots, out
):
    """Group means under labellings drawn within strata: the strata's sums over the groups' sizes.

    Codes as in :func:`draw_strata`; ``low`` and ``high`` (strata × rotations × groups) as in
    :func:`means_of_segments`, ``own`` (strata × groups) are cells. A stratum in which the gene is not expressed adds
    nothing and is skipped.
    """
    width = out.shape[1] // low.shape[1]
    most = n_segments.max()
    sums, below = np.empty(most * width), np.zeros((most + 1, width))
    for g in range(genes.size):
        for k in range(sizes.size):
            if slots[g, k] >= 0:
                out[slots[g, k]] = 0.0
        stop = indptr[genes[g]]
        end = indptr[genes[g] + 1]
        for s in range(bounds.size - 1):
            start = stop
            if start == end:
                break
            stop = start + np.searchsorted(rows[start:end], bounds[s + 1])
            if start == stop:
                continue
            stride = np.int64(1) if turned[s] else width
            flat = sums[: n_segments[s] * width]
            flat[:] = 0.0
            add_codes(data, rows, start, stop, codes, code_at[s] - bounds[s] * stride, stride, width, flat)
            add_groups(flat, n_segments[s], low[s], high[s], own[s], slots[g], below, out)
        for k in range(sizes.size):
            if slots[g, k] >= 0:
                means = out[slots[g, k]]
                for w in range(means.size):
                    means[w] /= sizes[k]
