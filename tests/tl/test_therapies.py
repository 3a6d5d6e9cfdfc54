"""Therapies as cuts of edges."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc

import commscore as cs
from commscore._names import read_names, write_names
from commscore.rs import Resource
from commscore.tl._therapies._bypass import family
from commscore.tl._therapies._cut import TherapyReach, agents_of, makers_of

AGENTS = [
    # therapy, targets, action, reported
    ("anti-csf1", "CSF1", "blocks_ligand", "benefit"), ("anti-csf1", "CSF1", "blocks_ligand", "resistance"),
    ("tgfbr inhibitor", "TGFBR1", "blocks_receptor", "proposed"),
    ("il6 pathway", "IL6;IL6R", "inhibits_signalling", "proposed"),
    ("csf1r inhibitor", "CSF1R", "blocks_receptor", "proposed"), ("agonist", "NOTCH1", "activates", "harm"),
    ("lactate", "met:lactate", "lowers_production", "proposed"), ("chemo", "", "depletes_cells", "mixed"),
    ("elsewhere", "ABCB1", "inhibits_enzyme", "proposed"), ("egfr", "EGFR", "inhibits_signalling", "proposed"),
]  # fmt: skip


def resource():
    frame = pd.DataFrame(AGENTS, columns=["therapy", "targets", "action", "reported"])
    breast = cs.rs.load()
    for column in breast.therapies.columns:
        if column not in frame:
            frame[column] = "x" if column == "source" else ""
    return Resource("t", "1", "", "CC0", _tables=breast.tables | {"therapies": frame[list(breast.therapies.columns)]})


@pytest.fixture(scope="module")
def scored():
    adata = cs.ds.simulate(n_samples=2, n_cells=300, rng=1)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    cs.tl.score(adata, "cell_type", resource=adata.uns["interactions"], n_perms=99)
    cs.tl.circuits(adata, "cell_type", n_perms=19)
    return adata


def run(adata, **kwargs):
    return cs.tl.therapies(adata, **({"resource": resource(), "inplace": False} | kwargs))


def flow_of(table):
    return table["ligand_mean"] * table["receptor_mean"]


def has(table, *genes):
    sides = table["ligand_complex"].astype(str) + "_" + table["receptor_complex"].astype(str)
    return sides.map(lambda s: bool(set(genes) & set(s.split("_"))))


def test_cuts_and_shares_by_hand(scored):
    stored, found = cs.get.table(scored), run(scored)
    table = found.table.set_index("therapy")
    flow = flow_of(stored)
    for name, genes in (("anti-csf1", ["CSF1"]), ("tgfbr inhibitor", ["TGFBR1"]), ("il6 pathway", ["IL6", "IL6R"])):
        hit = has(stored, *genes)
        assert table.loc[name, "status"] == "cuts"
        assert table.loc[name, "n_edges"] == hit.sum() > 0
        assert table.loc[name, "share"] == pytest.approx(flow[hit].sum() / flow.sum())
        assert (found.extra["edges"]["therapy"] == name).sum() == hit.sum()
    groups = found.extra["groups"].set_index(["therapy", "group", "direction"])["share"]
    inside = stored["target"] == "macrophage"
    expected = flow[inside & has(stored, "CSF1")].sum() / flow[inside].sum()
    assert groups["anti-csf1", "macrophage", "incoming"] == pytest.approx(expected)
    assert (groups["anti-csf1"].xs("outgoing", level="direction")["macrophage"]) == 0


def test_antigen_presentation_is_left_out_of_shares():
    pairs = [("HLA-A_B2M", "TRAC_TRBC1"), ("CSF1", "CSF1R"), ("HLA-A", "KLRD1")]
    expressed = {"HLA-A": {"tumour": 9.0, "B": 9.0}, "B2M": {"tumour": 9.0, "B": 9.0}, "TRAC": {"B": 5.0},
                 "TRBC1": {"B": 5.0}, "CSF1": {"tumour": 1.0}, "CSF1R": {"B": 1.0}, "KLRD1": {"B": 1.0}}  # fmt: skip
    adata = cs.ds.simulate(n_samples=1, n_cells=200, groups={"tumour": 1, "B": 1}, interactions=pairs,
                           expressed=expressed, rng=0)  # fmt: skip
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    listed = pd.DataFrame(pairs, columns=["ligand", "receptor"])
    cs.tl.score(adata, "cell_type", null=None, resource=listed)  # by its molecules: the list says no mode
    known = cs.rs.load()
    agents = known.therapies.iloc[:4].assign(
        therapy=["anti-csf1", "anti-hla", "anti-trac", "cd94 blocker"], targets=["CSF1", "HLA-A", "TRAC", "KLRD1"],
        action="blocks_ligand",
    )  # fmt: skip
    found = run(adata, resource=Resource("t", "1", "", "CC0", _tables=known.tables | {"therapies": agents}))
    stored, table = cs.get.table(adata), found.table.set_index("therapy")
    flow, hla = flow_of(stored), has(stored, "TRAC")
    assert flow[hla].sum() > flow[~hla].sum()  # it would lead by abundance
    counted = flow[~hla].sum()
    for name, genes in (("anti-csf1", ["CSF1"]), ("anti-hla", ["HLA-A"]), ("cd94 blocker", ["KLRD1"])):
        assert table.loc[name, "share"] == pytest.approx(flow[has(stored, *genes) & ~hla].sum() / counted)
    assert table.loc["anti-hla", "n_edges"] == (has(stored, "HLA-A")).sum()  # what is cut is still counted
    alone = table.loc["anti-trac"]
    assert (alone["status"], alone["n_edges"]) == ("cuts", hla.sum())
    assert np.isnan(alone["share"])
    assert "antigen presentation" in alone["reason"]
    assert found.table["therapy"].iloc[-1] == "anti-trac"
    edges = found.extra["edges"]
    assert edges.loc[edges["therapy"] == "anti-trac", "share"].isna().all()
    groups = found.extra["groups"]
    assert "anti-trac" not in set(groups["therapy"])
    incoming = groups[(groups["group"] == "B") & (groups["direction"] == "incoming")]["flow"]
    assert incoming.iloc[0] == pytest.approx(flow[(stored["target"] == "B") & ~hla].sum())
    pairs = found.extra["combinations"]
    assert not pairs["therapies"].str.contains("anti-trac").any()
    assert (pairs["share"] <= 1 + 1e-12).all()
    assert "antigen presentation" in found.params["shares"]


def test_what_cuts_nothing_says_why(scored):
    table = run(scored).table.set_index("therapy")
    expected = {
        "agonist": "activates",
        "lactate": "not measurable in RNA",
        "chemo": "no target",
        "elsewhere": "no edge",
    }
    assert {t: table.loc[t, "status"] for t in expected} == expected
    assert (table.loc[list(expected), "reason"].str.len() > 10).all()
    assert (table.loc[list(expected), ["n_edges", "share"]] == 0).all(axis=None)
    assert set(table["claim"]) == {"in-silico cut of edges, not a prediction of response"}
    assert table.loc["anti-csf1", "reported"] == '["benefit", "resistance"]'
    assert table.loc["il6 pathway", ["targets", "action"]].tolist() == ['["IL6", "IL6R"]', "inhibits_signalling"]


def test_characters_of_names_join_nothing(scored):
    """A therapy whose name, class or sources hold what joins lists elsewhere stays one, in every table."""
    known = resource()
    names = {"anti-csf1": "anti-csf1 + x", "egfr": "[egfr] → y"}
    renamed = known.therapies.assign(therapy=known.therapies["therapy"].replace(names))
    renamed["source"] = "Doe, J. 2020"
    known = Resource("t", "1", "", "CC0", _tables=known.tables | {"therapies": renamed})
    found = cs.tl.therapies(scored, resource=known, n_combinations=50, inplace=False)
    assert set(found.table["sources"]) == {"Doe, J. 2020"}
    sets = found.extra["combinations"]["therapies"].map(read_names)
    assert set(names.values()) <= {name for one in sets for name in one} <= set(renamed["therapy"])
    assert sets.map(len).tolist() == found.extra["combinations"]["n"].tolist()


def test_combinations_by_hand(scored):
    stored, found = cs.get.table(scored), run(scored, n_together=3)
    flow = flow_of(stored)
    pairs = found.extra["combinations"]
    assert pairs["share"].is_monotonic_decreasing
    sets = pairs["therapies"].map(read_names)
    both = pairs[sets.isin([["csf1r inhibitor", "tgfbr inhibitor"], ["anti-csf1", "tgfbr inhibitor"]])].iloc[0]
    assert both["share"] == pytest.approx(flow[has(stored, "CSF1", "TGFBR1")].sum() / flow.sum())
    assert both["overlap"] == 0
    # anti-csf1 and csf1r inhibitor cut the same edges here: nothing is gained by both
    assert not pairs["therapies"].str.contains("anti-csf1").mul(pairs["therapies"].str.contains("csf1r")).any()
    top = pairs[pairs["n"] == 3].iloc[0]
    members = read_names(top["therapies"])
    genes = {"anti-csf1": ["CSF1"], "csf1r inhibitor": ["CSF1R"], "tgfbr inhibitor": ["TGFBR1"], "egfr": ["EGFR"],
             "il6 pathway": ["IL6", "IL6R"]}  # fmt: skip
    assert top["share"] == pytest.approx(flow[has(stored, *[g for m in members for g in genes[m]])].sum() / flow.sum())
    assert (pairs["gain"] >= -1e-12).all()


def test_bypass_lists_what_remains(scored):
    blocked = cs.rs.load().therapies.iloc[:1].assign(therapy="anti-areg", targets="AREG", action="blocks_ligand")
    res = Resource("t", "1", "", "CC0", _tables=cs.rs.load().tables | {"therapies": blocked})
    bypass = run(scored, resource=res).extra["bypass"]
    same = bypass[bypass["how"] == "same receptor"]
    assert set(same["cut"]) == {"AREG^EGFR"}
    assert set(same["remaining"]) == {"EGF^EGFR"}
    assert (same["target"] == "tumour").all()
    stored = cs.get.table(scored, source="macrophage", target="tumour").set_index("interaction")
    expected = stored.loc["EGF^EGFR", "ligand_mean"] * stored.loc["EGF^EGFR", "receptor_mean"]
    assert same.set_index("source").loc["macrophage", "remaining_flow"] == pytest.approx(expected)


def test_another_substrate_of_the_enzyme_is_no_bypass():
    """Beside MMP9^VEGFA, collagen that MMP9 and MMP2 cleave does not stand in; beside MMP9^COL4A1, MMP2^COL4A1 does."""
    pairs = [("MMP9", "VEGFA"), ("MMP9", "COL4A1"), ("MMP2", "COL4A1"), ("VEGFA", "KDR")]
    expressed = {gene: {"tumour": 3.0, "B": 3.0} for pair in pairs for gene in pair}
    groups = {"tumour": 1, "B": 1}
    adata = cs.ds.simulate(n_samples=1, n_cells=100, groups=groups, interactions=pairs, expressed=expressed)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    named = cs.rs.from_table(pd.DataFrame(pairs, columns=["ligand", "receptor"]))  # what cleaves is scored if named
    cs.tl.score(adata, "cell_type", null=None, resource=cs.rs.load().merge(named))
    assert {"MMP9^VEGFA", "MMP2^COL4A1"} <= set(cs.get.table(adata)["interaction"])
    known = cs.rs.load()
    blocked = known.therapies.iloc[:2].assign(
        therapy=["anti-vegf", "mmp9 inhibitor"], targets=["VEGFA", "MMP9"], action="blocks_ligand"
    )
    res = Resource("t", "1", "", "CC0", _tables=known.tables | {"therapies": blocked})
    bypass = run(adata, resource=res).extra["bypass"]
    related = bypass[bypass["how"] != "same circuit"]
    assert not (related["therapy"] == "anti-vegf").any()
    left = related[related["therapy"] == "mmp9 inhibitor"]
    assert set(zip(left["cut"], left["how"], left["remaining"], strict=True)) == {
        ("MMP9^COL4A1", "same receptor", "MMP2^COL4A1")
    }


def test_roles_are_recorded_as_given(scored):
    assert run(scored).params["roles"] == {}
    assert list(run(scored, roles={"tumour": "tumour"}).params["roles"]["tumour"]) == ["tumour"]


def test_families():
    assert [family(s) for s in ("VEGFA", "PDGFB", "TGFB1", "CXCL12", "CCL2", "IL6", "JAG1", "MIF")] == [
        "VEGF", "PDGF", "TGFB", "CXCL", "CCL", "", "JAG", "MIF"]  # fmt: skip


def test_shares_of_circuits(scored):
    found = run(scored)
    circuits = found.extra["circuits"]
    edges = cs.get.load(scored, "commscore_circuits").extra["edges"]
    beyond = edges["status"] == "not measurable in RNA"
    sides = [
        edges[side].map(read_names).astype(bool) | (edges[f"{side}_role"] == "any") for side in ("source", "target")
    ]
    measured = edges["score"].notna() & edges["in_strength"]
    edges = edges[measured | (beyond & sides[0] & sides[1])]
    for _, row in circuits[circuits["therapy"] == "tgfbr inhibitor"].iterrows():
        own = edges[edges["circuit"] == row["circuit"]]
        hit = (own["from"] + "_" + own["to"]).map(lambda s: "TGFBR1" in s.split("_"))
        assert (row["n_steps"], row["n_measured"], row["n_cut"]) == (len(own), own["score"].notna().sum(), hit.sum())
        assert row["share"] == pytest.approx(hit.mean())
    n = circuits.groupby("therapy")["circuit"].nunique()
    assert found.table.set_index("therapy").loc["tgfbr inhibitor", "n_circuits"] == n["tgfbr inhibitor"] > 0
    without = run(scored, circuits_key=None)
    assert len(without.extra["circuits"]) == 0
    assert without.params["circuits"] == "none stored"


@pytest.mark.parametrize("by", ["condition", "sample"])
def test_circuits_of_each_condition_or_sample_are_scored_in_its_cells(scored, by):
    found = run(scored, **{f"{by}_key": by})
    circuits = found.extra["circuits"]
    for level in scored.obs[by].cat.categories:
        part = scored[scored.obs[by] == level].copy()
        alone = cs.tl.circuits(part, "cell_type", n_perms=1, inplace=False).extra["edges"]
        alone = alone[alone["score"].notna() & alone["in_strength"] & (alone["source_role"] != "any")
                      & (alone["target_role"] != "any")]  # fmt: skip
        rows = circuits[(circuits["context"] == level) & (circuits["therapy"] == "tgfbr inhibitor")]
        assert len(rows) > 5
        for row in rows.to_dict("records"):
            own = alone[alone["circuit"] == row["circuit"]]
            if len(own) != row["n_steps"]:  # it has a step of any cell, for which the part has its own strongest group
                continue
            hit = (own["from"] + "_" + own["to"]).map(lambda s: "TGFBR1" in s.split("_"))
            expected = own.loc[hit, "score"].sum() / own["score"].sum()
            assert row["score_share"] == pytest.approx(expected, rel=1e-4)
    whole = run(scored).extra["circuits"]
    both = circuits.merge(whole, on=["therapy", "circuit"], suffixes=("", "_all"))
    assert (both["score_share"] != both["score_share_all"]).mean() > 0.2


def test_a_condition_without_the_cells_has_no_step_to_cut(scored):
    some = scored[~((scored.obs["condition"] == "case") & (scored.obs["cell_type"] == "CAF"))].copy()
    circuits = run(some, condition_key="condition").extra["circuits"]
    edges = cs.get.load(some, "commscore_circuits").extra["edges"]
    lost = set(edges.loc[(edges["source"] == "CAF") | (edges["target"] == "CAF"), "circuit"])
    assert lost & set(circuits.loc[circuits["context"] == "control", "circuit"])
    n = circuits.pivot_table(index="circuit", columns="context", values="n_steps", observed=True).fillna(0)
    assert (n.loc[n.index.isin(lost), "case"] < n.loc[n.index.isin(lost), "control"]).any()
    assert n.loc[~n.index.isin(lost), "case"].equals(n.loc[~n.index.isin(lost), "control"].rename("case"))


@pytest.mark.parametrize("by", ["condition", "sample"])
def test_each_condition_or_sample_on_its_own(scored, by):
    found = run(scored, **{f"{by}_key": by}).table
    levels = list(scored.obs[by].cat.categories)
    assert list(found["context"].cat.categories) == sorted(levels)
    stored = cs.get.table(scored)
    part = scored[scored.obs[by] == levels[-1]]
    x = pd.DataFrame(part.X.toarray(), columns=part.var_names).groupby(part.obs["cell_type"].astype(str).to_numpy())
    mean, size = x.mean(), x.size()
    mean.loc[size < 5] = 0.0

    def side(group, molecule):
        return mean.loc[group, molecule.split("_")].min()

    flow = np.array([side(s, a) * side(t, b) for s, t, a, b in stored[
        ["source", "target", "ligand_complex", "receptor_complex"]].astype(str).itertuples(index=False)])  # fmt: skip
    expected = flow[has(stored, "TGFBR1")].sum() / flow.sum()
    row = found[(found["context"] == levels[-1]) & (found["therapy"] == "tgfbr inhibitor")].iloc[0]
    assert row["share"] == pytest.approx(expected, rel=1e-5)


def test_survives_h5ad(scored, tmp_path):
    adata = scored.copy()
    run(adata, inplace=True)
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = cs.get.load(ad.read_h5ad(tmp_path / "a.h5ad"), "commscore_therapies")
    assert back.schema == "commscore.therapies/4"
    assert set(back.extra) == {"edges", "groups", "circuits", "combinations", "bypass"}
    again = cs.tl.therapies(ad.read_h5ad(tmp_path / "a.h5ad"), resource=resource(), inplace=False, sample_key="sample")
    assert again.table["share"].notna().all()


def test_names_found_by_an_old_name(scored):
    adata = scored.copy()
    adata.var_names = [{"TNFSF11": "RANKL"}.get(g, g) for g in adata.var_names]
    cs.tl.score(adata, "cell_type", n_perms=9)
    assert cs.get.params(adata)["aliases"] == {"TNFSF11": "RANKL"}
    assert len(cs.tl.therapies(adata, sample_key="sample", inplace=False).table)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"condition_key": "condition", "sample_key": "sample"}, ValueError, "not both"),
        ({"sample_key": "smple"}, KeyError, "did you mean 'sample'"), ({"key": "x"}, KeyError, "has no 'x'"),
        ({"key": "commscore_circuits"}, KeyError, "no column 'target'"), ({"n_together": 1}, ValueError, "n_together"),
        ({"max_padj": 0.0}, ValueError, "raise max_padj"), ({"agent": 1}, TypeError, "no keyword 'agent'"),
        ({"resource": cs.rs.from_table(pd.DataFrame({"ligand": ["A"], "receptor": ["B"]}))}, ValueError,
         "no therapies"),
    ],
)  # fmt: skip
def test_errors(scored, change, error, match):
    with pytest.raises(error, match=match):
        run(scored, **change)


@pytest.mark.parametrize("name", ["breast_wu2021_CID4465", "breast_chung2017"])
def test_real_data(public_data, name):
    adata = public_data(name).copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    cs.tl.score(adata, "cell_type", n_perms=19)
    table = cs.tl.therapies(adata, inplace=False).table
    assert len(table) == cs.rs.load().therapies["therapy"].nunique()
    assert (table["status"] == "cuts").sum() >= 5
    by_molecules = table[~table["depletes"].map(read_names).astype(bool)]
    assert (
        by_molecules["therapy"].iloc[0] == "integrin inhibitor"
    )  # not the TCR mimic, which led by the abundance of HLA
    assert table.set_index("therapy").loc["tcr mimic", ["status", "share"]].isna().tolist() == [False, True]
    assert (table.loc[table["status"] != "cuts", "reason"].str.len() > 0).all()


BONE_GROUPS = ["tumour", "CAF", "osteoblast", "osteoclast"]
BONE = {
    "TNFSF11": ["osteoblast"], "TNFRSF11A": ["osteoclast"], "PTHLH": ["tumour"], "PTH1R": ["osteoblast"],
    "PDGFB": ["tumour"], "PDGFRB": ["CAF"], "SLC16A3": ["CAF"], "LDHA": ["CAF"], "PKM": ["CAF"], "SLC16A1": ["tumour"],
    "COL1A1": ["CAF"], "ITGA2": ["tumour"], "ITGB1": ["tumour"],
}  # fmt: skip


@pytest.fixture(scope="module")
def in_bone():
    pairs = [("TNFSF11", "TNFRSF11A"), ("PTHLH", "PTH1R"), ("PDGFB", "PDGFRB"), ("COL1A1", "ITGA2_ITGB1"),
             ("SLC16A3", "SLC16A1"), ("LDHA", "SLC16A1"), ("PKM", "SLC16A1")]  # fmt: skip
    adata = cs.ds.simulate(groups=BONE_GROUPS, interactions=pairs, expressed=BONE, n_samples=1, n_cells=240, rng=0)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    cs.tl.score(adata, "cell_type", n_perms=19)
    cs.tl.circuits(adata, "cell_type", n_perms=19)
    return adata


def test_bisphosphonates_take_the_edges_and_steps_of_osteoclasts(in_bone):
    found, stored = cs.tl.therapies(in_bone, inplace=False), cs.get.table(in_bone)
    row = found.table.set_index("therapy").loc["bisphosphonate"]
    at = (stored["source"] == "osteoclast") | (stored["target"] == "osteoclast")
    assert row["status"] == "cuts"
    assert row["n_edges"] == at.sum() > 0
    assert row["share"] == pytest.approx(flow_of(stored)[at].sum() / flow_of(stored).sum())
    assert read_names(row["depletes"]) == ["osteoclast"]
    edges = found.extra["edges"]
    assert set(edges.loc[edges["therapy"] == "bisphosphonate", "side"]) == {"cells"}
    circuits = found.extra["circuits"].set_index(["therapy", "circuit"])
    cut = circuits.loc[("bisphosphonate", "pthrp_rankl_osteolysis")]
    assert (cut["n_steps"], cut["n_measured"], cut["n_cut"]) == (3, 3, 1)
    # TGF-beta of bone matrix is beyond RNA, and gone with the osteoclasts all the same
    freed = circuits.loc[("bisphosphonate", "bone_vicious_cycle"), "steps"]
    assert "4: TGFB1 → TGFBR1_TGFBR2" in read_names(freed)


def test_without_a_group_of_its_own_a_role_is_not_depleted(in_bone):
    other = in_bone.copy()
    other.obs["cell_type"] = other.obs["cell_type"].cat.rename_categories({"osteoclast": "cluster 7"})
    cs.tl.score(other, "cell_type", n_perms=19)
    table = cs.tl.therapies(other, circuits_key=None, inplace=False).table.set_index("therapy")
    assert table.loc["bisphosphonate", "status"] == "no edge"
    assert "role osteoclast, which no group" in table.loc["bisphosphonate", "reason"]
    given = cs.tl.therapies(other, circuits_key=None, roles={"osteoclast": "cluster 7"}, inplace=False).table
    assert given.set_index("therapy").loc["bisphosphonate", "status"] == "cuts"


def test_an_inhibitor_of_mct4_cuts_the_lactate_that_it_exports(in_bone):
    found = cs.tl.therapies(in_bone, inplace=False)
    circuits = found.extra["circuits"].set_index(["therapy", "circuit"])
    shuttle = circuits.loc[("mct4 inhibitor", "reverse_warburg")]
    assert (shuttle["n_steps"], shuttle["n_measured"], shuttle["n_cut"]) == (4, 0, 2)
    assert read_names(shuttle["steps"]) == ["2: met:lactate → SLC16A1", "3: met:pyruvate → SLC16A1"]
    row = found.table.set_index("therapy").loc["mct4 inhibitor"]
    assert row["status"] == "no edge"
    assert row["reason"].endswith(f"it cuts steps of circuits: {row['n_circuits']}")
    made = in_bone.copy()
    cs.tl.score(made, "cell_type", molecules="production", n_perms=19)
    edges = cs.tl.therapies(made, circuits_key=None, inplace=False).extra["edges"]
    cut = edges[edges["therapy"] == "mct4 inhibitor"]
    assert set(cut["interaction"]) == {"met:lactate^SLC16A1", "met:pyruvate^SLC16A1"}
    assert set(cut["side"]) == {"ligand"}


def test_antibodies_to_pdgf_receptors_cut_them_and_cells_against_fibroblasts_all_of_these(in_bone):
    table = cs.tl.therapies(in_bone, inplace=False).table.set_index("therapy")
    stored = cs.get.table(in_bone)
    for name in ("caf-targeted monoclonal antibody", "caf-targeted small-molecule inhibitor"):
        assert table.loc[name, "n_edges"] == has(stored, "PDGFRA", "PDGFRB").sum() > 0
    at = (stored["source"] == "CAF") | (stored["target"] == "CAF")
    assert table.loc["caf-targeted car-t cells", "n_edges"] == at.sum()


def test_what_circuits_name_as_breakers_reaches_a_step_of_theirs():
    res = cs.rs.load()
    reach = TherapyReach(makers_of(res), {})
    agents, steps = agents_of(res), res.circuits
    gates = steps[steps["edge"] == "gate"].groupby("circuit")["from"].agg(write_names)
    steps = steps.assign(gate_molecules=steps["circuit"].map(gates).fillna("[]"))
    cut = pd.DataFrame(reach.steps(agents, steps), index=agents["therapy"], columns=steps["circuit"])
    named = steps.drop_duplicates("circuit").set_index("circuit")["breakers"].str.split(";").explode()
    named = [(circuit, name) for circuit, name in named.items() if name in cut.index]
    assert len(named) > 60
    without = {name for circuit, name in named if not cut.loc[name, [circuit]].to_numpy().any()}
    # the reviews name no molecule of these, or one that no step of the circuit has
    assert without == {
        "mirna replacement", "cytokine signalling inhibitor", "glycolysis inhibitor", "jak/stat inhibitor",
        "mitochondrial metabolism inhibitor", "pi3k inhibitor", "cdk4/6 inhibitor", "immune checkpoint inhibitor",
        "melatonin", "blue light filter",  # they raise what light at night lowers
    }  # fmt: skip
