"""Equivalence: showing that an effect lies within a margin, which a large p-value does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr

from .._validate import in_range

if TYPE_CHECKING:
    from ..arrays import Floats


def tost(effect: Floats, se: Floats, *, df: Floats | float, margin: float) -> Floats:
    """P-value of two one-sided t-tests that ``effect`` lies within ± ``margin`` (Schuirmann 1987).

    doi:10.1007/BF01068419. Small means equivalent; p <= α exactly when the 1 − 2α interval lies inside.

    Raises
    ------
    ValueError
        ``margin`` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> float(tost(np.array([0.0]), np.array([0.1]), df=10.0, margin=0.5)[0]) < 0.001
    True
    """
    in_range("margin", margin, low=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (margin - np.abs(effect)) / se
    return np.asarray(stdtr(df, -distance), np.float64)
