from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from commscore.kernels import saddle, saddle_joint, saddle_tail


@pytest.mark.parametrize("z", [-37.0, -8.0, -1.0, -0.01, 0.0, 0.3, 2.0, 9.99, 10.01, 20.0, 37.0, 60.0])
def test_normal_tails_and_their_inverse(z):
    log_p = saddle_tail.log_upper(z)
    np.testing.assert_allclose(log_p, norm.logsf(z), rtol=1e-6, atol=1e-15)
    if -7 < z < 38:
        np.testing.assert_allclose(saddle_tail.score_of(norm.logsf(z)), z, rtol=1e-6, atol=1e-6)


def test_weighted_tail_is_density_times_tail():
    u, v = np.meshgrid(np.linspace(-6, 12, 40), np.linspace(-9, 20, 50))
    got = [saddle_joint.weighted_tail(a, b) for a, b in zip(u.ravel(), v.ravel(), strict=True)]
    np.testing.assert_allclose(got, (2 * np.exp(-(u**2) / 2) * norm.sf(v)).ravel(), rtol=2e-7)


def test_every_point_of_the_grid_is_in_its_cell():
    for g in np.concatenate([np.linspace(-15.99, 63.99, 999), saddle.GRID[1:-1]]):
        j = saddle_tail.locate(g)
        assert saddle.GRID[j] <= g <= saddle.GRID[j + 1]


@pytest.mark.parametrize("correlation", [[[1, 0.6], [0.6, 1]], [[1, -0.4], [-0.4, 1]]])
def test_two_variables_under_one_factor_are_exact(correlation):
    above(np.array(correlation, float), rtol=1e-5)


def test_three_variables_under_one_factor():
    above(np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1.0]]), rtol=1e-3)


def above(correlation, *, rtol):
    n = len(correlation)
    loads = np.empty(n)
    saddle_joint.loadings(correlation.ravel(), loads)
    for scores in (np.zeros(n), np.linspace(-1, 2, n), np.full(n, 2.5)):
        got = saddle_joint.all_above(scores, loads, 1 / np.sqrt(1 - loads**2))
        want = multivariate_normal(cov=correlation, abseps=1e-10).cdf(-scores)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-7)


def test_subunits_that_never_correlate_are_independent():
    loads = np.empty(3)
    saddle_joint.loadings(np.eye(3).ravel(), loads)
    p = saddle_joint.all_above(np.array([0.5, 1.0, -1.0]), loads, 1 / np.sqrt(1 - loads**2))
    np.testing.assert_allclose(p, np.prod(norm.sf([0.5, 1.0, -1.0])), rtol=1e-6)


def test_profile_is_monotone_and_inverts_itself():
    profile = np.empty((2, 5, saddle.N_NODES))
    profile[0, 0] = np.linspace(-8, 30, saddle.N_NODES)
    profile[0, 1] = np.exp(0.3 * profile[0, 0])
    saddle_joint.finish(profile)
    scores = np.linspace(-8, 30, 777)
    values = np.array([saddle_joint.value_at(profile, -40.0, s, 0)[0] for s in scores])
    back = [saddle_joint.score_at(profile, -40.0, v, 20)[0] for v in values]
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose(values, np.exp(0.3 * scores), rtol=1e-2)
    np.testing.assert_allclose(back, scores, atol=0.02)


def test_flat_pieces_of_a_profile_do_not_break_it():
    profile = np.empty((2, 5, saddle.N_NODES))
    profile[0, 0] = np.linspace(-8, 30, saddle.N_NODES)
    profile[0, 1] = np.maximum(profile[0, 0], 0.0)
    saddle_joint.finish(profile)
    values = np.array([saddle_joint.value_at(profile, -40.0, s, 0)[0] for s in np.linspace(-9, 31, 2001)])
    assert np.isfinite(profile).all()
    assert (values > 0).all()
    assert (np.diff(values) >= 0).all()


@pytest.mark.parametrize(("stride", "within"), [(2, 1e-4), (4, 2e-3)])
def test_nodes_between_are_those_of_a_smooth_cumulant(stride, within):
    """A Poisson sum, whose cumulants are in closed form: mean 400, on a grid of tilts in units of its sd."""
    mean, unit = 400.0, 1 / 40.0
    tau = saddle.GRID * unit
    whole = np.stack([mean * np.expm1(tau), mean * np.exp(tau), mean * np.exp(tau), 0.1 * tau], axis=1)
    raw = np.full(whole.shape, np.nan)
    raw[::stride] = whole[::stride]
    while stride > 1:
        saddle.between_nodes(raw, unit, stride)
        stride //= 2
    np.testing.assert_allclose(raw[:, :3], whole[:, :3], rtol=within, atol=within)
    np.testing.assert_allclose(raw[:, 3], whole[:, 3], atol=1e-12)
