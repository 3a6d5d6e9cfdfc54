"""Log-linear fits against loops over rows, and on data whose components are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from commscore.core.log_rates import log_rates
from commscore.stats import log_linear
from commscore.stats.log_moments import Counting, log_moments


def orthonormal(x):
    return np.linalg.qr(np.asarray(x, float))[0]


def two_groups(n, m):
    return orthonormal(np.column_stack([np.ones(n + m), np.repeat([0.0, 1.0], [n, m])]))


def unchanged(n):
    """Basis of a design without conditions."""
    return np.full((n, 1), n**-0.5)


def simulated(*, rows=300, n=4, m=4, seed=0, donor=0.3, cells=None, level=30.0):
    """Log rates of Poisson counts around log-normal donors, with libraries that differ."""
    rng = np.random.default_rng(seed)
    size = n + m
    n_cells = np.asarray(rng.integers(20, 400, size) if cells is None else cells, float)
    library = n_cells * rng.uniform(800, 2500, size)
    rate = level * np.exp(rng.normal(0, 1.5, (rows, 1))) * np.exp(donor * rng.normal(size=(rows, size))) / 1e5
    counts = rng.poisson(rate * library)
    return log_rates(counts.T, library[:, None]).T, counts.sum(axis=1), library, n_cells


def slow_means(y, null, total, library):
    """Expected counts without conditions, as many as were read, and what is added to counts, row by row."""
    mean, added = np.empty_like(y), np.empty_like(y)
    for i in range(y.shape[0]):
        fitted = null @ np.linalg.lstsq(null, y[i], rcond=None)[0]
        parts = [2.0**f * depth for f, depth in zip(fitted, library, strict=True)]
        for s, part in enumerate(parts):
            mean[i, s], share = total[i] * part / sum(parts), library[s] / sum(library)
            prior = 0.5 * share * library.size
            added[i, s] = prior + mean[i, s] * (1 - share) / (2 * (mean[i, s] + prior))
    return np.maximum(mean, 0.05), added


def slow_components(residual, projector, counting, n_cells, *, with_cells):
    """All equations E e² = Σ R² (a0 s² + a1 v + a2 s²/n), stacked, by scipy's nnls, reweighted till nothing moves."""
    equations, squares = [], []
    n = projector.shape[0]
    rows = np.flatnonzero(counting.mean.mean(axis=1) >= 1 - 1e-9)
    if rows.size < 100:
        typical = counting.mean.mean(axis=1)
        least = np.sort(typical)[-100] if typical.size > 100 else 0.0
        rows = np.flatnonzero((typical >= least * (1 - 1e-9)) & (typical > 0.05))
    for i in rows:
        for s in range(n):
            r2 = [projector[s, u] ** 2 for u in range(n)]
            shown = [a * b**2 for a, b in zip(r2, counting.shown[i], strict=True)]
            terms = [sum(shown), sum(a * b for a, b in zip(r2, counting.variance[i], strict=True))]
            if with_cells:
                terms.append(sum(a / b for a, b in zip(shown, n_cells, strict=True)))
            equations.append(terms)
            squares.append(residual[i, s] ** 2)
    x, y = np.array(equations), np.array(squares)
    a = np.zeros(x.shape[1])
    a[0] = y.mean() / x[:, 0].mean()
    for _ in range(200):
        weight = 1.0 / (x @ a)
        a = nnls(x * weight[:, None], y * weight)[0]
    return a


def slow_fit(y, basis, null, *, total, library, n_cells, with_cells=True):
    """Residuals of ordinary least squares, counting, and components."""
    mean, added = slow_means(y, null, total, library)
    counting = Counting(mean, *log_moments(mean, added))  # the two against sums in test_log_moments.py
    residual = y - y @ basis @ basis.T
    projector = np.eye(y.shape[1]) - basis @ basis.T
    return residual, counting, slow_components(residual, projector, counting, n_cells, with_cells=with_cells)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize(("rows", "level"), [(60, 0.3), (200, 0.1), (500, 1.0)])
def test_components_solve_the_whole_system(rows, level, seed, alike):
    """Of 60 rows all, of 200 the 100 largest, of 500 those with a count per sample."""
    cells = np.full(7, 100) if alike else None
    y, total, library, n_cells = simulated(rows=rows, n=3, m=4, seed=seed, cells=cells, level=level)
    basis = two_groups(3, 4)
    residual, counting, want = slow_fit(
        y, basis, unchanged(7), total=total, library=library, n_cells=n_cells, with_cells=not alike
    )
    typical = counting.mean.mean(axis=1)
    if rows == 500:
        assert counting.telling().size == (typical >= 1 - 1e-9).sum()
    else:
        assert min(rows, 100) - (typical <= 0.05).sum() <= counting.telling().size <= rows
    projector = np.eye(7) - basis @ basis.T
    found = log_linear.variance_components(residual, projector, counting=counting, n_cells=n_cells)
    np.testing.assert_allclose([found.donor, found.counting, found.cells][: want.size], want, rtol=1e-3, atol=1e-5)
    assert min(found.donor, found.counting, found.cells) >= 0
    if alike:
        assert found.cells == 0.0


def with_covariate(n, m):
    """Bases of a design with a covariate, with conditions and without."""
    covariate = np.random.default_rng(9).normal(size=n + m)
    null = orthonormal(np.column_stack([np.ones(n + m), covariate]))
    return orthonormal(np.column_stack([null, np.repeat([0.0, 1.0], [n, m])])), null


@pytest.mark.parametrize("bases", [(two_groups(3, 4), unchanged(7)), with_covariate(3, 4)], ids=["level", "covariate"])
def test_counting_is_that_of_counts_without_a_difference(bases):
    y, total, library, _ = simulated(rows=80, n=3, m=4, seed=4, level=3.0)
    y[:, 3:] += np.random.default_rng(4).normal(0.0, 3.0, (80, 1))
    found = log_linear.expected_counting(y, bases[1], total=total, library=library)
    mean, added = slow_means(y, bases[1], total, library)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-9)
    for got, wanted in zip((found.variance, found.shown), log_moments(mean, added), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9)


def test_a_difference_gives_its_sides_no_weights_and_leaves_the_counts_that_were_read():
    """Conditions of 1 and of 1023 counts a sample: all are weighted as if each had 512."""
    counts, library = np.repeat([1.0, 1023.0], 4)[None], np.full(8, 2e6)
    y = log_rates(counts.T, library[:, None]).T
    found = log_linear.expected_counting(y, unchanged(8), total=counts.sum(axis=1), library=library)
    np.testing.assert_allclose(found.mean, 512.0, rtol=1e-9)
    np.testing.assert_allclose(found.variance, 1.0 / 512.0 / np.log(2) ** 2, rtol=1e-2)


@pytest.mark.parametrize("count", [0.1, 0.3, 1.0, 3.0])
def test_expected_counts_are_those_of_the_data(count):
    """What is added before the logarithm is no count: Poisson counts of one mean, libraries that differ threefold."""
    rng, library = np.random.default_rng(5), 1e6 * np.array([0.5, 0.5, 1.0, 1.0, 1.5, 1.5])
    counts = rng.poisson(count * library / library.mean(), (4000, 6)).astype(float)
    y = log_rates(counts.T, library[:, None]).T
    found = log_linear.expected_counting(y, unchanged(6), total=counts.sum(axis=1), library=library)
    read = counts.sum(axis=1) > 0.05 * 6 / 0.5  # else the least mean is taken
    np.testing.assert_allclose(found.mean[read].mean(axis=0), counts[read].mean(axis=0), rtol=0.1)


def test_samples_that_know_less_do_not_weigh_more():
    """A hundredth of a count per sample varies less than one count, and says less."""
    mean = np.array([[0.05, 1.0, 100.0, 0.5]])
    counting = Counting.of(mean, np.full((1, 4), 0.75))
    noise = log_linear.VarianceComponents(0.1, 1.0).at(counting, np.full(4, 50.0))[0]
    own = 0.1 * counting.shown[0] ** 2 + counting.variance[0]
    assert own[0] < own[3] < own[1]
    np.testing.assert_allclose(noise, [own[1], own[1], own[2], own[1]], rtol=1e-12)


def test_components_are_recovered():
    """Normal noise of known components: donors .2, counting 1.3, cells 5."""
    rng = np.random.default_rng(4)
    n_cells = np.array([10.0, 20, 40, 80, 160, 320, 640, 1000, 15, 30])
    basis = two_groups(5, 5)
    projector = np.eye(10) - basis @ basis.T
    mean = np.exp(rng.normal(2.0, 2.0, (1500, 1))) * n_cells / n_cells.mean()
    counting = Counting.of(mean, np.full(mean.shape, 0.75))
    s2, v = counting.shown**2, counting.variance
    y = rng.normal(size=mean.shape) * np.sqrt(0.2 * s2 + 1.3 * v + 5.0 * s2 / n_cells)
    found = log_linear.variance_components(y @ projector, projector, counting=counting, n_cells=n_cells)
    assert found.donor == pytest.approx(0.2, rel=0.1)
    assert found.counting == pytest.approx(1.3, rel=0.05)
    assert found.cells == pytest.approx(5.0, rel=0.1)
    want = found.donor * s2 + found.counting * v + found.cells * s2 / n_cells
    many = mean.min(axis=1) > 5.0  # of fewer counts variances may be raised
    assert many.sum() > 100
    np.testing.assert_allclose(found.at(counting, n_cells)[many], want[many], rtol=1e-12)


def test_no_residual_says_nothing():
    basis = two_groups(3, 3)
    projector = np.eye(6) - basis @ basis.T
    counting, n_cells = Counting.of(np.ones((4, 6)), np.ones((4, 6))), np.arange(1.0, 7.0)
    found = log_linear.variance_components(np.zeros((4, 6)), projector, counting=counting, n_cells=n_cells)
    assert found == log_linear.VarianceComponents(1.0, 0.0, 0.0)


def test_terms_that_say_the_same_and_vanish_are_solved_for():
    """Counting the same in all observations is what donors are; residuals may be all but nothing."""
    rng = np.random.default_rng(5)
    basis = two_groups(3, 3)
    projector = np.eye(6) - basis @ basis.T
    n_cells = np.array([10.0, 20, 30, 40, 50, 60])
    ones = np.ones((1500, 6))
    counting = Counting(mean=ones, variance=0.5 * ones, shown=ones)
    for size in (1.0, 1e-5, 1e-9):
        residual = size * rng.normal(size=(1500, 6)) @ projector
        found = log_linear.variance_components(residual, projector, counting=counting, n_cells=n_cells)
        if size > 1e-9:
            assert found.donor + 0.5 * found.counting == pytest.approx(size**2, rel=0.1, abs=1e-9)
        assert np.isfinite([found.donor, found.counting, found.cells]).all()


def slow_rows(y, basis, noise):
    coefficient, inverse, variance, residual = [], [], [], []
    df = basis.shape[0] - basis.shape[1]
    for i in range(y.shape[0]):
        root = 1.0 / np.sqrt(noise[i])
        beta = np.linalg.lstsq(basis * root[:, None], y[i] * root, rcond=None)[0]
        rest = y[i] - basis @ beta
        coefficient.append(beta)
        inverse.append(np.linalg.inv(basis.T @ np.diag(1.0 / noise[i]) @ basis))
        residual.append(rest)
        variance.append(sum((rest * root) ** 2) / df)
    return [np.array(a) for a in (coefficient, inverse, variance, residual)]


def check_rows(found, want):
    for name, wanted in zip(("coefficient", "inverse", "variance", "residual"), want, strict=True):
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("columns", [1, 2, 4])
def test_weighted_rows_are_least_squares_of_whitened_rows(columns):
    rng = np.random.default_rng(columns)
    basis = orthonormal(rng.normal(size=(9, columns)))
    y, noise = rng.normal(size=(20, 9)), np.exp(rng.normal(size=(20, 9)))
    found = log_linear.weighted_rows(y, basis, noise)
    check_rows(found, slow_rows(y, basis, noise))
    assert found.df == 9 - columns


def test_as_many_coefficients_as_samples_leave_no_variance():
    found = log_linear.weighted_rows(np.ones((2, 3)), np.eye(3), np.ones((2, 3)))
    assert found.df == 0
    assert np.isnan(found.variance).all()
    np.testing.assert_allclose(found.residual, 0.0, atol=1e-12)


def test_the_fit_is_components_then_weights():
    y, total, library, n_cells = simulated(rows=50, n=3, m=4, seed=6)
    basis = two_groups(3, 4)
    _, counting, a = slow_fit(y, basis, unchanged(7), total=total, library=library, n_cells=n_cells)
    noise = np.maximum((a[0] + a[2] / n_cells) * counting.shown**2 + a[1] * counting.variance, 1e-10)
    more = counting.mean[:, None, :] >= counting.mean[:, :, None]
    noise = np.where(more, noise[:, None, :], 0.0).max(axis=2)  # not less than of samples with more counts
    found, components = log_linear.fit(y, basis, unchanged(7), total=total, library=library, n_cells=n_cells)
    np.testing.assert_allclose([components.donor, components.counting, components.cells], a, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.noise, noise, rtol=1e-3)
    for name, wanted in zip(("coefficient", "inverse", "variance"), slow_rows(y, basis, noise), strict=False):
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=2e-3, atol=1e-3)


def test_the_residual_variance_is_one_on_average_where_the_model_is_true():
    y, total, library, n_cells = simulated(rows=1500, seed=7, n=5, m=5)
    found, _ = log_linear.fit(y, two_groups(5, 5), unchanged(10), total=total, library=library, n_cells=n_cells)
    assert found.variance.mean() == pytest.approx(1.0, abs=0.08)


def test_take_takes_every_part():
    y, total, library, n_cells = simulated(rows=20, seed=8)
    found, _ = log_linear.fit(y, two_groups(4, 4), unchanged(8), total=total, library=library, n_cells=n_cells)
    some = found.take(slice(3, 7))
    np.testing.assert_array_equal(some.coefficient, found.coefficient[3:7])
    np.testing.assert_array_equal(some.noise, found.noise[3:7])
    assert some.df == found.df


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 5), m=st.integers(2, 5))
def test_order_of_rows_and_samples_and_the_basis_are_nothing(seed, n, m):
    y, total, library, n_cells = simulated(rows=25, n=n, m=m, seed=seed)
    basis = two_groups(n, m)
    want, components = log_linear.fit(y, basis, unchanged(n + m), total=total, library=library, n_cells=n_cells)
    rng = np.random.default_rng(seed)
    rows, samples = rng.permutation(25), rng.permutation(n + m)
    turn = orthonormal(rng.normal(size=(2, 2)))
    samples_of = {"total": total[rows], "library": library[samples], "n_cells": n_cells[samples]}
    found, again = log_linear.fit(y[rows][:, samples], (basis @ turn)[samples], -unchanged(n + m), **samples_of)
    close = {"rtol": 1e-6, "atol": 1e-8}
    np.testing.assert_allclose(
        [again.donor, again.counting, again.cells], [components.donor, components.counting, components.cells], **close
    )
    np.testing.assert_allclose(found.variance, want.variance[rows], **close)
    np.testing.assert_allclose(found.residual, want.residual[rows][:, samples], **close)
    np.testing.assert_allclose(found.coefficient @ turn.T, want.coefficient[rows], **close)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-5, 5), factor=st.sampled_from([-1.0, -3.0, 0.5]))
def test_constants_move_no_residual_and_factors_scale_it(seed, shift, factor):
    y, _, _, n_cells = simulated(rows=15, seed=seed)
    basis = two_groups(4, 4)
    noise = 0.1 + np.random.default_rng(seed).uniform(size=y.shape) + 1.0 / n_cells
    want = log_linear.weighted_rows(y, basis, noise)
    found = log_linear.weighted_rows(factor * y + shift, basis, noise)
    np.testing.assert_allclose(found.residual, factor * want.residual, atol=1e-9)
    np.testing.assert_allclose(found.variance, factor**2 * want.variance, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(found.inverse, want.inverse)
