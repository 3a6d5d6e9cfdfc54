"""Combination of p-values against scipy and against its own null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from commscore.stats.combine import acat, both, cauchy, cauchy_tail, fisher


def test_acat_is_the_formula():
    p = np.random.default_rng(0).uniform(size=(50, 4))
    statistic = np.tan((0.5 - p) * np.pi).mean(axis=1)
    np.testing.assert_allclose(acat(p), stats.cauchy.sf(statistic), rtol=1e-9)


def test_acat_keeps_its_digits_at_the_ends():
    assert float(acat(np.array([1e-300, 0.5]))) == pytest.approx(2e-300, rel=1e-6)
    assert float(acat(np.array([1e-12, 1e-12]))) == pytest.approx(1e-12, rel=1e-3)
    assert 0.0 < float(acat(np.array([1.0, 0.01]))) < 1.0
    assert float(cauchy_tail(cauchy(np.array(0.25)))) == pytest.approx(0.25)


def test_missing_sides_are_left_out():
    np.testing.assert_allclose(acat(np.array([[0.2, np.nan], [np.nan, np.nan]])), [0.2, np.nan])
    np.testing.assert_allclose(fisher(np.array([[0.2, np.nan], [np.nan, np.nan]])), [0.2, np.nan])


def test_fisher_is_scipys():
    p = np.random.default_rng(1).uniform(size=(20, 3))
    want = [stats.combine_pvalues(row, method="fisher").pvalue for row in p]
    np.testing.assert_allclose(fisher(p), want, rtol=1e-9)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95, -0.9])
def test_acat_holds_its_level_for_dependent_sides(correlation):
    rng = np.random.default_rng(2)
    z = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 200_000)
    p = acat(2 * stats.norm.sf(np.abs(z)))
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.006)
    # what Fisher's method is not made for
    if correlation == 0.95:
        assert (fisher(2 * stats.norm.sf(np.abs(z))) <= 0.05).mean() > 0.065


def test_both_is_the_larger():
    np.testing.assert_allclose(both(np.array([[0.1, 0.4], [np.nan, 0.4]])), [0.4, np.nan])
