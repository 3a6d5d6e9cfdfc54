"""The reviews' expected shifts: verdicts on planted truth, reasons, and quiet under shuffled labels."""

from __future__ import annotations

import itertools

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

import commscore as cs
import planted
from commscore.tables import expectations as schema
from commscore.tl._expectations import _contexts, _items, _verdicts

KEYS = {"condition_key": "condition", "sample_key": "sample"}
PLAIN = cs.rs.from_table(pd.DataFrame({"ligand": ["IL6"], "receptor": ["IL6R"]}))
CONTEXTS = {"control": "stage=normal", "case": "stage=invasive"}


def shift(interaction, source, target, **more):
    return cs.ds.Shift(interaction=interaction, source=source, target=target, **more)


SHIFTS = (
    shift("VEGFA^KDR", "tumour", "endothelial", log2fc=2),
    shift("TGFB1^TGFBR1_TGFBR2", "CAF", "tumour", log2fc=-2),
    shift("CD274^PDCD1", "tumour", "T cell", log2fc=3),
    shift("HGF^MET", "CAF", "tumour", driver="source_abundance", log2fc=2),
)


def raised(adata, gene, *, factor):
    """Call a background gene like ``gene`` and multiply its counts in the case."""
    name = [g for g in adata.var_names if g.startswith("BG")][-1]
    at = adata.var_names.get_loc(name)
    adata.var_names = [gene if g == name else g for g in adata.var_names]
    counts = adata.layers["counts"].toarray()
    counts[(adata.obs["condition"] == "case").to_numpy(), at] *= factor
    adata.X = adata.layers["counts"] = sparse.csr_matrix(counts)
    return adata


@pytest.fixture(scope="module")
def cohort():
    adata = cs.ds.simulate(n_samples=5, n_cells=400, shifts=SHIFTS, rng=0)
    net = planted.rename_background(adata, ("TGFb", "JAK-STAT"))
    up = {s: 0.6 for s in adata.obs["sample"].cat.categories if s.startswith("case")}
    planted.plant(adata, net[net["source"] == "TGFb"], group="tumour", activity=up)
    return raised(adata, "MMP9", factor=6), net


@pytest.fixture(scope="module")
def result(cohort):
    adata, net = cohort
    return cs.tl.expectations(adata, "cell_type", contexts=CONTEXTS, net=net, inplace=False, **KEYS)


def test_alpha_is_the_level_of_verdicts_and_not_of_intervals(cohort, result):
    adata, net = cohort
    strict = cs.tl.expectations(adata, "cell_type", contexts=CONTEXTS, net=net, alpha=1e-6, inplace=False, **KEYS).table
    np.testing.assert_array_equal(strict[["ci_low", "ci_high"]], result.table[["ci_low", "ci_high"]])
    assert "confirmed" in set(result.table["verdict"])
    assert (strict.loc[strict["verdict"] == "confirmed", "padj"] <= 1e-6).all()


def row(result, expectation, what):
    table = result.table
    found = table[(table["expectation"] == expectation) & (table["what"] == what)]
    assert len(found) == 1
    return found.iloc[0]


def test_tables_are_as_declared(result):
    assert tuple(result.table.columns) == schema.EXPECTATIONS.names
    assert tuple(result.extra["summary"].columns) == schema.SUMMARY.names
    assert tuple(result.extra["contexts"].columns) == schema.CONTEXTS.names
    assert set(result.table["expectation"]) == set(cs.rs.load().expectations["expectation"])
    assessed = result.table["verdict"] != "not_assessable"
    assert result.table.loc[assessed, "padj"].notna().all()
    assert result.table.loc[~assessed, "padj"].isna().all()
    assert (result.table["reason"] != "").all()
    assert (result.table["statement"] != "").all()


@pytest.mark.parametrize(
    ("expectation", "what", "verdict", "groups"),
    [
        ("angiogenic_ligands_up", "VEGFA", "confirmed", "all cells"),
        ("caf_growth_factors_up", "TGFB1", "contradicted", "CAF"),
        ("pdl1_on_tumour", "CD274^PDCD1", "confirmed", '[["tumour"], ["T cell"]]'),
        ("caf_dominant_stroma", "caf", "confirmed", "CAF"),
        ("mmp_secretion_up", "MMP9", "confirmed", "all cells"),
        ("tme_pathway_tgfbeta", "TGF-beta", "confirmed", "tumour"),
    ],
)
def test_planted_shifts_get_their_verdict(result, expectation, what, verdict, groups):
    found = row(result, expectation, what)
    assert found["verdict"] == verdict, found["reason"]
    assert found["groups"] == groups
    assert found["contrast"] == "case vs control"
    assert found["ci_low"] < found["effect"] < found["ci_high"]
    assert found["ci_low"] * found["ci_high"] > 0
    assert (found["n_ref"], found["n_alt"]) == (5, 5)


def test_the_opposite_of_a_confirmed_shift_is_a_contradiction(cohort, result):
    adata, net = cohort
    mirrored = {"case": "stage=normal", "control": "stage=invasive"}
    other = cs.tl.expectations(adata, "cell_type", contexts=mirrored, net=net, inplace=False, **KEYS)
    for expectation, what, verdict in (
        ("angiogenic_ligands_up", "VEGFA", "contradicted"),
        ("caf_growth_factors_up", "TGFB1", "confirmed"),
        ("caf_dominant_stroma", "caf", "contradicted"),
        ("tme_pathway_tgfbeta", "TGF-beta", "contradicted"),
    ):
        found = row(other, expectation, what)
        assert found["verdict"] == verdict
        assert found["effect"] == pytest.approx(-row(result, expectation, what)["effect"])


def test_nothing_planted_is_nothing_found(result):
    found = result.table[result.table["verdict"].isin(["confirmed", "contradicted"])]
    within = found[found["groups"] != "all cells"]
    # leukocytes give way to the fibroblasts that were planted
    assert set(within["what"]) <= {"TGFB1", "CD274^PDCD1", "caf", "TGF-beta", "leukocyte", "MMP9"}
    whole = found[found["groups"] == "all cells"]
    assert whole["reason"].str.contains("the mix of cell types counts").all()  # more fibroblasts, more of their genes


def test_effects_are_those_of_compare_where_a_role_is_one_group(cohort, result):
    adata, _ = cohort
    compared = cs.tl.compare(adata, "cell_type", reference="control", inplace=False, **KEYS).table
    edge = compared[
        (compared["interaction"] == "CD274^PDCD1") & (compared["source"] == "tumour") & (compared["target"] == "T cell")
    ].iloc[0]
    assert row(result, "pdl1_on_tumour", "CD274^PDCD1")["effect"] == pytest.approx(edge["effect"], abs=0.1 * edge["se"])


def test_composition_is_the_log_ratio_to_the_other_groups_that_change_together(cohort, result):
    adata, _ = cohort
    logs = np.log2(pd.crosstab(adata.obs["sample"], adata.obs["cell_type"]) + 0.5)
    case = logs.index.str.startswith("case")
    change = logs[case].mean() - logs[~case].mean()
    others = change.drop("CAF")
    subsets = itertools.combinations(others.index, len(others) // 2 + 1)
    reference = list(min(subsets, key=lambda s: np.ptp(others[list(s)])))
    found = row(result, "caf_dominant_stroma", "caf")["effect"]
    assert found == pytest.approx(change["CAF"] - change[reference].mean())


def test_roles_that_are_given_decide_where_it_is_measured(cohort):
    adata, net = cohort
    made = cs.tl.expectations(
        adata, "cell_type", contexts=CONTEXTS, net=net, roles={"caf": None, "fibroblast": None, "treg": ["T cell"]},
        inplace=False, **KEYS,
    )  # fmt: skip
    gone = row(made, "caf_growth_factors_up", "TGFB1")
    assert gone["verdict"] == "not_assessable"
    assert "no group of cells has the role 'caf'; give it with roles=" in gone["reason"]
    assert row(made, "suppressive_treg_infiltrate", "treg")["verdict"] != "not_assessable"


def test_reasons_of_what_cannot_be_assessed(result):
    cases = [
        ("caf_growth_factors_up", "FGF2", "gene missing: ligand FGF2 not in var_names"),
        ("suppressive_treg_infiltrate", "treg", "role 'treg' is only part of T cell"),
        ("suppressive_mdsc_infiltrate", "mdsc", "no group of cells has the role 'mdsc'"),
        ("warburg_glycolysis", "glycolysis", "the net has no 'glycolysis' (it has JAK-STAT, TGFb); give net="),
        ("tumour_vessels_abnormal", "vascular structure", "a switch of function is expected"),
        ("akg_hif1a", "HIF1A", "no level of the condition stands for 'condition=low alpha-ketoglutarate' nor for"),
    ]
    for expectation, what, reason in cases:
        found = row(result, expectation, what)
        assert found["verdict"] == "not_assessable"
        assert reason.removeprefix("gene missing: ligand ") in found["reason"], found["reason"]
        assert np.isnan(found["effect"])


def test_what_rna_cannot_show_says_so():
    known = cs.rs.load().expectations
    no = known[known["rna"] == "no"].iloc[0]
    levels = {"a": _contexts.words(no["from_context"]), "b": _contexts.words(no["to_context"])}
    made = _items.items(known[known["expectation"] == no["expectation"]], levels)
    assert {i.reason for i in made} == {"RNA cannot show it"}
    met = known[(known["level"] == "interaction") & (known["what"].str.startswith("met:")) & (known["rna"] != "no")]
    one = met.iloc[0]
    levels = {"a": _contexts.words(one["from_context"]), "b": _contexts.words(one["to_context"])}
    made = _items.items(known[known["expectation"] == one["expectation"]], levels)
    assert all("is no transcript" in i.reason for i in made)


def test_summary_counts_and_tells(result):
    table, summary = result.table, result.extra["summary"]
    whole = summary[summary["by"] == "all"].iloc[0]
    assert whole["n"] == len(table)
    for verdict in schema.VERDICTS:
        assert whole[verdict] == (table["verdict"] == verdict).sum()
        for by in ("source", "contrast"):
            assert summary.loc[summary["by"] == by, verdict].sum() == whole[verdict]
    assert "TGFB1 up" in whole["text"].split("contradicted")[1]
    assert set(summary.loc[summary["by"] == "source", "value"]) == set(cs.rs.load().sources["source"])


def test_a_planted_switch_of_function_is_confirmed_and_a_constant_one_is_not():
    adata, net = planted.sign_switch(8, seed=4, slope=0.6)
    contexts = {"early": "stage=early", "late": "stage=advanced"}
    groups = {"tumour": "tumour", "caf": "CAF"}
    more = {"contexts": contexts, "net": net, "roles": groups, "inplace": False} | KEYS
    made = cs.tl.expectations(adata, "cell_type", **more).table
    found = made[made["what"] == "TGFB1^TGFBR1_TGFBR2 ⇒ TGFb"]
    assert len(found) >= 1
    assert set(found["change"]) == {"switch"}
    assert set(found["verdict"]) == {"confirmed"}, found["reason"].tolist()
    adata.obs["condition"] = pd.Categorical(
        np.where(adata.obs["sample"].str.endswith(("1", "2", "3", "4")), "early", "late")
    )
    mixed = cs.tl.expectations(
        adata, "cell_type", contexts=contexts, net=net, roles=groups, inplace=False, **KEYS
    ).table
    found = mixed[mixed["what"] == "TGFB1^TGFBR1_TGFBR2 ⇒ TGFb"]
    assert set(found["verdict"]) == {"inconclusive"}


@pytest.mark.slow
def test_verdicts_under_shuffled_labels_stay_below_the_level():
    adata = cs.ds.simulate(n_samples=6, n_cells=300, donor_sd=0.4, rng=5)
    net = planted.rename_background(adata, ("TGFb", "JAK-STAT"))
    rng = np.random.default_rng(0)
    names = adata.obs["sample"].cat.categories
    runs, with_verdict, p = 16, 0, []
    for _ in range(runs):
        labels = dict(zip(names, rng.permutation(["control"] * 6 + ["case"] * 6), strict=True))
        adata.obs["condition"] = pd.Categorical(adata.obs["sample"].astype(str).map(labels))
        made = cs.tl.expectations(adata, "cell_type", contexts=CONTEXTS, net=net, inplace=False, **KEYS).table
        with_verdict += bool(made["verdict"].isin(["confirmed", "contradicted"]).any())
        p.append(made["pvalue"].dropna().to_numpy())
    assert with_verdict <= stats.binom.ppf(0.999, runs, 0.05)
    rate = (np.concatenate(p) <= 0.05).mean()
    assert rate <= 0.10, rate  # rows of one run share samples, so their number says little


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("stage=normal", "stage=invasive", [("n", "i")]),
        ("stage=normal", "site=bone", [("n", "b")]),
        ("site=bone", "site=bone;treatment=x", [("b", "bx")]),
        ("stage=normal", "stage=dormant", []),
    ],
)
def test_levels_stand_for_contexts(a, b, expected):
    levels = {
        "n": _contexts.words("stage=normal"), "i": _contexts.words("stage=invasive; Site=Primary"),
        "b": _contexts.words("site=bone"), "bx": _contexts.words("site=bone;treatment=x"),
    }  # fmt: skip
    if (a, b) == ("stage=normal", "site=bone"):
        expected = [("n", "b"), ("n", "bx")]
    pairs, why = _contexts.pairs(a, b, levels)
    assert pairs == expected
    assert bool(why) == (not expected)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("TGF-beta", "TGFb"), ("NF-kB", "NFkB"), ("NFKB", "NFkB"), ("HIF-1alpha signalling", "Hypoxia"),
     ("PI3K / AKT", "PI3K"), ("ERK1/2", "MAPK"), ("JAK-STAT", "JAK-STAT"), ("EMT", None)],
)  # fmt: skip
def test_pathways_are_found_by_name(written, meant):
    assert _items.pathway_of(written, sorted(set(cs.rs.progeny()["source"]))) == meant


def test_words_that_no_expectation_uses_are_listed(cohort):
    adata, net = cohort
    contexts = {"control": "stage=normal", "case": ["stage=invasive", "site=lymph_node"]}
    made = cs.tl.expectations(adata, "cell_type", contexts=contexts, net=net, inplace=False, **KEYS)
    words = made.extra["contexts"].set_index("word")
    assert words.loc["site=lymph_node", "n_expectations"] == 0
    assert words.loc["site=lymph_node", "note"].startswith("no expectation uses it")
    assert words.loc["stage=invasive", "n_expectations"] > 10


def test_survives_h5ad(cohort, tmp_path):
    adata, net = cohort
    adata = adata.copy()
    assert cs.tl.expectations(adata, "cell_type", contexts=CONTEXTS, net=net, **KEYS) is None
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    for name in ("table", "summary", "contexts", "roles"):
        pd.testing.assert_frame_equal(
            back.uns["commscore_expectations"][name], adata.uns["commscore_expectations"][name], check_dtype=False
        )


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"contexts": {}}, ValueError, "contexts is empty"),
        ({"contexts": "stage=normal"}, TypeError, "contexts must be a dict"),
        ({"contexts": {"contro": "stage=normal"}}, ValueError, "did you mean 'control'"),
        ({"contexts": {"control": "stages=normal"}}, ValueError, "did you mean 'stage'"),
        ({"contexts": {"control": "normal"}}, ValueError, "write key=value"),
        ({"contexts": {"control": [3]}}, TypeError, r"contexts\['control'\]\[0\] must be a string, found 3"),
        ({"roles": {"cafs": "CAF"}}, ValueError, "not a role; did you mean 'caf'"),
        ({"method": "gsea"}, ValueError, "method='gsea' is not one of"),
        ({"margin": -1}, ValueError, "margin must be"),
        ({"sample_key": "patients"}, KeyError, "did you mean 'patient'"),
        ({"resource": PLAIN}, ValueError, "has no expectations"),
        ({"context": CONTEXTS}, TypeError, "did you mean 'contexts'"),
    ],
)
def test_bad_arguments(cohort, keywords, error, match):
    adata, net = cohort
    with pytest.raises(error, match=match):
        cs.tl.expectations(adata, "cell_type", **({"contexts": CONTEXTS, "net": net} | KEYS | keywords))


def test_one_sample_each_is_refused(cohort):
    adata, net = cohort
    two = adata[adata.obs["sample"].isin(["control_1", "case_1"])].copy()
    with pytest.raises(ValueError, match="at least two of each level"):
        cs.tl.expectations(two, "cell_type", contexts=CONTEXTS, net=net, **KEYS)


@pytest.mark.parametrize(
    ("name", "contexts"),
    [
        ("breast_chung2017", {"primary": "stage=invasive;site=primary;stage=early",
                              "lymph_node_metastasis": "stage=metastatic;site=lymph_node;stage=advanced"}),
        ("skin_ctcl_gse128531", {"healthy_control": "stage=normal", "CTCL": "stage=invasive"}),
    ],
)  # fmt: skip
def test_real_data(public_data, name, contexts):
    adata = public_data(name)
    tumour = {"tumour": "T cell"} if "ctcl" in name else None  # a lymphoma of T cells; no name says so
    made = cs.tl.expectations(
        adata, "cell_type", contexts=contexts, roles=tumour, min_cells=5, inplace=False, **KEYS
    )  # fmt: skip
    assert (made.table["verdict"] != "not_assessable").any()
    assert made.table["reason"].str.len().min() > 5


@pytest.mark.parametrize(
    ("low", "high", "padj", "named", "reason"),
    [
        (0.4, 1.2, 0.01, "contradicted", "changed up, against the expectation"),
        (-1.2, -0.4, 0.01, "contradicted", "changed down, against the expectation"),
        (-0.3, 0.4, 0.9, "confirmed", "any change is smaller than the margin of 0.5, as expected"),
        (-0.9, 0.4, 0.9, "inconclusive", "the interval holds changes in both directions"),
    ],
)
def test_an_expected_absence_of_change_is_confirmed_by_equivalence_only(low, high, padj, named, reason):
    outcome = {"effect": (low + high) / 2, "ci_low": low, "ci_high": high, "padj": padj, "n_ref": 5, "n_alt": 5}
    item = _items.ExpectedShift({"change": "none", "level": "gene"}, "ESR1", outcome=outcome)
    word, why = _verdicts.verdict(item, alpha=0.05, margin=0.5)
    assert word == named
    assert why.startswith(reason)
