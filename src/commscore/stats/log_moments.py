"""What counting does to the logarithm of a small count: the variance it adds, and how much of a change it hides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import map_coordinates

from .deviance_moments import count_grid

if TYPE_CHECKING:
    from ..arrays import Floats, Ints

_LEAST_MEAN = 0.05
_MEANS = np.log(np.geomspace(_LEAST_MEAN, 400.0, 72))
_ADDED = np.log(np.geomspace(0.02, 200.0, 53))
_LN2 = float(np.log(2.0))
_ENOUGH = 1.0  # counts per sample, from which a row tells the components of a variance apart
_FEWEST_ROWS = 100
_ALIKE = 1.0 - 1e-9  # rounding that does not part rows of as many counts


@dataclass(frozen=True)
class Counting:
    """Counting as the logarithms of m rows in n samples show it.

    Attributes
    ----------
    mean
        (m, n) expected counts.
    variance
        (m, n) variance of the log2 of Poisson counts with these means.
    shown
        (m, n) how much of a small change of a rate its log2 shows: 1 for many counts, less for few.
    """

    mean: Floats
    variance: Floats
    shown: Floats

    @classmethod
    def of(cls, mean: Floats, added: Floats) -> Counting:
        """Of expected counts, and what is added to counts before the logarithm, (m, n) each."""
        mean = np.maximum(mean, _LEAST_MEAN)
        return cls(mean, *log_moments(mean, added))

    def take(self, rows: Ints | slice) -> Counting:
        """Take some of the rows."""
        return Counting(self.mean[rows], self.variance[rows], self.shown[rows])

    def telling(self) -> Ints:
        """Rows with a count per sample, those with the most of them where these are few; none without a count.

        In others donors and counting make the same of a logarithm. Rows of as many counts are taken together.
        """
        typical = self.mean.mean(axis=1)
        enough = _ENOUGH
        if typical.size > _FEWEST_ROWS:
            enough = min(enough, float(np.partition(typical, -_FEWEST_ROWS)[-_FEWEST_ROWS]))
        else:
            enough = 0.0
        return np.flatnonzero((typical >= enough * _ALIKE) & (typical > _LEAST_MEAN))


@cache
def _table() -> Floats:
    """Variance and slope over the grid, (2, n_added, n_means)."""
    table = np.empty((2, _ADDED.size, _MEANS.size))
    for j, mean in enumerate(np.exp(_MEANS)):
        y, probability = count_grid(float(mean), 0.0)
        logs = np.log2(y + np.exp(_ADDED)[:, None])
        logs -= (logs @ probability)[:, None]
        table[0, :, j] = logs**2 @ probability
        table[1, :, j] = _LN2 * logs @ (probability * (y - mean))
    return table


def log_moments(mean: Floats, added: Floats) -> tuple[Floats, Floats]:
    """Variance of log2(count + added) of Poisson counts, and the derivative of its mean by log2 of the mean.

    Parameters
    ----------
    mean, added
        Arrays of one shape, > 0.

    Examples
    --------
    >>> import numpy as np
    >>> variance, shown = log_moments(np.array([0.1, 1.0, 10.0, 1000.0]), np.full(4, 0.75))
    >>> variance.round(3).tolist(), shown.round(3).tolist()
    ([0.139, 0.692, 0.208, 0.002], [0.081, 0.553, 0.973, 0.999])
    """
    x = np.interp(np.log(mean), _MEANS, np.arange(_MEANS.size))
    y = np.interp(np.log(added), _ADDED, np.arange(_ADDED.size))
    variance, shown = (map_coordinates(part, [y, x], order=1, mode="nearest") for part in _table())
    far = np.log(mean) >= _MEANS[-1]
    rate = mean / (mean + added)
    return np.where(far, rate**2 / mean / _LN2**2, variance), np.where(far, rate, shown)
