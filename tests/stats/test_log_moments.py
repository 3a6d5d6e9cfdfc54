"""Moments of the logarithm of a small count, against sums over Poisson probabilities, and what they are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from commscore.core.log_rates import log_rates
from commscore.stats import log_linear
from commscore.stats.log_moments import Counting, log_moments

MEANS = np.geomspace(0.05, 2000.0, 43)  # between the points of the table, beyond its end
ADDED = np.geomspace(0.05, 5.0, 21)


def by_sums(mean, added):
    """Variance of log2(X + added), and the derivative of its expectation by log2 of the mean of X."""
    count = np.arange(stats.poisson.isf(1e-15, mean) + 2)
    probability, logs = stats.poisson.pmf(count, mean), np.log2(count + added)
    expectation = probability @ logs
    one_more = probability @ np.log2(count + 1 + added)  # derivative by the mean: what one more count makes
    return probability @ (logs - expectation) ** 2, mean * np.log(2) * (one_more - expectation)


@pytest.fixture(scope="module")
def errors():
    """Relative errors (2, means, added) of both moments."""
    want = np.array([[by_sums(mean, added) for added in ADDED] for mean in MEANS])
    found = log_moments(*np.meshgrid(MEANS, ADDED, indexing="ij"))
    return np.stack(found) / np.moveaxis(want, 2, 0) - 1


def test_both_are_sums_over_counts(errors):
    """A straight line between points of the table is off by as much as moments bend between them."""
    worst, typical = np.abs(errors).max(axis=(1, 2)), np.abs(errors).mean(axis=(1, 2))
    assert worst[0] < 0.015  # of few counts and much added, a variance of next to nothing
    assert worst[1] < 0.006
    assert (typical < [0.003, 0.001]).all()


def test_where_a_sample_has_what_is_added_to_one(errors):
    """Libraries within a factor of 3 of their mean."""
    usual = (ADDED > 0.15) & (ADDED < 3.0)
    assert np.abs(errors[0][:, usual]).max() < 0.01
    assert np.abs(errors[1][:, usual]).max() < 0.005


@pytest.mark.parametrize("added", [0.05, 0.75, 5.0])
def test_the_end_of_the_table_is_no_step(added):
    around = 400.0 * np.array([1 - 1e-9, 1 + 1e-9])
    variance, shown = log_moments(around, np.full(2, added))
    assert variance[1] == pytest.approx(variance[0], rel=5e-3)
    assert shown[1] == pytest.approx(shown[0], rel=2e-3)


def test_beyond_the_table_it_is_the_delta_method():
    variance, shown = log_moments(np.array([1e4, 1e6]), np.full(2, 0.75))
    np.testing.assert_allclose(variance, [1e-4 / np.log(2) ** 2, 1e-6 / np.log(2) ** 2], rtol=1e-3)
    np.testing.assert_allclose(shown, 1.0, rtol=1e-3)


@pytest.mark.parametrize("added", [0.5, 1.0, 5.0])
def test_more_counts_show_more_of_a_change(added):
    shown = log_moments(np.geomspace(0.05, 399.0, 300), np.full(300, added))[1]
    assert (np.diff(shown) > -1e-3 * shown[:-1]).all()
    assert shown[0] < 0.1
    assert shown[-1] == pytest.approx(1.0, abs=0.02)


def test_a_mean_of_next_to_nothing_is_taken_as_a_twentieth():
    found = Counting.of(np.array([[0.0, 1e-9, 0.05, 3.0]]), np.full((1, 4), 0.75))
    np.testing.assert_array_equal(found.mean, [[0.05, 0.05, 0.05, 3.0]])
    np.testing.assert_array_equal(found.variance[0, :2], found.variance[0, 2])
    np.testing.assert_array_equal(found.shown[0, :2], found.shown[0, 2])


def of_means(mean):
    """Counting of rows with these means in two samples, one of which has three times the depth."""
    mean = np.asarray(mean)[:, None] * [0.5, 1.5]
    return Counting.of(mean, np.full(mean.shape, 0.75))


def test_rows_with_a_count_per_sample_tell():
    mean = np.random.default_rng(1).permutation(np.linspace(0.1, 3.0, 400))
    rows = of_means(mean).telling()
    np.testing.assert_array_equal(rows, np.flatnonzero(mean >= 1.0))
    assert rows.size > 100


def test_the_hundred_largest_tell_where_few_have_a_count():
    mean = np.random.default_rng(2).permutation(np.linspace(0.1, 1.1, 400))
    rows = of_means(mean).telling()
    np.testing.assert_array_equal(np.sort(mean[rows]), np.sort(mean)[-100:])
    assert (np.diff(rows) > 0).all()


def test_all_with_a_count_tell_where_there_are_few():
    np.testing.assert_array_equal(of_means([0.2, 0.0, 0.1, 5.0]).telling(), [0, 2, 3])


def test_rows_of_as_many_counts_tell_together():
    """Which of them stands first must not matter."""
    mean = np.repeat([0.5, 0.2, 0.1], [60, 80, 100])
    np.testing.assert_array_equal(of_means(mean).telling(), np.arange(140))


def test_taking_rows_takes_all_parts():
    counting = of_means([0.2, 2.0, 20.0])
    some = counting.take(np.array([2, 0]))
    for name in ("mean", "variance", "shown"):
        np.testing.assert_array_equal(getattr(some, name), getattr(counting, name)[[2, 0]])


def fits_of_counts(donors, spread, *, least):
    """Fits of five cohorts of 6 against 6 samples without a change; mean counts, and the true variance of donors."""
    rng, null = np.random.default_rng(3), np.full((12, 1), 12**-0.5)
    basis = np.column_stack([null, np.repeat([-1.0, 1.0], 6) * 12**-0.5])
    fits = []
    for _ in range(5):
        library = 1e6 * rng.uniform(0.5, 2.0, 12)
        mean = np.exp(rng.uniform(np.log(least), np.log(100.0), 1500))
        expected = mean[:, None] * library / library.mean()
        if donors == "gamma":
            rate = rng.gamma(spread**-2, spread**2, expected.shape)
        else:
            rate = np.exp(spread * rng.normal(size=expected.shape))
        counts = rng.poisson(expected * rate)
        y = log_rates(counts.T, library[:, None]).T
        samples = {"total": counts.sum(axis=1), "library": library, "n_cells": np.full(12, 100.0)}
        fits.append((mean, *log_linear.fit(y, basis, null, **samples)))
    of_donors = special.polygamma(1, spread**-2) if donors == "gamma" else spread**2
    return fits, of_donors / np.log(2) ** 2


@pytest.mark.parametrize("donors", ["gamma", "lognormal"])
@pytest.mark.parametrize("least", [0.3, 3.0])
def test_components_are_recovered_from_counts(donors, least):
    """Donors are the variance of log2 rates, counting is 1, whatever counts there are."""
    fits, of_donors = fits_of_counts(donors, 0.3, least=least)
    found = np.mean([(components.donor / of_donors, components.counting) for _, _, components in fits], axis=0)
    np.testing.assert_allclose(found, 1.0, atol=0.1)


@pytest.mark.parametrize("donors", ["gamma", "lognormal"])
@pytest.mark.parametrize("spread", [0.3, 0.6])
def test_components_say_the_variance_at_any_count(donors, spread):
    """Where donors differ more, less of it counts as counting (0.6 to 0.8 at a spread of 0.6), and the sum is right."""
    fits, _ = fits_of_counts(donors, spread, least=1.0)
    for low, high in ((1.0, 3.0), (3.0, 10.0), (10.0, 30.0), (30.0, 100.0)):
        ratio = [fitted.variance[(mean >= low) & (mean < high)].mean() for mean, fitted, _ in fits]
        assert np.mean(ratio) == pytest.approx(1.0, abs=0.1)
