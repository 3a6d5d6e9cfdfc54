"""Several p-values into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

if TYPE_CHECKING:
    from ..arrays import Floats


_SMALL = 1e-15
_LARGE = 1.0 - 1e-12  # tan(−π/2) of p = 1 would outweigh any other evidence


def cauchy(p: Floats) -> Floats:
    """Map p-values to Cauchy deviates: tan((½ − p)π), 1/(pπ) where that is all that is left of it.

    A p-value of exactly 1 is taken as 1 − 1e-12.
    """
    p = np.minimum(np.asarray(p, np.float64), _LARGE)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(p < _SMALL, 1.0 / (np.pi * p), np.tan((0.5 - p) * np.pi)), np.float64)


def cauchy_tail(t: Floats) -> Floats:
    """Upper tail of the standard Cauchy distribution, accurate for any size of ``t``."""
    t = np.asarray(t, np.float64)
    with np.errstate(divide="ignore"):
        far = np.arctan(1.0 / np.maximum(t, 1.0)) / np.pi
    return np.asarray(np.where(t > 1.0, far, 0.5 - np.arctan(t) / np.pi), np.float64)


def acat(p: Floats, *, axis: int = -1) -> Floats:
    """Combine by the aggregated Cauchy association test, equal weights; NaN is left out, all NaN gives NaN.

    The mean of the Cauchy deviates is again Cauchy under independence, and its tail is nearly so under any
    dependence (Liu et al. 2019, doi:10.1016/j.ajhg.2019.01.002).

    Examples
    --------
    >>> import numpy as np
    >>> acat(np.array([[0.03, 0.03], [1e-8, 0.9]])).round(9)
    array([3.e-02, 2.e-08])
    """
    deviates = cauchy(p)
    known = ~np.isnan(deviates)
    n = known.sum(axis=axis)
    total = np.where(known, deviates, 0.0).sum(axis=axis)
    return np.where(n > 0, cauchy_tail(total / np.maximum(n, 1)), np.nan)


def fisher(p: Floats, *, axis: int = -1) -> Floats:
    """Fisher's combination: −2Σlog p against χ² with 2k degrees of freedom. Assumes independence."""
    p = np.asarray(p, np.float64)
    known = ~np.isnan(p)
    n = known.sum(axis=axis)
    with np.errstate(divide="ignore"):
        statistic = -2.0 * np.where(known, np.log(np.where(known, p, 1.0)), 0.0).sum(axis=axis)
    return np.where(n > 0, chdtrc(2.0 * np.maximum(n, 1), statistic), np.nan)


def both(p: Floats, *, axis: int = -1) -> Floats:
    """Return the larger p: evidence that all of them moved (intersection–union test); NaN if one is NaN."""
    result: Any = np.max(p, axis=axis)
    return np.asarray(result, np.float64)
