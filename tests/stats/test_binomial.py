"""Intervals and tails of shares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from commscore.stats.binomial import upper_tail, wilson_interval


@pytest.mark.parametrize(("count", "n"), [(0, 1), (3, 36), (22, 258), (107, 2376), (50, 50)])
def test_as_scipy_has_them(count, n):
    interval = binomtest(count, n).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(wilson_interval(count, n), (interval.low, interval.high), rtol=1e-10, atol=1e-15)
    assert upper_tail(count, n, 0.05) == pytest.approx(binom.sf(count - 1, n, 0.05), rel=1e-10)


def test_of_nothing_nothing_is_known():
    assert np.isnan(wilson_interval(0, 0)).all()
