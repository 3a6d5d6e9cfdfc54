"""Mean and variance of the unit deviance of a negative binomial count, which are not 1 and 2 where counts are small."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, xlogy

if TYPE_CHECKING:
    from ..arrays import Floats

_MEANS = np.concatenate([np.log(np.geomspace(1e-4, 0.02, 12, endpoint=False)), np.log(np.geomspace(0.02, 3e3, 120))])
_DISPERSIONS = np.concatenate([[0.0], np.geomspace(1e-4, 30.0, 60)])
_WHOLE = 400  # counts that are added up one by one; beyond, on a grid that is dense for the width of the distribution
_POINTS = 1500
_POISSON = 1e-7


def unit_deviance(y: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """Twice the difference of the log likelihoods at ``y`` and at ``mean``; ``dispersion`` 0 is Poisson."""
    positive = np.maximum(dispersion, _POISSON)
    with np.errstate(over="ignore"):
        gain = xlogy(y, y / mean)
        loss = (y + 1.0 / positive) * np.log1p((y - mean) * positive / (1.0 + positive * mean))
    loss = np.where(dispersion < _POISSON, y - mean, loss)
    return np.asarray(np.maximum(2.0 * (gain - loss), 0.0), np.float64)


@cache
def _table() -> tuple[Floats, Floats]:
    """Mean and variance over the grid, (n_dispersions, n_means)."""
    mean, variance = (np.empty((_DISPERSIONS.size, _MEANS.size)) for _ in range(2))
    for i, dispersion in enumerate(_DISPERSIONS):
        for j, log_mean in enumerate(_MEANS):
            mean[i, j], variance[i, j] = _moments(float(np.exp(log_mean)), float(dispersion))
    return mean, variance


def _moments(mean: float, dispersion: float) -> tuple[float, float]:
    y, probability = count_grid(mean, dispersion)
    deviance = unit_deviance(y, np.asarray(mean), np.asarray(dispersion))
    first = float(probability @ deviance)
    return first, float(probability @ (deviance - first) ** 2)


def count_grid(mean: float, dispersion: float) -> tuple[Floats, Floats]:
    """Return counts and their probabilities: all up to 400, beyond a grid with the probabilities in between."""
    width = np.sqrt(mean + dispersion * mean**2)
    last = mean + 12.0 * width + 40.0 * dispersion * mean + 30.0
    y = np.arange(min(last, _WHOLE) + 1.0)
    share = np.ones(y.size)
    if last > _WHOLE:
        far = np.geomspace(_WHOLE, last, _POINTS)
        gap = np.diff(far)
        trapezoid = np.zeros(far.size)
        trapezoid[:-1] += gap / 2.0
        trapezoid[1:] += gap / 2.0
        share[-1] = 0.5
        y, share = np.concatenate([y, far]), np.concatenate([share, trapezoid])
    probability = share * np.exp(_log_probability(y, mean, dispersion))
    return y, probability / probability.sum()


def _log_probability(y: Floats, mean: float, dispersion: float) -> Floats:
    if dispersion < _POISSON:
        return np.asarray(xlogy(y, mean) - mean - gammaln(y + 1.0), np.float64)
    size = 1.0 / dispersion
    log_p = gammaln(y + size) - gammaln(size) - gammaln(y + 1.0)
    return np.asarray(log_p - size * np.log1p(dispersion * mean) + xlogy(y, mean / (size + mean)), np.float64)


def deviance_moments(mean: Floats, dispersion: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the unit deviance of counts with these means, (m, n) each.

    Parameters
    ----------
    mean
        (m, n) means, > 0.
    dispersion
        (n,) dispersions of the samples: variance ``mean + dispersion · mean²``.

    Examples
    --------
    >>> import numpy as np
    >>> first, second = deviance_moments(np.array([[1e-3, 1.0, 1e3]]), np.zeros(3))
    >>> first.round(3).tolist(), second.round(2).tolist()
    ([[0.014, 1.147, 1.0]], [[0.14, 1.36, 2.0]])
    """
    tables = _table()
    log_mean = np.log(mean)
    out = np.empty(mean.shape), np.empty(mean.shape)
    place = np.interp(dispersion, _DISPERSIONS, np.arange(_DISPERSIONS.size))
    for s, at in enumerate(place):
        low = min(int(at), _DISPERSIONS.size - 2)
        for table, values in zip(tables, out, strict=True):
            line = (1.0 - (at - low)) * table[low] + (at - low) * table[low + 1]
            values[:, s] = np.interp(log_mean[:, s], _MEANS, line)
    return out
