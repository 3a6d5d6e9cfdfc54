"""Pairs of groups that can meet, and a single group: what is tested, and over what it is adjusted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.stats.multiple import benjamini_hochberg

PAIRS = [("a", "b"), ("b", "c"), ("b", "b")]


def _of(table, pairs):
    rows = table[[p in set(pairs) for p in zip(table["source"], table["target"], strict=True)]]
    return rows.reset_index(drop=True)


@pytest.fixture
def whole(small, interactions):
    return cs.tl.score(small, "cell_type", resource=interactions, n_perms=99, expr_prop=0, inplace=False).table


def _scored(adata, interactions, pairs, **kwargs):
    return cs.tl.score(
        adata, "cell_type", resource=interactions, n_perms=99, expr_prop=0, group_pairs=pairs, inplace=False, **kwargs
    )


def test_rows_of_the_pairs_keep_their_scores_and_are_adjusted_among_themselves(small, interactions, whole):
    table = _scored(small, interactions, PAIRS).table
    same = _of(whole, PAIRS)
    assert len(table) == len(same) < len(whole)
    for column in ("interaction", "score", "pvalue_raw", "pvalue"):
        np.testing.assert_array_equal(table[column].to_numpy(), same[column].to_numpy())
    np.testing.assert_array_equal(table["padj"], benjamini_hochberg(table["pvalue"].to_numpy()))
    assert (table["padj"] <= same["padj"] + 1e-12).any()


@pytest.mark.parametrize("null", ["auto", None])
def test_pairs_are_taken_with_every_null(small, interactions, null):
    table = _scored(small, interactions, PAIRS, null=null).table
    assert set(zip(table["source"], table["target"], strict=True)) == set(PAIRS)


def test_a_table_of_pairs_is_the_list(small, interactions):
    frame = pd.DataFrame(PAIRS, columns=["source", "target"])
    expected = _scored(small, interactions, PAIRS).table
    pd.testing.assert_frame_equal(_scored(small, interactions, frame).table, expected)


def test_groups_of_a_microenvironment_meet_each_other_and_themselves(small, interactions):
    niches = pd.DataFrame({"cell_type": ["a", "b", "c"], "microenvironment": ["stroma", "stroma", "nest"]})
    result = _scored(small, interactions, niches)
    expected = {("a", "a"), ("a", "b"), ("b", "a"), ("b", "b"), ("c", "c")}
    assert set(zip(result.table["source"], result.table["target"], strict=True)) == expected
    stored = result.params["group_pairs"]
    assert set(zip(stored["source"], stored["target"], strict=True)) == expected


def test_pairs_are_kept_in_files(small, interactions, tmp_path):
    import anndata

    cs.tl.score(small, "cell_type", resource=interactions, n_perms=9, expr_prop=0, group_pairs=PAIRS)
    small.write_h5ad(tmp_path / "a.h5ad")
    stored = cs.get.params(anndata.read_h5ad(tmp_path / "a.h5ad"))["group_pairs"]
    assert list(zip(stored["source"], stored["target"], strict=True)) == PAIRS


def test_numbers_name_groups(small, interactions):
    small.obs["leiden"] = pd.factorize(small.obs["cell_type"])[0]
    table = cs.tl.score(
        small, "leiden", resource=interactions, n_perms=9, expr_prop=0, group_pairs=[(0, 1.0)], inplace=False
    ).table
    assert set(zip(table["source"], table["target"], strict=True)) == {("0", "1")}


BAD = {
    "unknown": ([("a", "bb")], ValueError, "group_pairs has 'bb', which is no group of this call .*did you mean 'b'"),
    "flat": (("a", "b"), ValueError, r"group_pairs\[0\] must be a pair \(source, target\), found 'a'"),
    "three": ([("a", "b", "c")], ValueError, r"group_pairs\[0\] must be a pair"),
    "text": ("a,b", TypeError, "group_pairs must be a pandas DataFrame, pairs .source, target. or None"),
    "columns": (pd.DataFrame({"from": ["a"], "to": ["b"]}), ValueError, "needs the columns 'source' and 'target'.*found from, to"),  # noqa: E501
    "empty cell": (pd.DataFrame({"source": ["a", None], "target": ["b", "b"]}), ValueError, "empty cell in row 1"),
    "no row": (pd.DataFrame({"source": [], "target": []}), ValueError, "names no pair"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_pairs_are_one_clear_error(small, interactions, case):
    pairs, error, message = BAD[case]
    with pytest.raises(error, match=message):
        _scored(small, interactions, pairs)


def test_a_pair_of_a_group_that_is_too_small_is_left_out_and_listed(small, interactions):
    small.obs["cell_type"] = small.obs["cell_type"].astype(str)
    small.obs.iloc[:2, small.obs.columns.get_loc("cell_type")] = "rare"
    result = _scored(small, interactions, [("a", "b"), ("rare", "b")])
    assert set(zip(result.table["source"], result.table["target"], strict=True)) == {("a", "b")}
    assert (result.untested["reason"] == "too few cells").sum() == 1
    with pytest.raises(ValueError, match=r"each pair has a group with fewer cells than min_cells \(rare: 2\)"):
        _scored(small, interactions, [("rare", "b")])


def test_an_interaction_that_no_pair_expresses_says_so(small, interactions):
    kwargs = {"resource": interactions, "n_perms": 9, "expr_prop": 0.3, "inplace": False}
    every = cs.tl.score(small, "cell_type", **kwargs)
    one = cs.tl.score(small, "cell_type", group_pairs=[("a", "a")], **kwargs)
    lost = set(every.table["interaction"]) - set(one.table["interaction"])
    rows = one.untested[one.untested["interaction"].isin(lost)]
    assert len(rows) == len(lost) > 0
    assert rows["detail"].str.contains("no pair of group_pairs").all()


def test_one_group_is_scored_where_nothing_is_permuted(small, interactions):
    alone = small[small.obs["cell_type"] == "a"].copy()
    table = cs.tl.score(alone, "cell_type", resource=interactions, null=None, expr_prop=0, inplace=False).table
    row = table.iloc[0]
    ligand, receptor = (alone[:, row[side]].X.toarray().mean() for side in ("ligand", "receptor"))
    assert row["score"] == pytest.approx((ligand + receptor) / 2, rel=1e-6)
    assert table["pvalue"].isna().all()
    asked = cs.tl.score(
        small, "cell_type", groups=["a"], resource=interactions, null=None, expr_prop=0, inplace=False
    ).table
    pd.testing.assert_frame_equal(asked, table)


def test_one_group_says_what_it_lacks(small, interactions):
    with pytest.raises(ValueError, match=r"at least two groups.*null=None scores one without permutations"):
        cs.tl.score(small, "cell_type", groups=["a"], resource=interactions)
    with pytest.raises(ValueError, match="method='logfc' sets a group against the cells of all other groups"):
        cs.tl.score(small, "cell_type", groups=["a"], resource=interactions, null=None, method="logfc")
    with pytest.raises(ValueError, match="a group of min_cells=1000 cells is needed"):
        cs.tl.score(small, "cell_type", resource=interactions, null=None, min_cells=1000)


def test_the_methods_text_says_that_pairs_were_named(small, interactions, tmp_path):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=9, expr_prop=0, group_pairs=PAIRS)
    cs.report.write(small, tmp_path / "a.html")
    assert "in the 3 pairs of groups that can meet" in (tmp_path / "a.html").read_text(encoding="utf-8")
