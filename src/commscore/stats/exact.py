"""Exact tests over samples: relabellings within blocks, and Fisher's test of detection."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, product
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import hypergeom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..arrays import Floats, Ints


def n_relabellings(labels: Ints, block: Ints | None = None) -> int:
    """Count the distinct ways to hand out ``labels`` (n,) within the blocks (n,).

    Examples
    --------
    >>> import numpy as np
    >>> n_relabellings(np.array([0, 0, 0, 1, 1, 1])), n_relabellings(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]))
    (20, 4)
    """
    return prod(
        factorial(labels[rows].size) // prod(factorial(int(c)) for c in np.unique(labels[rows], return_counts=True)[1])
        for rows in _blocks(labels, block)
    )


def relabellings(labels: Ints, *, block: Ints | None = None, limit: int = 1000, seed: int = 0) -> tuple[Ints, bool]:
    """Return relabellings (r, n), the observed one first, and whether they are all there are.

    With more than ``limit`` of them, ``limit`` are drawn at random (a pure function of ``seed``) beside the
    observed one.

    Parameters
    ----------
    labels
        (n,) codes; shuffled within blocks.
    block
        (n,) codes, or None for one block.
    """
    if n_relabellings(labels, block) > limit:
        rng = np.random.Generator(np.random.Philox(seed))
        drawn = np.repeat(labels[None].astype(np.int64), limit + 1, axis=0)
        for rows in _blocks(labels, block):
            drawn[1:, rows] = rng.permuted(drawn[1:, rows], axis=1)
        return drawn, False
    blocks = _blocks(labels, block)
    every = [list(_arrangements(labels[r].tolist())) for r in blocks]
    table = np.empty((prod(len(e) for e in every), labels.size), np.int64)
    for i, choice in enumerate(product(*every)):
        for r, part in zip(blocks, choice, strict=True):
            table[i, r] = part
    first = int(np.flatnonzero((table == labels).all(axis=1))[0])
    table[[0, first]] = table[[first, 0]]
    return table, True


def _blocks(labels: Ints, block: Ints | None) -> list[Ints]:
    if block is None:
        return [np.arange(labels.size)]
    return [np.flatnonzero(block == b) for b in np.unique(block)]


def _arrangements(labels: list[int]) -> Iterator[list[int]]:
    """Yield every distinct order of a multiset."""
    if not labels:
        yield []
        return
    first, n = min(labels), len(labels)
    rest = [x for x in labels if x != first]
    k = n - len(rest)
    for where in combinations(range(n), k):
        open_places = [i for i in range(n) if i not in set(where)]
        for others in _arrangements(rest):
            out = [first] * n
            for place, value in zip(open_places, others, strict=True):
                out[place] = value
            yield out


def exact_pvalue(at_least: Ints, n: int) -> Floats:
    """P-value from how many of ``n`` relabellings (the observed one among them) reach the observed statistic.

    b/n with all of them: exact. With a random subset the observed one counts as one of the draws, so it is
    (1 + b')/(1 + n') of the n' = n − 1 others, which is the same number (Phipson & Smyth 2010,
    doi:10.2202/1544-6115.1585).
    """
    return np.asarray(at_least / n, np.float64)


@lru_cache(maxsize=64)
def detection_pvalues(n_first: int, n_second: int) -> Floats:
    """Two-sided Fisher's exact p for every table: (a of ``n_first``, b of ``n_second``) -> p[a, b].

    Examples
    --------
    >>> float(detection_pvalues(3, 3)[0, 3].round(9))
    0.1
    """
    table = np.ones((n_first + 1, n_second + 1))
    for total in range(n_first + n_second + 1):
        low, high = max(0, total - n_second), min(n_first, total)
        a = np.arange(low, high + 1)
        chance = hypergeom.pmf(a, n_first + n_second, n_first, total)
        as_rare = chance[None, :] <= chance[:, None] * (1.0 + 1e-7)
        table[a, total - a] = np.minimum(as_rare @ chance, 1.0)
    table.flags.writeable = False
    return table
