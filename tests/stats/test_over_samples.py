"""The moderated t over samples: against SciPy, and what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from commscore.stats.over_samples import SampleExcess, variance_between
from commscore.stats.over_samples import test_excess as fitted


def excess(d, v, *, used=None, level=None):
    d, v = np.asarray(d, float), np.asarray(v, float)
    used = np.isfinite(d) if used is None else used
    return SampleExcess(d, v, used, np.zeros(len(d)) if level is None else level)


def test_one_row_with_equal_variances_is_the_t_test():
    d = np.array([[0.3, 0.5, 0.1, 0.6]])
    fit = fitted(excess(d, np.full(d.shape, 0.01)))
    expected = stats.ttest_1samp(d[0], 0, alternative="greater")
    assert fit.mean[0] == pytest.approx(d.mean())
    assert fit.se[0] == pytest.approx(stats.sem(d[0]))
    assert fit.pvalue[0] == pytest.approx(expected.pvalue)
    below = fitted(excess(-d, np.full(d.shape, 0.01)))
    assert below.pvalue[0] == pytest.approx(1 - expected.pvalue)


def test_two_rows_are_weighted_and_keep_to_themselves():
    """No prior is made of two rows: the weighted mean and its residual variance by hand."""
    d = np.array([[0.3, 0.5, np.nan, 0.9], [0.2, -0.1, 0.4, 0.3]])
    v = np.array([[0.2, 0.3, np.nan, 0.9], [0.2, 0.5, 0.1, 0.4]])
    rows = excess(d, v)
    between = variance_between(rows, np.zeros(2))
    fit = fitted(rows)
    np.testing.assert_allclose(fit.between, between)
    for r in range(2):
        there = np.isfinite(d[r])
        w = 1 / (v[r, there] + between[r])
        mean = np.average(d[r, there], weights=w)
        q = (w * (d[r, there] - mean) ** 2).sum() / (there.sum() - 1)
        t = mean * np.sqrt(w.sum() / q)
        assert fit.mean[r] == pytest.approx(mean)
        assert fit.se[r] == pytest.approx(np.sqrt(q / w.sum()))
        assert fit.pvalue[r] == pytest.approx(stats.t.sf(t, there.sum() - 1))


def test_an_excess_counts_as_far_as_the_weaker_side_reaches():
    rows = excess([[0.8, 0.8, -0.4, np.nan]], [[0.1, 0.1, 0.1, np.nan]])
    limited = rows.within_reach(np.array([[1.0, 0.25, 0.25, 0.0]]))
    np.testing.assert_array_equal(limited.excess, [[0.8, 0.2, -0.4, np.nan]])
    np.testing.assert_array_equal(limited.variance, rows.variance)


def test_a_single_sample_has_a_mean_and_no_test():
    fit = fitted(excess([[0.3, np.nan], [np.nan, np.nan]], [[0.1, np.nan], [np.nan, np.nan]]))
    assert fit.mean[0] == pytest.approx(0.3)
    assert np.isnan(fit.mean[1])
    assert np.isnan(fit.pvalue).all()
    assert np.isnan(fit.se).all()


def test_variance_between_samples_is_found_along_the_level():
    """τ² grows with the level; its trend is within a fifth, where rows on their own say next to nothing."""
    rng = np.random.default_rng(0)
    n, s = 4000, 6
    level = rng.uniform(0, 2, n)
    tau2 = 0.2 + 0.4 * level
    v = rng.uniform(0.02, 0.3, (n, s))
    d = rng.normal(0, np.sqrt(v + tau2[:, None]))
    found = variance_between(excess(d, v, level=level), np.zeros(n))
    for low, high in ((0.2, 0.7), (0.7, 1.3), (1.3, 1.8)):
        some = (level > low) & (level < high)
        assert found[some].mean() == pytest.approx(tau2[some].mean(), rel=0.2)


@pytest.mark.parametrize("n_samples", [3, 6])
def test_false_positives_with_samples_of_their_own_and_unequal_precision(n_samples):
    rng = np.random.default_rng(n_samples)
    rates = []
    for _ in range(20):
        v = rng.gamma(1.0, 0.2, (1500, n_samples)) + 0.01
        d = rng.normal(0, np.sqrt(v + 0.15))
        rates.append((fitted(excess(d, v, level=rng.uniform(0, 2, 1500))).pvalue <= 0.05).mean())
    assert np.mean(rates) == pytest.approx(0.05, abs=0.006)


def test_order_of_samples_and_rows_changes_nothing():
    rng = np.random.default_rng(4)
    d, v, level = rng.normal(0.1, 1, (300, 5)), rng.gamma(1, 1, (300, 5)), rng.random(300)
    fit = fitted(excess(d, v, level=level))
    samples, rows = rng.permutation(5), rng.permutation(300)
    np.testing.assert_allclose(fitted(excess(d[:, samples], v[:, samples], level=level)).pvalue, fit.pvalue)
    other = fitted(excess(d[rows], v[rows], level=level[rows]))
    np.testing.assert_allclose(other.pvalue, fit.pvalue[rows], rtol=1e-9)


def test_rows_of_one_level_are_not_told_apart_by_their_order():
    """As are all pairs of groups in one interaction."""
    rng = np.random.default_rng(4)
    level = np.repeat(rng.uniform(0, 2, 30), 25)
    v = rng.uniform(0.01, 0.1, (level.size, 5))
    d = rng.normal(0, np.sqrt(v + 0.1 * level[:, None]))
    least = np.zeros(level.size)
    found = variance_between(excess(d, v, level=level), least)
    order = rng.permutation(level.size)
    again = variance_between(excess(d[order], v[order], level=level[order]), least)
    np.testing.assert_allclose(again, found[order], rtol=1e-10)
    assert np.unique(found.round(9)).size > 5
