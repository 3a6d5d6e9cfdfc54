"""Readers of stored results."""

from __future__ import annotations

import re

import numpy as np
import pytest

import commscore as cs
from commscore.tables.compare import STORED
from compared import planted_cohort, run


@pytest.fixture
def scored(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=60)
    return small


def test_table_filters(scored):
    whole = cs.get.table(scored)
    part = cs.get.table(scored, source="d", target=["b", "c"], max_padj=0.99, min_score=0.5)
    keep = (
        (whole["source"] == "d") & whole["target"].isin(["b", "c"]) & (whole["padj"] <= 0.99) & (whole["score"] >= 0.5)
    )
    assert 0 < keep.sum() < len(whole)
    assert part["score"].tolist() == whole.loc[keep, "score"].tolist()


def test_the_surest_rows_come_first(scored):
    whole, stored = cs.get.table(scored), cs.get.table(scored, sort=False)
    assert stored.equals(scored.uns["commscore"]["table"])
    assert not whole.equals(stored)
    want = stored.sort_values(["padj", "score"], ascending=[True, False], kind="stable").reset_index(drop=True)
    assert whole.equals(want)
    assert (np.diff(whole["padj"]) >= 0).all()


def test_among_equals_what_reviews_tell_of_comes_first(scored):
    stored = scored.copy()
    table = stored.uns["commscore"]["table"].assign(score=1.0, padj=0.01)
    names = sorted(table["interaction"].astype(str).unique())
    table["basis"] = table["interaction"].astype(str).map(lambda n: "inferred" if n == names[-1] else "listed")
    stored.uns["commscore"]["table"] = table
    got = cs.get.table(stored)
    n = int((got["interaction"] == names[-1]).sum())
    assert n > 0
    assert (got["interaction"].iloc[:n] == names[-1]).all()


def test_without_p_values_the_highest_scores_come_first(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, null=None, method=["mean", "product"])
    assert (np.diff(cs.get.table(small)["score_mean"]) <= 0).all()
    assert (np.diff(cs.get.table(small, method="product")["score"]) <= 0).all()


def test_rows_of_a_comparison_come_by_evidence_and_untested_ones_last():
    adata = planted_cohort()
    cs.get.store(adata, "commscore_compare", run(adata))
    table = cs.get.table(adata, "commscore_compare")
    tested = table["padj"].notna().to_numpy()
    assert 0 < tested.sum() < len(table)
    assert tested[: tested.sum()].all()
    first = table[tested]
    assert (np.diff(first["padj"]) >= 0).all()
    same = first["padj"].eq(first["padj"].shift())
    assert (first["effect"].abs().diff()[same] <= 0).all()


def test_table_of_interactions_genes_and_modes(scored):
    whole = cs.get.table(scored)
    names = whole["interaction"].astype(str)
    one, two = names[0], names[names != names[0]].iloc[0]
    assert set(cs.get.table(scored, interaction=one)["interaction"]) == {one}
    part = cs.get.table(scored, interaction=[one, two])
    assert len(part) == names.isin([one, two]).sum()
    complexes = whole["receptor_complex"].astype(str)
    several = complexes[complexes.str.contains("_")].iloc[0]
    for gene in several.split("_"):
        rows = cs.get.table(scored, gene=gene)
        inside = [gene in f"{a}_{b}".split("_") for a, b in zip(whole["ligand_complex"], complexes, strict=True)]
        assert len(rows) == sum(inside) > 0
    assert len(cs.get.table(scored, gene=several)) >= (complexes == several).sum()
    mode = whole["mode"].iloc[0]
    assert (
        len(cs.get.table(scored, mode=mode, gene=several)) == ((whole["mode"] == mode) & (complexes == several)).sum()
    )
    for argument, value in (("gene", "NOGENE"), ("interaction", "A^B"), ("mode", "telepathy")):
        with pytest.raises(ValueError, match=f"{argument}='.*' is not an? "):
            cs.get.table(scored, **{argument: value})


def test_columns_are_explained():
    explained = cs.get.columns()
    assert explained.equals(cs.get.columns("score"))
    assert set(explained["table"]) == {"table", "untested"}
    assert explained.loc[explained["column"] == "null", "values"].tolist() == ["permutation, analytic, none"]
    compared = cs.get.columns("commscore_compare").set_index(["table", "column"])
    assert compared.loc[("table", "ligand_se"), "meaning"] == "standard error of it"
    with pytest.raises(ValueError, match=r"key='compar' is not one of .* did you mean 'compare'"):
        cs.get.columns("compar")


def test_table_is_a_copy(scored):
    table, untested = cs.get.table(scored), cs.get.untested(scored)
    table["score"], untested["detail"] = 0.0, "x"
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
    with pytest.raises(ValueError, match="source='aa' is not a group"):
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


@pytest.fixture
def both(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=60, method=["mean", "product"])
    return small


def test_one_of_several_methods(both):
    whole = cs.get.table(both)
    assert {"score_mean", "score_product"} <= set(whole)
    assert "score" not in whole
    limit = float(whole["padj_product"].quantile(0.1))
    one = cs.get.table(both, method="product", max_padj=limit)
    kept = whole[whole["padj_product"] <= limit].sort_values(
        ["padj_product", "score_product"], ascending=[True, False], kind="stable"
    )
    assert 0 < len(one) < len(whole)
    assert one["score"].tolist() == kept["score_product"].tolist()
    assert one["pvalue"].tolist() == kept["pvalue_product"].tolist()
    assert not [c for c in one if c.endswith(("_mean", "_product")) and not c.startswith(("ligand", "receptor"))]
    pairs = both.uns["commscore"]["table"][["ligand_complex", "receptor_complex"]].drop_duplicates()
    pairs = pairs.set_axis(["ligand", "receptor"], axis=1)
    alone = cs.tl.score(both, "cell_type", resource=pairs, n_perms=60, method="product", inplace=False).table
    assert set(alone.columns) == set(cs.get.table(both, method="product").columns)


def test_the_first_method_is_the_default_of_filters(both):
    whole = cs.get.table(both)
    limit = float(whole["padj_mean"].quantile(0.1))
    assert len(cs.get.table(both, max_padj=limit)) == (whole["padj_mean"] <= limit).sum()
    assert cs.get.matrix(both, max_padj=limit).to_numpy().sum() == (whole["padj_mean"] <= limit).sum()
    total = cs.get.matrix(both, value="score", method="product", max_padj=None).to_numpy().sum()
    assert total == pytest.approx(whole["score_product"].sum())


def test_unknown_methods(both, interactions):
    with pytest.raises(ValueError, match=r"method='hill' is not in the table \(it holds mean, product\)"):
        cs.get.table(both, method="hill")
    cs.tl.score(both, "cell_type", resource=interactions, n_perms=20)
    assert cs.get.table(both, method="mean").equals(cs.get.table(both))
    with pytest.raises(ValueError, match=r"it holds mean\)"):
        cs.get.matrix(both, method="hill")


def test_without_p_values_no_filter_passes_silently(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, null=None)
    for read in (cs.get.matrix, cs.get.table):
        with pytest.raises(ValueError, match="has no p-values"):
            read(small, max_padj=0.05)
    assert cs.get.matrix(small, max_padj=None).to_numpy().sum() == len(cs.get.table(small))


def test_empty_tables_are_named(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, null=None)
    small.uns["commscore"]["table"] = small.uns["commscore"]["table"].iloc[:0]
    with pytest.raises(ValueError, match=r"has no row: cs\.get\.untested says why"):
        cs.get.matrix(small)


def test_missing_results_name_their_tool(small):
    with pytest.raises(KeyError, match=r"run cs\.tl\.compare first"):
        cs.get.totals(small)
    with pytest.raises(KeyError, match=r"run cs\.tl\.therapies first"):
        cs.get.table(small, "commscore_therapies")


def test_a_method_shows_itself_in_a_line():
    text = repr(cs.tl.method("hill", K=0.4))
    assert text.startswith("<method 'hill', K=0.4, ")
    assert len(text) < 240
    assert "<function" not in text


def test_the_error_of_pvalues_is_that_of_other_seeds(small, interactions):
    seen = []
    for seed in range(60):
        cs.tl.score(small, "cell_type", resource=interactions, n_perms=200, scheme="independent", rng=seed)
        seen.append(cs.get.table(small, sort=False)["pvalue"].to_numpy())
    where = ["source", "target", "interaction"]
    error = cs.get.table(small).assign(error=cs.get.pvalue_error(small)).set_index(where)["error"]
    error = error.loc[cs.get.table(small, sort=False).set_index(where).index].to_numpy()
    p = np.mean(seen, axis=0)
    middle = (p > 0.1) & (p < 0.9)
    assert middle.sum() >= 10
    assert np.std(seen, axis=0)[middle].mean() == pytest.approx(error[middle].mean(), rel=0.1)


def test_only_permuted_pvalues_have_an_error(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, null="auto", n_perms=60, method=["mean", "product"])
    table, error = cs.get.table(small, method="product"), cs.get.pvalue_error(small, method="product")
    permuted = table["null"] == "permutation"
    assert (error[~permuted] == 0).all()
    p = table["pvalue_raw"][permuted]
    expected = (np.sqrt(p * (1 - p) / 60) / table["pass_probability"][permuted]).clip(upper=0.5)
    assert error[permuted].to_numpy() == pytest.approx(expected.to_numpy())
    cs.tl.score(small, "cell_type", resource=interactions, null=None)
    assert cs.get.pvalue_error(small).isna().all()


def test_a_result_without_scores_has_no_error_of_pvalues(small):
    cs.get.store(small, "other", cs.get.Result(cs.rs.load().interactions, {}, {}, {}, STORED.schema))
    with pytest.raises(KeyError, match="not a table of scores"):
        cs.get.pvalue_error(small, "other")


def test_what_was_not_tested_is_told_by_interaction():
    adata = cs.ds.pbmc()
    cs.tl.score(adata, "cell_type", resource="breast", n_perms=20)
    every = cs.get.untested(adata)
    for reason in ("gene missing", "not measurable in RNA"):
        row = every[every["reason"] == reason].iloc[0]
        name, detail = str(row["interaction"]), row["detail"]
        own = cs.get.untested(adata, interaction=[name])
        assert own[["interaction", "detail"]].to_numpy().tolist() == [[name, detail]]
        says = rf"interaction='{re.escape(name)}' was not tested: {reason} \({re.escape(detail)}\); cs\.get\.untested"
        with pytest.raises(ValueError, match=says):
            cs.get.table(adata, interaction=name)
    tested = str(cs.get.table(adata)["interaction"].iloc[0])
    assert cs.get.untested(adata, interaction=tested).empty
    with pytest.raises(ValueError, match=r"interaction='A\^B' is not one that was tried \(there are "):
        cs.get.untested(adata, interaction="A^B")
