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
N_PERMS = 200
_MEMORY = 1 << 26  # of a block: the same for all callers, because the last bit of a sum depends on its parts


def draws_of_sample(draws: Draws, sample: int) -> Draws:
    """Return how labellings of one sample alone are drawn; every sample has a key of its own."""
    return replace(draws, n=N_PERMS, key=(draws.key + sample + 1) % 2**64, memory=_MEMORY, strata=None)


class Moments:
    """Sums over permutations of distances from the observed values, so that squares do not cancel."""

    def __init__(self, observed: Floats) -> None:
        self.observed = observed
        self._sums, self._squares = np.zeros(observed.shape), np.zeros(observed.shape)

    def add(self, some: slice, permuted: Floats) -> None:
        """Add some values under several labellings, values × labellings."""
        away = permuted - self.observed[some, None]
        self._sums[some] += away.sum(axis=1)
        self._squares[some] += (away**2).sum(axis=1)

    @property
    def mean(self) -> Floats:
        """Mean over the permutations."""
        return np.asarray(self.observed + self._sums / N_PERMS)

    @property
    def variance(self) -> Floats:
        """Variance (n − 1) over them."""
        squares = self._squares - self._sums**2 / N_PERMS
        return np.asarray(np.maximum(squares, 0.0) / (N_PERMS - 1))
