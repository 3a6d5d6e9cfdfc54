"""Power of a two-sided t-test with moderated variance, and the smallest effect it would detect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit
from scipy.stats import nct

if TYPE_CHECKING:
    from ..arrays import Floats


def power(effect: Floats | float, *, se: Floats | float, df: Floats | float, alpha: float = 0.05) -> Floats:
    """Probability that |t| passes its critical value when the true effect is ``effect`` (log2).

    Parameters
    ----------
    effect, se
        True effect and standard error of its estimate, both log2.
    df
        Degrees of freedom, moderation included.
    alpha
        Two-sided level, 0 < alpha < 1.

    Examples
    --------
    >>> float(power(0.0, se=0.3, df=10.0).round(6))
    0.05
    """
    df = np.minimum(np.asarray(df, np.float64), 1e6)
    critical = -stdtrit(df, alpha / 2.0)
    shift = np.abs(np.asarray(effect, np.float64)) / se
    reached = nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift)
    return np.asarray(np.nan_to_num(reached, nan=1.0), np.float64)  # nct overflows only where power is 1


def smallest_effect(
    se: Floats | float, *, df: Floats | float, power_wanted: float = 0.8, alpha: float = 0.05
) -> Floats:
    """Smallest |log2 fold change| found with this power, above ``alpha``, by bisection on its multiple of ``se``.

    Examples
    --------
    >>> round(float(smallest_effect(1.0, df=1e6)), 2)  # z(0.975) + z(0.8)
    2.8
    """
    shape = np.broadcast(np.asarray(se), np.asarray(df)).shape
    wide = np.broadcast_to(np.asarray(df, np.float64), shape)
    low, high = np.zeros(shape), np.full(shape, 1e3)
    for _ in range(60):
        middle = 0.5 * (low + high)
        enough = power(middle, se=1.0, df=wide, alpha=alpha) >= power_wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(high * se, np.float64)
