"""Pro- against anti-tumour flow of samples."""

from __future__ import annotations

import itertools

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import commscore as cs
from commscore.tables import balance as schema

PLAIN = cs.rs.from_table(pd.DataFrame({"ligand": ["VEGFA"], "receptor": ["KDR"]}))
KEYS = {"sample_key": "sample", "condition_key": "condition"}


def simulated(*, shifts=(), seed=0, n=5, **more):
    known = cs.rs.load().interactions
    anti = known.loc[known["direction"] == "anti"]
    anti = anti[~anti["ligand"].str.contains("met:|MIR") & ~anti["receptor"].str.contains("met:")][
        "interaction"
    ].tolist()
    expressed = {}
    for pair in anti[:4]:
        ligand, receptor = pair.split("^")
        expressed |= {ligand: {"T cell": 2.0}} | {r: {"tumour": 2.0} for r in receptor.split("_")}
    return cs.ds.simulate(
        n_samples=n, n_cells=300, groups=["tumour", "T cell", "CAF"], rng=seed, shifts=shifts, expressed=expressed,
        interactions=list(dict.fromkeys([*anti[:4], "VEGFA^KDR", "CSF1^CSF1R", "CXCL12^CXCR4"])), **more,
    ), anti[:4]  # fmt: skip


@pytest.fixture(scope="module")
def cohort():
    return simulated()


@pytest.fixture(scope="module")
def result(cohort):
    return cs.tl.balance(cohort[0], "cell_type", inplace=False, **KEYS)


def test_tables_are_as_declared(result):
    assert tuple(result.table.columns) == schema.BALANCE.names
    assert tuple(result.extra["tests"].columns) == schema.TESTS.names
    assert tuple(result.extra["edges"].columns) == schema.EDGES.names


def test_flows_are_sums_of_edges_by_direction(cohort, result):
    adata, _ = cohort
    profile = cs.tl.profile(adata, "cell_type", sample_key="sample")
    direction = cs.rs.load().interactions.set_index("interaction")["direction"]
    share = pd.crosstab(adata.obs["sample"], adata.obs["cell_type"], normalize="index")
    table = result.table.set_index("sample")
    for sample in ("control_2", "case_5"):
        total = dict.fromkeys(("pro", "anti", "dual", "unclear"), 0.0)
        for j, edge in enumerate(profile.var.itertuples()):
            value = profile.X[profile.obs_names.get_loc(sample), j]
            if np.isfinite(value):
                flow = 2 ** (value / 2) * share.loc[sample, edge.source] * share.loc[sample, edge.target]
                total[direction[edge.interaction]] += flow
        for name, flow in total.items():
            assert table.loc[sample, f"flow_{name}"] == pytest.approx(flow)
        assert table.loc[sample, "balance"] == pytest.approx(np.log2(total["pro"] / total["anti"]))


def test_shares_add_up_and_unsigned_flow_bounds_the_balance(result):
    t = result.table
    np.testing.assert_allclose(t[["share_pro", "share_anti", "share_dual", "share_unclear"]].sum(axis=1), 1.0)
    np.testing.assert_allclose(t["unsigned"], t["share_dual"] + t["share_unclear"])
    assert (t["balance_low"] <= t["balance"]).all()
    assert (t["balance"] <= t["balance_high"]).all()
    edges = result.extra["edges"]
    np.testing.assert_allclose(edges.groupby("condition", observed=True)["share"].sum(), 1.0)


def test_planted_anti_flow_lowers_the_balance():
    _, anti = simulated()
    shifts = [cs.ds.Shift(interaction=a, source="T cell", target="tumour", log2fc=3) for a in anti]
    adata, _ = simulated(shifts=shifts)
    # eightfold changes of the few genes that tell ambient RNA look like it
    with pytest.warns(UserWarning, match="ambient RNA .* differs between conditions: control 5% and case 3%"):
        tests = cs.tl.balance(adata, "cell_type", inplace=False, **KEYS).extra["tests"].set_index("measure")
    row = tests.loc["balance"]
    assert row["effect"] < 0
    assert row["ci_high"] < 0
    assert row["exact_pvalue"] == row["exact_floor"] == pytest.approx(2 / 252)


def test_tests_are_t_tests_and_enumerations(result):
    t = result.table
    case, control = (t.loc[t["condition"] == c, "balance"].to_numpy() for c in ("case", "control"))
    row = result.extra["tests"].set_index("measure").loc["balance"]
    expected = stats.ttest_ind(case, control)
    assert row["pvalue"] == pytest.approx(expected.pvalue)
    assert row["effect"] == pytest.approx(case.mean() - control.mean())
    every = np.concatenate([control, case])
    seen = abs(case.mean() - control.mean())
    reached = [
        abs(every[list(c)].mean() - np.delete(every, c).mean()) >= seen - 1e-12
        for c in itertools.combinations(range(10), 5)
    ]
    assert row["exact_pvalue"] == pytest.approx(np.mean(reached))


def test_pairs_are_compared_within():
    adata, _ = simulated(paired=True, n=4)
    made = cs.tl.balance(adata, "cell_type", patient_key="patient", inplace=False, **KEYS)
    t = made.table.set_index("sample")["balance"]
    case, control = ([t[f"{c}_{i}"] for i in range(1, 5)] for c in ("case", "control"))
    row = made.extra["tests"].set_index("measure").loc["balance"]
    assert row["pvalue"] == pytest.approx(stats.ttest_rel(case, control).pvalue)
    assert row["exact_floor"] == pytest.approx(2 / 16)


def test_p_values_under_no_change_stay_below_the_level():
    p = []
    for seed in range(12):
        adata, _ = simulated(seed=seed, n=4, donor_sd=0.4)
        p += cs.tl.balance(adata, "cell_type", inplace=False, **KEYS).extra["tests"]["pvalue"].tolist()
    assert sum(x <= 0.05 for x in p) <= stats.binom.ppf(0.999, len(p), 0.05)


def test_depth_does_not_move_the_balance(cohort, result):
    adata = cohort[0].copy()
    adata.layers["counts"] = adata.X = (adata.layers["counts"] * 3).tocsr()
    other = cs.tl.balance(adata, "cell_type", inplace=False, **KEYS)
    np.testing.assert_allclose(other.table["balance"], result.table["balance"], atol=0.1)


def test_what_was_asked_for_is_recorded(cohort):
    given = {"tumour": "tumour", "caf": ["CAF"], "nk": None}
    made = cs.tl.balance(
        cohort[0], "cell_type", roles=given, reference="control", contrast="case", inplace=False, **KEYS
    )
    assert {role: list(groups) for role, groups in made.params["roles"].items()} == {
        "tumour": ["tumour"], "caf": ["CAF"], "nk": []}  # fmt: skip
    assert (made.params["order"], made.params["contrast"]) == (None, "case")
    staged = cs.tl.balance(cohort[0], "cell_type", order=["case", "control"], inplace=False, **KEYS)
    assert (list(staged.params["order"]), staged.params["roles"]) == (["case", "control"], {})


def test_roles_sign_only_what_is_stated_of_these_cells(cohort, result):
    adata, _ = cohort
    made = cs.tl.balance(adata, "cell_type", sign="roles", inplace=False, **KEYS)
    assert (made.table["unsigned"] >= result.table["unsigned"] - 1e-12).all()
    evidence = cs.rs.load().evidence
    edges = made.extra["edges"]
    for edge in edges[edges["direction"] == "anti"].itertuples():
        said = evidence[evidence["interaction"] == edge.interaction]["direction"]
        assert "anti" in set(said)
        assert edge.n_statements <= len(said)
    assert (edges.loc[edges["n_statements"] == 0, "direction"] == "unclear").all()


def test_without_conditions(cohort):
    made = cs.tl.balance(cohort[0], "cell_type", sample_key="sample", inplace=False)
    assert len(made.table) == 10
    assert set(made.table["condition"]) == {"all"}
    assert len(made.extra["tests"]) == 0


def test_covariates_are_not_passed_over_where_there_are_no_replicates():
    adata = cs.ds.simulate(n_samples=1, n_cells=300, rng=0)
    options = {"sample_key": "sample", "condition_key": "condition", "inplace": False}
    tests = cs.tl.balance(adata, "cell_type", **options).extra["tests"]
    assert np.isfinite(tests["effect"].iloc[1])
    assert tests["pvalue"].isna().all()
    adata.obs["age"] = adata.obs["sample"].map({"control_1": 40.0, "case_1": 60.0}).astype(float)
    with pytest.raises(ValueError, match="covariates: 'age' is confounded with condition_key='condition'"):
        cs.tl.balance(adata, "cell_type", covariates=["age"], **options)


def test_a_sign_without_flow_has_no_ratio():
    adata = cs.ds.simulate(n_samples=2, n_cells=200, interactions=["VEGFA^KDR", "CSF1^CSF1R"], rng=0)
    made = cs.tl.balance(adata, "cell_type", inplace=False, **KEYS)
    assert (made.table["flow_anti"] == 0).all()
    assert made.table["balance"].isna().all()
    row = made.extra["tests"].set_index("measure").loc["balance"]
    assert row["n_ref"] == 0
    assert np.isnan(row["pvalue"])


def test_survives_h5ad(cohort, tmp_path):
    adata = cohort[0].copy()
    assert cs.tl.balance(adata, "cell_type", **KEYS) is None
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    for name in ("table", "tests", "edges"):
        pd.testing.assert_frame_equal(
            back.uns["commscore_balance"][name], adata.uns["commscore_balance"][name], check_dtype=False
        )


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"sign": "edges"}, ValueError, "sign='edges' is not one of"),
        ({"flow": "sum"}, ValueError, "flow='sum' is not one of"),
        ({"abundance": 1}, TypeError, "abundance must be True or False"),
        ({"sign": "interaction"}, ValueError, "sign='interaction' is not one of 'reviews', 'roles'"),
        ({"roles": {"tumour": None}}, ValueError, "about tumours, and no group of groupby='cell_type'"),
        ({"sign": "roles", "roles": {"cafs": "CAF"}}, ValueError, "did you mean 'caf'"),
        ({"resource": PLAIN}, ValueError, "pro or anti"),
        ({"sample_key": "samples"}, KeyError, "did you mean 'sample'"),
        ({"min_cells": 0}, ValueError, "min_cells must be"),
        ({"condition_key": None, "reference": "case"}, ValueError, "needs condition_key="),
        ({"refrence": "case"}, TypeError, "did you mean 'reference'"),
    ],
)
def test_bad_arguments(cohort, keywords, error, match):
    with pytest.raises(error, match=match):
        cs.tl.balance(cohort[0], "cell_type", **(KEYS | keywords))


@pytest.mark.parametrize("name", ["breast_chung2017", "skin_ctcl_gse128531"])
def test_real_data(public_data, name):
    tumour = {"tumour": "T cell"} if "ctcl" in name else None  # a lymphoma of T cells; no name says so
    made = cs.tl.balance(public_data(name), "cell_type", min_cells=5, roles=tumour, inplace=False, **KEYS)
    assert made.table["unsigned"].dropna().between(0, 1).all()
    assert made.extra["tests"]["pvalue"].notna().any()
