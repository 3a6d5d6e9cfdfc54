"""Shapes, the driver of a change, and power against definitions and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from commscore.stats import decompose, power, shapes
from commscore.tables.vocabulary import DriverName, ShapeName


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7])
def test_contrasts_measure_the_amplitude_of_their_template(n):
    template, contrast = shapes.templates(n), shapes.contrasts(n)
    np.testing.assert_allclose(contrast.sum(axis=1), 0.0, atol=1e-12)
    for shape, vector in zip(template, contrast, strict=True):
        assert vector @ (2.5 * shape + 7.0) == pytest.approx(2.5)
        y = np.random.default_rng(n).normal(size=n)
        slope = stats.linregress(shape, y).slope
        assert vector @ y == pytest.approx(slope)


@pytest.mark.parametrize(
    ("means", "name"),
    [
        ([0, 1, 2, 3], "growth"), ([3, 2, 1, 0], "recession"), ([0, 1, 1, 0], "peak"), ([1, 0, 0, 1], "trough"),
        ([0, 1, 1, 1], "early_switch"), ([1, 0, 0, 0], "early_switch"), ([0, 0, 0, 1], "late_switch"),
        ([0, 1, 0], "peak"), ([0, 1, 1], "early_switch"), ([0, 0, 1], "late_switch"), ([5, 4], "recession"),
    ],
)  # fmt: skip
def test_the_nearest_template_names_the_shape(means, name):
    n = len(means)
    contrast = shapes.contrasts(n)
    amplitude = contrast @ np.asarray(means, float)
    best = np.abs(amplitude / np.linalg.norm(contrast, axis=1)).argmax()
    assert ShapeName.words()[shapes.name_codes(n)[best, int(amplitude[best] > 0)]] == name


@pytest.mark.parametrize("n", [3, 4, 6])
def test_courses_are_fitted_by_generalised_least_squares(n):
    rng = np.random.default_rng(n)
    root = rng.normal(size=(5, n - 1, n))
    covariance = root @ root.transpose(0, 2, 1)
    steps = rng.normal(size=(n - 1, 5))
    fits = shapes.fit_courses(steps, covariance, n_stages=n)
    for row in range(5):
        root = np.linalg.cholesky(np.linalg.inv(covariance[row])).T
        for i, course in enumerate(shapes.courses(n)):
            x = root @ (shapes.contrasts(n)[2:] @ course)
            y = root @ steps[:, row]
            slope, left = np.linalg.lstsq(x[:, None], y)[:2]
            assert fits.amplitude[i, row] == pytest.approx(slope[0] * np.linalg.norm(x))
            assert fits.misfit[i, row] == pytest.approx(left[0] / (n - 2))
            for j, other in enumerate(shapes.courses(n)):
                z = root @ (shapes.contrasts(n)[2:] @ other)
                assert fits.cosine[row, i, j] == pytest.approx(x @ z / np.linalg.norm(x) / np.linalg.norm(z))


def test_misfit_of_the_true_course_is_f_distributed():
    """Four stages of five samples, one variance for all: the residual variance has 16 degrees of freedom."""
    rng = np.random.default_rng(0)
    for course in shapes.courses(4):
        y = rng.normal(size=(20_000, 4, 5)) + 2.0 * course[:, None]
        steps = (shapes.contrasts(4)[2:] @ y.mean(axis=2).T) / y.var(axis=2, ddof=1).mean(axis=1) ** 0.5
        weight = shapes.contrasts(4)[2:]
        covariance = np.broadcast_to(weight @ weight.T / 5, (20_000, 3, 3))
        own = (shapes.courses(4) == course).all(axis=1).argmax()
        p = stats.f.sf(shapes.fit_courses(steps, covariance, n_stages=4).misfit[own], 2, 16)
        assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.006)


def test_courses_have_families():
    assert [ShapeName.words()[f] for f in shapes.families(4)] == [
        "growth", "peak", "early_switch", "growth", "late_switch", "peak", "peak"
    ]  # fmt: skip
    assert [ShapeName.words()[f] for f in shapes.families(2)] == ["growth"]


def test_one_stage_has_no_shape():
    with pytest.raises(ValueError, match="n_stages"):
        shapes.templates(1)


def test_a_driver_carries_more_than_half_and_is_clear():
    parts = np.array(
        [[2.0, 1.0, 2.0, 0.0, 0.3], [0.1, 1.0, 0.1, 0.0, 0.0], [0.2, 0.5, 0.2, -2.0, 1.0], [0.3, 0.0, 0.3, 0.1, 1.0]]
    )
    clear = np.array([[1, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1]], bool)
    found = decompose.driver(parts, clear, same_group=np.array([0, 0, 0, 0, 1], bool))
    names = [DriverName.words()[c] if c >= 0 else None for c in found]
    assert names == ["ligand", "mixed", None, "source_abundance", "source_abundance"]


@pytest.mark.parametrize(("n", "effect"), [(3, 1.0), (6, 0.6), (10, 0.0)])
def test_power_is_what_simulation_finds(n, effect):
    rng = np.random.default_rng(1)
    y = rng.normal(0, 0.5, (40_000, 2 * n))
    y[:, n:] += effect
    found = (stats.ttest_ind(y[:, n:], y[:, :n], axis=1).pvalue <= 0.05).mean()
    assert float(power.power(effect, se=0.5 * np.sqrt(2 / n), df=2.0 * n - 2)) == pytest.approx(found, abs=0.01)


def test_smallest_effect_has_the_power_wanted():
    se, df = np.array([0.2, 0.5]), np.array([4.0, 40.0])
    least = power.smallest_effect(se, df=df, power_wanted=0.8)
    np.testing.assert_allclose(power.power(least, se=se, df=df), 0.8, atol=1e-6)
    assert (power.smallest_effect(se, df=df, power_wanted=0.9) > least).all()
