"""Readers of stored results."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs


@pytest.fixture
def scored(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=60)
    return small


def test_table_filters(scored):
    whole = cs.get.table(scored)
    part = cs.get.table(scored, source="a", target=["b", "c"], max_padj=0.99, min_score=0.5)
    keep = (
        (whole["source"] == "a") & whole["target"].isin(["b", "c"]) & (whole["padj"] <= 0.99) & (whole["score"] >= 0.5)
    )
    assert 0 < keep.sum() < len(whole)
    assert part["score"].tolist() == whole.loc[keep, "score"].tolist()


def test_table_is_a_copy(scored):
    cs.get.table(scored)["score"] = 0.0
    cs.get.untested(scored)["detail"] = "x"
    assert cs.get.table(scored)["score"].max() > 0
    assert "x" not in set(cs.get.untested(scored)["detail"])


def test_matrix_counts_and_sums(scored):
    whole = cs.get.table(scored)
    counts = cs.get.matrix(scored, max_padj=None)
    assert counts.to_numpy().sum() == len(whole)
    sums = cs.get.matrix(scored, value="score", max_padj=None)
    expected = whole.loc[(whole["source"] == "a") & (whole["target"] == "d"), "score"].sum()
    assert sums.loc["a", "d"] == pytest.approx(expected)
    assert list(counts.index) == list(counts.columns) == ["a", "b", "c", "d"]
    significant = cs.get.matrix(scored, max_padj=0.2)
    assert significant.to_numpy().sum() == (whole["padj"] <= 0.2).sum()
    assert np.isfinite(significant.to_numpy()).all()


def test_errors_name_what_was_found(scored):
    with pytest.raises(KeyError, match="did you mean 'commscore'"):
        cs.get.table(scored, "comscore")
    scored.uns["other"] = {"a": 1}
    with pytest.raises(KeyError, match="was not written by commscore"):
        cs.get.table(scored, "other")
    with pytest.raises(ValueError, match="source has no group 'aa'"):
        cs.get.table(scored, source="aa")
    with pytest.raises(ValueError, match="value='scor' is not one of"):
        cs.get.matrix(scored, value="scor")


def test_params_and_result(scored):
    params = cs.get.params(scored)
    assert params["groupby"] == "cell_type"
    assert params["pvalue_floor"] == pytest.approx(1 / 61)
    result = cs.get.load(scored)
    assert result.resource["name"] == "table"
    assert "rows" in repr(result)
