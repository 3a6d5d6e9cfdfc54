"""Loops in a network of signals: bounded search, and rewiring that keeps degrees.

An edge ``e`` sends interaction ``kind[e]`` from group ``source[e]`` to ``target[e]``. Edge f may follow e if it leaves
the group that e reaches and ``linked[kind[e], kind[f]]``: the receptor of e leads to the ligand of f inside the cell.
"""

from __future__ import annotations

import numpy as np

from ._jit import njit
from .rng import GOLDEN, mix, start


@njit
def by_source(source, n_groups):
    """Edges sorted by their source: order, and where each group begins."""
    indptr = np.zeros(n_groups + 1, np.int64)
    for g in source:
        indptr[g + 1] += 1
    for g in range(n_groups):
        indptr[g + 1] += indptr[g]
    order = np.empty(source.size, np.int64)
    at = indptr[:-1].copy()
    for e in range(source.size):
        order[at[source[e]]] = e
        at[source[e]] += 1
    return order, indptr


@njit
def following(at, path, cursor, kind, linked, order, end):
    """Next edge that may follow ``path[at]`` from its cursor on, or -1; and how many edges were tried."""
    tries = 0
    while cursor[at] < end:
        f = order[cursor[at]]
        cursor[at] += 1
        tries += 1
        if linked[kind[path[at]], kind[f]]:
            return f, tries
    return np.int64(-1), tries


@njit
def record(path, depth, logs, totals, out, lengths):
    """Count a loop of ``depth`` edges, and write it down while there is room."""
    mean = 0.0
    for i in range(depth):
        mean += logs[path[i]]
    strength = np.exp(mean / depth)
    n = np.int64(totals[0])
    if n < out.shape[0]:
        out[n, :depth] = path[:depth]
        lengths[n] = depth
    totals[0] += 1
    totals[1] += strength
    totals[2] = max(totals[2], strength)


@njit
def find(source, target, kind, linked, logs, order, indptr, longest, budget, totals, out, lengths):
    """Enumerate loops of two edges or more through different groups, each once, from its lowest group; depth first.

    ``logs`` are the logarithms of the scores. ``totals`` (3) takes the number of loops, the sum of their strengths
    (geometric means) and the largest; loops are written to ``out`` (n × longest edges) and ``lengths`` while there
    is room. At most ``budget`` edges are tried. Returns whether the search was complete.
    """
    path, cursor = np.empty(longest, np.int64), np.empty(longest, np.int64)
    used = np.zeros(indptr.size - 1, np.bool_)
    for first in range(source.size):
        home, here = source[first], target[first]
        path[0] = first
        if here <= home or longest < 2:
            continue
        used[here], cursor[0], depth = True, indptr[here], 1
        while depth > 0:
            here = target[path[depth - 1]]
            f, tries = following(depth - 1, path, cursor, kind, linked, order, indptr[here + 1])
            budget -= tries
            if budget < 0:
                return False
            if f < 0:
                used[here] = False
                depth -= 1
                continue
            path[depth] = f
            there = target[f]
            if there == home:
                if linked[kind[f], kind[first]]:
                    record(path, depth + 1, logs, totals, out, lengths)
            elif depth + 1 < longest and there > home and not used[there]:
                used[there], cursor[depth] = True, indptr[there]
                depth += 1
    return True


@njit
def rewire(source, target, kind, present, n_swaps, key, stream):
    """Exchange the targets of random pairs of edges, in place.

    Every group keeps what it sends and how many edges it receives; edges within a group stay. A swap that would make
    an edge twice, or one within a group, is refused. ``present`` (groups × interactions × groups) is kept up to
    date.
    """
    state = start(key, stream)
    n = np.uint64(source.size)
    for _ in range(n_swaps):
        state += GOLDEN
        a = np.int64(mix(state) % n)
        state += GOLDEN
        b = np.int64(mix(state) % n)
        if target[a] == target[b] or source[a] == target[a] or source[b] == target[b]:
            continue
        if source[a] == target[b] or source[b] == target[a]:
            continue
        if present[source[a], kind[a], target[b]] or present[source[b], kind[b], target[a]]:
            continue
        present[source[a], kind[a], target[a]] = False
        present[source[b], kind[b], target[b]] = False
        target[a], target[b] = target[b], target[a]
        present[source[a], kind[a], target[a]] = True
        present[source[b], kind[b], target[b]] = True
