"""Whether donors vary as gamma variables do: the skewness of log residuals beside that of negative binomial counts.

A gamma variable is skewed to the left on the log scale, a log-normal one is not, and outlying donors are skewed to the
right or not at all. Fits by counts are the better ones for the first, log-linear ones for the others.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .deviance_moments import count_grid

if TYPE_CHECKING:
    from ..arrays import Floats

_MEANS = np.log(np.geomspace(1.0, 3e3, 40))
_DISPERSIONS = np.log(np.concatenate([[1e-4], np.geomspace(1e-3, 5.0, 30)]))
_FURTHEST = 5.0  # standard deviations of a residual
_NONE, _FULL = 0.45, 0.70
"""Share of the expected skewness up to which nothing, and from which everything is taken for gamma."""
_TOLD = 0.05  # expected skewness per row, in absolute value, below which a design cannot tell


@cache
def _table() -> Floats:
    """Third cumulants of log2(count + 1/2), (n_dispersions, n_means)."""
    table = np.empty((_DISPERSIONS.size, _MEANS.size))
    for i, dispersion in enumerate(np.exp(_DISPERSIONS)):
        for j, mean in enumerate(np.exp(_MEANS)):
            y, probability = count_grid(float(mean), float(dispersion))
            logs = np.log2(y + 0.5)
            table[i, j] = probability @ (logs - probability @ logs) ** 3
    return table


def log_third_cumulant(mean: Floats, dispersion: Floats) -> Floats:
    """Third cumulant of log2(count + 1/2) of negative binomial counts with these means and dispersions.

    Examples
    --------
    >>> import numpy as np
    >>> log_third_cumulant(np.array([1000.0]), np.array([0.5])).round(2)  # ψ''(2) / ln³2 = −1.21 for gamma
    array([-1.29])
    """
    table = _table()
    x = np.interp(np.log(np.maximum(mean, 1e-300)), _MEANS, np.arange(_MEANS.size))
    y = np.interp(np.log(np.maximum(dispersion, 1e-300)), _DISPERSIONS, np.arange(_DISPERSIONS.size))
    left, low = np.minimum(x.astype(int), _MEANS.size - 2), np.minimum(y.astype(int), _DISPERSIONS.size - 2)
    x, y = x - left, y - low
    lower = (1 - x) * table[low, left] + x * table[low, left + 1]
    upper = (1 - x) * table[low + 1, left] + x * table[low + 1, left + 1]
    return np.asarray((1 - y) * lower + y * upper, np.float64)


def row_skewness(
    residual: Floats, projector: Floats, *, variance: Floats, mean: Floats, dispersion: Floats
) -> tuple[Floats, Floats]:
    """Return the sums of cubed residuals of rows, observed and expected of negative binomial counts.

    Parameters
    ----------
    residual
        (m, n) residuals of ordinary least squares of log2 rates.
    projector
        (n, n) that makes them.
    variance
        (m,) of an observation, not from its own residuals alone.
    mean, dispersion
        (m, n) of the counts.
    """
    cubed = np.clip(residual / np.sqrt(variance)[:, None], -_FURTHEST, _FURTHEST) ** 3
    expected = log_third_cumulant(mean, dispersion) @ (projector**3).sum(axis=0)
    return cubed.sum(axis=1), np.asarray(expected / variance**1.5, np.float64)


def gamma_likeness(observed: Floats, expected: Floats) -> float:
    """How far the rows' skewness is that of gamma donors: 0 (not, or it cannot be told) to 1.

    Parameters
    ----------
    observed, expected
        (m,) of :func:`row_skewness`, of all rows of a cohort that are not mostly counting.
    """
    if observed.size < 2 or abs(expected.mean()) < _TOLD:
        return 0.0
    error = float(observed.std()) / np.sqrt(observed.size) / abs(float(expected.mean()))
    share = float(observed.mean() / expected.mean()) - error
    return float(np.clip((share - _NONE) / (_FULL - _NONE), 0.0, 1.0))
