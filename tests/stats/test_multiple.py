"""P-values from counts."""

from __future__ import annotations

import numpy as np
import pytest

from commscore.stats.multiple import benjamini_hochberg, monte_carlo_error, permutation_pvalue


def test_permutation_pvalue_is_never_zero():
    np.testing.assert_allclose(permutation_pvalue(np.array([0, 3, 99]), 99), [0.01, 0.04, 1.0])
    np.testing.assert_allclose(permutation_pvalue(np.array([0, 3, 99]), 99, plus_one=False), [0.0, 3 / 99, 1.0])


def test_untested_entries_do_not_count():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.03, np.nan, 0.04, 0.04])
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()


def test_monte_carlo_error_is_that_of_repeated_draws():
    rng = np.random.default_rng(0)
    draws = rng.binomial(200, 0.2, 20_000) / 200
    assert monte_carlo_error(np.array([0.2]), 200)[0] == pytest.approx(draws.std(), rel=0.02)
