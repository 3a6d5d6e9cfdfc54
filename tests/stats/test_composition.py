"""Composition factors: equal to edgeR's, to the slow way, and to what they must do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from commscore.stats.composition import difference_of_means, pooled_factors, tmm_factors
from slow_composition import pooled

REFERENCE = Path(__file__).parents[1] / "reference"


def cohort(seed, *, n_samples=6, n_genes=500, depth=1.0, dispersion=0.1):
    """Counts of samples of unequal depth, samples × genes; nothing differs but depth and noise."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(rng.gamma(0.5, 1.0, n_genes) + 1e-3)
    library = depth * rng.uniform(5e3, 5e4, n_samples)
    mean = library[:, None] * share * rng.gamma(1 / dispersion, dispersion, (n_samples, n_genes))
    return rng.poisson(mean).astype(float)


def test_published_factors_equal_those_of_edger():
    counts = pd.read_csv(REFERENCE / "tmm_counts.csv").to_numpy(float).T
    known = pd.read_csv(REFERENCE / "tmm_factors.csv")
    np.testing.assert_allclose(tmm_factors(counts, known["library"].to_numpy(float)), known["factor"], rtol=1e-10)


@pytest.mark.parametrize("depth", [1.0, 0.05, 0.002])
@pytest.mark.parametrize("n_genes", [12, 60, 101, 900])
def test_pooled_factors_equal_the_slow_way(n_genes, depth):
    counts = cohort(3, n_genes=n_genes, depth=depth)
    library = counts.sum(axis=1) + 7.0
    made = pooled_factors(counts, library)
    for value, wanted in zip((made.shrunk, made.unshrunk, made.se), pooled(counts, library), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-10, atol=1e-13)


def test_with_fewer_than_ten_genes_there_is_no_factor():
    counts = cohort(1, n_genes=9)
    made = pooled_factors(counts, counts.sum(axis=1))
    assert not made.shrunk.any()
    assert np.isinf(made.se).all()
    rare = np.zeros((3, 40))
    rare[:, :5] = 100.0
    rare[0, 5:] = 1.0  # counted too rarely to tell
    assert not pooled_factors(rare, rare.sum(axis=1)).unshrunk.any()


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), n_genes=st.integers(10, 200), depth=st.sampled_from([1.0, 0.01]))
def test_neither_the_order_of_genes_nor_that_of_samples_matters(seed, n_genes, depth):
    counts = cohort(seed, n_genes=n_genes, depth=depth) + 0.0
    library, rng = counts.sum(axis=1) + 1.0, np.random.default_rng(seed)
    genes, samples = rng.permutation(n_genes), rng.permutation(len(counts))
    one, other = pooled_factors(counts, library), pooled_factors(counts[samples][:, genes], library[samples])
    np.testing.assert_allclose(other.shrunk, one.shrunk[samples], atol=1e-12)
    # of samples that are equally good references the published factors take the first, as edgeR's do
    np.testing.assert_allclose(tmm_factors(counts[:, genes], library), tmm_factors(counts, library), rtol=1e-12)


@pytest.mark.parametrize("factor", [2.0, 17.0])
def test_depth_alone_is_no_composition(factor):
    counts = cohort(5)
    deeper = counts * np.where(np.arange(6) % 2, factor, 1.0)[:, None]
    before, after = (tmm_factors(x, x.sum(axis=1)) for x in (counts, deeper))
    reference = counts.copy()
    np.testing.assert_allclose(np.log2(after / before), 0.0, atol=0.05)
    np.testing.assert_array_equal(reference, counts)  # and nothing was written to
    same = np.tile(counts[:1], (4, 1)) * np.array([1.0, 2.0, 8.0, 3.0])[:, None]
    np.testing.assert_allclose(pooled_factors(same, same.sum(axis=1)).shrunk, 0.0, atol=1e-12)
    np.testing.assert_allclose(tmm_factors(same, same.sum(axis=1)), 1.0, atol=1e-12)


@pytest.mark.parametrize(("level", "most"), [(1.0, 0.1), (5.0, 0.02), (40.0, 0.02)])
def test_a_tenth_of_the_depth_moves_no_factor(level, most):
    """With a half beside the expected count as well, factors of shallow samples were lower by .34, .08 and .02."""
    rng = np.random.default_rng(8)
    depth = np.repeat([1.0, 0.1], 20)
    mean = level * rng.lognormal(0.0, 1.2, 300) * depth[:, None]
    counts = rng.poisson(mean * rng.lognormal(0.0, 0.25, mean.shape)).astype(float)
    factor = pooled_factors(counts, counts.sum(axis=1)).unshrunk
    error = np.sqrt(factor[:20].var() / 20 + factor[20:].var() / 20)
    assert abs(factor[20:].mean() - factor[:20].mean()) < most + 2 * error


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.30), (0.10, 0.50)])
def test_a_dominant_gene_is_taken_off_the_others(low, high):
    """Of all counts a gene has first the one, then the other share: the others fall by this much and no more."""
    rest = cohort(8, n_samples=8, n_genes=2000, depth=2.0)
    share = np.repeat([low, high], 4)
    counts = np.hstack([rest, (rest.sum(axis=1) * share / (1 - share)).round()[:, None]])
    made = pooled_factors(counts, counts.sum(axis=1))
    fall = made.shrunk[4:].mean() - made.shrunk[:4].mean()
    assert fall == pytest.approx(np.log2((1 - high) / (1 - low)), abs=0.06)
    published = np.log2(tmm_factors(counts, counts.sum(axis=1)))
    assert published[4:].mean() - published[:4].mean() == pytest.approx(np.log2((1 - high) / (1 - low)), abs=0.06)


def test_what_counting_alone_makes_is_shrunk_away():
    """Shallow samples without any difference: factors as measured scatter, those that are used hardly do."""
    measured, used = [], []
    for seed in range(40):
        counts = cohort(seed, depth=0.01, dispersion=1e-6)
        made = pooled_factors(counts, counts.sum(axis=1))
        measured.append(made.unshrunk.std())
        used.append(made.shrunk.std())
    assert np.mean(used) < 0.3 * np.mean(measured)
    assert np.mean(measured) > 0.05


def test_the_difference_of_means_is_the_t_test():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=5), rng.normal(1.0, 2.0, 7)
    difference, pvalue = difference_of_means(first, second)
    assert difference == pytest.approx(second.mean() - first.mean())
    assert pvalue == pytest.approx(stats.ttest_ind(first, second).pvalue)
    assert difference_of_means(first[:1], second) == (0.0, 1.0)
