"""tl.compare on cohorts with planted truth, against slow references."""

from __future__ import annotations

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import commscore as cs
from commscore.study.stored_comparison import stored_comparison
from commscore.tables import compare as schema
from compared import EDGE, ID, KEYS, PARTS, plain, planted_cohort, row_of, run
from slow_composition import pooled


@pytest.fixture(scope="module")
def cohort():
    return planted_cohort()


@pytest.fixture(scope="module")
def result(cohort):
    return run(cohort)


def test_table_is_as_declared(result, cohort):
    table = result.table
    only_production = {"consumed", "claim"}
    assert tuple(table.columns) == tuple(c for c in schema.COMPARE.names if c not in only_production)
    for column in schema.COMPARE.columns:
        if column.name in only_production:
            continue
        kinds = {"float": "f", "int": "i", "bool": "b", "category": "O"}
        assert table[column.name].dtype.kind == kinds[column.kind], column.name
        if column.values:
            assert tuple(table[column.name].cat.categories) == column.values
    n_groups = cohort.obs["cell_type"].nunique()
    left_out = result.extra["left_out"]["n_rows"].sum()
    assert len(table) + left_out == n_groups**2 * len(cohort.uns["interactions"])
    assert not table.duplicated(ID).any()
    assert result.schema == "commscore.compare/6"
    assert table["contrast"].unique().tolist() == ["case vs control"]
    assert (table["unit"] == "samples").all()


def test_p_values_belong_to_the_status(result):
    table = result.table
    tested = table["status"].isin(["tested", "detection"])
    assert tested.sum() > 50
    assert (table["pvalue"].notna() == tested).all()
    assert (table["shift"].eq("not_assessable") == ~tested).all()
    few = table["status"] == "too_few_samples"
    assert (table.loc[few, ["n_ref", "n_alt"]].min(axis=1) < 2).all()


def bh(p):
    order = np.argsort(p)
    steps = p[order] * p.size / np.arange(1, p.size + 1)
    out = np.empty(p.size)
    out[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    return out


def test_padj_is_benjamini_hochberg_of_the_tested_rows(result):
    p = result.table["pvalue"].dropna()
    np.testing.assert_allclose(result.table.loc[p.index, "padj"], bh(p.to_numpy()), rtol=1e-12)


@pytest.mark.parametrize("combine", ["acat", "fisher"])
def test_both_sides_are_combined(cohort, combine):
    table = run(cohort, combine=combine).table
    tested = table[(table["status"] == "tested") & (table["pvalue"] > 1e-9)]  # below, tan() here loses digits
    sides = tested[["ligand_pvalue", "receptor_pvalue"]].to_numpy()
    if combine == "acat":
        want = stats.cauchy.sf(np.tan((0.5 - sides) * np.pi).mean(axis=1))
    else:
        want = stats.chi2.sf(-2 * np.log(sides).sum(axis=1), 4)
    np.testing.assert_allclose(tested["pvalue"], want, rtol=1e-6)


def summed(adata):
    """Counts by pandas: sample × group rows, gene columns; at least ten cells."""
    frame = pd.DataFrame(adata.layers["counts"].toarray().astype(float), columns=adata.var_names)
    by = [adata.obs["sample"].astype(str).to_numpy(), adata.obs["cell_type"].astype(str).to_numpy()]
    return frame.groupby(by).sum()[frame.groupby(by).size() >= 10]


def pseudobulk(adata):
    """Log2 CPM of effective libraries by pandas, of what :func:`summed` gives."""
    counts = summed(adata)
    library = counts.sum(axis=1)
    for _, rows in counts.groupby(level=1):
        library[rows.index] *= 2.0 ** pooled(rows.to_numpy(), rows.sum(axis=1).to_numpy())[0]
    prior = 0.5 * library / library.groupby(level=1).transform("mean")
    total = counts.groupby(level=1).transform("sum")
    share = library / library.groupby(level=1).transform("sum")
    m = total.mul(share, axis=0)
    bias = m.mul(1 - share, axis=0) / (2 * m.add(prior, axis=0))
    value = np.log2((counts + bias).add(prior, axis=0).div(library, axis=0) * 1e6)
    k = np.arange(100)[:, None, None]
    chance = stats.binom.pmf(k, total.to_numpy(), share.to_numpy()[:, None])
    mean = (chance * np.log2(k + bias.add(prior, axis=0).to_numpy())).sum(axis=0)
    left = mean - np.log2(m.add(prior, axis=0))
    return value - left.where((m > 0) & (m < 16), 0.0)  # the mean of the logarithm over counts of this total


def test_effects_are_differences_of_pseudobulk_means(cohort, result):
    """Weighted ones, of the samples that have the group: the more counts there are, the less do weights matter."""
    logcpm, counts = pseudobulk(cohort), summed(cohort)
    condition = cohort.obs.drop_duplicates("sample").set_index("sample")["condition"]
    table = result.table[result.table["status"] == "tested"]
    seen = []
    for _, row in table.iterrows():
        there = []
        for i, (side, group) in enumerate((("ligand", row["source"]), ("receptor", row["target"]))):
            genes = [row[f"subunit_{end}"].split("^")[i] for end in ("ref", "alt")]
            assert set(genes) <= set(row[f"{side}_complex"].split("_"))
            value = logcpm.xs(group, level=1)
            value = value[genes[0]].where(condition[value.index].eq("control"), value[genes[1]])
            there.append(value.index)
            alt = condition[value.index].eq("case").to_numpy()
            off = row[f"{side}_effect"] - (value[alt].mean() - value[~alt].mean())
            seen.append((counts.xs(group, level=1).loc[value.index, genes].min().min(), abs(off), row[f"{side}_se"]))
        alt = condition[there[0].intersection(there[1])].eq("case").to_numpy()
        assert (row["n_ref"], row["n_alt"]) == ((~alt).sum(), alt.sum())
    fewest, off, se = np.array(seen).T
    for least, furthest in ((40, 0.05), (15, 0.12), (5, 0.2)):
        assert (fewest >= least).sum() > 50
        assert off[fewest >= least].max() < furthest
    assert (off < se).all()


def test_parts_add_up(result):
    table = result.table.dropna(subset=["d_flow"])
    assert len(table) > 100
    np.testing.assert_allclose(table[PARTS].sum(axis=1), table["d_flow"], atol=1e-12)
    np.testing.assert_allclose(table["d_ligand"] + table["d_receptor"], table["effect"], atol=1e-12)
    known = table["ci_low"].notna()
    assert (table.loc[known, "ci_low"] < table.loc[known, "effect"]).all()
    assert (table.loc[known, "ci_high"] > table.loc[known, "effect"]).all()


def test_planted_shifts_are_found_with_their_driver(result):
    up = row_of(result.table)
    assert (up["shift"], up["driver"]) == ("up", "ligand")
    assert up["padj"] < 0.01
    assert up["ci_low"] < 2 < up["ci_high"]
    assert up["exact_pvalue"] == pytest.approx(2 / 252)
    assert up["exact_floor"] == pytest.approx(2 / 252)
    assert up["sign_stable"]
    down = row_of(result.table, interaction="MIF^CD74_CXCR4", target="B cell")
    assert (down["shift"], down["driver"]) == ("down", "receptor")
    assert down["subunit_ref"].startswith("MIF^C")
    moved = cohort_truth(result.table)
    assert moved["padj"].min() > 0.05


def cohort_truth(table):
    """Tested rows that use none of the planted genes."""
    genes = {"CSF1", "CD74", "CXCR4", "CXCL12"}
    used = [bool(set("_".join(i.split("^")).split("_")) & genes) for i in table["interaction"].astype(str)]
    return table[~np.asarray(used) & table["pvalue"].notna()]


@pytest.mark.parametrize(
    ("driver", "part"),
    [("ligand", "d_ligand"), ("receptor", "d_receptor"), ("source_abundance", "d_source"),
     ("target_abundance", "d_target")],
)  # fmt: skip
def test_every_driver_is_named(driver, part):
    where = {"interaction": "SPP1^CD44", "source": "macrophage", "target": "T cell"}
    shift = cs.ds.Shift(**where, driver=driver, log2fc=2)
    a = cs.ds.simulate(n_samples=5, n_cells=500, shifts=[shift], donor_sd=0.15, rng=3)
    table = run(a, alpha=1.0).table  # abundance alone shifts nothing: at 0.05 such a row has no driver
    assert table.loc[table["pvalue"].notna(), "driver"].notna().any()
    row, strict = row_of(table, **where), row_of(run(a).table, **where)
    assert row["driver"] == driver
    assert strict["driver"] == driver if strict["padj"] <= 0.05 else pd.isna(strict["driver"])
    assert row[part] == pytest.approx(a.uns["truth"][part].iloc[0], abs=0.5)
    expected = "up" if driver in ("ligand", "receptor") else {"stable", "inconclusive"}
    assert strict["shift"] in expected


EXPANDING = {"interaction": "SPP1^CD44", "source": "macrophage", "target": "T cell", "driver": "source_abundance"}
LARGE = {"tumour": 0.3, "macrophage": 0.2, "T cell": 0.2, "CAF": 0.15, "B cell": 0.15}


def test_a_type_that_expands_changes_no_other():
    """Shares of the four others would fall by log2(1.6) = 0.68, all at once; relative to the others, none does."""
    a = cs.ds.simulate(n_samples=6, n_cells=800, groups=LARGE, shifts=[EXPANDING | {"log2fc": 2}], donor_sd=0.15, rng=4)
    result = run(a, alpha=1.0)
    change = result.table[result.table["source"] == result.table["target"]].groupby("source", observed=True)["d_source"]
    found = change.first().to_dict()
    assert found.pop("macrophage") == pytest.approx(2.0, abs=0.3)
    assert abs(np.mean(list(found.values()))) < 0.15
    assert np.abs(list(found.values())).max() < 0.45
    reference = json.loads(result.extra["contrasts"]["abundance_reference"][0])
    assert len(reference) == 3
    assert "macrophage" not in reference
    assert result.params["abundance_reference"].tolist() == [f"case vs control: {', '.join(reference)}"]
    unchanged = (result.table["source"] != "macrophage") & (result.table["target"] != "macrophage")
    known = result.table[result.table["pvalue"].notna() & unchanged]
    named = known["driver"].astype(object).isin(["source_abundance", "target_abundance"])
    assert len(known) > 20
    assert named.mean() < 0.05


def test_abundances_are_relative_to_the_groups_that_are_named(tmp_path):
    a = cs.ds.simulate(n_samples=3, n_cells=300, groups=LARGE, shifts=[EXPANDING | {"log2fc": 2}], rng=5)
    cs.tl.compare(a, "cell_type", resource=a.uns["interactions"], abundance_reference=["macrophage", "CAF"], **KEYS)
    a.write_h5ad(tmp_path / "a.h5ad")
    table, params = cs.get.table(a, "commscore_compare"), cs.get.params(a, "commscore_compare")
    assert params["abundance_reference"].tolist() == ["CAF", "macrophage"]
    assert params["abundance_reference_by"] == "named"
    change = table[table["source"] == table["target"]].drop_duplicates("source").set_index("source")["d_source"]
    assert change["macrophage"] + change["CAF"] == pytest.approx(0.0, abs=1e-12)
    cells = pd.crosstab(a.obs["sample"], a.obs["cell_type"])
    case = a.obs.groupby("sample", observed=True)["condition"].first()[cells.index] == "case"
    logs = np.log2(cells + 0.5)
    ratio = logs["T cell"] - logs[["macrophage", "CAF"]].mean(axis=1)
    assert change["T cell"] == pytest.approx(ratio[case].mean() - ratio[~case].mean(), abs=1e-12)
    # what is made again from the stored comparison has the same reference
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    stored = stored_comparison(back, "commscore_compare", resource=a.uns["interactions"])
    assert stored.options["abundance_reference"] == ("CAF", "macrophage")


@pytest.mark.parametrize("shape", ["growth", "recession", "peak", "trough", "early_switch", "late_switch"])
def test_every_shape_is_named(shape):
    stages = ["normal", "dcis", "invasive", "metastasis"]
    a = cs.ds.simulate(
        n_samples=5, n_cells=250, conditions=stages, shifts=[EDGE | {"shape": shape, "log2fc": 2}], rng=2
    )
    result = run(a, order=stages)
    names = [f"{s} vs normal" for s in stages[1:]] + ["stages"]
    assert result.table["contrast"].cat.categories.tolist() == names
    row = row_of(result.table, contrast="stages")
    assert (row["shape"], row["driver"]) == (shape, "ligand")
    assert row["padj"] < 0.01
    assert row_of(result.table, contrast=names[1])["shape"] is np.nan
    np.testing.assert_allclose(result.table[PARTS].sum(axis=1, skipna=False), result.table["d_flow"], atol=1e-12)


def test_levels_reference_contrast_and_order():
    stages = ["a", "b", "c"]
    a = cs.ds.simulate(n_samples=3, n_cells=150, conditions=stages, n_background=50, rng=0)
    every = run(a).table
    assert every["contrast"].cat.categories.tolist() == ["b vs a", "c vs a"]
    one = run(a, contrast="c").table
    pd.testing.assert_frame_equal(plain(one), plain(every[every["contrast"] == "c vs a"]))
    back = plain(run(a, reference="c", contrast="a").table)
    np.testing.assert_allclose(back["effect"], -plain(one)["effect"], atol=1e-9)
    np.testing.assert_allclose(back["pvalue"], plain(one)["pvalue"], rtol=1e-8)
    part = run(a, order=["c", "b"])
    assert part.table["contrast"].cat.categories.tolist() == ["b vs c", "stages"]
    assert "condition a: not in order=" in part.untested["detail"].tolist()


def test_patient_key_takes_out_the_patient():
    a = cs.ds.simulate(n_samples=5, n_cells=300, paired=True, patient_sd=1.5, donor_sd=0.1,
                       shifts=[EDGE | {"log2fc": 1.2}], rng=4)  # fmt: skip
    alone, paired = row_of(run(a).table), row_of(run(a, patient_key="patient").table)
    assert paired["se"] < 0.6 * alone["se"]
    assert paired["padj"] < 0.05
    assert paired["exact_floor"] == pytest.approx(2 / 2**5)
    assert paired["ci_low"] < 1.2 < paired["ci_high"]
    # balanced: nothing but the weights of the samples differs
    assert paired["effect"] == pytest.approx(alone["effect"], abs=0.5 * alone["se"])


def test_a_covariate_takes_out_its_effect():
    a = cs.ds.simulate(n_samples=6, n_cells=200, donor_sd=0.05, rng=8)
    samples = a.obs["sample"].cat.categories
    dose = pd.Series([0, 1, 2, 0, 1, 2, 2, 1, 0, 2, 2, 2], index=samples, dtype=float)
    a.obs["dose"] = a.obs["sample"].astype(str).map(dose).astype(float)
    a.obs["text"] = a.obs["dose"].map({0.0: "none", 1.0: "some", 2.0: "much"})
    column = a.var_names.get_loc("CSF1")
    factor = np.where(a.obs["cell_type"] == "tumour", 2.0 ** a.obs["dose"], 1)
    counts = a.layers["counts"].tolil()
    counts[:, column] = np.round(counts[:, column].toarray().ravel() * factor)[:, None]
    a.layers["counts"] = counts.tocsr()
    without, text = (row_of(run(a, **k).table) for k in ({}, {"covariates": ["text"]}))
    with pytest.warns(UserWarning, match=r"'dose' holds 3 different numbers \(0, 1, 2\), each in several samples"):
        number = row_of(run(a, covariates=["dose"]).table)
    assert without["ligand_effect"] > 0.35
    assert number["se"] < 0.6 * without["se"]
    assert number["ci_low"] < 0 < number["ci_high"]
    assert text["ci_low"] < 0 < text["ci_high"]


def test_two_factors():
    a = cs.ds.simulate(n_samples=8, n_cells=250, shifts=[EDGE | {"log2fc": 2}], rng=6)
    number = a.obs["sample"].astype(str).str.rsplit("_", n=1).str[1].astype(int)
    a.obs["response"] = np.where(number <= 4, "no", "yes")
    column, tumour = a.var_names.get_loc("CSF1"), (a.obs["cell_type"] == "tumour").to_numpy()
    counts = a.layers["counts"].tolil()
    undo = np.flatnonzero(tumour & (a.obs["response"] == "no") & (a.obs["condition"] == "case"))
    rng = np.random.default_rng(0)
    counts[undo, column] = rng.binomial(counts[undo, column].toarray().astype(int), 0.25)
    a.layers["counts"] = counts.tocsr()
    result = run(a, factor_key="response")
    assert result.table["contrast"].cat.categories.tolist() == [
        "case vs control | no", "case vs control | yes", "case vs control | yes vs no",
    ]  # fmt: skip
    both = result.extra["two_factors"]
    assert tuple(both.columns) == schema.TWO_FACTORS.names
    row = row_of(both)
    assert row["class"] == "one_sided"
    assert row["difference"] == pytest.approx(row["effect_second"] - row["effect_first"], abs=1e-9)
    for when, name in (("first", "no"), ("second", "yes")):
        simple = row_of(result.table, contrast=f"case vs control | {name}")
        assert row[f"effect_{when}"] == pytest.approx(simple["effect"], abs=1e-9)
        assert row[f"ci_low_{when}"] == pytest.approx(simple["ci_low"], rel=1e-6)
    assert row["padj"] < 0.05


def test_response_within_patients():
    """Before and after treatment of the same patients, responders or not: the patient nests in the response."""
    a = cs.ds.simulate(n_samples=8, n_cells=250, paired=True, patient_sd=1.0, donor_sd=0.15, rng=6)
    number = a.obs["patient"].astype(str).str.rsplit("_", n=1).str[1].astype(int)
    a.obs["response"] = np.where(number <= 4, "no", "yes")
    column = a.var_names.get_loc("CSF1")
    rows = np.flatnonzero(
        (a.obs["cell_type"] == "tumour") & (a.obs["response"] == "yes") & (a.obs["condition"] == "case")
    )
    counts = a.layers["counts"].tolil()
    counts[rows, column] = counts[rows, column].toarray() * 4
    a.layers["counts"] = counts.tocsr()
    result = run(a, factor_key="response", patient_key="patient")
    row, loose = (row_of(r.extra["two_factors"]) for r in (result, run(a, factor_key="response")))
    assert row["difference"] == pytest.approx(2.0, abs=0.6)
    assert row["ci_high_second"] - row["ci_low_second"] < 0.7 * (loose["ci_high_second"] - loose["ci_low_second"])
    assert row["padj"] < 0.05
    assert row["class"] == "one_sided"
    assert row["ci_low_first"] < 0 < row["ci_high_first"]
    within = a[(a.obs["response"] == "yes").to_numpy()].copy()
    simple = row_of(run(within, patient_key="patient").table)
    assert row["effect_second"] == pytest.approx(simple["effect"], abs=0.1)


def test_absent_groups_are_typed_and_listed():
    a = cs.ds.simulate(n_samples=3, n_cells=200, rng=7)
    gone = (a.obs["cell_type"] == "T cell") & (a.obs["condition"] == "case")
    rare = (a.obs["cell_type"] == "B cell") & (np.arange(a.n_obs) % 10 > 0)
    a = a[~(gone | rare).to_numpy()].copy()
    result = run(a)
    table = result.table
    assert "B cell" not in table["source"].cat.categories
    assert (table.loc[table["source"] == "T cell", "status"] == "too_few_samples").all()
    details = result.untested["detail"]
    assert details.str.contains("group B cell: at most").any()
    assert details.str.contains("case vs control, T cell → tumour: 3 and 0 samples").any()
    assert row_of(table)["status"] == "tested"


def test_a_gained_ligand_is_a_detection():
    a = cs.ds.simulate(n_samples=5, n_cells=250, rng=8)
    column = a.var_names.get_loc("CSF1")
    counts = a.layers["counts"].tolil()
    counts[np.flatnonzero(a.obs["condition"] == "control"), column] = 0
    a.layers["counts"] = counts.tocsr()
    table = run(a).table
    row = row_of(table)
    assert (row["status"], row["shift"]) == ("detection", "detected_only_alt")
    assert row["padj"] > 0.05  # five against five samples, among some 400 rows
    lenient = row_of(run(a, alpha=float(row["padj"])).table)
    assert (lenient["shift"], lenient["driver"]) == ("gained", "ligand")
    assert row["pvalue"] == pytest.approx(stats.fisher_exact([[0, 5], [5, 0]])[1])
    assert np.isfinite(row["d_flow"])


def test_the_seed_is_kept_as_it_was_given(cohort):
    assert cs.ds.simulate(n_samples=1, n_cells=5, n_background=1, rng=3).uns["simulation"]["seed"] == 3
    assert run(cohort, rng=7).params["rng"] == 7
    assert isinstance(run(cohort, rng=np.random.default_rng(7)).params["rng"], str)
