"""Log-linear fits against loops over rows, and on data whose components are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from commscore.stats import log_linear


def orthonormal(x):
    return np.linalg.qr(np.asarray(x, float))[0]


def two_groups(n, m):
    return orthonormal(np.column_stack([np.ones(n + m), np.repeat([0.0, 1.0], [n, m])]))


def simulated(*, rows=300, n=4, m=4, seed=0, donor=0.3, cells=None, level=30.0):
    """Log rates of Poisson counts around log-normal donors, with libraries that differ."""
    rng = np.random.default_rng(seed)
    size = n + m
    n_cells = np.asarray(rng.integers(20, 400, size) if cells is None else cells, float)
    library = n_cells * rng.uniform(800, 2500, size)
    rate = level * np.exp(rng.normal(0, 1.5, (rows, 1))) * np.exp(donor * rng.normal(size=(rows, size))) / 1e5
    counts = rng.poisson(rate * library)
    return np.log2((counts + 0.5) / (library + 1.0) * 1e6), library, n_cells


def slow_terms(y, basis, library):
    """Residuals and counting terms of ordinary least squares, row by row."""
    residual, t = np.empty_like(y), np.empty_like(y)
    for i in range(y.shape[0]):
        beta = np.linalg.lstsq(basis, y[i], rcond=None)[0]
        for s in range(y.shape[1]):
            fitted = basis[s] @ beta
            residual[i, s] = y[i, s] - fitted
            t[i, s] = 1.0 / (max(2.0**fitted * (library[s] + 1.0) / 1e6, 0.05) + 0.5)
    return residual, t


def slow_components(residual, projector, t, n_cells, *, with_cells):
    """All equations E e² = Σ R² (a0 + a1 t + a2/n), stacked, by scipy's nnls, reweighted till nothing moves."""
    equations, squares = [], []
    n = projector.shape[0]
    for i in range(residual.shape[0]):
        for s in range(n):
            r2 = [projector[s, u] ** 2 for u in range(n)]
            terms = [sum(r2), sum(a * b for a, b in zip(r2, t[i], strict=True))]
            if with_cells:
                terms.append(sum(a / b for a, b in zip(r2, n_cells, strict=True)))
            equations.append(terms)
            squares.append(residual[i, s] ** 2)
    x, y = np.array(equations), np.array(squares)
    a = np.zeros(x.shape[1])
    a[0] = y.mean() / x[:, 0].mean()
    for _ in range(200):
        weight = 1.0 / (x @ a)
        a = nnls(x * weight[:, None], y * weight)[0]
    return a


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("alike", [False, True])
def test_components_solve_the_whole_system(seed, alike):
    cells = np.full(7, 100) if alike else None
    y, library, n_cells = simulated(rows=60, n=3, m=4, seed=seed, cells=cells, level=4.0)
    basis = two_groups(3, 4)
    projector = np.eye(7) - basis @ basis.T
    residual, t = slow_terms(y, basis, library)
    want = slow_components(residual, projector, t, n_cells, with_cells=not alike)
    found = log_linear.variance_components(residual, projector, t=t, n_cells=n_cells)
    np.testing.assert_allclose([found.donor, found.counting, found.cells][: want.size], want, rtol=1e-3, atol=1e-5)
    assert min(found.donor, found.counting, found.cells) >= 0
    if alike:
        assert found.cells == 0.0


def test_counting_term_is_one_over_the_expected_count():
    fitted, library = np.array([[10.0, 1.0], [-30.0, 5.0]]), np.array([2e5, 4e6])
    found = log_linear.counting_term(fitted, library)
    want = [
        [1.0 / (2.0**10 * 200001 / 1e6 + 0.5), 1.0 / (2 * 4.000001 + 0.5)],
        [1.0 / 0.55, 1.0 / (32 * 4.000001 + 0.5)],
    ]
    np.testing.assert_allclose(found, want)


def test_components_are_recovered():
    """Normal noise of known components: donors .2, counting 2.1, cells 5."""
    rng = np.random.default_rng(4)
    n_cells = np.array([10.0, 20, 40, 80, 160, 320, 640, 1000, 15, 30])
    basis = two_groups(5, 5)
    projector = np.eye(10) - basis @ basis.T
    t = 1.0 / (np.exp(rng.normal(2.0, 2.0, (1500, 1))) * n_cells / n_cells.mean() + 0.5)
    y = rng.normal(size=t.shape) * np.sqrt(0.2 + 2.1 * t + 5.0 / n_cells)
    found = log_linear.variance_components(y @ projector, projector, t=t, n_cells=n_cells)
    assert found.donor == pytest.approx(0.2, rel=0.1)
    assert found.counting == pytest.approx(2.1, rel=0.05)
    assert found.cells == pytest.approx(5.0, rel=0.1)
    np.testing.assert_allclose(
        found.at(t, n_cells), found.donor + found.counting * t + found.cells / n_cells, rtol=1e-12
    )


def test_no_residual_says_nothing():
    basis = two_groups(3, 3)
    projector = np.eye(6) - basis @ basis.T
    t, n_cells = np.ones((4, 6)), np.arange(1.0, 7.0)
    found = log_linear.variance_components(np.zeros((4, 6)), projector, t=t, n_cells=n_cells)
    assert found == log_linear.VarianceComponents(1.0, 0.0, 0.0)


def test_terms_that_say_the_same_and_vanish_are_solved_for():
    """Counting the same in all observations is what donors are; residuals may be all but nothing."""
    rng = np.random.default_rng(5)
    basis = two_groups(3, 3)
    projector = np.eye(6) - basis @ basis.T
    n_cells = np.array([10.0, 20, 30, 40, 50, 60])
    for size in (1.0, 1e-5, 1e-9):
        residual = size * rng.normal(size=(1500, 6)) @ projector
        found = log_linear.variance_components(residual, projector, t=np.full((1500, 6), 0.5), n_cells=n_cells)
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
    y, library, n_cells = simulated(rows=50, n=3, m=4, seed=6)
    basis = two_groups(3, 4)
    residual, t = slow_terms(y, basis, library)
    a = slow_components(residual, np.eye(7) - basis @ basis.T, t, n_cells, with_cells=True)
    noise = np.maximum(a[0] + a[1] * t + a[2] / n_cells, 1e-10)
    found, components = log_linear.fit(y, basis, library=library, n_cells=n_cells)
    np.testing.assert_allclose([components.donor, components.counting, components.cells], a, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.noise, noise, rtol=1e-3)
    for name, wanted in zip(("coefficient", "inverse", "variance"), slow_rows(y, basis, noise), strict=False):
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=2e-3, atol=1e-3)


def test_the_residual_variance_is_one_on_average_where_the_model_is_true():
    y, library, n_cells = simulated(rows=1500, seed=7, n=5, m=5)
    found, _ = log_linear.fit(y, two_groups(5, 5), library=library, n_cells=n_cells)
    assert found.variance.mean() == pytest.approx(1.0, abs=0.08)


def test_take_takes_every_part():
    y, library, n_cells = simulated(rows=20, seed=8)
    found, _ = log_linear.fit(y, two_groups(4, 4), library=library, n_cells=n_cells)
    some = found.take(slice(3, 7))
    np.testing.assert_array_equal(some.coefficient, found.coefficient[3:7])
    np.testing.assert_array_equal(some.noise, found.noise[3:7])
    assert some.df == found.df


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 5), m=st.integers(2, 5))
def test_order_of_rows_and_samples_and_the_basis_are_nothing(seed, n, m):
    y, library, n_cells = simulated(rows=25, n=n, m=m, seed=seed)
    basis = two_groups(n, m)
    want, components = log_linear.fit(y, basis, library=library, n_cells=n_cells)
    rng = np.random.default_rng(seed)
    rows, samples = rng.permutation(25), rng.permutation(n + m)
    turn = orthonormal(rng.normal(size=(2, 2)))
    found, again = log_linear.fit(
        y[rows][:, samples], (basis @ turn)[samples], library=library[samples], n_cells=n_cells[samples]
    )
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
    y, _, n_cells = simulated(rows=15, seed=seed)
    basis = two_groups(4, 4)
    noise = 0.1 + np.random.default_rng(seed).uniform(size=y.shape) + 1.0 / n_cells
    want = log_linear.weighted_rows(y, basis, noise)
    found = log_linear.weighted_rows(factor * y + shift, basis, noise)
    np.testing.assert_allclose(found.residual, factor * want.residual, atol=1e-9)
    np.testing.assert_allclose(found.variance, factor**2 * want.variance, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(found.inverse, want.inverse)
