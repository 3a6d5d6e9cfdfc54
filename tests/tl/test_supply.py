"""Levels measured beside the cells take the place of ligands that no cell of the data makes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests import molecules as planted

import commscore as cs

pytestmark = pytest.mark.filterwarnings("ignore:.* of all counts in")
SAMPLES = [f"s{i}" for i in range(12)]
RECEIVES = "met:epinephrine^ADRB2"


@pytest.fixture(scope="module")
def cells():
    return planted.counts(720, n_samples=12)


@pytest.fixture(scope="module")
def resource():
    return planted.resource()


@pytest.fixture
def levels():
    """Adrenaline is fourfold in the treated, lactate the same in all, up to its noise."""
    rng = np.random.default_rng(2)
    treated = np.arange(12) % 2
    return pd.DataFrame(
        {
            "epinephrine": 50.0 * 4.0**treated * np.exp2(rng.normal(0, 0.3, 12)),
            "met:lactate": 1.5 * np.exp2(rng.normal(0, 0.3, 12)),
        },
        index=SAMPLES,
    )


def compared(adata, resource, supply, **options):
    options = {"sample_key": "sample", "expr_prop": 0.05, "inplace": False} | options
    return cs.tl.compare(adata, "cell_type", condition_key="condition", resource=resource, supply=supply, **options)


def from_blood(result):
    table = result.table[result.table["source"] == "circulation"]
    return table.set_index(["interaction", "target"]).sort_index()


def test_the_ligand_is_what_the_table_says_and_the_receptor_what_rna_says(cells, resource, levels):
    rows = from_blood(compared(cells, resource, levels))
    assert set(rows.index.get_level_values(0)) == {RECEIVES, "met:lactate^HCAR1", "met:lactate^GPR132"}
    logs = np.log2(levels)
    treated = np.arange(12) % 2 == 1
    for name, column in ((RECEIVES, "epinephrine"), ("met:lactate^HCAR1", "met:lactate")):
        expected = logs.loc[treated, column].mean() - logs.loc[~treated, column].mean()
        np.testing.assert_allclose(rows.loc[name, "ligand_effect"], expected)
    # variances are moderated over the two molecules, so that the t-test of each alone is near and not equal
    alone = stats.ttest_ind(logs.loc[treated, "epinephrine"], logs.loc[~treated, "epinephrine"]).pvalue
    assert np.log10(rows.loc[RECEIVES, "ligand_pvalue"].iloc[0]) == pytest.approx(np.log10(alone), abs=1.0)
    by_rna = compared(cells, pd.DataFrame({"ligand": ["COMT"], "receptor": ["ADRB2"]}), None).table
    by_rna = by_rna.drop_duplicates("target").set_index("target")
    receptor = rows.loc[RECEIVES, "receptor_effect"]
    np.testing.assert_allclose(receptor, by_rna.loc[receptor.index, "receptor_effect"], atol=0.05)
    assert (rows["effect"] == rows["ligand_effect"] + rows["receptor_effect"]).all()
    assert (rows["se"] == rows["ligand_se"] + rows["receptor_se"]).all()
    np.testing.assert_allclose(rows["d_flow"], rows["effect"] + rows["d_target"])
    assert (rows["d_source"] == 0).all()


def test_a_change_in_the_blood_is_told_and_no_change_is_not(cells, resource, levels):
    rows = from_blood(compared(cells, resource, levels))
    assert set(rows.loc[RECEIVES, "shift"]) <= {"up", "ligand_up"}
    assert (rows.loc[RECEIVES, "driver"] == "ligand").all()
    assert (rows.loc["met:lactate^HCAR1", "padj"] > 0.05).all()


def test_the_other_rows_stay_as_they_are(cells, resource, levels):
    with_it, without = (compared(cells, resource, supply, molecules="production").table for supply in (levels, None))
    cells_alone = with_it[with_it["source"] != "circulation"].reset_index(drop=True)
    for column in ("effect", "pvalue", "padj", "d_flow", "consumed"):
        np.testing.assert_array_equal(cells_alone[column], without[column])
    for column in ("shift", "claim", "driver"):
        assert cells_alone[column].astype(str).tolist() == without[column].astype(str).tolist()


def test_levels_of_one_unit_or_another_are_the_same(cells, resource, levels):
    nano = levels * 1000.0
    pd.testing.assert_frame_equal(
        from_blood(compared(cells, resource, nano)), from_blood(compared(cells, resource, levels))
    )


def test_false_positives(cells, resource):
    """Levels that know nothing of the condition: five of a hundred are significant."""
    rng = np.random.default_rng(0)
    pvalues, both = [], []
    for _ in range(60):
        level = pd.DataFrame(np.exp2(rng.normal(5, 1, (12, 2))), index=SAMPLES, columns=["epinephrine", "lactate"])
        rows = from_blood(compared(cells, resource, level, expr_prop=0.05))
        pvalues += rows.groupby("ligand_complex", observed=True)["ligand_pvalue"].first().tolist()
        both += rows.groupby("ligand_complex", observed=True)["pvalue"].first().tolist()
    for some in (pvalues, both):
        assert 0.01 <= np.mean(np.asarray(some) <= 0.05) <= 0.10


def test_samples_without_a_level_are_named_and_left_out(cells, resource, levels):
    some = levels.rename(index={"s3": "elsewhere"})
    some.loc["s5", "epinephrine"] = np.nan
    with pytest.warns(UserWarning, match=r"1 samples of the study are not in supply \(s3\).*1 rows .*\(elsewhere\)"):
        result = compared(cells, resource, some)
    rows = from_blood(result)
    assert set(rows.loc[RECEIVES, "n_alt"]) == {4}
    assert set(rows.loc["met:lactate^HCAR1", "n_alt"]) == {5}


def test_a_file_names_its_samples_in_a_column(cells, resource, levels):
    file = levels.reset_index(names="sample")
    pd.testing.assert_frame_equal(
        from_blood(compared(cells, resource, file)), from_blood(compared(cells, resource, levels))
    )


BAD = [
    (lambda t: t.rename(columns={"epinephrine": "epinefrine"}), r"supply has 'epinefrine': no ligand .*did you mean"),
    (lambda t: t.assign(epinephrine=0.0), r"levels of 'met:epinephrine' that are zero, negative or infinite"),
    (lambda t: t.assign(epinephrine="high"), r"holds no numbers in 'epinephrine'"),
    (lambda t: t.set_axis([f"x{i}" for i in range(12)]), r"none of the samples of adata.obs\['sample'\] \(s0"),
    (lambda t: t.assign(**{"met:epinephrine": 1.0}), r"'met:epinephrine' twice, with and without met:"),
    (lambda t: pd.concat([t, t]), r"the sample 's0'.* twice"),
    (lambda t: t.iloc[:, :0], r"supply is empty"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_what_cannot_be_levels_is_refused(cells, resource, levels, change, message):
    with pytest.raises(ValueError, match=message):
        compared(cells, resource, change(levels))


def test_two_units_in_one_column_are_suspected(cells, resource, levels):
    levels.loc[SAMPLES[:4], "met:lactate"] *= 1000
    with pytest.warns(UserWarning, match=r"levels of 'met:lactate' fall into parts .* a molecule needs one unit"):
        compared(cells, resource, levels)


@pytest.mark.filterwarnings("ignore:test='cells'")
def test_it_needs_samples(cells, resource, levels):
    with pytest.raises(ValueError, match="supply has levels of samples, and test='cells'"):
        compared(cells, resource, levels, test="cells", sample_key=None)


def test_stored_and_read_by_other_tools(cells, resource, levels, tmp_path):
    a = cells.copy()
    cs.tl.compare(
        a, "cell_type", condition_key="condition", sample_key="sample", resource=resource, supply=levels, expr_prop=0.05
    )
    a.write_h5ad(tmp_path / "a.h5ad")
    assert "circulation" in set(cs.get.table(a, "commscore_compare", source="circulation")["source"])
    assert list(cs.get.params(a, "commscore_compare")["supply"]) == ["met:epinephrine", "met:lactate"]
    left = cs.tl.leave_one_out(a, resource=resource, inplace=False).table
    assert len(left)
    assert cs.pl.volcano(a) is not None


CONTEXTS = {
    "control": "stage=normal;factor=no exercise;treatment=none",
    "treated": "stage=early;factor=exercise;treatment=mct inhibitor",
}


def test_expectations_that_rna_cannot_show(levels):
    """Adrenaline rises and lactate falls as the reviews say; without a table nothing is known of them."""
    pairs = [("CXCL12", "CXCR4"), ("A", "SLC16A1")]
    a = cs.ds.simulate(
        n_samples=6,
        n_cells=200,
        groups=("tumour", "CAF", "T cell"),
        interactions=pairs,
        expressed={"SLC16A1": ["tumour"]},
        conditions=("control", "treated"),
        rng=0,
    )
    net = pd.DataFrame({"source": "P", "target": list(a.var_names[:20]), "weight": 1.0})
    treated = a.obs.groupby("sample", observed=True)["condition"].first() == "treated"
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            name: 10.0 * change**treated * np.exp2(rng.normal(0, 0.2, treated.size))
            for name, change in (("estradiol", 4.0), ("epinephrine", 3.0), ("met:lactate", 0.25), ("PRL", 1.0))
        },
        index=treated.index,
    )
    options = {"condition_key": "condition", "sample_key": "sample", "contexts": CONTEXTS, "net": net, "inplace": False}
    before, after = (
        cs.tl.expectations(a, "cell_type", supply=supply, **options).table.set_index(["expectation", "what"])
        for supply in (None, table)
    )
    whats = after.index.get_level_values("what")
    from_table = after[(after["rna"] == "no") & (after["verdict"] != "not_assessable")]
    assert set(from_table.index.get_level_values("what")) == {"met:epinephrine", "met:lactate^SLC16A1"}
    assert (from_table["verdict"] == "confirmed").all()
    assert (before.loc[from_table.index, "verdict"] == "not_assessable").all()
    logs = np.log2(table.loc[:, "epinephrine"])
    effect = from_table.xs("met:epinephrine", level="what")["effect"].iloc[0]
    assert effect == pytest.approx(logs[treated].mean() - logs[~treated].mean())
    assert (whats == "met:norepinephrine").any()  # of the same expectation, without a level
    assert (after.xs("met:norepinephrine", level="what")["verdict"] == "not_assessable").all()


def test_organs_elsewhere_are_the_circulation_where_no_group_is_one():
    adata = planted.counts(60)
    table = cs.tl.roles(adata, "cell_type").set_index("role")
    for role in ("ovary", "pituitary", "adrenal"):
        assert tuple(table.loc[role, ["groups", "how"]]) == ("circulation", "circulation")
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.rename_categories({"CAF": "adrenal gland"})
    table = cs.tl.roles(adata, "cell_type").set_index("role")
    assert table.loc["adrenal", "groups"] == "adrenal gland"
    assert table.loc["ovary", "how"] == "circulation"


def test_one_level_for_all_samples_of_a_condition_is_refused(cells, resource, levels):
    """The noise of such levels is that of rounding, and every p-value would be zero."""
    levels["epinephrine"] = 1.0 + np.arange(12) % 2
    message = r"levels of 'met:epinephrine' are the same in all samples of each condition, as means of groups are"
    with pytest.raises(ValueError, match=message):
        compared(cells, resource, levels)


def test_levels_that_covariates_explain_to_the_last_digit_are_not_tested(cells, resource, levels):
    a = cells.copy()
    a.obs["day"] = a.obs["sample"].astype(str).str[1:].astype(int) % 5 / 3
    day = a.obs.groupby("sample", observed=True)["day"].first().loc[SAMPLES]
    levels["epinephrine"] = np.exp2(3.0 * day + np.arange(12) % 2)
    result = compared(a, resource, levels, covariates=["day"])
    assert set(from_blood(result).index.get_level_values(0)) == {"met:lactate^HCAR1", "met:lactate^GPR132"}
    notes = result.extra["untested"]
    reason = notes.loc[(notes["interaction"] == RECEIVES) & notes["detail"].str.contains("circulation"), "reason"]
    assert set(reason) == {"too few samples"}


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_levels_with_nothing_to_compare_are_named(cells, resource, levels, value):
    """The same in all, or of controls alone."""
    levels.loc[levels.index if value == 7.0 else SAMPLES[1::2], "epinephrine"] = value
    with pytest.warns(UserWarning, match=r"levels of 'met:epinephrine' do not vary, or are of one condition only"):
        notes = compared(cells, resource, levels).extra["untested"]
    mine = notes[(notes["interaction"] == RECEIVES) & notes["detail"].str.contains("circulation")]
    assert mine["reason"].tolist() == ["too few samples"]


def test_a_level_is_no_capacity(cells, resource, levels):
    rows = from_blood(compared(cells, resource, levels, molecules="production"))
    assert set(rows["claim"]) == {""}


def test_columns_are_ligands_for_a_comparison_and_no_roles_for_expectations(cells, levels):
    more = levels.assign(tumour=levels["epinephrine"])
    with pytest.raises(ValueError, match=r"supply has 'tumour': no ligand of resource 'breast'[.]"):
        compared(cells, "breast", more)
    with pytest.raises(ValueError, match=r"supply has 'tumour': no ligand .*, and in none of its expectations"):
        cs.tl.expectations(
            cells,
            "cell_type",
            condition_key="condition",
            sample_key="sample",
            contexts={"control": "stage=normal", "treated": "stage=early"},
            supply=more,
        )


def test_a_level_without_a_receptor_in_the_data_is_noted(cells, resource, levels):
    few = cells[:, ~cells.var_names.isin(["HCAR1", "GPR132"])]
    notes = compared(few, resource, levels).extra["untested"]
    lost = notes[notes["detail"].str.startswith("circulation: a level of met:lactate")]
    assert lost["reason"].tolist() == ["gene missing"]
    assert "HCAR1" in lost["detail"].iloc[0]


def test_what_circulates_is_not_untested(cells, resource, levels):
    """RNA cannot show adrenaline, and the table does."""
    for supply, reasons in ((None, {"not measurable in RNA"}), (levels, set())):
        notes = compared(cells, resource, supply).extra["untested"]
        assert set(notes.loc[notes["interaction"] == RECEIVES, "reason"].astype(str)) == reasons


def test_a_resource_of_hormones_alone_is_compared_by_levels_and_receptors(cells, resource, levels):
    """No pair of such a resource is in RNA; a comparison asked for its receptors all the same."""
    hormones = planted.resource([RECEIVES])
    whole, alone = (from_blood(compared(cells, r, levels[["epinephrine"]])) for r in (resource, hormones))
    columns = ["effect", "ligand_effect", "receptor_effect", "pvalue"]
    assert len(alone)
    np.testing.assert_allclose(alone[columns], whole.loc[alone.index, columns], rtol=1e-10)
    with pytest.raises(ValueError, match="no interaction of resource"):
        compared(cells, hormones, None)
    a = cells.copy()
    compared(a, hormones, levels[["epinephrine"]], inplace=True)
    for tool in (cs.tl.power, cs.tl.calibrate):
        with pytest.raises(ValueError, match="its rows are of the levels in supply= alone"):
            tool(a, resource=hormones)
