"""P-values from counts, and multiple testing, with untested entries left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import false_discovery_control

if TYPE_CHECKING:
    from ..arrays import Floats, Ints


def permutation_pvalue(exceeding: Ints, n_perms: int, *, plus_one: bool = True) -> Floats:
    """(1 + b) / (1 + n): the observed labelling is one of those it is compared with.

    Never zero, and valid for any n (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585). ``plus_one=False``
    gives b / n as some tools do.
    """
    if plus_one:
        return np.asarray((1.0 + exceeding) / (1.0 + n_perms), np.float64)
    return np.asarray(exceeding / float(n_perms), np.float64)


def monte_carlo_error(p: Floats, n_perms: int) -> Floats:
    """Binomial standard error of a permutation p-value from ``n_perms`` labellings."""
    error: Floats = np.sqrt(p * (1.0 - p) / n_perms)
    return error


def benjamini_hochberg(p: Floats) -> Floats:
    """Benjamini–Hochberg adjusted p-values over the entries that are not NaN; NaN stays NaN."""
    adjusted = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        adjusted[tested] = false_discovery_control(p[tested], method="bh")
    return adjusted
