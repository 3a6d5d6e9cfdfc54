"""The bias of the logarithm of small counts, taken off exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..arrays import Floats


PRIOR = 0.5
"""Counts added before a logarithm is taken, on average over the samples."""
_SURE = 1.0 - 1e-9


def added(expected: Floats, share: Floats, *, n: Floats | float, prior: float = PRIOR) -> tuple[Floats, Floats]:
    """Return what is added to a count before its logarithm: a part of its library, and one against the bias.

    Parameters
    ----------
    expected
        Counts expected where nothing but depth differs.
    share
        Share of the sample in all libraries, broadcast against ``expected``.
    n
        Number of samples.
    prior
        Counts added, on average over the samples.
    """
    of_library = prior * n * share
    return of_library, expected * (1.0 - share) / (2.0 * (expected + of_library))


def left_over(total: Floats, share: Floats, *, prior: Floats, bias: Floats) -> Floats:
    """Mean of log2(X + prior + bias), less log2(E X + prior), over binomial X: ``share`` of ``total`` counts.

    Given the counts of all samples together, those of one sample are binomial with its share of the library where
    nothing but depth differs. Unlike a Poisson count of estimated mean this leaves no bias from the estimate.

    Parameters
    ----------
    total
        (n,) whole numbers, > 0: counts of all samples together.
    share
        (n,) share of the sample in their libraries, 0 … 1.
    prior, bias
        (n,) what is added before the logarithm, > 0.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> left_over(2 * one, 0.5 * one, prior=0.5 * one, bias=0.5 * one).round(4)  # (log2 1 + 2 log2 2 + log2 3)/4 - …
    array([0.3113])
    """
    if total.size == 0:
        return np.zeros(0)
    sure = share > _SURE
    p = np.where(sure, 0.5, share)
    mean = total * share
    largest = float(mean.max())
    odds = p / (1.0 - p)
    mass = np.exp(total * np.log1p(-p))
    expected = mass * np.log2(prior + bias)
    for k in range(1, int(min(float(total.max()), largest + 8.0 * np.sqrt(largest) + 10.0)) + 1):
        mass = mass * (np.maximum(total - (k - 1), 0.0) / k * odds)
        expected += mass * np.log2(k + prior + bias)
    expected = np.where(sure, np.log2(total + prior + bias), expected)
    return np.asarray(expected - np.log2(mean + prior), np.float64)
