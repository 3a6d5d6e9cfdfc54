"""Neighbours in a tissue, what arrives from them, and the sums in which it meets a receptor.

Cells lie in bins no narrower than the radius, so that all neighbours of a cell lie in its own bin and those around it.
Every function writes to disjoint places for disjoint ranges; sums run in the order of the cells.
"""

from __future__ import annotations

import numpy as np

from ._jit import njit

FLAT, GAUSSIAN = 0, 1


@njit
def count_neighbours(points, cells, first, shape, place, radius, start, stop, out):
    """Count the cells within ``radius`` of the cells ``start`` to ``stop``.

    ``points`` (n, 3); ``place`` (n, 3) is the bin of each; ``cells[first[b]:first[b + 1]]`` lie in bin ``b``, numbered
    row by row in a box of ``shape``.
    """
    most = radius * radius
    for i in range(start, stop):
        n = 0
        for a in range(max(place[i, 0] - 1, 0), min(place[i, 0] + 2, shape[0])):
            for b in range(max(place[i, 1] - 1, 0), min(place[i, 1] + 2, shape[1])):
                for c in range(max(place[i, 2] - 1, 0), min(place[i, 2] + 2, shape[2])):
                    at = (a * shape[1] + b) * shape[2] + c
                    for q in range(first[at], first[at + 1]):
                        j = cells[q]
                        if j != i:
                            x = points[i, 0] - points[j, 0]
                            y = points[i, 1] - points[j, 1]
                            z = points[i, 2] - points[j, 2]
                            n += x * x + y * y + z * z <= most
        out[i] = n


@njit
def fill_neighbours(points, cells, first, shape, place, radius, kind, scale, indptr, offset, start, stop, out, weights):
    """Write the neighbours of the cells ``start`` to ``stop``, numbered from ``offset``, and their weights.

    FLAT: 1. GAUSSIAN: exp(−d² / (2 scale²)).
    """
    most = radius * radius
    for i in range(start, stop):
        e = indptr[i]
        for a in range(max(place[i, 0] - 1, 0), min(place[i, 0] + 2, shape[0])):
            for b in range(max(place[i, 1] - 1, 0), min(place[i, 1] + 2, shape[1])):
                for c in range(max(place[i, 2] - 1, 0), min(place[i, 2] + 2, shape[2])):
                    at = (a * shape[1] + b) * shape[2] + c
                    for q in range(first[at], first[at + 1]):
                        j = cells[q]
                        if j != i:
                            x = points[i, 0] - points[j, 0]
                            y = points[i, 1] - points[j, 1]
                            z = points[i, 2] - points[j, 2]
                            square = x * x + y * y + z * z
                            if square <= most:
                                out[e] = j + offset
                                weights[e] = 1.0 if kind == FLAT else np.exp(-square / (2.0 * scale * scale))
                                e += 1


@njit
def arriving(data, rows, group, indptr, indices, weights, out):
    """Add to ``out[j, s]`` what arrives at cell j from the cells of group s: Σ_i w_ij value_i.

    ``data`` and ``rows`` are the values of one ligand and their cells.
    """
    for q in range(rows.size):
        i = rows[q]
        s = group[i]
        v = np.float64(data[q])
        for e in range(indptr[i], indptr[i + 1]):
            out[indices[e], s] += v * weights[e]


@njit
def contacts(group, indptr, indices, out):
    """Add to ``out[s, t]`` the number of ordered pairs of neighbours of groups s and t."""
    for i in range(group.size):
        for e in range(indptr[i], indptr[i + 1]):
            out[group[i], group[indices[e]]] += 1


@njit
def adjust(arrived, design, reached, inverse, first, out, sums, squares, plain):
    """Take out of what arrives, within every segment, what the design explains.

    A segment is the cells ``first[g]`` to ``first[g + 1]`` of one group in one block. The design is ``design``
    (n, p), a column of ones and others, and the weight ``reached`` (n, k) of the source's cells around. ``inverse``
    (segments, k, p + 1, p + 1) are inverses of cross products, zero in columns that are not used. Gives residuals
    ``out`` (n, k), ``sums`` of what arrives and ``squares`` of the residuals (segments, k).
    """
    p = design.shape[1]
    moment, slope = np.empty(p + 1), np.empty(p + 1)
    for g in range(first.size - 1):
        for s in range(arrived.shape[1]):
            _moments(arrived, design, reached, first[g], first[g + 1], s, moment)
            sums[g, s] = moment[0]
            mean = moment[0] / (first[g + 1] - first[g])
            for c in range(p + 1):
                slope[c] = 0.0
                for d in range(p + 1):
                    slope[c] += inverse[g, s, c, d] * moment[d]
            square, about_mean = 0.0, 0.0
            for j in range(first[g], first[g + 1]):
                about_mean += (arrived[j, s] - mean) ** 2
                rest = arrived[j, s] - reached[j, s] * slope[p]
                for c in range(p):
                    rest -= design[j, c] * slope[c]
                out[j, s] = rest
                square += rest * rest
            squares[g, s] = square
            plain[g, s] = about_mean


@njit
def _moments(arrived, design, reached, start, stop, s, out):
    """Add up what arrives times every column of the design."""
    p = design.shape[1]
    out[:] = 0.0
    for j in range(start, stop):
        z = arrived[j, s]
        if z != 0.0:
            for c in range(p):
                out[c] += z * design[j, c]
            out[p] += z * reached[j, s]


@njit
def receive(data, rows, segment, arrived, adjusted, reached, raw, apart, near, total, square):
    """Add up, in every segment, a receptor times what arrives there.

    ``data`` and ``rows`` are the values of the receptor and their cells. ``raw``, ``apart``, ``near`` (segments, k):
    times what arrives, its residual, the weight of the cells around; ``total``, ``square`` (segments): of the receptor.
    """
    for q in range(rows.size):
        j = rows[q]
        g = segment[j]
        v = np.float64(data[q])
        total[g] += v
        square[g] += v * v
        for s in range(arrived.shape[1]):
            raw[g, s] += v * arrived[j, s]
            apart[g, s] += v * adjusted[j, s]
            near[g, s] += v * reached[j, s]
