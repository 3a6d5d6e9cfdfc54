"""tl.compare on cohorts with planted truth, against slow references, and under changes that must not matter."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

import commscore as cs
from commscore._schema import compare as schema

KEYS = {"condition_key": "condition", "sample_key": "sample"}
EDGE = {"interaction": "CSF1^CSF1R", "source": "tumour", "target": "macrophage"}
ID = ["contrast", "source", "target", "interaction"]
PARTS = ["d_source", "d_ligand", "d_target", "d_receptor"]


def run(adata, **kwargs):
    return cs.tl.compare(adata, "cell_type", **({"resource": adata.uns["interactions"]} | KEYS | kwargs), inplace=False)


def row_of(table, contrast=None, **where):
    mask = np.ones(len(table), bool)
    for name, value in ({**EDGE, **where} | ({"contrast": contrast} if contrast else {})).items():
        mask &= (table[name] == value).to_numpy()
    assert mask.sum() == 1
    return table[mask].iloc[0]


def plain(table):
    """Rows in a fixed order, categories as text."""
    frame = table.copy()
    for name in frame.select_dtypes("category"):
        frame[name] = frame[name].astype(object)
    return frame.sort_values(ID, kind="stable").reset_index(drop=True)


@pytest.fixture(scope="module")
def cohort():
    shifts = [
        EDGE | {"driver": "ligand", "log2fc": 2},
        {"interaction": "MIF^CD74_CXCR4", "source": "tumour", "target": "B cell", "driver": "receptor", "log2fc": -1.5},
    ]
    return cs.ds.simulate(n_samples=5, n_cells=300, shifts=shifts, rng=11)


@pytest.fixture(scope="module")
def result(cohort):
    return run(cohort)


def test_table_is_as_declared(result, cohort):
    table = result.table
    assert tuple(table.columns) == schema.COMPARE.names
    for column in schema.COMPARE.columns:
        kinds = {"float": "f", "int": "i", "bool": "b", "category": "O"}
        assert table[column.name].dtype.kind == kinds[column.kind], column.name
        if column.values:
            assert tuple(table[column.name].cat.categories) == column.values
    n_groups = cohort.obs["cell_type"].nunique()
    assert len(table) == n_groups**2 * len(cohort.uns["interactions"])
    assert not table.duplicated(ID).any()
    assert result.schema == "commscore.compare/1"
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


def pseudobulk(adata):
    """Log2 CPM by pandas: sample × group rows, gene columns; at least ten cells."""
    frame = pd.DataFrame(adata.layers["counts"].toarray().astype(float), columns=adata.var_names)
    by = [adata.obs["sample"].astype(str).to_numpy(), adata.obs["cell_type"].astype(str).to_numpy()]
    counts = frame.groupby(by).sum()
    counts = counts[frame.groupby(by).size() >= 10]
    library = counts.sum(axis=1)
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
    logcpm = pseudobulk(cohort)
    condition = cohort.obs.drop_duplicates("sample").set_index("sample")["condition"]
    table = result.table[result.table["status"] == "tested"]
    for _, row in table.iloc[:: max(1, len(table) // 40)].iterrows():
        means = {}
        for i, (side, group) in enumerate((("ligand", row["source"]), ("receptor", row["target"]))):
            genes = [row[f"subunit_{end}"].split("^")[i] for end in ("ref", "alt")]
            assert set(genes) <= set(row[f"{side}_complex"].split("_"))
            value = logcpm.xs(group, level=1)
            means[side] = value[genes[0]].where(condition[value.index].eq("control"), value[genes[1]])
        shared = means["ligand"].index.intersection(means["receptor"].index)
        alt = condition[shared].eq("case").to_numpy()
        for side, values in means.items():
            change = values[shared][alt].mean() - values[shared][~alt].mean()
            assert row[f"{side}_effect"] == pytest.approx(change, abs=1e-9)
        assert (row["n_ref"], row["n_alt"]) == ((~alt).sum(), alt.sum())


def test_parts_add_up(result):
    table = result.table.dropna(subset=["d_flow"])
    assert len(table) > 100
    np.testing.assert_allclose(table[PARTS].sum(axis=1), table["d_flow"], atol=1e-9)
    np.testing.assert_allclose(table["d_ligand"] + table["d_receptor"], table["effect"], atol=1e-9)
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
    row = row_of(run(a).table, **where)
    assert row["driver"] == driver
    assert row[part] == pytest.approx(a.uns["truth"][part].iloc[0], abs=0.5)
    expected = "up" if driver in ("ligand", "receptor") else {"stable", "inconclusive"}
    assert row["shift"] in expected


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
    np.testing.assert_allclose(result.table[PARTS].sum(axis=1, skipna=False), result.table["d_flow"], atol=1e-9)


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


def test_pairing_takes_out_the_patient():
    a = cs.ds.simulate(n_samples=5, n_cells=300, paired=True, patient_sd=1.5, donor_sd=0.1,
                       shifts=[EDGE | {"log2fc": 1.2}], rng=4)  # fmt: skip
    alone, paired = row_of(run(a).table), row_of(run(a, pair_key="patient").table)
    assert paired["se"] < 0.6 * alone["se"]
    assert paired["padj"] < 0.05
    assert paired["exact_floor"] == pytest.approx(2 / 2**5)
    assert paired["effect"] == pytest.approx(alone["effect"], abs=1e-6)  # balanced


def test_a_covariate_takes_out_its_effect():
    a = cs.ds.simulate(n_samples=6, n_cells=200, donor_sd=0.05, rng=5)
    samples = a.obs["sample"].cat.categories
    dose = pd.Series([0, 1, 2, 0, 1, 2, 2, 1, 0, 2, 2, 2], index=samples, dtype=float)
    a.obs["dose"] = a.obs["sample"].astype(str).map(dose).astype(float)
    a.obs["text"] = a.obs["dose"].map({0.0: "none", 1.0: "some", 2.0: "much"})
    column = a.var_names.get_loc("CSF1")
    factor = np.where(a.obs["cell_type"] == "tumour", 2.0 ** a.obs["dose"], 1)
    counts = a.layers["counts"].tolil()
    counts[:, column] = np.round(counts[:, column].toarray().ravel() * factor)[:, None]
    a.layers["counts"] = counts.tocsr()
    without, number, text = (
        row_of(run(a, **k).table) for k in ({}, {"covariates": ["dose"]}, {"covariates": ["text"]})
    )
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
    result = run(a, interaction="response")
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
    result = run(a, interaction="response", pair_key="patient")
    row, loose = (row_of(r.extra["two_factors"]) for r in (result, run(a, interaction="response")))
    assert row["difference"] == pytest.approx(loose["difference"], abs=1e-6)
    assert row["ci_high_second"] - row["ci_low_second"] < 0.7 * (loose["ci_high_second"] - loose["ci_low_second"])
    assert row["padj"] < 0.05
    assert row["class"] == "one_sided"
    assert row["ci_low_first"] < 0 < row["ci_high_first"]
    within = a[(a.obs["response"] == "yes").to_numpy()].copy()
    simple = row_of(run(within, pair_key="patient").table)
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
    row = row_of(run(a).table)
    assert (row["status"], row["shift"]) == ("detection", "gained")
    assert row["pvalue"] == pytest.approx(stats.fisher_exact([[0, 5], [5, 0]])[1])
    assert np.isfinite(row["d_flow"])


# what must not matter


def test_containers_do_not_matter(cohort, result):
    for change in (sparse.csc_matrix, lambda m: m.toarray(), lambda m: m.astype(np.int64), unsorted):
        a = cohort.copy()
        a.layers["counts"] = change(cohort.layers["counts"])
        pd.testing.assert_frame_equal(run(a).table, result.table)


def unsorted(m):
    m = m.copy()
    for r in range(m.shape[0]):
        part = slice(m.indptr[r], m.indptr[r + 1])
        m.indices[part], m.data[part] = m.indices[part][::-1].copy(), m.data[part][::-1].copy()
    m.has_sorted_indices = False
    return m


def assert_same(one, two):
    one, two = plain(one), plain(two)
    nothing = np.abs(one["effect"]) < 1e-9  # the sign of a zero is rounding
    one.loc[nothing, "sign_stable"] = two.loc[nothing, "sign_stable"]
    for name in one:
        if one[name].dtype.kind == "f":
            np.testing.assert_allclose(one[name], two[name], rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            pd.testing.assert_series_equal(one[name], two[name], check_dtype=False)


def test_order_of_cells_samples_groups_and_genes_does_not_matter(cohort, result):
    rng = np.random.default_rng(0)
    a = cohort[rng.permutation(cohort.n_obs)][:, rng.permutation(cohort.n_vars)].copy()
    assert_same(run(a).table, result.table)
    b = cohort.copy()
    names = b.obs["cell_type"].cat.categories
    b.obs["cell_type"] = b.obs["cell_type"].cat.reorder_categories(names[::-1].tolist())
    b.obs["sample"] = b.obs["sample"].cat.reorder_categories(b.obs["sample"].cat.categories[::-1].tolist())
    assert_same(run(b).table, result.table)
    c = cohort.copy()
    c.obs["sample"] = c.obs["sample"].astype(str) + "x"
    c.obs["cell_type"] = c.obs["cell_type"].astype(object)
    assert_same(run(c).table, result.table)


def test_an_unrelated_cell_type_does_not_matter(cohort, result):
    """Only the moderation, shared by all rows, may move p-values a little; abundances are proportions."""
    rng = np.random.default_rng(1)
    n = 400
    sample = rng.choice(cohort.obs["sample"].cat.categories, n)
    obs = cohort.obs.drop_duplicates("sample").set_index("sample").loc[sample, ["condition", "patient"]].reset_index()
    obs["cell_type"] = "neuron"
    obs.index = [f"new{i}" for i in range(n)]
    more = ad.AnnData(
        sparse.csr_matrix(rng.poisson(1.0, (n, cohort.n_vars)).astype(np.float32)), obs=obs, var=cohort.var
    )
    more.layers["counts"] = more.X.copy()
    joined = ad.concat([cohort, more])
    joined.uns["interactions"] = cohort.uns["interactions"]
    table = run(joined).table
    old = plain(table[(table["source"] != "neuron") & (table["target"] != "neuron")])
    before = plain(result.table)
    np.testing.assert_allclose(old["effect"], before["effect"], atol=1e-9)
    both = before["pvalue"].notna()
    assert (old["status"] == before["status"]).all()
    ratio = np.log10(old.loc[both, "pvalue"] / before.loc[both, "pvalue"])
    assert np.abs(ratio).median() < 0.1


def thinned(a, rng, share):
    out, counts = a.copy(), a.layers["counts"].copy()
    case = np.repeat((a.obs["condition"] == "case").to_numpy(), np.diff(counts.indptr))
    counts.data = np.where(case, rng.binomial(counts.data.astype(int), share), counts.data).astype(np.float32)
    out.layers["counts"] = counts
    return out


def fewer_cells(a, rng, share):
    case = (a.obs["condition"] == "case").to_numpy()
    return a[~case | (rng.random(a.n_obs) < share)].copy()


def with_outlier(a, _, factor):
    out, counts = a.copy(), a.layers["counts"].copy()
    listed = np.flatnonzero((a.var["role"] != "background").to_numpy()[counts.indices])
    at = listed[np.argmax(counts.data[listed])]
    counts.data[at] = np.round(counts.data[at] * factor)
    out.layers["counts"] = counts
    return out


@pytest.fixture(scope="module")
def plain_cohorts():
    """Cohorts of four groups with what is found in them; a third of the receptors are complexes."""
    pairs = [(f"L{i}", f"R{i}" if i % 3 else f"R{i}_S{i}") for i in range(60)]
    groups = {"tumour": 0.3, "CAF": 0.25, "macrophage": 0.25, "T cell": 0.2}
    made = [
        cs.ds.simulate(n_samples=6, n_cells=600, donor_sd=0.2, n_counts=2000, groups=groups, interactions=pairs, rng=i)
        for i in range(6)
    ]
    return [(a, run(a, n_perms=1).table) for a in made]


@pytest.mark.parametrize(
    ("change", "amount"), [(thinned, 0.5), (thinned, 0.25), (fewer_cells, 0.25), (with_outlier, 1.5)]
)
def test_technical_changes_of_one_condition_move_little(change, amount, plain_cohorts):
    """Total change: by how much the geometric mean of the fold changes of L·R moves, over the rows tested before."""
    rng, moved, found = np.random.default_rng(2), [], []
    for a, before in plain_cohorts:
        after = run(change(a, rng, amount), n_perms=1).table
        tested = before["pvalue"].notna()
        assert tested.sum() > 150
        moved.append((after["effect"] - before["effect"])[tested].mean())
        found.append((after["pvalue"].dropna() <= 0.05).mean())
    assert abs(2 ** np.mean(moved) - 1) < 0.01
    assert np.mean(found) < 0.07


# what is stored


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_results_survive_writing(tmp_path, ending):
    a = cs.ds.simulate(n_samples=3, n_cells=120, n_background=20, rng=0)
    a.obs["kind"] = np.where(a.obs["sample"].astype(str).str.endswith("1"), "one/two", "b & c")
    cs.tl.compare(a, "cell_type", **KEYS, covariates=["kind"], order=["control", "case"])
    path = tmp_path / f"data.{ending}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the formats, not ours
        getattr(a, f"write_{ending}")(path)
        back = getattr(ad, f"read_{ending}")(path)
    key = "commscore_compare"
    pd.testing.assert_frame_equal(cs.get.table(back, key), cs.get.table(a, key), check_index_type=False)
    for reader in (cs.get.untested, cs.get.totals):
        pd.testing.assert_frame_equal(
            reader(back, key), reader(a, key), check_index_type=False, check_dtype=False, check_categorical=False
        )  # fmt: skip
    assert cs.get.params(back, key)["reference"] == "control"
    assert cs.get.load(back, key).schema == "commscore.compare/1"


def test_not_in_place_touches_nothing(cohort):
    before = cohort.copy()
    run(cohort)
    assert list(cohort.uns) == list(before.uns)
    assert list(cohort.obs) == list(before.obs)
    assert (cohort.X != before.X).nnz == 0
    assert (cohort.layers["counts"] != before.layers["counts"]).nnz == 0


def test_the_same_seed_gives_the_same_table(cohort, result):
    pd.testing.assert_frame_equal(run(cohort).table, result.table)


def test_totals_against_pandas(cohort, result):
    totals, table = result.extra["totals"], result.table
    assert tuple(totals.columns) == schema.TOTALS.names
    tested = table[table["pvalue"].notna()]
    for by, names in (("pair", ["source", "target"]), ("mode", ["mode"])):
        part = totals[totals["by"] == by]
        sizes = tested.groupby(names, observed=True).size()
        want = tested.groupby(names, observed=True)["effect"].mean()
        least = tested.groupby(names, observed=True)["pvalue"].min()
        got = part[part["n_tested"] > 0].set_index(names if len(names) > 1 else names[0])
        assert len(got) == len(sizes)
        for index, row in got.iterrows():
            assert row["n_tested"] == sizes[index]
            assert row["effect"] == pytest.approx(want[index], abs=1e-9)
            assert least[index] * 0.99 <= row["pvalue"]
            found = tested.loc[tested["pvalue"] == least[index], "interaction"].astype(str).tolist()
            assert row["strongest"] in found
        np.testing.assert_allclose(got["padj"], bh(got["pvalue"].to_numpy()), rtol=1e-9)
    assert (totals["n_up"] + totals["n_down"] + totals["n_compensated"] <= totals["n_shifted"]).all()
    a = cohort.copy()
    cs.get.store(a, "commscore_compare", result)
    assert (cs.get.totals(a, by="mode")["by"] == "mode").all()
    with pytest.raises(ValueError, match=r"by='moed' is not one of .*did you mean 'mode'"):
        cs.get.totals(a, by="moed")


def test_totals_need_a_comparison(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=10)
    with pytest.raises(KeyError, match=r"has no totals; run cs.tl.compare"):
        cs.get.totals(small, "commscore")


def test_permutation_gives_the_relabelling_p(cohort, result):
    table = run(cohort, test="permutation").table
    tested = table["status"] == "tested"
    np.testing.assert_array_equal(table.loc[tested, "pvalue"], table.loc[tested, "exact_pvalue"])
    np.testing.assert_allclose(table["effect"], result.table["effect"], atol=1e-12)
    assert (table["unit"] == "samples").all()
