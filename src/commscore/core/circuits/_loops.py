"""Loops found in a network of edges, and what rewired networks give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...kernels import cycles

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints


SWAPS = 10  # tried per edge
_PENDING = 1 << 16


@dataclass(frozen=True)
class Network:
    """Edges: ``kind`` (interaction) from ``source`` to ``target``, each once, with a score > 0.

    ``linked`` (n_kinds × n_kinds): whether the receptor of one interaction leads to the ligand of another.
    """

    source: Ints
    target: Ints
    kind: Ints
    score: Floats
    linked: Bools
    n_groups: int


@dataclass(frozen=True)
class Loops:
    """Loops: ``edges`` (n_listed × longest, -1 beyond their ``length``), and ``totals`` of all that were found.

    ``totals``: their number, the sum of their strengths, the largest strength. ``complete`` is False where the search
    ran out of its budget.
    """

    edges: Ints
    length: Ints
    totals: Floats
    complete: bool


@dataclass(frozen=True)
class LoopNull:
    """Rewired networks: ``totals`` (n × 3); how many ``contain`` each loop, or have one as strong (``exceed``)."""

    totals: Floats
    contain: Ints
    exceed: Ints
    complete: bool


def search(network: Network, *, longest: int, room: int, budget: int) -> Loops:
    """Find every loop of two to ``longest`` edges through different groups.

    Parameters
    ----------
    network
        The edges.
    longest
        Most edges of a loop, at least 2.
    room
        Most loops that are written down; all are counted.
    budget
        Most edges that are tried.
    """
    edges, length, totals = np.full((room, longest), -1, np.int64), np.zeros(room, np.int64), np.zeros(3)
    complete = _find(network, network.target, longest=longest, budget=budget, into=(totals, edges, length))
    n = int(min(totals[0], room))
    return Loops(edges[:n], length[:n], totals, complete)


def _find(network: Network, target: Ints, *, longest: int, budget: int, into: tuple[Floats, Ints, Ints]) -> bool:
    order, indptr = cycles.by_source(network.source, network.n_groups)
    return bool(
        cycles.find(
            network.source,
            target,
            network.kind,
            network.linked,
            np.log(network.score),
            order,
            indptr,
            longest,
            budget,
            *into,
        )
    )


def rewired(
    network: Network,
    loops: Loops,
    *,
    n_perms: int,
    key: int,
    longest: int,
    budget: int,
    progress: Callable[[int], object] = lambda _: None,
) -> LoopNull:
    """Search networks in which pairs of edges between groups have exchanged their targets.

    Every group keeps the interactions it sends and the number of edges it receives, so that hubs stay hubs (Maslov &
    Sneppen 2002, doi:10.1126/science.1065103); what is broken is who sends to whom. Each rewired network starts from
    the observed one, by 10 tried swaps per edge, from its own stream of ``key``.
    """
    present = np.zeros((network.n_groups, network.linked.shape[0], network.n_groups), bool)
    totals, complete = np.zeros((n_perms, 3)), loops.complete
    contain, exceed = np.zeros(loops.length.size, np.int64), np.zeros(loops.length.size, np.int64)
    inside, strength = loops.edges >= 0, strengths(network, loops)
    no_room = np.empty((0, longest), np.int64), np.empty(0, np.int64)
    for i in range(n_perms):
        target = network.target.copy()
        present[:] = False
        present[network.source, network.kind, target] = True
        n_swaps = SWAPS * target.size
        cycles.rewire(network.source, target, network.kind, present, n_swaps, np.uint64(key), np.uint64(i))
        complete &= _find(network, target, longest=longest, budget=budget, into=(totals[i], *no_room))
        there = present[network.source, network.kind, network.target][loops.edges]
        contain += (there | ~inside).all(axis=1)
        exceed += totals[i, 2] >= strength * (1 - 1e-12)
        progress(1)
    return LoopNull(totals, contain, exceed, complete)


def strengths(network: Network, loops: Loops) -> Floats:
    """Geometric mean of the scores of every loop that is listed."""
    logs = np.where(loops.edges >= 0, np.log(network.score)[loops.edges], 0.0)
    return np.asarray(np.exp(logs.sum(axis=1) / np.maximum(loops.length, 1)), np.float64)


def relays(network: Network, *, room: int) -> tuple[Ints, int]:
    """Find the strongest relays, two linked edges through three different groups, and count all.

    Returns
    -------
    tuple
        Edges (n × 2, n at most ``room``), the strongest first, ties by number; how many relays there are.
    """
    away = network.source != network.target
    order = np.lexsort((np.arange(network.score.size), -network.score))
    order = order[away[order]]
    out = [order[network.source[order] == g] for g in range(network.n_groups)]
    best, pending, n_pending, least = np.empty((0, 2), np.int64), [np.empty((0, 2), np.int64)], 0, 0.0
    for e in order:
        after = out[network.target[e]]
        # the others would be weaker than the last of those that are kept
        strong = np.searchsorted(-network.score[after], -least / network.score[e] * (1.0 - 1e-12), side="right")
        after = after[:strong]
        after = after[
            network.linked[network.kind[e], network.kind[after]] & (network.target[after] != network.source[e])
        ]
        pending.append(np.column_stack([np.full(after.size, e), after]))
        n_pending += after.size
        if n_pending > _PENDING + room:
            best = _strongest(network, np.concatenate([best, *pending]), room)
            pending, n_pending, least = [], 0, float(network.score[best[-1]].prod())
    return _strongest(network, np.concatenate([best, *pending]), room), _n_relays(network)


def _strongest(network: Network, pairs: Ints, room: int) -> Ints:
    product = network.score[pairs].prod(axis=1)
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0], -product))[:room]], np.int64)


def _n_relays(network: Network) -> int:
    """Count without writing them down: all pairs that meet in a group, less those that turn back."""
    n, k = network.n_groups, network.linked.shape[0]
    away, linked, total = network.source != network.target, network.linked.astype(np.float32), 0.0
    for group in range(n):
        into, out = np.zeros((n, k), np.float32), np.zeros((n, k), np.float32)
        for table, here, other in ((into, network.target, network.source), (out, network.source, network.target)):
            at = away & (here == group)
            table[other[at], network.kind[at]] = 1.0
        leads = (into @ linked).astype(np.float64)
        total += leads.sum(axis=0) @ out.sum(axis=0) - (leads * out).sum()
    return round(total)


def autocrine(network: Network) -> Ints:
    """Edges within a group whose receptor leads to their own ligand. Rewiring leaves them, so they have no null."""
    own = (network.source == network.target) & np.diag(network.linked)[network.kind]
    return np.asarray(np.flatnonzero(own), np.int64)
