"""Ambient shares: equal to the slow way, near the truth, blind to order."""

import numpy as np
import pytest

from commscore.stats.ambient import ambient_shares


def cohort(seed, shares, *, n_groups=6, n_genes=900, depth=1e5):
    """Counts (samples × groups × genes) with these ambient shares; a tenth of the genes belongs to one group."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(0, 1.5, (1, n_genes)) * np.exp(rng.normal(0, 0.6, (n_groups, n_genes)))
    own = np.flatnonzero(rng.random(n_genes) < 0.1)
    home = rng.integers(0, n_groups, own.size)
    for g, h in zip(own, home, strict=True):
        high = 4 * level[:, g].max()
        level[:, g] = high * 10 ** rng.uniform(-4, -2)
        level[h, g] = high
    profile = []
    for share in shares:
        rate = level * np.exp(rng.normal(0, 0.3, level.shape))
        rate /= rate.sum(axis=1, keepdims=True)
        size = depth * rng.dirichlet(np.full(n_groups, 20.0)) * n_groups
        soup = size @ rate / size.sum()
        profile.append(rng.poisson(size[:, None] * ((1 - share) * rate + share * soup)))
    return np.array(profile, float)


def slow(profile):
    """Gene after gene."""
    n, _, n_genes = profile.shape
    library = profile.sum(axis=2)
    rate = profile.sum(axis=0) / library.sum(axis=0)[:, None]
    found, expected = np.zeros((n, n_genes)), np.zeros((n, n_genes))
    for g in range(n_genes):
        elsewhere = [k for k, r in enumerate(rate[:, g]) if r < 0.25 * rate[:, g].max()]
        for s in range(n):
            whole = profile[s, :, g].sum() / library[s].sum()
            expected[s, g] = whole * sum(library[s, k] for k in elsewhere)
            found[s, g] = sum(profile[s, k, g] for k in elsewhere)
    upper = {}
    for g in range(n_genes):
        if np.mean(expected[:, g] >= 5) >= 0.75:
            total = found[:, g].sum()
            upper[g] = (total + 2 * np.sqrt(total + 1)) / expected[:, g].sum()
    order = sorted(upper, key=lambda g: (upper[g], g))[:100]
    limit = 2 * np.median([upper[g] for g in order[:10]])
    genes = [g for i, g in enumerate(order) if i < 10 or upper[g] <= limit]
    share = []
    for s in range(n):
        cap = 3 * np.median(expected[s, genes])
        weight = [min(1.0, cap / expected[s, g]) for g in genes]
        share.append(np.dot(weight, found[s, genes]) / np.dot(weight, expected[s, genes]))
    return np.array(share), genes


@pytest.mark.parametrize("depth", [1e5, 5e3])
def test_shares_equal_the_slow_way(depth):
    profile = cohort(1, [0.02, 0.05, 0.1, 0.2], depth=depth)
    made = ambient_shares(profile, profile.sum(axis=2))
    share, genes = slow(profile)
    np.testing.assert_allclose(made.share, share, rtol=1e-12)
    assert made.genes.tolist() == genes


def test_shares_are_near_the_truth():
    truth = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
    errors = [ambient_shares(p, p.sum(axis=2)).share - truth for p in (cohort(s, truth) for s in range(10))]
    np.testing.assert_allclose(np.mean(errors, axis=0), 0.0, atol=0.035)
    assert (np.diff(np.mean(errors, axis=0) + truth) > 0).all()


def test_order_of_samples_groups_and_genes_does_not_matter():
    profile = cohort(2, [0.02, 0.05, 0.1])
    made = ambient_shares(profile, profile.sum(axis=2))
    rng = np.random.default_rng(0)
    s, k, g = (rng.permutation(m) for m in profile.shape)
    mixed = profile[s][:, k][:, :, g]
    again = ambient_shares(mixed, mixed.sum(axis=2))
    np.testing.assert_allclose(again.share, made.share[s], rtol=1e-12)
    assert set(g[again.genes]) == set(made.genes)


def test_without_specific_genes_there_is_no_share():
    profile = np.random.default_rng(0).poisson(50.0, (4, 3, 200)).astype(float)
    made = ambient_shares(profile, profile.sum(axis=2))
    assert np.isnan(made.share).all()
    assert made.genes.size == 0
    alone = profile[:, :1]
    assert np.isnan(ambient_shares(alone, alone.sum(axis=2)).share).all()
