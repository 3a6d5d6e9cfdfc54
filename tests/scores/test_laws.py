"""Laws over every score, whatever it is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import commscore as cs
from commscore import scores as scoring

SCORES = {m.name: m for m in scoring.available().values() if isinstance(m, scoring.Score)}
SIGNED = ("cells", "rest")
POSITIVE = [name for name, m in SCORES.items() if m.lowest == 0]
_LEVEL = {scoring.LEVEL: 0.4, scoring.SPREAD: 0.7}


def stats_of(score, left, right):
    """Statistics of which all that the score needs grow with two numbers, 0 to 1 per test and labelling."""

    def side(t, cells):
        values = {}
        for s in score.needs:
            base = np.asarray(t) if s.relative == "groups" or s.values == "expressed" else 5 * np.asarray(t)
            base = base - 2 if s.relative in SIGNED else base
            values[s] = np.full(np.shape(t), _LEVEL[s]) if s in _LEVEL else base
        return scoring.Side(values, np.full((1, 1), 0.2), np.full((1, 1), float(cells)),
                            {g.column: np.ones((1, 1)) for g in score.sets})  # fmt: skip

    return scoring.Stats(side(left, 25), side(right, 90), scoring.Background(mean=0.3, highest=6.0))


units = st.lists(st.floats(0, 1).map(lambda v: 0.0 if v < 1e-6 else v), min_size=6, max_size=6)


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=60, deadline=None)
@given(left=units, right=units)
def test_finite_in_range_broadcast_and_monotone(name, left, right):
    score = SCORES[name]
    left, right = np.array(left).reshape(2, 3), np.array(right).reshape(2, 3)
    given_stats = stats_of(score, left, right)
    before = [a.copy() for side in (given_stats.ligand, given_stats.receptor) for a in side.values.values()]
    out = score.function(given_stats)
    after = [a for side in (given_stats.ligand, given_stats.receptor) for a in side.values.values()]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    assert out.shape == (2, 3)
    assert np.isfinite(out).all()
    assert (out >= score.lowest).all()
    assert (out <= score.highest).all()
    for i in range(3):  # one labelling at a time is the same
        np.testing.assert_array_equal(score.function(stats_of(score, left[:, [i]], right[:, [i]])), out[:, [i]])
    more = score.function(stats_of(score, np.minimum(left + 0.1, 1.1), right))
    assert (more >= out - 1e-12).all()
    more = score.function(stats_of(score, left, np.minimum(right + 0.1, 1.1)))
    assert (more >= out - 1e-12).all()


@pytest.mark.parametrize("name", POSITIVE)
def test_zero_on_a_side_is_the_lower_bound(name):
    score, some = SCORES[name], np.array([[0.7]])
    for left, right in ((0 * some, some), (some, 0 * some), (0 * some, 0 * some)):
        assert score.function(stats_of(score, left, right)) == pytest.approx(score.lowest, abs=1e-15)
    assert score.function(stats_of(score, some, some)) > score.lowest


@pytest.mark.parametrize("name", [name for name, m in SCORES.items() if m.form is not None])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_form_orders_as_the_score_does(name, seed):
    score = SCORES[name]
    left, right = np.random.default_rng(seed).random((2, 8, 1)).round(1)
    stats = stats_of(score, left, right)
    values = score.function(stats)[:, 0]
    order = score.form.of(stats.ligand[score.of], stats.receptor[score.of])[:, 0]
    for i in range(8):
        for j in range(8):
            if abs(order[i] - order[j]) > 1e-9:
                assert (values[i] > values[j]) == (order[i] > order[j])


def test_a_statistic_that_is_not_declared_is_an_error():
    with pytest.raises(KeyError, match="must declare it in needs"):
        scoring.Stats.of_means(np.ones(1), np.ones(1)).ligand[scoring.TRIMEAN]


EVERY = [m for m in scoring.available() if m != "consensus"]


@pytest.fixture
def everything(small, interactions):
    def run(adata=small, **kwargs):
        table = cs.tl.score(adata, "cell_type", resource=interactions, method=[*EVERY, "consensus"], n_perms=60, rng=3,
                            inplace=False, **kwargs).table  # fmt: skip
        return table.astype(dict.fromkeys(["source", "target", "interaction"], str))

    return run


def numbers(table):
    by = ["source", "target", "interaction"]
    columns = [c for c in table if c.startswith(("score_", "pvalue_")) or c.endswith("_rank")]
    return table.sort_values(by, ignore_index=True)[[*by, *columns]]


def test_names_and_order_of_groups_and_genes_change_nothing(small, everything):
    expected = everything()
    new = {"a": "z", "b": "y", "c": "x", "d": "w"}
    small.obs["cell_type"] = small.obs["cell_type"].cat.rename_categories(new)
    small.obs["cell_type"] = small.obs["cell_type"].cat.reorder_categories(["x", "z", "w", "y"])
    table = everything(small[:, ::-1].copy())
    for column in ("source", "target"):
        expected[column] = expected[column].map(new)
    pd.testing.assert_frame_equal(numbers(table), numbers(expected), check_exact=False, rtol=1e-9, atol=1e-12)


def test_order_of_cells_changes_no_score(small, everything):
    from_data = [f"score_{m}" for m in EVERY if m != "zscore"]
    expected = numbers(everything())[from_data]
    shuffled = small[np.random.default_rng(1).permutation(small.n_obs)].copy()
    table = numbers(everything(shuffled))[from_data]
    pd.testing.assert_frame_equal(table, expected, check_exact=False, rtol=1e-12, atol=1e-14)


def test_nothing_is_written(small, everything):
    before = small.X.copy()
    everything()
    assert (before != small.X).nnz == 0
    assert not small.uns


def test_every_score_is_finite_where_genes_are_absent_or_constant(small, interactions):
    x = small.X.toarray()
    x[:, 0] = 0.0
    x[:, 1] = 1.5
    x[small.obs["cell_type"] == "a"] = 0.0
    small.X = x
    table = cs.tl.score(small, "cell_type", resource=interactions, method=[*EVERY, "consensus"], n_perms=20,
                        expr_prop=0, inplace=False).table  # fmt: skip
    values = table[[c for c in table if c.startswith(("score_", "pvalue_")) or c.endswith("_rank")]]
    assert np.isfinite(values.to_numpy()).all()
    silent = table[(table["ligand_mean"] == 0) | (table["receptor_mean"] == 0)]
    assert len(silent) > 10
    for name in POSITIVE:
        if not SCORES[name].standardised:
            assert (silent[f"score_{name}"] == 0).all(), name


def test_shares_of_an_interaction_add_up_to_one(small, interactions):
    table = cs.tl.score(small, "cell_type", resource=interactions, method="specificity", null=None, expr_prop=0,
                        inplace=False).table  # fmt: skip
    np.testing.assert_allclose(table.groupby("interaction", observed=True)["score"].sum(), 1.0, rtol=1e-12)
