"""Plain moments against the published formulas, row by row; against limma in ``test_limma.py``; tails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import digamma, polygamma

from commscore.stats.variance import RowVariances, Tail, moderate, moderate_rows, trigamma_inverse


def one_group(variance, df, level=None):
    rows = np.asarray(variance, float)[None]
    level = np.zeros(rows.shape) if level is None else level[None]
    shaping = np.nan_to_num(rows) > 0
    return moderate(RowVariances(rows, np.broadcast_to(df, rows.shape).copy(), level, shaping), robust=False)


def scaled_f(rng, *, n, df, prior_df, scale):
    prior = 1.0 if prior_df == math.inf else rng.chisquare(prior_df, n) / prior_df
    return scale * rng.chisquare(df, n) / df / prior


def slow_fit(variance, df):
    """Smyth (2004), section 6.2, with loops and a root finder; the mean where all rows agree, as limma does."""
    e = [math.log(v) - float(digamma(d / 2)) + math.log(d / 2) for v, d in zip(variance, df, strict=True)]
    mean = sum(e) / len(e)
    spread = sum((x - mean) ** 2 for x in e) / (len(e) - 1)
    excess = spread - sum(float(polygamma(1, d / 2)) for d in df) / len(e)
    if excess <= 0:
        return math.inf, sum(variance) / len(variance)
    half = optimize.brentq(lambda y: float(polygamma(1, y)) - excess, 1e-8, 1e12)
    return 2 * half, math.exp(mean + float(digamma(half)) - math.log(half))


@pytest.mark.parametrize("x", [1e-9, 1e-3, 0.4, 1.0, 17.0, 1e5, 1e9])
def test_trigamma_inverse_is_the_inverse(x):
    assert float(polygamma(1, trigamma_inverse(x))) == pytest.approx(x, rel=1e-6)


@pytest.mark.parametrize("prior_df", [3.0, 12.0, math.inf])
@pytest.mark.parametrize("mixed", [False, True])
def test_prior_is_the_published_one(prior_df, mixed):
    rng = np.random.default_rng(1)
    df = rng.integers(2, 9, 800).astype(float) if mixed else np.full(800, 4.0)
    variance = scaled_f(rng, n=800, df=df, prior_df=prior_df, scale=0.3)
    found = one_group(variance, df)
    want_df, want_variance = slow_fit(variance.tolist(), df.tolist())
    assert found.common_df == pytest.approx(want_df, rel=1e-6)
    np.testing.assert_allclose(found.prior_df, want_df, rtol=1e-6)
    np.testing.assert_allclose(found.prior, want_variance, rtol=1e-6)


@pytest.mark.parametrize("prior_df", [6.0, math.inf])
def test_posterior_is_the_weighted_mean_of_prior_and_row(prior_df):
    rng = np.random.default_rng(2)
    apart = 4.0 if math.isfinite(prior_df) else 8.0  # less than chance makes them
    variance = np.append(scaled_f(rng, n=400, df=apart, prior_df=prior_df, scale=0.3), np.nan)
    df = np.append(np.full(400, 4.0), 0.0)
    found = one_group(variance, df)
    d0, prior = found.common_df, found.prior[0]
    if prior_df == math.inf:
        np.testing.assert_allclose(found.variance[0], prior)
        np.testing.assert_allclose(found.total, 1600.0)  # all degrees there are
    else:
        want = (d0 * prior[:400] + 4.0 * variance[:400]) / (d0 + 4.0)
        np.testing.assert_allclose(found.variance[0, :400], want)
        np.testing.assert_allclose(found.total[0, :400], d0 + 4.0)
        np.testing.assert_allclose(found.variance[0, 400], prior[400])  # says nothing itself
    assert found.doubt == 1 / 400


def test_trend_follows_the_covariate():
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 10, 6000)
    truth = np.exp(1.0 - 0.4 * x + 0.02 * x**2)
    found = one_group(truth * scaled_f(rng, n=x.size, df=6.0, prior_df=10.0, scale=1.0), 6.0, x)
    inner = (x > 0.5) & (x < 9.5)
    assert np.abs(np.log(found.prior[0] / truth))[inner].max() < 0.15
    assert found.common_df == pytest.approx(10.0, rel=0.25)


def test_a_trend_goes_on_with_its_last_value():
    x = np.concatenate([np.linspace(0, 1, 400), [5.0]])
    variance = np.append(np.exp(-x[:-1]), np.nan)
    prior = one_group(variance, 200.0, x).prior[0]
    assert prior[-1] == pytest.approx(prior[-2])


def test_zero_variances_and_missing_rows_do_no_harm():
    variance = np.concatenate([np.random.default_rng(4).chisquare(4, 500) / 4, [0.0, np.nan, 2.0]])
    df = np.concatenate([np.full(502, 4.0), [0.0]])
    found = one_group(variance, df)
    assert np.isfinite(found.variance).all()
    without = one_group(variance[:500], 4.0)
    np.testing.assert_allclose(found.prior, without.prior[0, 0])
    assert found.doubt == 1 / 500


def test_two_rows_have_no_prior():
    variance = np.array([1.0, 3.0, np.nan])
    moderated, tail = moderate_rows(variance, np.array([4.0, 2.0, 0.0]))
    np.testing.assert_array_equal(moderated, variance)
    np.testing.assert_array_equal(tail.df[:2], [4.0, 2.0])
    assert tail.doubt == 0.0


def test_rows_that_do_not_shape_the_prior_take_from_it():
    rng = np.random.default_rng(5)
    variance, df = rng.chisquare(4, 60) / 4, np.full(61, 4.0)
    moderated, tail = moderate_rows(np.append(variance, 3.0), df, shaping=np.arange(61) < 60, ceiling=240.0)
    np.testing.assert_allclose(moderated, variance.mean())
    np.testing.assert_array_equal(tail.df, 240.0)
    assert tail.doubt == 1 / 60


@pytest.mark.parametrize("rows", [5, 30])
@pytest.mark.parametrize("prior_df", [8.0, math.inf])
def test_few_rows_hold_their_level(rows, prior_df):
    rng = np.random.default_rng(rows)
    rejected = []
    for _ in range(12_000 // rows):
        prior = np.ones(rows) if math.isinf(prior_df) else prior_df / rng.chisquare(prior_df, rows)
        moderated, tail = moderate_rows(prior * rng.chisquare(4, rows) / 4, np.full(rows, 4.0))
        t = rng.normal(size=rows) * np.sqrt(prior / moderated)
        rejected.append((tail.pvalue(t) <= 0.05).mean())
    assert np.mean(rejected) < 0.05 + 0.006
    assert np.mean(rejected) > 0.04


def test_tail_is_the_average_of_two_students():
    tail = Tail(np.array([40.0, 4.0]), np.array([10.0, 4.0]), 0.02)
    t = np.array([2.5, -2.5])
    want = 2 * (0.98 * stats.t.sf(2.5, [40, 4]) + 0.02 * stats.t.sf(2.5, [10, 4]))
    np.testing.assert_allclose(tail.pvalue(t), want, rtol=1e-12)
    for alpha in (0.05, 0.01, 1e-6):
        np.testing.assert_allclose(tail.pvalue(tail.quantile(alpha)), alpha, rtol=1e-6)


@pytest.mark.parametrize("own", [4.0, 8.0, 20.0])
def test_a_few_samples_have_no_normal_tails(own):
    """With all variances alike the prior has infinite degrees of freedom; the row itself has a few."""
    tail = Tail(np.array([np.inf]), np.array([own]), 1 / 500)
    p = tail.pvalue(np.array([20.0]))[0]
    assert p == pytest.approx(2 * stats.t.sf(20, own) / 500)
    assert p > 1e60 * stats.norm.sf(20)
    assert 0.05 <= tail.pvalue(np.array([1.96]))[0] < 0.0505  # no difference at ordinary levels


def test_a_variance_out_of_line_keeps_to_itself():
    rng = np.random.default_rng(10)
    variance = rng.chisquare(6, 300) / 6
    clean = one_group(variance, 6.0)
    assert math.isinf(clean.common_df)
    variance[7] = 30.0
    for seen, df in ((variance, 6.0), (variance * scaled_f(rng, n=300, df=1e9, prior_df=12.0, scale=1.0), 6.0)):
        found = one_group(seen, df)
        assert np.flatnonzero(found.total[0] == df).tolist() == [7]
        assert found.variance[0, 7] == seen[7]
    chance = [(one_group(rng.chisquare(6, 300) / 6, 6.0).total == 6.0).any() for _ in range(400)]
    assert np.mean(chance) < 0.09


def test_quantile_is_where_the_p_value_is_also_with_hardly_any_degrees_of_freedom():
    """A row of few counts has none of its own; the quantile is about that of the prior, not 1e140."""
    tail = Tail(np.array([50.0, 50.0, 8.0, 5.0]), np.array([1e-9, 0.05, 3.0, 5.0]), 1 / 900)
    for alpha in (0.2, 0.05, 0.005):
        quantile = tail.quantile(alpha)
        np.testing.assert_allclose(tail.pvalue(quantile), alpha, rtol=1e-8)
        np.testing.assert_allclose(quantile[0], -stats.t.ppf(alpha / 2, 50), rtol=0.1)
