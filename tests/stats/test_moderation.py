"""Priors over groups: on variances whose prior is known, and against loops over genes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import interpolate, optimize, special, stats

from commscore.stats.variance import RowVariances, moderate


def trigamma(x):
    return float(special.polygamma(1, x))


def simulated(
    *, groups=1, m=1500, df=6.0, d0=8.0, common=0.0, levels=0.0, trend=0.0, seed=0, rho=0.0, outlying=0
):  # fmt: skip
    """Residual variances; ``common`` of the spread of log variances is a gene's in all groups.

    ``rho``: correlation of the residuals themselves of one gene in different groups.
    """
    rng = np.random.default_rng(seed)
    normal = np.sqrt(common) * rng.normal(size=m) + np.sqrt(1 - common) * rng.normal(size=(groups, m))
    log_prior = np.log(d0 / stats.chi2.isf(stats.norm.cdf(normal), d0))  # each scaled inverse chi-squared
    level = rng.uniform(0, 12, (groups, m))
    log_prior += trend * np.sin(level / 4.0) + (np.asarray(levels) * np.ones(groups))[:, None]
    if outlying:
        log_prior[:, :outlying] += 7.0
    own, shared = rng.normal(size=(groups, m, int(df))), rng.normal(size=(m, int(df)))
    noise = np.sqrt(rho) * shared + np.sqrt(1 - rho) * own
    estimate = rng.normal(size=(groups, m))
    variance = np.exp(log_prior) * (noise**2).mean(axis=2)
    rows = RowVariances(variance, np.full(variance.shape, df), level, np.ones(variance.shape, bool))
    return rows, log_prior, estimate * np.exp(0.5 * log_prior)


def test_number_of_degrees_of_freedom_is_recovered():
    for d0 in (2.0, 5.0, 20.0):
        rows, _, _ = simulated(m=4000, d0=d0, seed=1)
        found = moderate(rows)
        # rather less than more: a margin for what the estimate may be off
        assert 0.65 * d0 < found.common_df < 1.1 * d0
        np.testing.assert_allclose(found.prior_df, found.common_df)


def test_no_spread_gives_a_prior_of_many_degrees():
    rng = np.random.default_rng(2)
    variance = 3.0 * rng.chisquare(6, (1, 4000)) / 6
    rows = RowVariances(variance, np.full((1, 4000), 6.0), np.zeros((1, 4000)), np.ones((1, 4000), bool))
    found = moderate(rows)
    assert found.common_df > 40
    np.testing.assert_allclose(found.prior, 3.0, rtol=0.1)
    assert np.log(found.variance).std() < 0.4 * np.log(variance).std()


def test_outlying_rows_have_no_say_and_keep_their_own():
    clean, _, _ = simulated(m=1000, d0=20.0, seed=3)
    rows, _, _ = simulated(m=1000, d0=20.0, seed=3, outlying=30)
    found, without = moderate(rows), moderate(clean)
    assert found.common_df == pytest.approx(without.common_df, rel=0.5)
    p = stats.f.sf(rows.variance / found.prior, 6.0, found.prior_df)
    alone = p * 1000 < 0.05
    assert alone[0, :30].mean() > 0.9
    assert alone[0, 30:].sum() == 0
    np.testing.assert_array_equal(found.variance[alone], rows.variance[alone])
    np.testing.assert_array_equal(found.total[alone], 6.0)
    # of the others only those that vary most, which thirty outlying rows beside them make doubtful
    low = stats.f.sf(rows.variance / found.prior, 6.0, found.prior_df) > 0.1
    assert (found.total[low] > 20.0).all()


def test_prior_has_a_say_as_far_as_it_describes_how_often_rows_vary_much():
    """Sixty of 2000 rows eight times as variable: not all are excluded, and the others are too many for the prior."""
    false, false_of_prior, doubted, level = [], [], [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        factor = np.where(np.arange(2000) < 60, 8.0, 1.0)
        variance = factor * rng.chisquare(6, (1, 2000)) / 6
        rows = RowVariances(variance, np.full((1, 2000), 6.0), np.zeros((1, 2000)), np.ones((1, 2000), bool))
        found = moderate(rows)
        estimate = rng.normal(size=2000) * np.sqrt(factor)
        p = found.tail(0).pvalue(estimate / np.sqrt(found.variance[0]))
        whole = ((6.0 * variance + found.prior_df * found.prior) / (6.0 + found.prior_df))[0]
        of_prior = 2.0 * stats.t.sf(np.abs(estimate) / np.sqrt(whole), 6.0 + found.prior_df[0])
        of_prior = np.where(found.total[0] == 6.0, p, of_prior)
        false.append((p[:60] <= 0.01).mean())
        false_of_prior.append((of_prior[:60] <= 0.01).mean())
        doubted.append((found.total[0, 60:] < 0.9 * found.total.max()).mean())
        level.append((p <= 0.05).mean())
    assert np.mean(false) < 0.05 < 0.07 < np.mean(false_of_prior)
    assert np.mean(doubted) < 0.08  # the price that others pay
    assert 0.04 < np.mean(level) < 0.05
    # rows that all follow the prior are left to it
    clean = moderate(RowVariances(rng.chisquare(6, (1, 2000)) / 6, rows.df, rows.level, rows.shaping))
    assert (clean.total < 0.9 * clean.total.max()).mean() < 0.02


def test_rows_that_repeat_a_gene_do_not_make_it_more_likely_to_be_outlying():
    """As complexes do whose limiting subunit is one variable gene: they do not shape the prior."""
    rng = np.random.default_rng(8)
    variance = np.append(rng.chisquare(6, 1000) / 6, 4.2)
    found = []
    for repeats in (0, 40):
        v = np.append(variance, np.full(repeats, 4.2))[None]
        rows = RowVariances(v, np.full(v.shape, 6.0), np.zeros(v.shape), (np.arange(v.size) < 1001)[None])
        found.append(moderate(rows))
    np.testing.assert_allclose(found[0].total[0, :1000], found[1].total[0, :1000])
    np.testing.assert_allclose(found[0].variance[0, :1000], found[1].variance[0, :1000])
    np.testing.assert_allclose(found[1].total[0, 1001:], found[1].total[0, 1000])


def test_a_gene_that_is_outlying_in_all_groups_keeps_its_own():
    """Three times as variable in each of six groups: no row is excluded alone, the genes are."""
    rng = np.random.default_rng(21)
    variance = rng.chisquare(8, (6, 180)) / 8
    variance[:, :3] *= 3.0
    rows = RowVariances(variance, np.full((6, 180), 8.0), np.zeros((6, 180)), np.ones((6, 180), bool))
    found = moderate(rows, np.zeros((6, 6)))
    apart = found.total == 8.0
    single = stats.f.sf(variance / found.prior, 8.0, found.prior_df) * variance.size < 0.05
    assert single[:, :3].mean() < 0.5
    assert apart[:, :3].all()
    assert apart[:, 3:].mean() < 0.01
    np.testing.assert_array_equal(found.variance[apart], variance[apart])
    # where donors make residuals of all groups the same, six groups say no more than one
    alike = moderate(rows, np.ones((6, 6)))
    assert (alike.total[:, :3] == 8.0).mean() < 0.5


def test_genes_that_some_donors_lack_keep_their_level():
    """Four conditions of three donors, half of the donors without the gene in all six groups."""
    rng = np.random.default_rng(22)
    basis = np.repeat(np.eye(4), 3, axis=1).T / np.sqrt(3.0)
    pvalues = []
    for _ in range(100):
        lacking = 4.0 * (rng.random((12, 3)) < 0.5)
        y = rng.normal(size=(6, 180, 12))
        y[:, :3] += lacking.T
        fitted = y @ basis
        variance = ((y - fitted @ basis.T) ** 2).sum(axis=2) / 8
        rows = RowVariances(variance, np.full((6, 180), 8.0), np.zeros((6, 180)), np.ones((6, 180), bool))
        found = moderate(rows, np.zeros((6, 6)))
        t = (fitted[:, :3, 0] - fitted[:, :3, 3]) / np.sqrt(2.0 * found.variance[:, :3])
        pvalues.append(np.stack([found.tail(k).take(slice(3)).pvalue(t[k]) for k in range(6)]))
    p = np.array(pvalues)
    rejected = (p <= 0.05).mean(axis=1)  # the six groups of a gene lack it in the same donors
    assert rejected.mean() < 0.05 + 2 * rejected.std() / np.sqrt(rejected.size)
    assert (p <= 0.001).mean() < 0.006


def test_trend_and_level_of_every_group_are_recovered():
    levels = np.array([-1.5, 0.0, 0.5, 2.0])
    rows, _, _ = simulated(groups=4, m=2000, d0=10.0, trend=1.0, levels=levels, seed=4)
    found = np.log(moderate(rows).prior)
    truth = np.sin(rows.level / 4.0) + levels[:, None]
    gap = found - truth
    np.testing.assert_allclose(gap.mean(axis=1), 0.0, atol=0.05)
    assert gap.std(axis=1).max() < 0.1


def test_levels_that_differ_by_chance_are_one():
    rows, _, _ = simulated(groups=6, m=40, d0=30.0, seed=5)
    spread = np.log(moderate(rows).prior).mean(axis=1).std()
    own = np.log(rows.variance).mean(axis=1).std()
    assert spread < 0.5 * own


def slow_residuals(rows):
    """Logarithms of the variances about their trend and levels: splines of scipy, loops over groups."""
    d = rows.df
    logs = np.log(rows.variance) - special.digamma(d / 2) + np.log(d / 2)
    knots = np.quantile(rows.level, np.linspace(0, 1, 5))
    natural = interpolate.CubicSpline(knots, np.eye(5), bc_type="natural")
    basis = natural(rows.level)
    offset = np.zeros(len(logs))
    for _ in range(3):
        shifted = np.concatenate([logs[k] - offset[k] for k in range(len(logs))])
        coef = np.linalg.lstsq(np.concatenate(list(basis)), shifted, rcond=None)[0]
        means, errors = [], []
        for k in range(len(logs)):
            rest = logs[k] - basis[k] @ coef
            cut = np.clip(rest, np.quantile(rest, 0.05), np.quantile(rest, 0.95))
            means.append(cut.mean())
            errors.append(cut.var() / cut.size)
        if len(logs) <= 2:
            offset = np.array(means)
            continue
        between = max(np.var(means, ddof=1) - np.mean(errors), 0.0)
        offset = np.array(
            [
                np.mean(means) + between / (between + e) * (x - np.mean(means))
                for x, e in zip(means, errors, strict=True)
            ]
        )
    base = np.stack([basis[k] @ coef + offset[k] for k in range(len(logs))])
    return logs - base, base


def slow_spread(residual, df, upper, n):
    """Spread whose F distribution, winsorised, has the variance of the residuals, winsorised; and the margin."""

    def winsorised(x):
        return np.clip(x, np.quantile(x, 0.05), np.quantile(x, upper)).var()

    u = (np.arange(2000) + 0.5) / 2000
    log_ratio = special.digamma(df / 2) - np.log(df / 2)
    seen = winsorised(residual)

    def excess(log_d0):
        return winsorised(np.log(stats.f.ppf(u, df, np.exp(log_d0))) - log_ratio) - seen

    d0 = np.exp(optimize.brentq(excess, np.log(0.3), np.log(300.0)))
    return trigamma(d0 / 2) + 1.3 * trigamma(df / 2) * np.sqrt(2 / n)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_trend_levels_and_spread_are_what_loops_give(groups):
    rows, _, _ = simulated(groups=groups, m=600, d0=6.0, trend=0.8, levels=np.linspace(-1, 1, groups), seed=6)
    found = moderate(rows, None)
    residual, base = slow_residuals(rows)
    first = slow_spread(residual.ravel(), 6.0, 0.90, residual.size)
    there, sampling = np.ones(residual.shape, bool), np.full(residual.shape, trigamma(3.0))
    rho = np.zeros((groups, groups))
    common = min(max(slow_common(residual, sampling, there, rho), 0.0), first) if groups > 1 else 0.0
    apart, alone = slow_outlying(rows.variance, base, there, first, common, rho)
    apart = apart | alone
    spread, n_kept = slow_spread(residual[~apart], 6.0, 1.0, residual.size), (~apart).sum()
    assert trigamma(found.common_df / 2) == pytest.approx(spread, rel=0.02)
    if groups == 1:
        d0 = found.prior_df
        np.testing.assert_allclose(np.log(found.prior), base + special.digamma(d0 / 2) - np.log(d0 / 2), rtol=1e-6)
        want, total = (d0 * found.prior + 6 * rows.variance) / (d0 + 6), 6 + d0
        p = stats.f.sf(rows.variance / found.prior, 6.0, d0)
        apart |= p * p.size < 0.05
        want, total = slow_mixture(p, want, total, rows.variance, rows.df)
        np.testing.assert_allclose(found.variance, np.where(apart, rows.variance, want))
        np.testing.assert_allclose(found.total, np.where(apart, 6.0, total))
        np.testing.assert_allclose(found.own, 6.0)
        assert found.doubt == 1 / n_kept


def slow_common(residual, sampling, there, rho):
    """Mean product of the residuals of a gene in two groups, less what shared donors make of it."""
    groups, m = residual.shape
    total, pairs = 0.0, 0
    for g in range(m):
        for j in range(groups):
            for k in range(j + 1, groups):
                if there[j, g] and there[k, g]:
                    shared = rho[j, k] * np.sqrt(sampling[j, g] * sampling[k, g])
                    total += residual[j, g] * residual[k, g] - shared
                    pairs += 1
    return total / pairs


def slow_lent(residual, sampling, there, spread, rho, *, shape):
    """Shift of the prior mean, variance left, covariance with the row's own variance: gene by gene, pair by pair."""
    groups, m = residual.shape
    common = min(max(slow_common(residual, sampling, shape, rho), 0.0), spread)
    shift, left, shared = np.zeros((3, groups, m))
    left += spread
    for g in range(m):
        for k in range(groups):
            others = [j for j in range(groups) if j != k and there[j, g]]
            if not others:
                continue
            c = np.zeros((len(others), len(others)))
            for a, j in enumerate(others):
                for b, i in enumerate(others):
                    c[a, b] = common + rho[j, i] * np.sqrt(sampling[j, g] * sampling[i, g])
                c[a, a] = spread + sampling[j, g]
            w = common * np.linalg.inv(c) @ np.ones(len(others))
            shift[k, g] = sum(a * residual[j, g] for a, j in zip(w, others, strict=True))
            left[k, g] = max(spread - common * w.sum(), 1e-6)
            if there[k, g]:
                shared[k, g] = sum(
                    a * rho[k, j] * np.sqrt(sampling[k, g] * sampling[j, g]) for a, j in zip(w, others, strict=True)
                )
    return shift, left, shared


def slow_mixture(p, variance, total, own, df):
    """Every row's precision a mixture of two gamma variables, by the share of rows as far out that is expected."""
    variance, total, order = variance.copy(), total.copy(), np.argsort(p, axis=None)
    largest = 0.0
    for rank, at in enumerate(order, start=1):
        place = np.unravel_index(at, p.shape)
        likely = largest = min(max(largest, p[place] * p.size / (rank - 0.5)), 1.0)
        laws = [
            stats.gamma(d / 2, scale=2 / (d * v)) for v, d in ((variance[place], total[place]), (own[place], df[place]))
        ]
        mean = likely * laws[0].mean() + (1 - likely) * laws[1].mean()
        square = sum(w * (law.var() + law.mean() ** 2) for w, law in zip((likely, 1 - likely), laws, strict=True))
        variance[place] = 1 / mean
        total[place] = min(2 * mean**2 / (square - mean**2), total[place])
    return variance, total


def slow_outlying(variance, base, there, spread, common, rho):
    """Genes whose deviates, added up over their groups, are too large: false discovery rate .05; rows alone."""
    d0, sampling = 2 * optimize.brentq(lambda x: trigamma(x) - spread, 1e-3, 1e7), trigamma(3.0)
    scale = np.exp(base + special.digamma(d0 / 2) - np.log(d0 / 2))
    p, alone = [], there & (stats.f.sf(np.where(there, variance, 0.0) / scale, 6.0, d0) * there.sum() < 0.05)
    for g in np.arange(variance.shape[1]):
        mine = np.flatnonzero(there[:, g])
        z = [max(stats.norm.isf(stats.f.sf(variance[k, g] / scale[k, g], 6.0, d0)), -3.0) for k in mine]
        likeness = [
            [1.0 if j == k else (common + rho[j, k] * sampling) / (spread + sampling) for k in mine] for j in mine
        ]
        p.append(stats.norm.sf(sum(z) / np.sqrt(np.sum(likeness))))
    return stats.false_discovery_control(p) <= 0.05, alone


@pytest.mark.parametrize("correlated", [False, True])
@pytest.mark.parametrize("missing", [False, True])
def test_what_genes_lend_is_what_loops_give(correlated, missing):
    """A flat trend, so that what is lent can be followed from the prior without lending."""
    rows, _, _ = simulated(groups=4, m=150, d0=4.0, common=0.6, seed=7, rho=0.3 if correlated else 0.0)
    rows = replace(rows, level=np.zeros(rows.level.shape))
    rows.variance[:, 5] *= 200.0
    if missing:
        lost = np.random.default_rng(8).uniform(size=rows.df.shape) < 0.2
        rows = replace(rows, df=np.where(lost, 0.0, rows.df), variance=np.where(lost, np.nan, rows.variance))
    rho = np.where(np.eye(4) == 1, 1.0, 0.09 if correlated else 0.0)
    rho[0, 1] = rho[1, 0] = 0.2 if correlated else 0.0
    found = moderate(rows, rho)
    there = rows.df > 0
    d = rows.df
    logs = np.where(there, np.log(np.where(there, rows.variance, 1.0)) - special.digamma(3.0) + np.log(3.0), 0.0)
    # the level of each group, constant over its genes: three alternations of means and shrunken levels
    offset, constant = np.zeros(4), 0.0
    for _ in range(3):
        constant = np.mean([(logs[k, g] - offset[k]) for k in range(4) for g in range(150) if there[k, g]])
        means, errors = [], []
        for k in range(4):
            mine = logs[k][there[k]] - constant
            cut = np.clip(mine, np.quantile(mine, 0.05), np.quantile(mine, 0.95))
            means.append(cut.mean())
            errors.append(cut.var() / cut.size)
        between = max(np.var(means, ddof=1) - np.mean(errors), 0.0)
        offset = np.array(
            [
                np.mean(means) + between / (between + e) * (x - np.mean(means))
                for x, e in zip(means, errors, strict=True)
            ]
        )
    base = np.repeat((constant + offset)[:, None], 150, axis=1)
    sampling = np.where(there, special.polygamma(1, 3.0), 0.0)
    residual = np.where(there, logs - base, 0.0)
    first = slow_spread(residual[there], 6.0, 0.90, there.sum())
    own = np.where(there, rows.variance, 0.0)
    common = min(max(slow_common(residual, sampling, there, rho), 0.0), first)
    genes, outlying = slow_outlying(own, base, there, first, common, rho)
    assert 0 < genes.sum() < 0.1 * genes.size
    outlying |= there & genes
    spread = trigamma(found.common_df / 2)
    assert spread == pytest.approx(slow_spread(residual[there & ~outlying], 6.0, 1.0, there.sum()), rel=0.02)
    shift, left, shared = slow_lent(residual, sampling, there, spread, rho, shape=there & ~outlying)
    assert np.abs(shift).max() > 0.3
    d0 = np.array(
        [[2 * optimize.brentq(lambda x, v=v: special.polygamma(1, x) - v, 1e-3, 1e7) for v in row] for row in left]
    )
    np.testing.assert_allclose(found.prior_df, d0, rtol=1e-5)
    prior = np.exp(base + shift + special.digamma(d0 / 2) - np.log(d0 / 2))
    np.testing.assert_allclose(found.prior, prior, rtol=1e-5)
    p = np.where(there, stats.f.sf(own / prior, np.maximum(d, 1.0), d0), 1.0)
    outlying |= there & (p * there.sum() < 0.05)
    wanted_total = np.empty(d.shape)
    for k in range(4):
        for g in range(150):
            a = d[k, g] / (d[k, g] + d0[k, g])
            sum_of_both = 0.5 * (d[k, g] + d0[k, g])
            alone = a**2 * sampling[k, g] + (1 - a) ** 2 * left[k, g]
            more = 1 + 2 * a * (1 - a) * shared[k, g] / alone
            wanted = trigamma(sum_of_both) * max(more, 1.0)
            wanted_total[k, g] = 2 * optimize.brentq(lambda x, v=wanted: special.polygamma(1, x) - v, 1e-3, 1e7)
    wanted_variance = (d0 * prior + d * own) / (d0 + d)
    wanted_variance[there], wanted_total[there] = slow_mixture(
        p[there], wanted_variance[there], wanted_total[there], own[there], d[there]
    )
    wanted_total = np.minimum(np.where(outlying, d, wanted_total), d.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found.variance, np.where(outlying, own, wanted_variance), rtol=1e-5)
    np.testing.assert_allclose(found.total, wanted_total, rtol=1e-5)


def test_shared_donors_leave_fewer_degrees_of_freedom():
    rows, _, _ = simulated(groups=5, m=800, d0=3.0, common=0.8, seed=9, rho=0.5)
    rho = np.full((5, 5), 0.25)
    ignored, known = moderate(rows, np.zeros((5, 5))), moderate(rows, rho)
    assert np.median(known.total) < 0.9 * np.median(ignored.total)
    # nor does what chance shares count as a gene's own
    assert np.median(known.prior_df) < np.median(ignored.prior_df)


def test_lending_makes_variances_more_accurate():
    rows, truth, _ = simulated(groups=6, m=800, d0=2.5, common=0.8, seed=10, df=4.0)
    alone = [
        moderate(RowVariances(*(a[k : k + 1] for a in (rows.variance, rows.df, rows.level, rows.shaping))))
        for k in range(6)
    ]
    apart = np.vstack([a.variance for a in alone])
    together = moderate(rows, np.zeros((6, 6))).variance
    error = [np.abs(np.log(v) - truth).mean() for v in (rows.variance, apart, together)]
    assert error[2] < 0.85 * error[1] < 0.85 * error[0]


def test_genes_that_share_nothing_lend_nothing():
    rows, _, _ = simulated(groups=3, m=3000, d0=6.0, common=0.0, seed=11)
    found = moderate(rows, np.zeros((3, 3)))
    np.testing.assert_allclose(found.prior_df, found.common_df, rtol=0.15)


@pytest.mark.parametrize(("common", "rho", "d0"), [(0.0, 0.0, 4.0), (0.7, 0.0, 4.0), (0.7, 0.7, 4.0), (0.0, 0.5, 15.0)])
def test_moderated_t_keeps_its_level_over_groups_that_share_donors(common, rho, d0):
    """At .05 within two standard errors, whose genes are the independent units; at .005 not more than it says."""
    groups, m, df = 5, 3000, 4.0
    rows, _, estimate = simulated(groups=groups, m=m, df=df, d0=d0, common=common, rho=rho, seed=12)
    squared = np.full((groups, groups), rho**2)
    found = moderate(rows, squared)
    p = np.stack([found.tail(k).pvalue(estimate[k] / np.sqrt(found.variance[k])) for k in range(groups)])
    for level in (0.05, 0.005):
        rejected = (p < level).mean(axis=0)
        error = rejected.std() / np.sqrt(m)
        assert rejected.mean() < level + 2 * error
        assert rejected.mean() > 0.6 * level - 2 * error
    assert (p < 0.5).mean() == pytest.approx(0.5, abs=0.03)
    if rho == 0.7:  # what the correlation is for
        ignored = moderate(rows, np.zeros((groups, groups)))
        t = estimate / np.sqrt(ignored.variance)
        assert np.mean([(ignored.tail(k).pvalue(t[k]) < 0.05).mean() for k in range(groups)]) > 0.058


def test_too_few_rows_keep_to_themselves():
    variance = np.array([[2.0, 3.0, np.nan]])
    rows = RowVariances(variance, np.array([[4.0, 4.0, 0.0]]), np.zeros((1, 3)), np.ones((1, 3), bool))
    found = moderate(rows)
    np.testing.assert_array_equal(found.variance, variance)
    np.testing.assert_array_equal(found.total[0, :2], 4.0)
    assert found.doubt == found.common_df == 0.0


def test_rows_without_a_variance_take_the_prior():
    rows, _, _ = simulated(m=300, seed=13)
    rows.df[0, :5], rows.variance[0, :5] = 0.0, np.nan
    found = moderate(rows)
    np.testing.assert_allclose(found.variance[0, :5], found.prior[0, :5])
    np.testing.assert_allclose(found.total[0, :5], found.prior_df[0, :5])


def test_rows_of_few_degrees_do_not_shape_the_prior():
    rows, _, _ = simulated(m=600, d0=8.0, seed=14)
    spoiled = replace(rows, df=rows.df.copy(), variance=rows.variance.copy())
    spoiled.df[0, :200], spoiled.variance[0, :200] = 1.0, 1e-4
    kept = replace(rows, shaping=rows.shaping.copy())
    kept.shaping[0, :200] = False
    found, want = moderate(spoiled), moderate(kept)
    np.testing.assert_allclose(found.prior[0, 200:], want.prior[0, 200:], rtol=1e-8)
    assert found.common_df == pytest.approx(want.common_df, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), groups=st.integers(1, 4), factor=st.sampled_from([1e-3, 0.5, 40.0]))
def test_order_and_unit_are_nothing(seed, groups, factor):
    rows, _, _ = simulated(groups=groups, m=120, common=0.5, trend=0.5, seed=seed)
    rng = np.random.default_rng(seed)
    rho = rng.uniform(0, 0.3, (groups, groups))
    rho = 0.5 * (rho + rho.T)
    order, genes = rng.permutation(groups), rng.permutation(120)
    parts = [a[order][:, genes] for a in (rows.variance, rows.df, rows.level, rows.shaping)]
    want = moderate(rows, rho)
    found = moderate(RowVariances(parts[0] * factor, *parts[1:]), rho[np.ix_(order, order)])
    np.testing.assert_allclose(found.variance, factor * want.variance[order][:, genes], rtol=1e-6)
    np.testing.assert_allclose(found.prior, factor * want.prior[order][:, genes], rtol=1e-6)
    np.testing.assert_allclose(found.total, want.total[order][:, genes], rtol=1e-6)
