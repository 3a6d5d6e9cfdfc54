"""Regressions of counts against likelihoods that scipy maximises, and on counts whose dispersions are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.optimize import nnls

from commscore.stats import quasi_likelihood
from commscore.stats.quasi_likelihood import CountRows

LEVELS = [0.4, 2.0, 8.0, 40.0, 300.0]


def orthonormal(x):
    return np.linalg.qr(np.asarray(x, float))[0]


def two_groups(n, m):
    return orthonormal(np.column_stack([np.ones(n + m), np.repeat([0.0, 1.0], [n, m])]))


def with_covariate(n, m):
    x = np.linspace(-1, 1, n + m)
    return orthonormal(np.column_stack([np.ones(n + m), np.repeat([0.0, 1.0], [n, m]), x**2]))


def simulated(levels, *, dispersion, seed=0, fold=0.0, n=4, m=4, library=None):
    """Counts of one mean per row; ``fold`` of the second group on the natural logarithm."""
    rng = np.random.default_rng(seed)
    library = rng.uniform(0.5, 2.0, n + m) if library is None else library
    mean = np.asarray(levels, float)[:, None] * library * np.exp(fold * np.repeat([0, 1], [n, m]))
    if np.any(dispersion):
        mean = mean * rng.gamma(1.0 / np.asarray(dispersion), dispersion, mean.shape)
    counts = rng.poisson(mean).astype(float)
    return counts[counts.sum(axis=1) > 0], library


def starting(counts, basis, library):
    return np.log(counts.sum(axis=1) / library.sum())[:, None] * basis.sum(axis=0)


def fitted_to(counts, basis, library, *, n_cells=None, level=None):
    n_cells = np.full(library.size, 100.0) if n_cells is None else n_cells
    level = np.unique(basis.round(9), axis=0, return_inverse=True)[1].ravel() if level is None else level
    start = starting(counts, basis, library)
    return quasi_likelihood.fit(counts, basis, library=library, n_cells=n_cells, level=level, start=start)


def log_likelihood(y, mean, dispersion):
    """Sum over the samples, one scipy distribution each."""
    total = 0.0
    for k, m, f in zip(y, mean, dispersion, strict=True):
        total += stats.poisson.logpmf(k, m) if f == 0 else stats.nbinom.logpmf(k, 1 / f, 1 / (1 + f * m))
    return total


def slow_maximum(y, basis, library, dispersion):
    """Coefficients that scipy finds, and the log likelihood there."""

    def minus(beta):
        return -log_likelihood(y, np.exp(basis @ beta) * library, dispersion)

    def slope(beta):
        mean = np.exp(basis @ beta) * library
        return -basis.T @ ((y - mean) / (1 + dispersion * mean))

    start = np.linalg.lstsq(basis, np.log((y + 0.5) / library), rcond=None)[0]
    found = optimize.minimize(minus, start, jac=slope, method="BFGS", options={"gtol": 1e-7})
    assert np.abs(slope(found.x)).max() < 1e-3
    return found.x, -found.fun


def slow_hat(mean, basis, dispersion):
    w = np.diag(mean / (1 + dispersion * mean))
    return np.diag(np.sqrt(w) @ basis @ np.linalg.inv(basis.T @ w @ basis) @ basis.T @ np.sqrt(w))


def slow_deviances(y, mean, dispersion):
    out = []
    for k, m, f in zip(y, mean, dispersion, strict=True):
        at = log_likelihood([k], [k], [f]) if k > 0 else 0.0
        out.append(2 * (at - log_likelihood([k], [m], [f])))
    return np.array(out)


def slow_moments(mean, f):
    counts = stats.poisson(mean) if f == 0 else stats.nbinom(1 / f, 1 / (1 + f * mean))
    y = np.arange(int(counts.isf(1e-11)) + 2)
    best = np.zeros(y.size)
    best[1:] = (stats.poisson(y[1:]) if f == 0 else stats.nbinom(1 / f, 1 / (1 + f * y[1:]))).logpmf(y[1:])
    d, p = 2 * (best - counts.logpmf(y)), counts.pmf(y)
    return p @ d, p @ (d - p @ d) ** 2


@pytest.mark.parametrize("design", [two_groups, with_covariate])
@pytest.mark.parametrize("dispersion", [0.0, 0.05, 0.8])
def test_regressions_maximise_the_likelihood(design, dispersion):
    basis = design(4, 4)
    counts, library = simulated(LEVELS, dispersion=dispersion, seed=1, fold=0.7)
    each = np.full(8, dispersion) * np.linspace(0.5, 1.5, 8)
    rows = CountRows.of(counts, library)
    found = quasi_likelihood.regress(rows, basis, dispersion=each, start=starting(counts, basis, library))
    for i, y in enumerate(counts):
        if y[:4].sum() == 0 or y[4:].sum() == 0:
            continue
        want, likelihood = slow_maximum(y, basis, library, each)
        assert log_likelihood(y, np.exp(basis @ found[i]) * library, each) > likelihood - 1e-6
        np.testing.assert_allclose(found[i], want, atol=2e-4)


def test_complete_separation_stops():
    counts = np.array([[0.0, 0, 0, 0, 9, 30, 11, 8]])
    basis, library = two_groups(4, 4), np.ones(8)
    rows = CountRows.of(counts, library)
    found = quasi_likelihood.regress(rows, basis, dispersion=np.zeros(8), start=starting(counts, basis, library))
    mean = rows.mean(found @ basis.T)[0]
    np.testing.assert_allclose(mean[4:], 14.5, rtol=1e-4)
    assert (mean[:4] < 1e-3).all()


def slow_dispersion(counts, basis, library, n_cells):
    """Two rounds of regressions and moments, with the loops written out."""
    varied = np.ptp(n_cells) > 0.1 * n_cells.mean()
    each = np.full(n_cells.size, 0.1)
    for _ in range(2):
        equations, left = [], []
        for y in counts:
            beta, _ = slow_maximum(y, basis, library, each)
            mean = np.exp(basis @ beta) * library
            h = slow_hat(mean, basis, each)
            for s in range(y.size):
                if mean[s] < 1 or h[s] >= 0.999:
                    continue
                expected = mean[s] + each[s] * mean[s] ** 2
                square = min((y[s] - mean[s]) ** 2 / (1 - h[s]), 30 * expected)
                left.append((square - mean[s]) / expected)
                terms = [1.0, 1.0 / n_cells[s]] if varied else [1.0]
                equations.append([mean[s] ** 2 / expected * term for term in terms])
        f = nnls(np.array(equations), np.array(left))[0]
        each = f[0] + (f[1] / n_cells if varied else 0.0) * np.ones(n_cells.size)
    return each


@pytest.mark.parametrize("varied", [False, True])
def test_dispersions_are_moments_after_two_rounds(varied):
    counts, library = simulated([5.0, 9.0, 30.0, 80.0, 200.0], dispersion=0.3, seed=3)
    n_cells = np.array([10.0, 20, 40, 80, 15, 30, 60, 120]) if varied else np.full(8, 50.0)
    basis = two_groups(4, 4)
    found = fitted_to(counts, basis, library, n_cells=n_cells)
    np.testing.assert_allclose(found.dispersion, slow_dispersion(counts, basis, library, n_cells), rtol=2e-3, atol=1e-6)


def test_dispersions_of_donors_and_of_cells_are_recovered():
    """Two rounds leave out a quarter of the part of the cells; the scales of the rows make up for it."""
    n_cells = np.array([8.0, 16, 32, 64, 128, 256, 512, 1024, 12, 100])
    truth = 0.15 + 4.0 / n_cells
    counts, library = simulated(np.geomspace(2, 500, 1500), dispersion=truth, seed=4, n=5, m=5)
    found = fitted_to(counts, two_groups(5, 5), library, n_cells=n_cells)
    cells = (found.dispersion[0] - found.dispersion[7]) / (1 / n_cells[0] - 1 / n_cells[7])
    donors = found.dispersion[7] - cells / n_cells[7]
    assert cells == pytest.approx(4.0, rel=0.3)
    assert donors == pytest.approx(0.15, rel=0.15)
    assert found.scale.mean() == pytest.approx(1.0, abs=0.1)
    poisson, library = simulated(np.geomspace(2, 500, 1500), dispersion=0.0, seed=5, n=5, m=5)
    assert fitted_to(poisson, two_groups(5, 5), library, n_cells=n_cells).dispersion.max() < 0.01


@pytest.mark.parametrize("design", [two_groups, with_covariate])
def test_scale_and_degrees_of_freedom_are_those_of_the_deviance(design):
    basis = design(4, 4)
    counts, library = simulated([0.5, 1.0, 3.0, 12.0, 60.0], dispersion=0.2, seed=6)
    found = fitted_to(counts, basis, library)
    each, most = found.dispersion, 8 - basis.shape[1]
    for i, y in enumerate(counts):
        beta, _ = slow_maximum(y, basis, library, each)
        mean = np.exp(basis @ beta) * library
        if mean.min() < 1e-3:
            continue
        free = 1 - slow_hat(mean, basis, each)
        moments = np.array([slow_moments(m, f) for m, f in zip(mean, each, strict=True)])
        first, second = free @ moments[:, 0], free @ moments[:, 1]
        deviance = slow_deviances(y, mean, each).sum()
        assert found.deviance[i] == pytest.approx(deviance, rel=1e-4, abs=1e-5)
        assert found.scale[i] == pytest.approx(deviance / first, rel=0.01)
        assert found.df[i] == pytest.approx(min(most, 2 * first**2 / second), rel=0.02)
        assert found.bound[i] == pytest.approx(mean.sum() / sum(mean * (1 + each * mean)), rel=1e-4)
        assert found.counting[i] == pytest.approx(
            np.mean([1 / (1 + f * m) for f, m in zip(each, mean, strict=True)]), rel=1e-4
        )


def test_a_count_that_a_coefficient_fits_alone_leaves_no_degrees_of_freedom():
    counts, library = simulated(np.geomspace(1, 100, 50), dispersion=0.2, seed=7, library=np.ones(8))
    alone = np.eye(8)[0]
    basis = orthonormal(np.column_stack([np.ones(8), alone]))
    found = fitted_to(np.vstack([counts, 3.0 * alone]), basis, library)
    assert found.df[-1] == 0.0
    assert found.df[:-1].min() > 2.0
    assert found.df.max() <= 6.0


def test_scale_is_one_on_average_where_the_model_is_true():
    levels = np.repeat([0.6, 2.0, 10.0, 100.0], 400)
    counts, library = simulated(levels, dispersion=0.2, seed=8, n=5, m=5)
    found = fitted_to(counts, two_groups(5, 5), library)
    mean = counts.mean(axis=1)
    for low, high in ((0.3, 1.2), (1.2, 4.0), (4.0, 20.0), (60.0, 300.0)):
        rows = (mean > low) & (mean < high)
        assert rows.sum() > 200
        assert found.scale[rows].mean() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("design", [two_groups, with_covariate])
def test_the_statistic_is_the_difference_of_two_maxima(design):
    basis = design(4, 4)
    counts, library = simulated([3.0, 8.0, 40.0, 300.0], dispersion=0.1, seed=9, fold=0.5)
    found = fitted_to(counts, basis, library)
    each = found.dispersion
    contrast = np.repeat([-0.25, 0.25], 4) @ basis
    ratio = quasi_likelihood.likelihood_ratio(counts, found, basis, library=library, direction=contrast)
    complement = orthonormal(np.column_stack([contrast, np.eye(contrast.size)[:, 1:]]))[:, 1:]
    for i, y in enumerate(counts):
        _, full = slow_maximum(y, basis, library, each)
        beta, null = slow_maximum(y, basis @ complement, library, each)
        assert ratio.statistic[i] == pytest.approx(2 * (full - null), rel=1e-4, abs=1e-5)
        mean = np.exp(basis @ complement @ beta) * library
        assert ratio.counting[i] == pytest.approx(np.mean(1 / (1 + each * mean)), rel=1e-3)


def test_the_statistic_is_chi_squared_without_a_change():
    counts, library = simulated(np.geomspace(5, 500, 1500), dispersion=0.1, seed=10, n=6, m=6)
    basis = two_groups(6, 6)
    found = fitted_to(counts, basis, library)
    direction = np.repeat([-1.0, 1.0], 6) @ basis
    ratio = quasi_likelihood.likelihood_ratio(counts, found, basis, library=library, direction=direction)
    p = stats.t.sf(np.sqrt(ratio.statistic / found.scale), found.df) * 2
    for level in (0.05, 0.2, 0.5):
        assert (p < level).mean() == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 1500))


def slow_firth(y, basis, library, dispersion):
    """Root of the score with half a leverage added to every count, (1 + φμ) times."""

    def score(beta):
        mean = np.exp(basis @ beta) * library
        added = 0.5 * slow_hat(mean, basis, dispersion) * (1 + dispersion * mean)
        return basis.T @ ((y + added - mean) / (1 + dispersion * mean))

    start = np.linalg.lstsq(basis, np.log((y + 0.5) / library), rcond=None)[0]
    found = optimize.root(score, start, tol=1e-10)
    assert found.success
    return found.x


def test_bias_reduced_effects_are_roots_of_the_adjusted_score():
    basis = two_groups(4, 4)
    counts, library = simulated([2.0, 5.0, 20.0, 200.0], dispersion=0.2, seed=11, fold=0.4)
    found = fitted_to(counts, basis, library)
    for i, y in enumerate(counts):
        want = slow_firth(y, basis, library, found.dispersion)
        np.testing.assert_allclose(found.bias_reduced[i], want, atol=5e-3)
        mean = np.exp(basis @ found.bias_reduced[i]) * library
        w = np.diag(mean / (1 + found.dispersion * mean))
        np.testing.assert_allclose(found.inverse[i], np.linalg.inv(basis.T @ w @ basis), rtol=1e-5)


def test_effects_are_finite_without_a_count_on_one_side():
    """Poisson with equal libraries: half a count is added to each side, whatever the number of samples."""
    rest, _ = simulated(np.geomspace(5, 100, 60), dispersion=0.0, seed=12, library=np.ones(8))
    counts = np.vstack([[0, 0, 0, 0, 4, 5, 3, 6], [4, 5, 3, 6, 0, 0, 0, 0], rest]).astype(float)
    basis = two_groups(4, 4)
    found = fitted_to(counts, basis, np.ones(8))
    effect = found.bias_reduced @ (np.repeat([-0.25, 0.25], 4) @ basis)
    assert np.isfinite(effect).all()
    assert effect[0] == pytest.approx(-effect[1], rel=1e-9)
    assert effect[0] == pytest.approx(np.log(18.5 / 0.5), rel=0.01)
    assert np.isfinite(found.inverse).all()


@pytest.mark.parametrize("total", [1, 2, 5, 12])
def test_expected_effect_without_a_change_is_that_of_half_a_count_more(total):
    """Three samples of a quarter of the depth against two: the shallow ones' counts are binomial of ``total``."""
    library, level = np.array([1.0, 1.0, 0.25, 0.25, 0.25]), np.array([0, 0, 1, 1, 1])
    basis = two_groups(2, 3)
    contrast = np.array([-1 / 2, -1 / 2, 1 / 3, 1 / 3, 1 / 3]) @ basis
    counts = np.zeros((1, 5))
    counts[0, 0] = total
    bias = quasi_likelihood.null_bias(CountRows.of(counts, library), basis, level) @ contrast
    shallow = np.arange(total + 1)
    probability = stats.binom.pmf(shallow, total, 0.75 / 2.75)
    effect = np.log((shallow + 0.5) / 0.75) - np.log((total - shallow + 0.5) / 2.0)
    assert bias[0] == pytest.approx(probability @ effect, rel=1e-4)
    assert bias[0] > 0.0 or total > 5


def test_effects_without_a_change_are_nothing_whatever_the_depth():
    """A quarter of the depth in one condition, a third of a count per sample there: Firth's effect alone is .4."""
    library = np.repeat([1.0, 0.25], 6) * np.tile([0.8, 1.25], 6)
    basis = two_groups(6, 6)
    contrast = np.repeat([-1 / 6, 1 / 6], 6) @ basis
    few, _ = simulated(np.full(6000, 0.35), dispersion=0.1, seed=16, n=6, m=6, library=library)
    rest, _ = simulated(np.full(300, 30.0), dispersion=0.1, seed=17, n=6, m=6, library=library)
    found = fitted_to(np.vstack([few, rest]), basis, library, level=np.repeat([0, 1], 6))
    reduced = found.bias_reduced[: len(few)] @ contrast
    effect = reduced - found.null_bias[: len(few)] @ contrast
    error = effect.std() / np.sqrt(effect.size)
    assert reduced.mean() > 0.3
    assert abs(effect.mean()) < 3 * error
    assert np.abs(found.null_bias[len(few) :] @ contrast).max() < 1e-3


def test_equal_depths_leave_no_expected_effect():
    basis = two_groups(4, 4)
    counts, library = simulated([0.1, 0.3, 1.0], dispersion=0.0, seed=18, library=np.ones(8))
    bias = quasi_likelihood.null_bias(CountRows.of(counts, library), basis, np.repeat([0, 1], 4))
    np.testing.assert_allclose(bias @ (np.repeat([-0.25, 0.25], 4) @ basis), 0.0, atol=1e-9)


def test_patients_share_of_the_half_counts_leads_nowhere():
    """Five pairs, the second at a quarter of the depth with a half count: what pairs add is not taken for a change."""
    library, patient = np.tile([1.0, 0.25], 5), np.repeat(np.arange(5), 2)
    basis = orthonormal(np.column_stack([patient[:, None] == np.arange(5), np.tile([0.0, 1.0], 5)]))
    contrast = np.tile([-0.2, 0.2], 5) @ basis
    level = np.tile([0, 1], 5)
    few, _ = simulated(np.full(3000, 2.0), dispersion=0.1, seed=19, n=5, m=5, library=library)
    rest, _ = simulated(np.full(300, 30.0), dispersion=0.1, seed=20, n=5, m=5, library=library)
    found = fitted_to(np.vstack([few, rest]), basis, library, level=level)
    effect = (found.bias_reduced - found.null_bias)[: len(few)] @ contrast
    assert abs(effect.mean()) < 0.08


def test_effects_of_small_counts_are_nearly_unbiased():
    """Five against ten counts in three samples each, φ = .3: bias below .03 where the effect is .69."""
    basis = two_groups(3, 3)
    counts, library = simulated(
        np.full(6000, 5.0), dispersion=0.3, seed=13, fold=np.log(2), n=3, m=3, library=np.ones(6)
    )
    found = fitted_to(counts, basis, library)
    contrast = np.repeat([-1 / 3, 1 / 3], 3) @ basis
    effect = found.bias_reduced @ contrast
    error = effect.std() / np.sqrt(effect.size)
    assert abs(effect.mean() - np.log(2)) < 0.03 + 2 * error
    by_level = found.bias_reduced @ (np.repeat([1 / 3, 0.0], 3) @ basis)
    most_likely = found.coefficient @ (np.repeat([1 / 3, 0.0], 3) @ basis)
    assert abs(by_level.mean() - np.log(5)) < 0.02
    assert most_likely.mean() < np.log(5) - 0.05


def test_order_of_rows_and_samples_and_the_basis_are_nothing():
    counts, library = simulated(np.geomspace(1, 100, 30), dispersion=0.3, seed=14)
    n_cells = np.array([10.0, 20, 40, 80, 15, 30, 60, 120])
    basis = two_groups(4, 4)
    want = fitted_to(counts, basis, library, n_cells=n_cells)
    direction = np.repeat([-0.25, 0.25], 4) @ basis
    ratio = quasi_likelihood.likelihood_ratio(counts, want, basis, library=library, direction=direction)
    rng = np.random.default_rng(0)
    rows, samples, turn = rng.permutation(len(counts)), rng.permutation(8), orthonormal(rng.normal(size=(2, 2)))
    moved, turned = counts[rows][:, samples], (basis @ turn)[samples]
    found = fitted_to(moved, turned, library[samples], n_cells=n_cells[samples])
    again = quasi_likelihood.likelihood_ratio(
        moved, found, turned, library=library[samples], direction=-2.0 * direction @ turn
    )
    np.testing.assert_allclose(found.dispersion, want.dispersion[samples], rtol=1e-5)
    for name in ("scale", "df", "deviance", "counting", "bound"):
        np.testing.assert_allclose(getattr(found, name), getattr(want, name)[rows], rtol=1e-4)
    np.testing.assert_allclose(found.bias_reduced @ turn.T, want.bias_reduced[rows], atol=1e-4)
    np.testing.assert_allclose(again.statistic, ratio.statistic[rows], rtol=1e-4, atol=1e-5)


def test_a_unit_of_the_libraries_is_nothing():
    counts, library = simulated(np.geomspace(1, 100, 30), dispersion=0.3, seed=15)
    basis = two_groups(4, 4)
    want, found = (fitted_to(counts, basis, library * unit) for unit in (1.0, 1e4))
    for name in ("scale", "df", "dispersion", "counting"):
        np.testing.assert_allclose(getattr(found, name), getattr(want, name), rtol=1e-5)
    direction = np.repeat([-0.25, 0.25], 4) @ basis
    np.testing.assert_allclose(found.bias_reduced @ direction, want.bias_reduced @ direction, atol=1e-6)
