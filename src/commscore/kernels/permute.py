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
def add_ring(data, rows, indptr, genes, codes, shifts, n_codes, acc):
    """Add the columns ``genes`` into ``acc`` (genes × (shifts · codes)) by the code at ``row + shift``.

    ``codes`` is the ring laid out twice, so no position needs wrapping; rows are positions on the ring.
    """
    width = shifts.size
    for g in range(genes.size):
        sums = acc[g]
        for i in range(indptr[genes[g]], indptr[genes[g] + 1]):
            at = np.uint64(rows[i])
            v = np.float64(data[i])
            first = np.uint64(0)
            for w in range(width):
                sums[first + np.uint64(codes[at + shifts[w]])] += v
                first += np.uint64(n_codes)


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
def means_of_pairs(acc, sizes, slots, out):
    """Group means of both labellings coded as ``first · n_groups + second``; ``out`` is rows × (2 · shifts)."""
    n_genes, width, _ = acc.shape
    n_groups = sizes.size
    for g in range(n_genes):
        for w in range(width):
            for k in range(n_groups):
                row = slots[g, k]
                if row < 0:
                    continue
                one, two = 0.0, 0.0
                for m in range(n_groups):
                    one += acc[g, w, k * n_groups + m]
                    two += acc[g, w, m * n_groups + k]
                out[row, 2 * w] = one / sizes[k]
                out[row, 2 * w + 1] = two / sizes[k]


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
