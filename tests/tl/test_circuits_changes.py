"""Change of circuits between conditions and along stages, samples as replicates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from small_circuits import PAIRS, STEPS, cohort, run, silence


def test_changes_between_conditions_name_their_driver():
    shift = cs.ds.Shift(interaction=("TGFB1", "TGFBR1_TGFBR2"), source="osteoclast", target="tumour", log2fc=3)
    adata = cohort(n_samples=5, n_cells=300, shifts=[shift], donor_sd=0.15, rng=4)
    found = run(adata, condition_key="condition", sample_key="sample")
    changes = found.extra["changes"]
    assert changes["contrast"].unique().tolist() == ["b vs a"]
    whole = changes[changes["step"] == 0].set_index("circuit")
    assert whole.loc["bone", "padj"] < 0.01
    assert whole.loc["bone", "driver"].startswith("4 osteoclast TGFB1")
    assert whole.loc["bone", "effect"] == pytest.approx(3 / 4, abs=0.3)
    assert (whole.loc[["csf", "egf"], "pvalue"] > 0.01).all()
    step = changes[(changes["circuit"] == "bone") & (changes["step"] == 4)].iloc[0]
    assert step["effect"] == pytest.approx(3, abs=0.6)
    assert step["ci_low"] < step["effect"] < step["ci_high"]
    back = run(adata, condition_key="condition", sample_key="sample", reference="b").extra["changes"]
    again = back[(back["circuit"] == "bone") & (back["step"] == 4)].iloc[0]
    assert again["effect"] == pytest.approx(-step["effect"])
    assert found.params["contrast"] is None
    named = run(adata, condition_key="condition", sample_key="sample", contrast=["b"])
    assert list(named.params["contrast"]) == ["b"]
    parts = changes[(changes["circuit"] == "bone") & (changes["step"] > 0)]["effect"]
    own = changes[(changes["circuit"] == "bone") & (changes["step"] > 0)]["pvalue"].to_numpy()
    assert whole.loc["bone", "any_pvalue"] == pytest.approx(0.5 - np.arctan(np.tan((0.5 - own) * np.pi).mean()) / np.pi)
    assert parts.mean() == pytest.approx(whole.loc["bone", "effect"])


def test_a_molecule_that_moves_two_steps_is_the_driver_by_its_step_between_cells():
    shift = cs.ds.Shift(interaction=("TNFSF11", "TNFRSF11A"), source="osteoblast", target="osteoclast", log2fc=2)
    adata = cohort(n_samples=5, n_cells=300, shifts=[shift], donor_sd=0.15, rng=4)
    table = run(adata, n_perms=9, condition_key="condition", sample_key="sample").extra["changes"]
    table = table.set_index(["circuit", "step"])
    assert [table.loc[("bone", n), "effect"] for n in (2, 3)] == pytest.approx([2, 2], abs=0.7)
    assert table.loc[("bone", 0), "driver"].startswith("3 osteoblast TNFSF11 → TNFRSF11A")
    assert table.loc[("bone", 0), "driver_molecule"] == "TNFSF11 (osteoblast)"
    assert table.loc[("opg", 0), "driver"].startswith("2 osteoblast TNFSF11")


def test_a_decoy_can_be_the_driver():
    more = cs.ds.Shift(interaction=("TNFRSF11B", "MMP1"), source="osteoblast", target="tumour", log2fc=3)
    adata = cohort(n_samples=5, n_cells=300, shifts=[more], donor_sd=0.15, rng=4)
    table = run(adata, n_perms=9, condition_key="condition", sample_key="sample").extra["changes"]
    opg = table.set_index(["circuit", "step"]).loc[("opg", 0)]
    assert opg["ci_high"] < 0  # the decoy takes the ligand away
    assert opg["driver_molecule"] == "decoy TNFRSF11B (osteoblast)"
    assert opg["driver"] == "2 osteoblast TNFSF11 → TNFRSF11A osteoclast"


def test_few_samples_give_an_effect_without_a_test():
    with pytest.warns(UserWarning, match="has 2 samples among these cells"):
        changes = run(cohort(n_samples=1), condition_key="condition", sample_key="sample").extra["changes"]
    assert set(changes["status"]) == {"too_few_samples"}
    assert changes["effect"].notna().all()
    assert changes["pvalue"].isna().all()


def shared_edges(found, contrast):
    """Steps that stand for one edge of single groups, as (interaction, source, target) -> row of the changes."""
    edges = found.extra["edges"].set_index(["circuit", "step"])
    rows = found.extra["changes"]
    rows = rows[(rows["step"] > 0) & (rows["contrast"] == contrast)]
    names = {("bone", 1): ("PTHLH^PTH1R", "tumour", "osteoblast"), ("csf", 1): ("CSF1^CSF1R", "T cell", "macrophage")}
    assert all(edges.loc[k, "gates"] == "" for k in names)
    return {v: rows[(rows["circuit"] == c) & (rows["step"] == n)].iloc[0] for (c, n), v in names.items()}


DESIGNS = {
    "two conditions": {}, "covariate": {"covariates": ["batch"]}, "pairs": {"patient_key": "patient"},
    "other reference": {"reference": "b"},
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*looks like patients")  # who have a sample of each condition
@pytest.mark.parametrize("design", DESIGNS)
def test_changes_of_steps_are_those_of_the_comparison(design):
    adata = cohort(n_samples=4, n_cells=300, paired=True, donor_sd=0.2, rng=2)
    number = adata.obs["sample"].str[-1].astype(int)
    adata.obs["batch"] = np.where((number + (adata.obs["condition"] == "b")) % 3 == 0, "x", "y")
    options = {"condition_key": "condition", "sample_key": "sample"} | DESIGNS[design]
    found = run(adata, n_perms=9, **options)
    contrast = "a vs b" if "reference" in options else "b vs a"
    pairs = pd.DataFrame(PAIRS, columns=["ligand", "receptor"])
    with_edges = cs.tl.compare(adata, "cell_type", resource=pairs, min_cells=5, inplace=False, **options).table
    with_edges = with_edges.set_index(["interaction", "source", "target"])
    for name, row in shared_edges(found, contrast).items():
        edge = with_edges.loc[name]  # whose samples have weights
        assert row["effect"] == pytest.approx(edge["effect"], abs=0.5 * edge["se"])
        assert row["n_ref"] == with_edges.loc[name, "n_ref"] == 4


@pytest.mark.filterwarnings("ignore:.*looks like patients")
def test_pairs_take_the_patient_out():
    shift = cs.ds.Shift(interaction=("CSF1", "CSF1R"), source="T cell", target="macrophage", log2fc=1)
    adata = cohort(n_samples=5, n_cells=400, paired=True, donor_sd=0.05, patient_sd=1.0, shifts=[shift], rng=3)
    keys = {"condition_key": "condition", "sample_key": "sample", "n_perms": 9}
    paired, alone = (run(adata, **keys, **more).extra["changes"] for more in ({"patient_key": "patient"}, {}))
    paired, alone = (t[t["step"] == 0].set_index("circuit") for t in (paired, alone))
    assert paired.loc["csf", "padj"] < 0.05
    assert paired.loc["csf", "se"] < 0.5 * alone.loc["csf", "se"]
    assert paired.loc["csf", "effect"] == pytest.approx(alone.loc["csf", "effect"])
    some = adata[adata.obs["sample"] != "b_1"].copy()
    with pytest.warns(UserWarning, match="1 of 9 samples have no partner"):
        found = run(some, **keys, patient_key="patient")
    assert (found.extra["changes"].query("step == 0 and circuit == 'csf'")["n_ref"] == 4).all()
    assert "patient without partner" in set(found.untested["reason"])


def test_ordered_stages_name_the_course():
    stages = ["normal", "dcis", "invasive", "metastasis"]
    shift = cs.ds.Shift(interaction=("TGFB1", "TGFBR1_TGFBR2"), source="osteoclast", target="tumour", log2fc=3,
                        shape="growth")  # fmt: skip
    peak = cs.ds.Shift(interaction=("CSF1", "CSF1R"), source="T cell", target="macrophage", log2fc=3, shape="peak")
    adata = cohort(n_samples=4, n_cells=240, conditions=stages, shifts=[shift, peak], donor_sd=0.15, rng=1)
    found = run(adata, n_perms=9, condition_key="condition", sample_key="sample", order=stages)
    changes = found.extra["changes"]
    assert changes["contrast"].unique().tolist() == [*(f"{s} vs normal" for s in stages[1:]), "stages"]
    assert changes.loc[changes["contrast"] != "stages", "shape"].isna().all()
    whole = changes[(changes["contrast"] == "stages") & (changes["step"] == 0)].set_index("circuit")
    # one of the steps of bone grows: its course is certain, that of the mean over all steps is not
    assert whole.loc[["bone", "csf"], "shape"].tolist() == ["ambiguous", "peak"]
    step = changes[(changes["contrast"] == "stages") & (changes["circuit"] == "bone") & (changes["step"] == 4)]
    assert step["shape"].tolist() == ["growth"]
    assert whole.loc["bone", "driver"].startswith("4 osteoclast TGFB1")
    assert whole.loc["csf", "effect"] == pytest.approx(3, abs=0.8)
    assert whole.loc["egf", "shape"] is np.nan
    pairs = pd.DataFrame(PAIRS, columns=["ligand", "receptor"])
    other = cs.tl.compare(adata, "cell_type", resource=pairs, min_cells=5, inplace=False, order=stages,
                          condition_key="condition", sample_key="sample").table  # fmt: skip
    other = other[other["contrast"] == "stages"].set_index(["interaction", "source", "target"])
    for name, row in shared_edges(found, "stages").items():
        if row["shape"] == other.loc[name, "shape"] != "ambiguous":
            assert row["effect"] == pytest.approx(other.loc[name, "effect"], abs=0.5 * other.loc[name, "se"])
    one = run(adata, n_perms=9, condition_key="condition", sample_key="sample", order=stages, contrast="metastasis")
    assert one.extra["changes"]["contrast"].unique().tolist() == ["metastasis vs normal", "stages"]
    assert one.params["order"].tolist() == stages


def test_changes_of_what_is_not_expressed_are_not_tested_and_shared_steps_count_once():
    steps = [*STEPS, ("again", 1, "communication", "osteoblast", "osteoclast", "TNFSF11", "TNFRSF11A", 1)]
    adata = silence(cohort(n_samples=4), "MMP1")
    counts = adata.layers["counts"].toarray()
    counts[:, adata.var_names.get_loc("MMP1")] = 0
    adata.layers["counts"] = counts
    found = run(adata, steps, n_perms=9, condition_key="condition", sample_key="sample").extra["changes"]
    rows = found[found["step"] > 0].set_index(["circuit", "step"])
    for name in (("egf", 2), ("wrong", 1)):  # a gate that is not there, a pair in the wrong cells
        assert rows.loc[name, "status"] == "not_expressed"
        assert np.isnan(rows.loc[name, "pvalue"])
        assert np.isfinite(rows.loc[name, "effect"])
    assert found.set_index(["circuit", "step"]).loc[("egf", 0), "status"] == "not_expressed"
    same = rows.loc[[("bone", 3), ("again", 1)], ["effect", "pvalue", "padj"]]
    assert same.iloc[0].tolist() == same.iloc[1].tolist()
    alone = run(adata, n_perms=9, condition_key="condition", sample_key="sample").extra["changes"]
    alone = alone[alone["step"] > 0].set_index(["circuit", "step"])
    pd.testing.assert_series_equal(rows.loc[alone.index, "padj"], alone["padj"])
