"""Skewness of log residuals: against sums over all counts, and on donors of a known shape."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from commscore.stats.donor_shape import gamma_likeness, log_third_cumulant, row_skewness


def slow_third_cumulant(mean, dispersion):
    counts = stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
    y = np.arange(int(counts.isf(1e-13)) + 2)
    p, logs = counts.pmf(y), np.log2(y + 0.5)
    return p @ (logs - p @ logs) ** 3


@pytest.mark.parametrize("dispersion", [0.004, 0.05, 0.31, 1.3, 4.0])
def test_third_cumulants_are_sums_over_all_counts(dispersion):
    """Within 7 %: it is read off a table, for a share of which a quarter decides."""
    means = np.array([1.3, 5.5, 33.0, 210.0, 2000.0])
    want = [slow_third_cumulant(m, dispersion) for m in means]
    found = log_third_cumulant(means, np.full(means.size, dispersion))
    np.testing.assert_allclose(found, want, rtol=0.07, atol=0.06)


def test_counts_without_end_have_the_skewness_of_log_gamma():
    found = log_third_cumulant(np.array([3e3, 1e6]), np.array([0.25, 0.25]))
    np.testing.assert_allclose(found, special.polygamma(2, 4.0) / np.log(2) ** 3, rtol=0.05)


def projector_of(n, m):
    x = np.linalg.qr(np.column_stack([np.ones(n + m), np.repeat([0.0, 1.0], [n, m])]))[0]
    return np.eye(n + m) - x @ x.T


def test_sums_of_cubes_are_what_loops_give():
    rng = np.random.default_rng(0)
    projector = projector_of(3, 5)
    residual = rng.normal(size=(6, 8)) @ projector
    variance = rng.uniform(0.02, 2.0, 6)
    mean, dispersion = rng.uniform(2, 300, (6, 8)), rng.uniform(0.05, 1.0, (6, 8))
    found = row_skewness(residual, projector, variance=variance, mean=mean, dispersion=dispersion)
    for i in range(6):
        cubes, expected = 0.0, 0.0
        for s in range(8):
            cubes += min(max(residual[i, s] / np.sqrt(variance[i]), -5), 5) ** 3
            for u in range(8):  # every residual is a sum of independent observations
                third = slow_third_cumulant(mean[i, u], dispersion[i, u])
                expected += projector[s, u] ** 3 * third / variance[i] ** 1.5
        assert found[0][i] == pytest.approx(cubes, rel=1e-9)
        assert found[1][i] == pytest.approx(expected, rel=0.05, abs=1e-3)


def likeness(shape, *, n=5, m=5, rows=1500, dispersion=0.4, seed=1):
    """Rows of counts about donors that vary as gamma or log-normal variables, or with outliers to the right."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.uniform(2, 6, (rows, 1))) * np.ones((1, n + m))
    donors = {
        "gamma": lambda: rng.gamma(1 / dispersion, dispersion, mean.shape),
        "log-normal": lambda: np.exp(np.sqrt(np.log1p(dispersion)) * rng.normal(size=mean.shape)),
        "outliers": lambda: 1 + 4 * (rng.uniform(size=mean.shape) < 0.05),
    }[shape]()
    y = np.log2(rng.poisson(mean * donors) + 0.5)
    projector = projector_of(n, m)
    residual = y @ projector
    variance = np.full(rows, (residual**2).sum() / (rows * (n + m - 2)))
    both = row_skewness(residual, projector, variance=variance, mean=mean, dispersion=np.full(mean.shape, dispersion))
    return gamma_likeness(*both)


def test_shapes_of_donors_are_told_apart():
    assert likeness("gamma") > 0.8
    assert likeness("log-normal") == 0.0
    assert likeness("outliers") == 0.0


def test_designs_and_rows_that_cannot_tell_say_no():
    assert likeness("gamma", n=1, m=2) == 0.0  # two residuals of one size
    assert likeness("gamma", rows=3) < 1.0
    assert gamma_likeness(np.full(1, -3.0), np.full(1, -3.0)) == 0.0
    assert gamma_likeness(np.full(500, -0.04), np.full(500, -0.04)) == 0.0


def test_likeness_rises_with_the_share_of_the_skewness():
    expected = np.full(10_000, -1.0)
    noise = np.random.default_rng(2).normal(size=10_000)
    noise -= noise.mean()
    found = [gamma_likeness(share * expected + noise, expected) for share in (0.3, 0.5, 0.6, 0.9)]
    assert found[0] == 0.0
    assert found[3] == 1.0
    assert 0 < found[1] < found[2] < 1
    # one standard error less than what is seen
    assert found[2] == pytest.approx((0.6 - 0.01 - 0.45) / 0.25, abs=1e-3)
