"""Shares of tests: the interval of a share, and how likely chance gives as many."""

from __future__ import annotations

import math

from scipy.special import bdtrc, ndtri


def wilson_interval(count: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share; not a number where nothing was counted.

    Wilson, J Am Stat Assoc 22:209 (1927). Tests are taken as independent.

    Examples
    --------
    >>> low, high = wilson_interval(0, 10)
    >>> low, round(high, 3)
    (0.0, 0.278)
    """
    if n == 0:
        return math.nan, math.nan
    z2 = float(ndtri((1 + level) / 2)) ** 2
    centre = count + z2 / 2
    half = math.sqrt(z2 * (count * (n - count) / n + z2 / 4))
    return max((centre - half) / (n + z2), 0.0), min((centre + half) / (n + z2), 1.0)


def upper_tail(count: int, n: int, share: float) -> float:
    """Return the chance of at least ``count`` of ``n`` where each is called with probability ``share``.

    Examples
    --------
    >>> upper_tail(0, 10, 0.05), round(upper_tail(1, 10, 0.05), 3)
    (1.0, 0.401)
    """
    return 1.0 if count <= 0 else float(bdtrc(count - 1, n, share))
