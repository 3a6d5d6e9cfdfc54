"""Molecules by the genes that make them, in comparisons, profiles and circuits."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from tests import molecules as planted
from tests.small_circuits import circuits_resource

import commscore as cs

pytestmark = pytest.mark.filterwarnings("ignore:.* of all counts in")  # there are few others than those of the pairs
EDGE = ["source", "target", "receptor_complex"]
OPTIONS = {"condition_key": "condition", "sample_key": "sample", "expr_prop": 0.05, "inplace": False}


@pytest.fixture(scope="module")
def cells():
    return planted.counts()


@pytest.fixture(scope="module")
def resource():
    return planted.resource()


def compared(adata, resource, **options):
    return cs.tl.compare(adata, "cell_type", resource=resource, **(OPTIONS | {"molecules": "production"} | options))


@pytest.mark.filterwarnings("ignore:test='cells'")
def test_counts_of_a_step_are_those_of_its_alternatives(cells, resource):
    """Cell by cell, where nothing is shared between genes: effects, fractions and p-values of a real summed gene."""
    options = {"test": "cells", "sample_key": None, "normalization": "library", "n_perms": 100}
    made = compared(cells, resource, **options).table.set_index(EDGE).sort_index()
    whole, pairs = planted.with_real_columns(cells, is_log=False)
    real = compared(whole, pairs, **(options | {"molecules": "none"})).table.set_index(EDGE).sort_index()
    assert made.index.tolist() == real.index.tolist()
    assert (made["claim"] != "").sum() >= 9
    for column in ("ligand_effect", "ligand_pvalue", "ligand_prop_ref", "ligand_prop_alt", "effect", "pvalue"):
        np.testing.assert_allclose(made[column], real[column], rtol=1e-9, err_msg=column)


def test_effects_by_samples_are_those_of_the_summed_counts(cells, resource):
    """Priors are shared with other genes, so that effects agree up to their weights."""
    made = compared(cells, resource, normalization="library").table.set_index(EDGE).sort_index()
    whole, pairs = planted.with_real_columns(cells, is_log=False)
    real = compared(whole, pairs, normalization="library", molecules="none").table
    real = real.set_index(EDGE).sort_index()
    assert made.index.tolist() == real.index.tolist()
    np.testing.assert_allclose(made["ligand_prop_ref"], real["ligand_prop_ref"], rtol=1e-9)
    np.testing.assert_allclose(made["ligand_effect"], real["ligand_effect"], atol=0.02)
    np.testing.assert_allclose(made[["d_ligand", "d_receptor"]].sum(axis=1), made["effect"])


def test_a_molecule_whose_alternatives_replace_each_other_does_not_move(cells, resource):
    """PTGS1 takes the place of PTGS2 in the treated: each moves sixteenfold, what they make does not."""
    a = cells.copy()
    dense = a.X.toarray()
    at = {g: list(a.var_names).index(g) for g in ("PTGS1", "PTGS2")}
    rng = np.random.default_rng(4)
    caf, treated = (a.obs["cell_type"] == "CAF").to_numpy(), (a.obs["condition"] == "treated").to_numpy()
    for gene, high in (("PTGS1", treated), ("PTGS2", ~treated)):
        dense[caf, at[gene]] = rng.poisson(np.where(high[caf], 2.0, 0.125))
    a.X = dense
    row = compared(a, resource).table.query("interaction == 'met:prostaglandin-e2^PTGER4' and source == 'CAF'").iloc[0]
    pairs = pd.DataFrame({"ligand": ["PTGS1", "PTGS2"], "receptor": "PTGER4"})
    alone = (
        compared(a, pairs, molecules="none")
        .table.query("source == 'CAF' and target == 'T cell'")
        .set_index("ligand_complex")
    )
    assert alone.loc["PTGS1", "ligand_effect"] > 2
    assert alone.loc["PTGS2", "ligand_effect"] < -2
    assert abs(row["ligand_effect"]) < 0.5
    assert row["ligand_pvalue"] > 0.05


def test_consumed_by_hand(cells, resource):
    row = compared(cells, resource).table.query("interaction == 'met:lactate^HCAR1' and source == 'tumour'").iloc[0]
    tumour = cells[cells.obs["cell_type"] == "tumour"]
    shares = []
    for sample in tumour.obs["sample"].cat.categories:
        total = tumour[tumour.obs["sample"] == sample].to_df().sum()
        made = total[["PKM", "LDHA", "SLC16A3"]].min()
        shares.append(total["LDHB"] / (total["LDHB"] + made))
    assert row["consumed"] == pytest.approx(np.mean(shares))


def test_a_stored_comparison_is_made_again_with_its_molecules(cells, resource, tmp_path):
    a = cells.copy()
    cs.tl.compare(a, "cell_type", resource=resource, molecules="production", **(OPTIONS | {"inplace": True}))
    a.write_h5ad(tmp_path / "a.h5ad")
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    assert cs.get.params(back, "commscore_compare")["molecules"] == "production"
    left = cs.tl.leave_one_out(back, resource=resource, inplace=False).table
    assert left["interaction"].astype(str).str.startswith("met:").any()


def test_profile(cells, resource):
    made = cs.tl.profile(
        cells, "cell_type", sample_key="sample", resource=resource, molecules="production", normalization="library",
        expr_prop=0.05,
    )  # fmt: skip
    whole, pairs = planted.with_real_columns(cells, is_log=False)
    real = cs.tl.profile(
        whole, "cell_type", sample_key="sample", resource=pairs, normalization="library",
        expr_prop=0.05,
    )  # fmt: skip
    keys = [made.var.set_index(EDGE).index, real.var.set_index(EDGE).index]
    order = keys[1].get_indexer(keys[0])
    np.testing.assert_allclose(made.X, real.X[:, order], rtol=1e-9)
    is_met = made.var["ligand_complex"].astype(str).str.startswith("met:").to_numpy()
    assert is_met.sum() >= 9
    assert ((made.var["claim"] != "") == is_met).all()
    assert np.isfinite(made.layers["consumed"][:, is_met]).all()
    assert np.isnan(made.layers["consumed"][:, ~is_met]).all()


STEPS = [
    ("inflamed", 1, "communication", "caf", "t_cell", "met:prostaglandin-e2", "PTGER4", 1),
    ("inflamed", 2, "intracellular", "t_cell", "t_cell", "PTGER4", "CXCR4", 1),
    ("acid", 1, "communication", "tumour", "t_cell", "met:lactate", "GPR132", 1),
    ("acid", 2, "intracellular", "tumour", "tumour", "HCAR1", "met:lactate", 1),
]


def circuits(adata, steps, molecules, **options):
    return cs.tl.circuits(
        adata, "cell_type", resource=circuits_resource(steps), molecules=molecules, n_perms=200, expr_prop=0.05,
        inplace=False, **options,
    )  # fmt: skip


@pytest.mark.parametrize("sample_key", [None, "sample"])
def test_circuits_take_what_makes_a_molecule(cells, sample_key):
    logs = planted.logs(cells)
    made = circuits(logs, STEPS, "production", sample_key=sample_key)
    whole, pairs = planted.with_real_columns(logs, is_log=True)
    if sample_key:
        counts = planted.with_real_columns(cells, is_log=False)[0]
        whole.layers["counts"] = counts.X
    names = dict(zip([a for a, _ in planted.PAIRS], pairs["ligand"], strict=True))
    renamed = [(*s[:5], names.get(s[5], s[5]), names.get(s[6], s[6]), s[7]) for s in STEPS]
    real = circuits(whole, renamed, "none", sample_key=sample_key)
    for table in ("edges", None):
        first, second = (r.extra["edges"] if table else r.table.set_index("circuit").sort_index() for r in (made, real))
        columns = ["pvalue", "pvalue_raw"] + (["score", "from_mean", "from_prop"] if table else ["strength"])
        for column in columns:
            np.testing.assert_allclose(first[column], second[column], rtol=2e-5, err_msg=column)
    edges = made.extra["edges"]
    assert (edges["claim"] != "").tolist() == [True, False, True, True]
    assert edges["score"].notna().all()


def test_circuits_without_molecules_say_how_to_measure_them(cells):
    edges = circuits(planted.logs(cells), STEPS, "none").extra["edges"]
    assert edges["status"].tolist()[0] == "not measurable in RNA"
    assert "molecules='production' takes the genes that make it" in edges["detail"].iloc[0]
    assert (edges["claim"] == "").all()
