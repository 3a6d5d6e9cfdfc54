"""Real cohorts with something known about them; skipped where the data are not there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs

KEYS = {"condition_key": "condition", "sample_key": "sample"}
INDUCED = ["CXCL10", "CXCL11", "CCL2", "CCL8", "TNFSF10", "TNFSF13B"]


@pytest.fixture
def interferon(public_data):
    """Blood cells of two donors without and with interferon-beta. The receptor is a gene that all cells express, so
    that a row is tested wherever the ligand is."""
    a = public_data("kang2018_muscat")
    genes = [g for g in INDUCED if g in a.var_names]
    pairs = pd.DataFrame({"ligand": genes, "receptor": "B2M" if "B2M" in a.var_names else "FTL"})
    return a, pairs


@pytest.mark.parametrize("patient_key", [None, "patient"])
def test_interferon_induces_its_ligands_in_monocytes(interferon, patient_key):
    a, pairs = interferon
    result = cs.tl.compare(a, "cell_type", **KEYS, patient_key=patient_key, resource=pairs, inplace=False)
    table = result.table
    assert table["contrast"].unique().tolist() == ["stim vs ctrl"]
    for group in ("CD14+ Monocytes", "FCGR3A+ Monocytes"):
        for ligand in ("CXCL10", "TNFSF10", "CCL8"):
            rows = table[(table["source"] == group) & (table["ligand_complex"] == ligand)]
            assert (rows["ligand_effect"] > 2).all(), (group, ligand)
            # two donors cannot reach a level by detection alone, which is what the absent ones have
            assert rows["shift"].isin(["up", "ligand_up", "detected_only_alt"]).mean() > 0.8, (group, ligand)
    tested = table[table["pvalue"].notna()]
    assert (tested["ligand_effect"] > 0).mean() > 0.9
    named = tested.loc[tested["padj"] <= 0.05, "driver"].value_counts(normalize=True)
    assert named["ligand"] > 0.8


def test_shuffled_interferon_finds_nothing_surely(interferon):
    a, pairs = interferon
    cs.tl.compare(a, "cell_type", **KEYS, resource=pairs)
    card = cs.tl.calibrate(a, resource=pairs)
    assert card["n_shuffles"].iloc[0] == 4  # of 6 labellings, less the true one and its mirror
    at = card.set_index("alpha").loc[0.05]
    assert at["observed"] < 0.05 < at["true_labels"]


def test_one_sample_per_condition_is_compared_by_cells_where_they_are_asked_for(public_data):
    a = public_data("kang2018_harmony2k")
    pairs = pd.DataFrame({"ligand": ["CXCL10", "CCL2"], "receptor": ["B2M", "B2M"]})
    options = {"resource": pairs, "n_perms": 500, "reference": "ctrl", "inplace": False} | KEYS
    with pytest.raises(ValueError, match=r"test='auto' needs at least two samples .* test='cells'"):
        cs.tl.compare(a, "cell_type", **options)
    with pytest.warns(UserWarning, match="test='cells'"):
        result = cs.tl.compare(a, "cell_type", test="cells", **options)
    table = result.table
    assert (table["unit"] == "cells").all()
    level = table["contrast"].iloc[0]
    sign = 1 if level.lower().startswith("stim") else -1
    found = table[table["pvalue"].notna() & (table["ligand_complex"] == "CXCL10") & (table["padj"] < 0.05)]
    assert len(found) > 0
    assert (np.sign(found["ligand_effect"]) == sign).all()


def test_skin_three_against_three(public_data):
    a = public_data("skin_ctcl_gse128531")
    cs.tl.compare(a, "cell_type", **KEYS, reference="healthy_control")
    table, untested = cs.get.table(a, "commscore_compare"), cs.get.untested(a, "commscore_compare")
    tested = table[table["status"] == "tested"]
    assert len(tested) > 10
    assert (tested["exact_floor"] >= 0.1 - 1e-9).all()  # 3 against 3
    # the lymphoma's T cells are rare in healthy skin: not tested, and said so
    assert (table.loc[table["source"] == "T cell", "status"] == "too_few_samples").all()
    assert untested["detail"].str.contains("T cell → Keratinocyte: ").any()
    np.testing.assert_allclose(
        table[["d_source", "d_ligand", "d_target", "d_receptor"]].sum(axis=1, skipna=False), table["d_flow"], atol=1e-9
    )  # fmt: skip
    card = cs.tl.calibrate(a).set_index("alpha")
    # a handful of rows of six donors: the shuffles spread from none to a fifth of them
    assert card.loc[0.05, "low"] <= 0.05 <= card.loc[0.05, "high"]
    assert card.loc[0.05, "observed"] < 0.11
    assert card.loc[0.05, "n_shuffles"] == 18


def test_breast_metastasis_with_its_pairs(public_data):
    a = public_data("breast_chung2017")
    keys = {"condition_key": "stage", "sample_key": "sample", "reference": "primary", "min_cells": 5}
    mixed = cs.tl.compare(a, "cell_type", **keys, patient_key="patient", inplace=False)
    assert mixed.params["patient_design"] == "mixed"
    assert list(mixed.params["n_samples"]) == [11, 2]
    reasons = mixed.untested["reason"].value_counts()
    assert reasons["patient without partner"] == 0
    assert reasons["too few samples"] > 0
    tested = mixed.table[mixed.table["status"] == "tested"]
    assert set(zip(tested["source"], tested["target"], strict=True)) >= {("Tumor", "Tumor")}
    assert (tested["n_alt"] == 2).all()
    assert tested["n_ref"].max() == 10
    alone = cs.tl.compare(a, "cell_type", **keys, inplace=False).table
    assert alone["n_ref"].max() == 10
    # no stromal or myeloid cells in the metastases: typed, never zero
    gone = alone[(alone["source"] == "Myeloid") & (alone["target"] == "Tumor")]
    assert (gone["status"] == "too_few_samples").all()
    assert gone["pvalue"].isna().all()
    assert (gone["shift"] == "not_assessable").all()


@pytest.mark.slow
def test_shuffled_labels_of_real_samples_give_uniform_p(public_data):
    """Some labellings of three against three, over random pairs of expressed genes."""
    a = public_data("skin_ctcl_gse128531")
    genes = a.var_names[np.asarray((a.X > 0).mean(axis=0)).ravel() >= 0.1].to_numpy()
    rng = np.random.default_rng(0)
    pairs = pd.DataFrame({"ligand": rng.choice(genes, 300), "receptor": rng.choice(genes, 300)})
    pairs = pairs[pairs["ligand"] != pairs["receptor"]].drop_duplicates()
    cs.tl.compare(a, "cell_type", **KEYS, reference="healthy_control", resource=pairs)
    card = cs.tl.calibrate(a, resource=pairs, n_shuffles=9)
    assert card["n_rows"].iloc[0] > 300
    card = card.set_index("alpha")
    # rather below the level than above: every shuffle mixes lymphoma and healthy skin, whose difference goes into the
    # variance of all rows
    assert 0.04 < card.loc[0.1, "observed"] < 0.13
    assert 0.02 < card.loc[0.05, "observed"] < 0.065
    assert card.loc[0.01, "observed"] < 0.02
