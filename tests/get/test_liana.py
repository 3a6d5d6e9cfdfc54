"""LIANA's layout."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cohort_of_samples
import commscore as cs

ALIASES = {
    "mean": ("lr_means", "cellphone_pvals"),
    "product": ("expr_prod", "pvalue_product"),
    "geometric": ("lr_gmeans", "gmean_pvals"),
    "hill": ("lr_probs", "cellchat_pvals"),
    "specificity": ("spec_weight", "pvalue_specificity"),
    "scaled": ("scaled_weight", "pvalue_scaled"),
    "regularised": ("lrscore", "pvalue_regularised"),
    "logfc": ("lr_logfc", "pvalue_logfc"),
    "inter_score": ("inter_score", "pvalue_inter_score"),
}


@pytest.fixture
def scored(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, method=[*ALIASES, "consensus"], n_perms=50)
    return small


def test_columns(scored):
    frame, table = cs.get.to_liana(scored), cs.get.table(scored, sort=False)
    assert list(frame.columns[:4]) == ["source", "target", "ligand_complex", "receptor_complex"]
    for ours, theirs in ALIASES.items():
        np.testing.assert_array_equal(frame[theirs[0]], table[f"score_{ours}"])
        np.testing.assert_array_equal(frame[theirs[1]], table[f"pvalue_{ours}"])
    for name in ("ligand_mean", "receptor_mean", "ligand_prop", "receptor_prop"):
        np.testing.assert_array_equal(frame[f"{name}s"], table[name])
    np.testing.assert_array_equal(frame["specificity_rank"], table["specificity_rank"])
    assert frame["ligand_complex"].map(type).eq(str).all()
    assert not any(isinstance(d, pd.CategoricalDtype) for d in frame.dtypes)
    assert "lrs_to_keep" not in frame


def test_one_method(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, method="geometric", n_perms=50)
    frame = cs.get.to_liana(small, sample="s1", sample_key="donor")
    np.testing.assert_array_equal(frame["lr_gmeans"], cs.get.table(small, sort=False)["score"])
    np.testing.assert_array_equal(frame["gmean_pvals"], cs.get.table(small, sort=False)["pvalue"])
    assert (frame["donor"] == "s1").all()


def test_refused(scored):
    with pytest.raises(KeyError, match=r"adata\.uns has no 'liana'"):
        cs.get.to_liana(scored, "liana")
    with pytest.raises(ValueError, match="sample_key='source' is a column of the table"):
        cs.get.to_liana(scored, sample="s", sample_key="source")
    scored.uns["other"] = dict(scored.uns["commscore"], schema="commscore.compare/6")
    with pytest.raises(KeyError, match=r"is commscore.compare/6, not a table of scores"):
        cs.get.to_liana(scored, "other")


@pytest.mark.filterwarnings("ignore")
def test_liana_plots_it(scored):
    li = pytest.importorskip("liana")
    scored.uns["liana_res"] = cs.get.to_liana(scored)
    plot = li.pl.dotplot(
        scored,
        colour="lr_means",
        size="specificity_rank",
        inverse_size=True,
        top_n=5,
        orderby="magnitude_rank",
        orderby_ascending=True,
        source_labels=["a", "b"],
        return_fig=True,
    )
    drawn = plot.data
    assert set(drawn["source"]) <= {"a", "b"}
    assert drawn["interaction"].nunique() <= 5
    table = cs.get.table(scored, source=["a", "b"])
    assert set(np.round(drawn["lr_means"], 9)) <= set(np.round(table["score_mean"], 9))
    plot.draw()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_liana_makes_tensors_of_it(small, interactions):
    li = pytest.importorskip("liana")
    pytest.importorskip("cell2cell")
    frames = []
    for i in range(3):
        part = small[np.random.default_rng(i).permutation(small.n_obs)[:85]].copy()
        cs.tl.score(part, "cell_type", resource=interactions, method="consensus", n_perms=20, min_cells=3)
        frames.append(cs.get.to_liana(part, sample=f"s{i}"))
    tensor = li.mu.to_tensor_c2c(
        liana_res=pd.concat(frames), sample_key="sample", score_key="magnitude_rank", how="outer"
    )
    assert tensor.tensor.shape[0] == 3
    assert sorted(tensor.order_names[2]) == ["a", "b", "c", "d"]
    best = min(f["magnitude_rank"].min() for f in frames)
    assert np.nanmax(np.asarray(tensor.tensor)) == pytest.approx(-np.log10(best), rel=1e-6)  # as LIANA inverts ranks


def test_over_samples_permuted_p_values_have_the_name_of_permuted_ones():
    adata = cohort_of_samples.cohort(n_samples=4)
    cs.tl.score(adata, "cell_type", resource=cohort_of_samples.PAIRS, sample_key="sample", n_perms=50)
    frame, table = cs.get.to_liana(adata), cs.get.table(adata, sort=False)
    np.testing.assert_array_equal(frame["cellphone_pvals"], table["pvalue_within"])
    np.testing.assert_array_equal(frame["pvalue_mean"], table["pvalue"])
    assert frame["cellphone_pvals"].notna().all()
