"""Least squares of many rows against numpy's, one row at a time."""

from __future__ import annotations

import numpy as np
import pytest

from commscore.stats import linear


def cohort(seed, *, paired=False, covariate=False, n=(4, 5)):
    rng = np.random.default_rng(seed)
    condition = np.repeat([0, 1], n)
    design = np.eye(2)[condition]
    if covariate:
        design = np.column_stack([design, rng.normal(size=condition.size)])
    if paired:
        pair = np.concatenate([np.arange(n[0]), np.arange(n[1])])
        design = np.column_stack([design, (pair[:, None] == np.arange(1, max(n))).astype(float)])
    contrast = np.zeros((1, design.shape[1]))
    contrast[0, :2] = -1.0, 1.0
    return rng, design, contrast


@pytest.mark.parametrize("options", [{}, {"paired": True}, {"covariate": True}, {"n": (3, 7)}])
def test_fit_is_least_squares_of_every_row(options):
    rng, design, contrast = cohort(0, **options)
    y = rng.normal(8, 1, (design.shape[0], 6))
    fitted = linear.fit(y, linear.project(design, contrast))
    for row in range(6):
        beta, _, rank, _ = np.linalg.lstsq(design, y[:, row], rcond=None)
        residual = y[:, row] - design @ beta
        df = design.shape[0] - rank
        assert fitted.estimate[0, row] == pytest.approx((contrast @ beta)[0])
        assert fitted.variance[row] == pytest.approx(residual @ residual / df)
        unscaled = contrast @ np.linalg.pinv(design.T @ design) @ contrast.T
        assert fitted.unscaled[0, row] == pytest.approx(unscaled[0, 0])
        assert fitted.df[row] == df


def test_equal_noise_is_no_noise():
    rng, design, contrast = cohort(1)
    y = rng.normal(size=(9, 5))
    projection = linear.project(design, contrast)
    plain, noisy = linear.fit(y, projection), linear.fit(y, projection, noise=np.full((9, 5), 3.0))
    np.testing.assert_allclose(noisy.estimate, plain.estimate)
    np.testing.assert_allclose(noisy.unscaled * noisy.variance, plain.unscaled * plain.variance)
    np.testing.assert_allclose(noisy.df, plain.df)


def test_unequal_noise_gives_honest_standard_errors():
    rng, design, contrast = cohort(2, n=(3, 7))
    noise = np.where(np.arange(10) < 3, 9.0, 1.0)[:, None] * np.ones((1, 20_000))
    y = rng.normal(size=noise.shape) * np.sqrt(noise * 0.7)
    projection = linear.project(design, contrast)
    fitted = linear.fit(y, projection, noise=noise)
    claimed = (fitted.unscaled[0] * fitted.variance).mean()
    assert fitted.variance.mean() == pytest.approx(0.7, rel=0.02)
    assert claimed == pytest.approx(fitted.estimate[0].var(), rel=0.04)
    # the residual variance of the equal fit would claim far less
    plain = linear.fit(y, projection)
    assert (plain.unscaled[0] * plain.variance).mean() < 0.7 * claimed
    # Satterthwaite: 2/df is the relative variance of the variance
    assert 2.0 / fitted.df[0] == pytest.approx(fitted.variance.var() / 0.7**2, rel=0.06)


@pytest.mark.parametrize("options", [{}, {"covariate": True}, {"paired": True, "n": (4, 4)}])
def test_leaving_one_out_is_fitting_without_it(options):
    rng, design, contrast = cohort(4, **options)
    y = rng.normal(size=(design.shape[0], 5))
    projection = linear.project(design, contrast)
    fitted = linear.fit(y, projection)
    change = linear.loss_of_each(fitted.residual, projection=projection)
    for i in range(design.shape[0]):
        rest = np.arange(design.shape[0]) != i
        without = linear.fit(y[rest], linear.project(design[rest], contrast)).estimate[0]
        np.testing.assert_allclose(fitted.estimate[0] + change[:, i], without, atol=1e-9)


def test_the_only_sample_of_a_level_cannot_be_left_out():
    design = np.eye(2)[[0, 1, 1, 1]]
    projection = linear.project(design, np.array([[-1.0, 1.0]]))
    y = np.random.default_rng(5).normal(size=(4, 3))
    change = linear.loss_of_each(linear.fit(y, projection).residual, projection=projection)
    assert np.isnan(change[:, 0]).all()
    assert np.isfinite(change[:, 1:]).all()


def test_what_the_samples_cannot_say_is_not_estimable():
    design = np.eye(3)[[0, 0, 1, 1]]  # the third level has no sample left
    projection = linear.project(design, np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]))
    assert projection.estimable.tolist() == [True, False]
    assert projection.df == 2
    empty = linear.project(np.zeros((0, 3)), np.eye(3)[:1])
    assert not empty.estimable.any()
