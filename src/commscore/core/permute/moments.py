"""Mean and variance of any statistics under the permuted labels of one sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...arrays import Floats
    from .driver import Draws

MIN_CELLS = 3
"""Cells of each group that a sample needs."""
_LEAST, _PART = 200, 5
_MEMORY = 1 << 26  # of a block: the same for all callers, because the last bit of a sum depends on its parts


def perms_of_moments(n_perms: int) -> int:
    """Permutations within each sample that moments come from: a fifth of ``n_perms``, and no fewer than 200."""
    return max(_LEAST, n_perms // _PART)


def draws_of_sample(draws: Draws, sample: int) -> Draws:
    """Return how labellings of one sample alone are drawn; every sample has a key of its own."""
    n, key = perms_of_moments(draws.n), (draws.key + sample + 1) % 2**64
    return replace(draws, n=n, key=key, memory=_MEMORY, strata=None)


class Moments:
    """Sums over ``n`` permutations of distances from the observed values, so that squares do not cancel."""

    def __init__(self, observed: Floats, n: int) -> None:
        self.observed, self._n = observed, n
        self._sums, self._squares = np.zeros(observed.shape), np.zeros(observed.shape)

    def add(self, some: slice, permuted: Floats) -> None:
        """Add some values under several labellings, values × labellings."""
        away = permuted - self.observed[some, None]
        self._sums[some] += away.sum(axis=1)
        self._squares[some] += (away**2).sum(axis=1)

    @property
    def mean(self) -> Floats:
        """Mean over the permutations."""
        return np.asarray(self.observed + self._sums / self._n)

    @property
    def variance(self) -> Floats:
        """Variance (n − 1) over them."""
        squares = self._squares - self._sums**2 / self._n
        return np.asarray(np.maximum(squares, 0.0) / (self._n - 1))
