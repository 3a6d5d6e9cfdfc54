"""Unit deviances and their moments against the probabilities of scipy, added up one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from commscore.stats.deviance_moments import deviance_moments, unit_deviance

MEANS = [2e-3, 0.05, 0.37, 1.0, 4.3, 21.0, 160.0, 1100.0]
DISPERSIONS = [0.0, 1e-3, 0.04, 0.31, 1.1, 4.7, 19.0]


def distribution(mean, dispersion):
    """Counts with variance mean + dispersion · mean²."""
    if dispersion == 0.0:
        return stats.poisson(mean)
    return stats.nbinom(1.0 / dispersion, 1.0 / (1.0 + dispersion * mean))


def slow_deviance(y, mean, dispersion):
    best = distribution(y, dispersion).logpmf(y) if y > 0 else 0.0
    return 2.0 * (best - distribution(mean, dispersion).logpmf(y))


def slow_moments(mean, dispersion):
    counts = distribution(mean, dispersion)
    y = np.arange(int(counts.isf(1e-13)) + 2)
    p = counts.pmf(y)
    best = np.zeros(y.size)
    best[1:] = distribution(y[1:], dispersion).logpmf(y[1:])
    d = 2.0 * (best - counts.logpmf(y))
    first = (p * d).sum()
    return first, (p * (d - first) ** 2).sum()


@pytest.mark.parametrize("dispersion", DISPERSIONS)
def test_unit_deviance_is_twice_a_difference_of_log_likelihoods(dispersion):
    for mean in MEANS:
        for y in (0.0, 1.0, 2.0, 7.0, 60.0, 1500.0):
            found = unit_deviance(np.array(y), np.array(mean), np.array(dispersion))
            assert found == pytest.approx(slow_deviance(y, mean, dispersion), rel=2e-4, abs=1e-7)


@pytest.mark.parametrize("mean", [1e3, 1e5, 1e7])
def test_unit_deviance_of_large_poisson_counts(mean):
    """Three standard deviations off: nine, less what the skew takes."""
    y = mean + 3.0 * np.sqrt(mean)
    want = 2.0 * (y * np.log1p(3.0 / np.sqrt(mean)) - (y - mean))
    assert unit_deviance(np.array(y), np.array(mean), np.array(0.0)) == pytest.approx(want, rel=1e-5)
    assert want == pytest.approx(9.0, rel=0.04)


def test_deviance_is_zero_only_at_the_mean():
    y = np.array([0.0, 1.0, 5.0, 40.0])
    for dispersion in DISPERSIONS:
        np.testing.assert_allclose(unit_deviance(y[1:], y[1:], np.array(dispersion)), 0.0, atol=1e-9)
        assert (unit_deviance(y, y + 1.0, np.array(dispersion)) > 0).all()


@pytest.mark.parametrize("dispersion", DISPERSIONS)
def test_moments_are_sums_over_all_counts(dispersion):
    """Within 1 % of the mean, 1.5 % where a count is rare; the variance within 2 %."""
    mean = np.array(MEANS)
    first, second = deviance_moments(mean[None, :], np.full(mean.size, dispersion))
    want = np.array([slow_moments(m, dispersion) for m in MEANS])
    np.testing.assert_allclose(first[0, 1:], want[1:, 0], rtol=0.01)
    np.testing.assert_allclose(first[0, 0], want[0, 0], rtol=0.015)
    np.testing.assert_allclose(second[0], want[:, 1], rtol=0.02)


def test_every_sample_has_its_own_dispersion():
    mean = np.full((3, 2), 1.0) * np.array([[0.2], [3.0], [90.0]])
    first, second = deviance_moments(mean, np.array([0.05, 2.0]))
    for s, dispersion in enumerate((0.05, 2.0)):
        alone = deviance_moments(mean[:, [s]], np.array([dispersion]))
        np.testing.assert_allclose(first[:, [s]], alone[0])
        np.testing.assert_allclose(second[:, [s]], alone[1])
    assert np.abs(first[:, 0] - first[:, 1]).max() > 0.1


@pytest.mark.parametrize("dispersion", [0.05, 0.3, 0.8])
def test_counts_without_end_have_the_moments_of_a_gamma_distribution(dispersion):
    size = 1.0 / dispersion
    gamma = stats.gamma(size, scale=dispersion)

    def deviance(x):
        return 2.0 * size * (x - 1.0 - np.log(x))

    # in the logarithm, where the density has no pole
    def moment(power, centre=0.0):
        return integrate.quad(
            lambda u: (deviance(np.exp(u)) - centre) ** power * gamma.pdf(np.exp(u)) * np.exp(u), -60.0, 6.0, limit=500
        )[0]

    mean = moment(1)
    first, second = deviance_moments(np.array([[3e3, 1e7]]), np.full(2, dispersion))
    np.testing.assert_allclose(first[0], mean, rtol=0.01)
    np.testing.assert_allclose(second[0], moment(2, mean), rtol=0.02)


def test_poisson_counts_have_the_moments_of_a_chi_squared():
    first, second = deviance_moments(np.array([[2000.0, 1e6]]), np.zeros(2))
    np.testing.assert_allclose(first, 1.0, rtol=1e-3)
    np.testing.assert_allclose(second, 2.0, rtol=2e-3)
