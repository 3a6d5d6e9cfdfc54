"""Leaving out each sample is the comparison of the others, and says which sample carries a finding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from commscore.study.stored_comparison import stored_comparison
from commscore.tl._influence import _compare_again

KEYS = {"condition_key": "condition", "sample_key": "sample"}
EDGE = ["contrast", "source", "target", "interaction"]
ROW = ("case vs control", "tumour", "macrophage", "CSF1^CSF1R")


@pytest.fixture(scope="module")
def cohort():
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    return cs.ds.simulate(n_samples=3, n_cells=200, shifts=[shift], rng=0)


def run(adata, *, without=None, **options):
    """Compare, and leave each sample out of that comparison; ``without`` are options of the latter."""
    cs.tl.compare(adata, "cell_type", **KEYS | options, resource=adata.uns["interactions"])
    return cs.tl.leave_one_out(adata, resource=adata.uns["interactions"], **{"inplace": False} | (without or {}))


@pytest.fixture(scope="module")
def found(cohort):
    return run(cohort)


def text(table):
    return table.astype(dict.fromkeys(EDGE, str)).set_index(EDGE)


def test_rows_are_those_of_the_comparison_without_the_sample(cohort, found):
    assert set(found.table["left_out"]) == set(cohort.obs["sample"])
    rest = cohort[cohort.obs["sample"] != "case_2"].copy()
    alone = cs.tl.compare(rest, "cell_type", **KEYS, resource=cohort.uns["interactions"], inplace=False).table
    mine = text(found.table[found.table["left_out"] == "case_2"])
    alone = text(alone[alone["effect"].notna()])
    pd.testing.assert_frame_equal(
        mine[["effect", "pvalue", "padj"]], alone.loc[mine.index, ["effect", "pvalue", "padj"]]
    )
    assert len(mine) == len(alone)


def test_stability_sums_up_the_rows(cohort, found):
    stable = text(found.extra["stability"])
    own = found.table.astype(dict.fromkeys(EDGE, str))
    own = own[(own[EDGE] == list(ROW)).all(axis=1)].set_index("left_out")["effect"]
    row = stable.loc[ROW]
    whole = cs.tl.compare(cohort, "cell_type", **KEYS, resource=cohort.uns["interactions"], inplace=False).table
    effect = text(whole).loc[ROW, "effect"]
    assert row["effect"] == pytest.approx(effect)
    assert (row["effect_low"], row["effect_high"]) == (own.min(), own.max())
    assert row["most_influential"] == (own - effect).abs().idxmax()
    assert row["shift"] == pytest.approx((own - effect).loc[row["most_influential"]])
    assert row["sign_stable"]
    assert row["n_left_out"] == 6
    flips = stable[~stable["sign_stable"]]
    assert len(flips)
    assert (np.sign(flips["effect_low"]) != np.sign(flips["effect_high"])).all()
    assert found.extra["stability"]["max_padj"].dropna().is_monotonic_increasing


def test_one_sample_that_carries_everything_is_named(cohort):
    adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=1)
    counts = adata.layers["counts"].toarray()
    cells = ((adata.obs["sample"] == "case_3") & (adata.obs["cell_type"] == "tumour")).to_numpy()
    counts[np.ix_(cells, [adata.var_names.get_loc("CSF1")])] *= 60
    adata.layers["counts"] = sparse.csr_matrix(counts)
    row = text(run(adata).extra["stability"]).loc[ROW]
    assert row["most_influential"] == "case_3"
    assert row["shift"] < -1


def test_pairs_are_left_out_whole():
    adata = cs.ds.simulate(n_samples=4, n_cells=200, paired=True, rng=0)
    result = run(adata, patient_key="patient")
    assert set(result.table["left_out"]) == set(adata.obs["patient"])
    assert result.params["left_out"] == "patient"


def test_what_cannot_be_compared_without_a_sample_is_said(cohort):
    few = cohort[~cohort.obs["sample"].isin(["case_1", "case_2"])].copy()
    with pytest.raises(ValueError, match="at least two samples"):
        run(few, test="samples")
    two = cohort[~cohort.obs["sample"].isin(["case_1"])].copy()
    result = run(two)
    assert set(result.table["left_out"]) == {"control_1", "control_2", "control_3"}
    assert sorted(result.untested["detail"].str.split(":").str[0]) == ["without case_2", "without case_3"]
    assert set(result.untested["reason"]) == {"cannot be compared"}


def test_why_the_others_cannot_be_compared_is_told_by_its_own_word(cohort):
    """Four samples are enough; without one of them the batch cannot be told from the condition."""
    adata = cohort.copy()
    adata.obs["batch"] = np.where(adata.obs["sample"].isin(["case_1", "case_2", "control_1"]), "b1", "b2")
    adata.obs["batch"] = adata.obs["batch"].where(adata.obs["sample"] != "case_3", "b1")
    untested = run(adata, covariates=["batch"]).untested.set_index("detail")["reason"]
    without = untested[untested.index.str.startswith("without control_1")]
    assert without.tolist() == ["cannot be compared"]
    assert "confounded" in without.index[0]


def test_what_is_new_without_a_sample_is_warned_of(cohort):
    """What the comparison said of the data is said once; a word that it did not say is heard."""
    adata = cohort.copy()
    adata.obs["sample"] = adata.obs["sample"].astype(str) + " "
    with pytest.warns(UserWarning, match="begin or end with a blank"):
        cs.tl.compare(adata, "cell_type", **KEYS, resource=adata.uns["interactions"])
    cs.tl.leave_one_out(adata, resource=adata.uns["interactions"])  # warnings are errors here
    stored = stored_comparison(adata, "commscore_compare", resource=adata.uns["interactions"])
    with pytest.warns(UserWarning, match="no row could be tested"):
        _compare_again(stored, adata, expr_prop=1.0)


def test_stored_and_misspelt(cohort, tmp_path):
    import anndata as ad

    adata = cohort.copy()
    assert run(adata, without={"inplace": True, "key_added": "without"}) is None
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = cs.get.load(ad.read_h5ad(tmp_path / "a.h5ad"), "without")
    assert back.schema == "commscore.influence/4"
    assert set(back.extra) == {"stability", "untested"}
    assert back.params["key"] == "commscore_compare"
    with pytest.raises(TypeError, match="did you mean 'key_added'"):
        cs.tl.leave_one_out(adata, keyadded="x")
