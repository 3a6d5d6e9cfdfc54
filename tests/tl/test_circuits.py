"""The circuits of the reviews on cells in which they were planted."""

from __future__ import annotations

from contextlib import nullcontext

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse, stats
from scipy.stats import false_discovery_control

import commscore as cs
from commscore.rs import Resource
from commscore.tl._circuits import _circuits, _tables
from small_circuits import circuits_resource, cohort, run, silence


@pytest.fixture(scope="module")
def planted():
    return cohort()


@pytest.fixture(scope="module")
def result(planted):
    return run(planted)


def test_a_step_that_ends_at_a_protein_and_a_stored_ligand_are_never_scored(planted, result):
    resource = circuits_resource()
    steps = resource.circuits
    bone = (steps["circuit"] == "bone").to_numpy()
    steps.loc[bone & (steps["step"] == 2), "protein_only"] = True
    steps.loc[bone & (steps["step"] == 4), "beyond_rna"] = "stored in bone matrix"
    steps.loc[steps["circuit"] == "csf", "beyond_rna"] = "stored"
    marked = Resource("marked", "1", "", "CC0", _tables=resource.tables | {"circuits": steps})
    found = cs.tl.circuits(planted, "cell_type", resource=marked, n_perms=199, rng=1, inplace=False)
    edges = found.extra["edges"].set_index(["circuit", "step"])
    before = result.extra["edges"].set_index(["circuit", "step"])["score"]
    assert edges.loc["bone", "status"].tolist() == ["expressed", "not measurable in RNA"] * 2
    assert edges.loc[("bone", 2), "detail"].startswith("what happens to TNFSF11 happens to the protein")
    assert edges.loc[("bone", 4), "detail"] == "stored in bone matrix"
    assert edges.loc["bone", "score"].isna().tolist() == [False, True] * 2
    assert edges.loc["bone", "protein_only"].tolist() == [False, True, False, False]
    table = found.table.set_index("circuit")
    bone = table.loc["bone", ["status", "measurable_steps", "n_steps", "n_assessed"]]
    assert bone.tolist() == ["partial", 2, 4, 2]
    assert table.loc["bone", "strength"] == pytest.approx(np.sqrt(before["bone", 1] * before["bone", 3]), rel=1e-6)
    assert table.loc["csf", ["status", "measurable_steps"]].tolist() == ["not_in_rna", 0]
    assert table["status"].cat.categories[-1] == "not_in_rna"


def test_planted_circuits_are_found_and_a_wrong_one_is_not(result):
    table = result.table.set_index("circuit")
    there = ["bone", "egf", "csf", "any"]
    assert (table.loc[there, "pvalue_raw"] == 1 / 200).all()
    np.testing.assert_allclose(table.loc[there, "pvalue"], 6 / 5 / 200)  # of six candidates one is broken
    assert table.loc["bone", ["kind", "status"]].tolist() == ["cascade", "complete"]
    assert (table.loc[["egf", "csf", "any"], ["kind", "status"]] == "step").all(axis=None)
    assert table.loc["bone", "all_pvalue"] <= 0.01
    assert table.loc["wrong", "status"] == "broken"
    assert table.loc["lost", "status"] == "not_assessable"
    assert np.isnan(table.loc["lost", "strength"])


def test_scores_are_what_they_are_said_to_be(planted, result):
    x = pd.DataFrame(planted.X.toarray(), columns=planted.var_names).groupby(planted.obs["cell_type"].to_numpy()).mean()
    edges = result.extra["edges"].set_index(["circuit", "step"])["score"]
    rankl, rank = x.loc["osteoblast", "TNFSF11"], x.loc["osteoclast", "TNFRSF11A"]
    opg, tgfb = x.loc["osteoblast", "TNFRSF11B"], min(x.loc["tumour", "TGFBR1"], x.loc["tumour", "TGFBR2"])
    assert edges["bone", 3] == pytest.approx(np.sqrt(rankl * rank), rel=1e-6)
    assert edges["opg", 2] == pytest.approx(np.sqrt(rankl * rank / (rank + opg) * rank), rel=1e-6)
    released = min(x.loc["tumour", "AREG"], x.loc["tumour", "MMP1"])
    assert edges["egf", 2] == pytest.approx(np.sqrt(released * x.loc["osteoblast", "EGFR"]), rel=1e-6)
    bone = [np.sqrt(x.loc["tumour", "PTHLH"] * x.loc["osteoblast", "PTH1R"]),
            np.sqrt(x.loc["osteoblast", "PTH1R"] * rankl), np.sqrt(rankl * rank),
            np.sqrt(x.loc["osteoclast", "TGFB1"] * tgfb)]  # fmt: skip
    strength = result.table.set_index("circuit").loc["bone"]
    assert strength["strength"] == pytest.approx(np.prod(bone) ** 0.25, rel=1e-6)
    assert strength["weakest"] == pytest.approx(min(bone), rel=1e-6)
    assert strength["weakest_edge"].startswith(f"{int(np.argmin(bone)) + 1} ")


BROKEN = {
    ("PTHLH", "tumour"): {"bone"}, ("TNFRSF11A", "osteoclast"): {"bone", "opg"},
    ("TNFSF11", "osteoblast"): {"bone", "opg"},
    ("MMP1", "tumour"): {"egf"}, ("TGFBR2", "tumour"): {"bone"}, ("CSF1R", "macrophage"): {"csf"},
    ("IL6", "CAF"): {"any"},
}  # fmt: skip


@pytest.mark.parametrize(("gene", "group"), BROKEN)
def test_breaking_an_edge_or_gate_lowers_exactly_the_circuits_that_use_it(planted, result, gene, group):
    before = result.table.set_index("circuit")["strength"]
    after = run(silence(planted, gene, group), n_perms=19).table.set_index("circuit")["strength"].loc[before.index]
    lower = set(before.index[after < before - 1e-9])
    assert lower == BROKEN[gene, group]
    others = ~before.index.isin(list(lower))
    np.testing.assert_array_equal(after[others], before[others])


def test_a_decoy_that_is_gone_raises_exactly_its_circuit(planted, result):
    before = result.table.set_index("circuit")["strength"]
    after = run(silence(planted, "TNFRSF11B"), n_perms=19).table.set_index("circuit")["strength"].loc[before.index]
    assert set(before.index[after > before + 1e-9]) == {"opg"}
    assert after["opg"] == pytest.approx(after.loc["opg"])
    np.testing.assert_array_equal(after.drop("opg"), before.drop("opg"))


def test_a_role_that_is_absent_takes_out_exactly_its_steps(planted, result):
    after = run(planted, n_perms=19, roles={"osteoclast": None})
    edges = after.extra["edges"].set_index(["circuit", "step"])
    absent = {i for i, s in edges["status"].items() if s == "role absent"}
    assert absent == {("bone", 3), ("bone", 4), ("opg", 2), ("lost", 1)}
    table = after.table.set_index("circuit")
    assert table.loc["bone", "status"] == "partial"
    assert "role absent" in table.loc["bone", "missing"]
    assert table.loc["opg", "status"] == "not_assessable"
    same = ["egf", "csf", "any", "wrong"]
    pd.testing.assert_frame_equal(table.loc[same, ["strength", "weakest"]],
                                  result.table.set_index("circuit").loc[same, ["strength", "weakest"]])  # fmt: skip


def test_what_could_not_be_measured_has_its_reason(planted, result):
    edges = result.extra["edges"].set_index(["circuit", "step"])
    assert edges.loc[("lost", 1), "status"] == "role absent"
    assert edges.loc[("lost", 2), "status"] == "not measurable in RNA"
    assert edges.loc[("lost", 3), ["status", "detail"]].tolist() == ["gene missing", "ABSENT not in var_names"]
    assert "microRNA" in edges.loc[("lost", 4), "detail"]
    assert edges.loc[("egf", 1), ["status", "detail"]].tolist() == ["acts on its edge", "step 2"]
    assert edges.loc[("egf", 2), "gates"] == "MMP1 (tumour, step 1)"
    assert edges.loc[("egf", 2), "gate_molecules"] == "MMP1"
    assert edges.loc[("wrong", 1), "status"] == "below expr_prop"
    assert edges.loc[("wrong", 1), ["pvalue", "padj", "pvalue_raw"]].isna().all()
    assert result.table.set_index("circuit").loc["wrong", "status"] == "broken"
    lost = result.untested
    assert set(lost["reason"]) == {"role absent", "not measurable in RNA", "gene missing", "below expr_prop"}
    rare = silence(planted, "MMP1")
    gated = run(rare, n_perms=9).extra["edges"].set_index(["circuit", "step"]).loc[("egf", 2)]
    assert gated["status"] == "below expr_prop"
    assert "MMP1" in gated["detail"]


def test_a_broken_circuit_has_no_p_and_complete_ones_come_first(planted, result):
    faint = silence(planted, "TGFBR2", "tumour")
    some = np.flatnonzero((planted.obs["cell_type"] == "tumour").to_numpy())[:3]  # less than a tenth
    faint.X[some, faint.var_names.get_loc("TGFBR2")] = 2.0
    broken = run(faint)
    table = broken.table.set_index("circuit")
    assert table.loc["bone", "status"] == "broken"
    assert table.loc["bone", ["pvalue", "padj", "pvalue_raw", "weakest_pvalue", "all_pvalue"]].isna().all()
    assert table.loc["bone", "strength"] > 0.5  # strong steps, and nothing comes out of the last
    listed = table["pvalue"].notna()
    assert set(table.index[~listed]) == {"bone", "wrong", "lost"}
    raw = table.loc[listed, "pvalue_raw"]
    p = np.append(raw, [1.0, 1.0])  # both broken ones are candidates that failed
    np.testing.assert_allclose(table.loc[listed, "padj"], false_discovery_control(p)[:-2])
    np.testing.assert_allclose(table.loc[listed, "pvalue"], np.minimum(raw * (raw.size + 2) / raw.size, 1.0))
    rank = {name: i for i, name in enumerate(["complete", "step", "partial", "broken", "not_assessable"])}
    for found in (result, broken):
        places = found.table["status"].astype(str).map(rank).tolist()
        assert places == sorted(places)
    assert result.table["circuit"].iloc[0] == "bone"  # the only circuit of more than one step that is complete


def test_who_takes_the_ends_of_a_step_that_is_not_measured(planted):
    named = planted.copy()
    named.obs["cell_type"] = named.obs["cell_type"].cat.rename_categories({"macrophage": "Myeloid"})
    steps = [("m", 1, "communication", "mdsc", "tumour", "ABSENT", "EGFR", 1),
             ("m", 2, "communication", "tumour", "mdsc", "TGFB1", "TGFBR1_NONE", 1),
             ("m", 3, "communication", "astrocyte", "tumour", "IL6", "EGFR", 1)]  # fmt: skip
    edges = run(named, steps, n_perms=9).extra["edges"].set_index("step")
    assert edges["absent"].tolist() == ["ABSENT", "NONE", ""]
    assert edges["source"].tolist() == ["Myeloid", "tumour", ""]
    assert edges["source_how"].tolist() == ["parent", "exact", "none"]
    assert edges["target_how"].tolist() == ["exact", "parent", "exact"]
    myeloid = np.flatnonzero((named.obs["cell_type"] == "Myeloid").to_numpy())
    few = named[np.setdiff1d(np.arange(named.n_obs), myeloid[3:])].copy()
    assert run(few, steps, n_perms=9).extra["edges"]["source_how"].iloc[0] == "too small"


def test_small_groups_and_hormones():
    steps = [("h", 1, "communication", "any", "tumour", "PRL", "PRLR", 1),
             ("s", 1, "communication", "tumour", "osteoblast", "PTHLH", "PTH1R", 1),
             ("s", 2, "communication", "t_cell", "macrophage", "CSF1", "CSF1R", 1)]  # fmt: skip
    adata = cohort()
    drop = np.flatnonzero(adata.obs["cell_type"] == "osteoblast")[3:]
    edges = run(adata[np.setdiff1d(np.arange(adata.n_obs), drop)].copy(), steps).extra["edges"]
    assert "hormone" in edges["detail"].iloc[0]
    assert edges["status"].iloc[1] == "role absent"
    assert "fewer than min_cells cells" in edges["detail"].iloc[1]


def test_any_is_the_strongest_group(result):
    row = result.extra["edges"].set_index(["circuit", "step"]).loc[("any", 1)]
    assert row["source"] == "CAF"


def test_repressed_genes_and_purely_unmeasured_gates():
    steps = [("r", 1, "communication", "tumour", "osteoblast", "PTHLH", "PTH1R", 1),
             ("r", 2, "intracellular", "osteoblast", "osteoblast", "PTH1R", "CSF1", -1),
             ("g", 1, "gate", "astrocyte", "tumour", "MMP1", "AREG", 1),
             ("g", 2, "communication", "tumour", "osteoblast", "AREG", "EGFR", 1),
             ("own", 1, "gate", "tumour", "osteoblast", "MMP1", "TNFSF11", -1)]  # fmt: skip
    found = run(cohort(), steps)
    edges = found.extra["edges"].set_index(["circuit", "step"])
    assert not edges.loc[("r", 2), "in_strength"]  # a repressed gene is expected to be low
    assert found.table.set_index("circuit").loc["r", "status"] == "complete"
    assert edges.loc[("g", 1), "status"] == "role absent"
    assert "not measured" in edges.loc[("g", 2), "detail"]
    assert edges.loc[("g", 2), "status"] == "expressed"
    assert edges.loc[("own", 1), "in_strength"]  # a gate on nothing else is a step of its own


@pytest.mark.slow
def test_power_and_false_positives():
    hits = []
    for seed in range(8):
        table = run(cohort(n_cells=120, rng=seed), n_perms=99, rng=seed).table.set_index("circuit")
        hits.append(table.loc[["bone", "egf", "csf"], "pvalue"] <= 0.05)
    assert np.mean(hits) >= 0.9
    adata, p = cohort(n_cells=120), []
    for seed in range(60):
        labels = np.random.default_rng(seed).permutation(adata.obs["cell_type"].to_numpy())
        adata.obs["cell_type"] = pd.Categorical(labels)
        p.append(run(adata, n_perms=99, rng=seed).table.query("status != 'not_assessable'"))
    table = pd.concat(p)
    small = (table[["pvalue_raw", "weakest_pvalue", "all_pvalue"]] <= 0.05).mean()  # broken ones are candidates
    assert (small <= 0.05).all()
    assert small["pvalue_raw"] > 0.01  # and not empty of meaning
    listed = [(one.loc[one["pvalue"].notna(), "pvalue"] <= 0.05).mean() for one in p if one["pvalue"].notna().any()]
    assert np.mean(listed) <= 0.05 + 2 * np.std(listed) / np.sqrt(len(listed))
    assert sum((one["padj"] <= 0.05).any() for one in p) <= stats.binom.ppf(0.99, len(p), 0.05)


def test_same_seed_same_bytes_whatever_threads_and_memory(planted):
    first, second = run(planted), run(planted, n_jobs=2, memory=1)
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_frame_equal(first.extra["edges"], second.extra["edges"])
    shuffled = planted[np.random.default_rng(0).permutation(planted.n_obs)].copy()
    other = run(shuffled).table
    np.testing.assert_allclose(other["strength"], first.table["strength"], rtol=1e-6)
    planted = planted.copy()  # without groups p-values are not all at their floor, so that seeds show
    planted.obs["cell_type"] = np.random.default_rng(1).permutation(planted.obs["cell_type"].to_numpy())
    assert run(planted, rng=1).table["pvalue"].equals(run(planted, rng=1).table["pvalue"])
    assert not run(planted, rng=1).table["pvalue"].equals(run(planted, rng=2).table["pvalue"])


def test_the_seed_is_kept_as_it_was_given(planted):
    assert run(planted, n_perms=9, rng=7).params["rng"] == 7
    assert run(planted, n_perms=9, rng=np.int64(7)).params["rng"] == 7
    assert isinstance(run(planted, n_perms=9, rng=np.random.default_rng(7)).params["rng"], str)


def test_association_across_samples():
    adata = cohort(n_samples=6, n_cells=200, donor_sd=0.0)
    counts = adata.layers["counts"].toarray()
    rng = np.random.default_rng(0)
    at = [adata.var_names.get_loc(g) for g in ("PTH1R", "TNFSF11")]
    for sample in adata.obs["sample"].cat.categories:
        cells = np.flatnonzero((adata.obs["sample"] == sample) & (adata.obs["cell_type"] == "osteoblast"))
        counts[np.ix_(cells, at)] = rng.poisson(3 * 2 ** rng.normal(0, 1.5), (cells.size, 2))
    adata.layers["counts"] = counts
    row = run(adata, sample_key="sample").extra["edges"].set_index(["circuit", "step"]).loc[("bone", 2)]
    assert row["rho"] > 0.8
    assert row["rho_pvalue"] < 0.01
    assert row["rho_samples"] == 12
    few = run(cohort(n_samples=2), sample_key="sample").extra["edges"]
    assert few["rho"].isna().all()  # four samples say nothing


def test_stored_result_survives_h5ad(tmp_path):
    adata = cohort(n_samples=2)
    before = adata.X.copy()
    run(adata, inplace=True, condition_key="condition", sample_key="sample")
    assert (before != adata.X).nnz == 0
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = cs.get.load(ad.read_h5ad(tmp_path / "a.h5ad"), "commscore_circuits")
    direct = cs.get.load(adata, "commscore_circuits")
    assert back.schema == "commscore.circuits/8"
    assert set(back.extra) == {"edges", "roles", "untested", "changes", "contrasts", "factors"}
    np.testing.assert_array_equal(back.table["pvalue"], direct.table["pvalue"])
    assert back.extra["edges"]["status"].astype(str).tolist() == direct.extra["edges"]["status"].astype(str).tolist()
    assert len(cs.get.untested(adata, "commscore_circuits"))


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"condition_key": "condition"}, ValueError, "needs sample_key=: samples are the replicates"),
        ({"sample_key": "cell_type"}, ValueError, "must be different"),
        ({"condition_key": "condition", "sample_key": "sample", "reference": "c"}, ValueError,
         "reference='c' is not a level"),
        ({"order": ["a", "b"], "patient_key": "patient"}, ValueError, "patient_key and order needs condition_key="),
        ({"scheme": "rotate"}, ValueError, "scheme='rotate'"), ({"n_perms": 0}, ValueError, "n_perms"),
        ({"expr_prop": 2}, ValueError, "expr_prop"), ({"role": {}}, TypeError, "did you mean 'roles'"),
        ({"key_added": "a/b"}, ValueError, "has a '/'"), ({"layer": "counts"}, ValueError, "whole numbers"),
        ({"sample_key": "smple"}, KeyError, "did you mean 'sample'"),
    ],
)  # fmt: skip
def test_errors(planted, change, error, match):
    with pytest.raises(error, match=match):
        run(planted, **change)


def test_more_errors(planted):
    mixed = planted.copy()
    mixed.obs["sample"] = "s1"
    with pytest.raises(ValueError, match="varies within 1 of 1 samples"):
        run(mixed, condition_key="condition", sample_key="sample")
    bare = planted.copy()
    del bare.layers["counts"]
    bare.X = bare.X.sqrt() if sparse.issparse(bare.X) else np.sqrt(bare.X)  # from which no counts come back
    with pytest.raises(ValueError, match="no raw counts found"):
        run(bare, sample_key="sample")
    pairs = cs.rs.from_table(pd.DataFrame({"ligand": ["A"], "receptor": ["B"]}))
    with pytest.raises(ValueError, match="has no circuits"):
        cs.tl.circuits(planted, "cell_type", resource=pairs)


@pytest.mark.parametrize("name", ["breast_wu2021_CID4465", "breast_chung2017"])
def test_real_data_list_what_cannot_be_assessed(public_data, name):
    adata = public_data(name).copy()
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    keys = {"sample_key": "sample", "condition_key": "condition", "reference": "primary"} if "chung" in name else {}
    says = "'patient'.* looks like patients: 11 values for the 1. samples"  # two have a metastasis, too
    with pytest.warns(UserWarning, match=says) if keys else nullcontext():
        found = cs.tl.circuits(adata, "cell_type", n_perms=99, inplace=False, **keys)
    table, edges = found.table.set_index("circuit"), found.extra["edges"]
    assert len(table) == cs.rs.load().circuits["circuit"].nunique()
    assert len(edges) == len(cs.rs.load().circuits)
    assert (edges.loc[edges["status"] == "role absent", "detail"].str.len() > 0).all()
    assert table.loc["reverse_warburg", "status"] == "not_in_rna"
    assert "met:lactate" in table.loc["reverse_warburg", "missing"]
    column = "pvalue_within" if keys else "pvalue"
    assert (table[column].notna() == table["status"].isin(["complete", "partial", "step"])).all()
    assert table[column].notna().sum() == {"breast_wu2021_CID4465": 4, "breast_chung2017": 33}[name]
    assert table[column].dropna().between(0.01, 1).all()
    if keys:
        assert (table["pvalue"].notna() == (table[column].notna() & (table["n_samples"] >= 3))).all()
        assert (table["unit"] == "samples").all()
        assert (found.extra["changes"]["status"] == "tested").any()


def test_a_floor_too_high_for_all_that_are_tested_is_told(planted):
    x = planted.to_df()
    x[["CSF1R", "AREG", "IL6"]] = 0.0
    few = planted.copy()
    few.X = x.to_numpy()
    with pytest.warns(
        UserWarning, match=r"2 of 6 circuits .* n_perms=39 can give \(0.025\).*; give n_perms=120 or more"
    ):
        table = run(few, n_perms=39).table
    assert table["padj"].min() == pytest.approx(6 / 40 / 2)
    assert (run(few, n_perms=120).table["padj"].dropna() <= 0.05).all()


def test_as_many_permutations_as_the_warning_says_suffice():
    def table(n_perms):
        pvalue = np.array([1 / (n_perms + 1), *[0.9] * 40, *[np.nan] * 22])
        failed = np.isnan(pvalue)
        status = np.where(failed, "broken", "complete")
        return pd.DataFrame(
            {
                "pvalue": pvalue,
                "pvalue_raw": pvalue,
                "padj": _tables._among_candidates(pvalue, failed=failed),
                "status": status,
                "unit": "cells",
            }
        )

    with pytest.warns(UserWarning, match="1 of 63 circuits .* give n_perms=1260 or more"):
        _circuits._warn_of_floor(table(1000), n_perms=1000)
    _circuits._warn_of_floor(table(1260), n_perms=1260)
    assert table(1260)["padj"].min() <= 0.05
    above = table(1000).assign(
        pvalue_raw=lambda t: t["pvalue"] * 2
    )  # not at the floor: more permutations would not help
    _circuits._warn_of_floor(above, n_perms=1000)
