"""Robust rank aggregation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, rankdata

import commscore as cs
from commscore.scores.consensus import mean_rank, robust_rank


def slow(lists, ties="max"):
    """Kolde et al. 2012: binomial tails written out."""
    lists = np.asarray(lists)
    m, n = lists.shape
    ranks = np.array([rankdata(row, method=ties) / n for row in lists])
    out = []
    for i in range(n):
        r = np.sort(ranks[:, i])
        tails = [
            sum(math.comb(m, j) * r[k - 1] ** j * (1 - r[k - 1]) ** (m - j) for j in range(k, m + 1))
            for k in range(1, m + 1)
        ]
        out.append(min(1.0, m * min(tails)))
    return np.array(out)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), m=st.integers(1, 6), n=st.integers(1, 25), ties=st.sampled_from(["max", "average"]))
def test_equals_the_definition(seed, m, n, ties):
    lists = np.random.default_rng(seed).integers(0, 8, (m, n)).astype(float)
    before = lists.copy()
    np.testing.assert_allclose(robust_rank(lists, ties=ties), slow(lists, ties), rtol=1e-9, atol=1e-14)
    np.testing.assert_array_equal(lists, before)


def test_worked_example():
    # three lists of four; item 0 is always first: the third order statistic 1/4 has probability (1/4)^3
    lists = np.array([[0.0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 2, 1]])
    assert robust_rank(lists)[0] == pytest.approx(3 * 0.25**3)


@pytest.mark.parametrize("levels", [1000, 20, 3])
def test_null_is_never_below_uniform_with_ties(levels):
    """With independent lists, ρ is a Bonferroni bound: P(ρ <= α) <= α, however many ties there are."""
    rng = np.random.default_rng(0)
    lists = rng.integers(0, levels, (4, 20_000)).astype(float)
    rho = robust_rank(lists)
    for alpha in (0.01, 0.05, 0.2):
        assert (rho <= alpha).mean() <= alpha * 1.15
    if levels == 1000:
        assert kstest(rho[rho < 0.2] / 0.2, "uniform").statistic < 0.25


def test_sharing_the_average_rank_would_make_ties_look_better():
    rng = np.random.default_rng(0)
    lists = np.where(rng.random((4, 20_000)) < 0.3, 0.0, 1.0)  # three tenths share the best value
    assert (robust_rank(lists, ties="average") <= 0.0021).mean() > 3 * 0.0021
    assert (robust_rank(lists) <= 0.0021).mean() == 0
    assert robust_rank(lists).min() == pytest.approx(4 * 0.3**4, rel=0.05)


def test_invariant_to_order_and_to_monotone_changes():
    rng = np.random.default_rng(1)
    lists = rng.random((3, 50))
    order = rng.permutation(50)
    np.testing.assert_allclose(robust_rank(lists[:, order]), robust_rank(lists)[order], rtol=1e-12)
    np.testing.assert_allclose(robust_rank(np.exp(5 * lists[::-1])), robust_rank(lists), rtol=1e-12)


def test_mean_rank():
    lists = np.array([[1.0, 2, 2, 5], [4, 3, 2, 1]])
    np.testing.assert_allclose(mean_rank(lists), [(1 + 4) / 8, (2.5 + 3) / 8, (2.5 + 2) / 8, (4 + 1) / 8])


@pytest.mark.parametrize("how", ["rra", "mean"])
def test_ranks_of_a_call(small, interactions, how):
    method = cs.tl.method("consensus", how=how)
    table = cs.tl.score(small, "cell_type", resource=interactions, method=method, n_perms=60, inplace=False).table
    aggregate = robust_rank if how == "rra" else mean_rank
    magnitude = np.stack([-table[f"score_{m}"] for m in ("mean", "product", "hill", "inter_score")])
    specificity = [-table[f"score_{m}"] for m in ("specificity", "scaled", "logfc")]
    np.testing.assert_allclose(table["magnitude_rank"], aggregate(magnitude), rtol=1e-12)
    np.testing.assert_allclose(table["specificity_rank"], aggregate(np.stack([*specificity, table["pvalue_raw_mean"]])))
    assert list(table.columns[-3:]) == ["magnitude_rank", "specificity_rank", "null"]


def test_without_a_null_p_values_are_no_list(small, interactions):
    table = cs.tl.score(small, "cell_type", resource=interactions, method="consensus", null=None, inplace=False).table
    specificity = np.stack([-table[f"score_{m}"] for m in ("specificity", "scaled", "logfc")])
    np.testing.assert_allclose(table["specificity_rank"], robust_rank(specificity), rtol=1e-12)


def test_chosen_lists(small, interactions):
    method = cs.tl.method("consensus", magnitude=["geometric"], specificity=["logfc"], pvalues=[])
    table = cs.tl.score(
        small, "cell_type", resource=interactions, method=["mean", method], n_perms=20, inplace=False
    ).table
    assert [c for c in table if c.startswith("score_")] == ["score_mean", "score_geometric", "score_logfc"]
    np.testing.assert_allclose(table["magnitude_rank"], rankdata(-table["score_geometric"], method="max") / len(table))


def test_refused(small, interactions):
    with pytest.raises(ValueError, match="magnitude and specificity must each name"):
        cs.tl.method("consensus", magnitude=[])
    with pytest.raises(ValueError, match="how='median' is not one of 'rra', 'mean'"):
        cs.tl.method("consensus", how="median")
    with pytest.raises(ValueError, match="'consensus' is itself a combination"):
        cs.tl.score(
            small, "cell_type", resource=interactions, method=cs.tl.method("consensus", magnitude=["consensus"])
        )
