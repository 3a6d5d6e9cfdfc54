"""Structure, arguments and reproducibility of simulated cohorts."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs

SMALL = {"n_samples": 2, "n_cells": 60, "n_background": 20}
SHIFTS = [
    {"interaction": "CSF1^CSF1R", "source": "tumour", "target": "macrophage", "log2fc": 2.0},
    {"interaction": "TGFB1^TGFBR1_TGFBR2", "source": "CAF", "target": "T cell", "driver": "receptor"},
    {"interaction": "CXCL12^CXCR4", "source": "CAF", "target": "tumour", "driver": "source_abundance"},
]


def state(adata):
    return (adata.X.data.tobytes(), adata.X.indices.tobytes(), adata.X.indptr.tobytes(), adata.obs.to_csv())


def test_structure():
    adata = cs.ds.simulate(**SMALL)
    for counts in (adata.X, adata.layers["counts"]):
        assert sparse.issparse(counts)
        assert counts.format == "csr"
        assert counts.dtype == np.float32
        assert counts.has_canonical_format
        assert (counts.data == np.round(counts.data)).all()
        assert counts.data.min() >= 1
    assert (adata.layers["counts"] != adata.X).nnz == 0
    assert not np.shares_memory(adata.X.data, adata.layers["counts"].data)
    assert adata.n_obs == 2 * 2 * 60
    assert all(adata.obs[c].dtype == "category" for c in ("sample", "condition", "patient", "cell_type"))
    assert adata.obs["condition"].cat.ordered
    assert list(adata.obs["condition"].cat.categories) == ["control", "case"]
    assert adata.obs["patient"].nunique() == 4
    assert adata.obs_names.is_unique
    assert adata.var_names.is_unique
    assert (adata.var["role"] == "background").sum() == 20
    assert adata.var.loc["CSF1", "role"] == "ligand"
    assert adata.var.loc["TGFBR2", "role"] == "receptor"


def test_background_holds_most_of_the_counts():
    adata = cs.ds.simulate(n_samples=1, n_cells=500)
    own = adata.X[:, (adata.var["role"] != "background").to_numpy()].sum()
    assert 0.01 < own / adata.X.sum() < 0.15


def test_same_rng_same_bytes_another_rng_other_bytes():
    reference = cs.ds.simulate(**SMALL, shifts=SHIFTS, rng=3)
    again = cs.ds.simulate(**SMALL, shifts=SHIFTS, rng=3)
    assert state(reference) == state(again)
    pd.testing.assert_frame_equal(reference.uns["truth"], again.uns["truth"])
    assert state(cs.ds.simulate(**SMALL, shifts=SHIFTS, rng=4)) != state(reference)
    generators = [cs.ds.simulate(**SMALL, rng=np.random.default_rng(1)) for _ in range(2)]
    assert state(generators[0]) == state(generators[1])
    advanced = np.random.default_rng(1)
    one, two = (cs.ds.simulate(**SMALL, rng=advanced) for _ in range(2))
    assert state(one) != state(two)


def test_the_global_random_state_is_neither_read_nor_written():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the legacy state is what is tested
    cs.ds.simulate(**SMALL)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_shift_of_expression_leaves_the_cells_and_the_reference_alone():
    fixed = {"expressed": {"CSF1": ["tumour"], "CSF1R": ["macrophage"]}}
    plain, shifted = (cs.ds.simulate(**SMALL, **fixed, shifts=s) for s in ([], SHIFTS[:1]))
    pd.testing.assert_frame_equal(plain.obs, shifted.obs)
    control = (plain.obs["condition"] == "control").to_numpy()
    assert (plain.X[control] != shifted.X[control]).nnz == 0
    assert (plain.X[~control] != shifted.X[~control]).nnz > 0


def test_truth_survives_a_file(tmp_path):
    adata = cs.ds.simulate(**SMALL, shifts=SHIFTS)
    adata.write_h5ad(tmp_path / "cohort.h5ad")
    back = ad.read_h5ad(tmp_path / "cohort.h5ad")
    for key in ("truth", "truth_edges", "interactions"):
        pd.testing.assert_frame_equal(back.uns[key], adata.uns[key], check_names=False)
    assert back.uns["simulation"]["donor_sd"] == 0.25
    pd.testing.assert_frame_equal(back.obs, adata.obs)
    assert (back.X != adata.X).nnz == 0


@pytest.mark.parametrize("conditions", [("control", "case"), ("only",)])
def test_an_empty_truth_survives_a_file(tmp_path, conditions):
    adata = cs.ds.simulate(**SMALL, conditions=conditions, concentration=None)
    adata.write_h5ad(tmp_path / "cohort.h5ad")
    back = ad.read_h5ad(tmp_path / "cohort.h5ad")
    assert back.uns["simulation"]["concentration"] == np.inf
    for key in ("truth", "truth_edges"):
        assert len(back.uns[key]) == 0
        assert list(back.uns[key].columns) == list(adata.uns[key].columns)


def test_conditions_can_be_many_and_odd():
    stages = ["0/normal", "DCIS", "primary", "metastasis", "late"]
    adata = cs.ds.simulate(**SMALL, conditions=stages, shifts=[SHIFTS[0] | {"shape": "growth"}])
    assert list(adata.obs["condition"].cat.categories) == stages
    assert adata.uns["truth"]["condition"].tolist() == stages[1:]
    np.testing.assert_allclose(adata.uns["truth"]["log2fc"], [0.5, 1.0, 1.5, 2.0])
    assert set(adata.uns["truth"]["reference"]) == {"0/normal"}


def test_numbers_of_cells_and_samples():
    small = {"n_background": 0, "groups": ["tumour", "CAF"]}
    by_condition = cs.ds.simulate(
        n_samples={"control": 2, "case": 3}, n_cells={"control": 10, "case": [5, 6, 7]}, **small
    )
    assert by_condition.obs["sample"].value_counts(sort=False).tolist() == [10, 10, 5, 6, 7]
    by_sample = cs.ds.simulate(n_samples=1, n_cells={"case_1": 4, "control_1": 9}, **small)
    assert by_sample.obs["sample"].value_counts(sort=False).to_dict() == {"control_1": 9, "case_1": 4}


def test_pairs_share_their_patients():
    adata = cs.ds.simulate(**SMALL, paired=True)
    assert adata.obs["patient"].nunique() == 2
    assert (adata.obs.groupby("patient", observed=True)["condition"].nunique() == 2).all()
    assert adata.uns["simulation"]["paired"]


def test_interactions_as_pairs_strings_or_table():
    table = pd.DataFrame({"ligand": ["A", "B"], "receptor": ["C_D", "A"]})
    made = [
        cs.ds.simulate(**SMALL, interactions=given) for given in (table, [("A", "C_D"), ("B", "A")], ["A^C_D", "B^A"])
    ]
    assert len({state(a) for a in made}) == 1
    assert list(made[0].var_names[:4]) == ["A", "C", "D", "B"]
    assert made[0].var["role"].tolist()[:4] == ["both", "receptor", "receptor", "ligand"]
    assert made[0].uns["interactions"]["interaction"].tolist() == ["A^C_D", "B^A"]


def test_memory_follows_the_blocks(monkeypatch):
    from commscore.ds._simulate import _counts

    seed = np.random.SeedSequence(1)
    rates = np.full((1, 1, 10), 2.0)
    monkeypatch.setattr(_counts, "BLOCK", 70)
    small = _counts.draw(rates, np.array([[25]]), size_sd=0.1, dispersion=0.1, seed=seed)
    assert small.shape == (25, 10)
    assert small.has_sorted_indices
    assert small.mean() == pytest.approx(2, abs=0.5)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"n_samples": 0}, ValueError, "n_samples must be an integer >= 1, found 0"),
        ({"n_samples": 2.0}, TypeError, "n_samples must be an integer"),
        ({"n_samples": {"control": 2}}, ValueError, "n_samples says nothing about 'case'"),
        ({"n_samples": {"control": 2, "cases": 3}}, ValueError, "did you mean 'case'"),
        ({"n_samples": {"control": 2, "case": 3}, "paired": True}, ValueError, "paired=True needs the same n_samples"),
        ({"paired": "yes"}, TypeError, "paired must be True or False"),
        ({"n_cells": -5}, ValueError, "n_cells must be an integer >= 1, found -5"),
        ({"n_cells": {"control": 5}}, ValueError, "n_cells says nothing about 'case'"),
        ({"n_cells": {"x": 5}}, ValueError, "'x' is not a condition or a sample"),
        ({"n_cells": {"control": 5, "case": [1, 2]}}, ValueError, "holds 2 numbers for 4 samples"),
        ({"n_cells": {"control": 5, "case": [1, 2, 0, 4]}}, ValueError, r"n_cells\['case'\]\[2\]"),
        ({"conditions": "control"}, TypeError, "conditions must be a list of strings"),
        ({"conditions": []}, ValueError, "conditions is empty"),
        ({"conditions": ["a", "a"]}, ValueError, "conditions must be unique, found twice: 'a'"),
        ({"conditions": ["a", 2]}, TypeError, "conditions.1. must be a string, found 2"),
        ({"groups": {"a": 0.0, "b": 1}}, ValueError, r"groups\['a'\] must be a number > 0"),
        ({"groups": []}, ValueError, "groups is empty"),
        ({"interactions": []}, ValueError, "interactions is empty"),
        ({"interactions": "A^B"}, TypeError, "interactions must be a sequence"),
        ({"interactions": ["A^B", ("A", "B")]}, ValueError, r"found twice: 'A\^B'"),
        ({"interactions": [("A", "")]}, ValueError, r"interactions\[0\]: a molecule"),
        ({"interactions": pd.DataFrame({"ligand": ["A"]})}, ValueError, "'receptor' is not a column"),
        ({"interactions": ["BG0001^X"]}, ValueError, "name a background gene, BG0001"),
        ({"expressed": ["CSF1"]}, TypeError, "expressed must be a dict or None, found .*list"),
        ({"expressed": {"CSF2": ["CAF"]}}, ValueError, "'CSF2' is not a gene of the interactions; did you mean 'CSF1'"),
        ({"expressed": {"CSF1": ["CAFs"]}}, ValueError, "'CAFs' is not a group; did you mean 'CAF'"),
        ({"expressed": {"CSF1": "CAF"}}, TypeError, r"expressed\['CSF1'\] must be a list of strings or a dict, found"),
        ({"expressed": {"CSF1": {"CAF": 0}}}, ValueError, r"expressed\['CSF1'\]\['CAF'\] must be .* > 0"),
        ({"donor_sd": -1}, ValueError, "donor_sd must be a number >= 0, found -1"),
        ({"donor_sd": "x"}, TypeError, "donor_sd must be a number >= 0, found"),
        ({"patient_sd": float("inf")}, ValueError, "patient_sd must be a finite number"),
        ({"concentration": 0}, ValueError, "concentration must be a number > 0"),
        ({"depth": 0}, ValueError, "depth must be a number > 0"),
        ({"depth": {"cases": 0.5}}, ValueError, "did you mean 'case'"),
        ({"depth": {"case": float("nan")}}, ValueError, r"depth\['case'\] must be"),
        ({"n_background": -1}, ValueError, "n_background must be an integer >= 0"),
        ({"n_counts": 0}, ValueError, "n_counts must be a number > 0"),
        ({"size_sd": -0.1}, ValueError, "size_sd must be"),
        ({"dispersion": -0.1}, ValueError, "dispersion must be"),
        ({"rng": -1}, TypeError, "rng must be a non-negative integer"),
        ({"rng": None}, TypeError, "rng must be a non-negative integer"),
    ],
)
def test_bad_arguments(arguments, error, match):
    with pytest.raises(error, match=match):
        cs.ds.simulate(**arguments)
