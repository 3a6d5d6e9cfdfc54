"""Which level is the reference, which pairs are contrasted, and labels of every type in every argument."""

from __future__ import annotations

import logging

import anndata as ad
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import app
from compared import ID, plain

PAIRS = pd.DataFrame({"ligand": ["CXCL12", "CSF1"], "receptor": ["CXCR4", "CSF1R"]})
GENES = ["CXCL12", "CXCR4", "CSF1", "CSF1R", "MIF", "CD74", *(f"H{i}" for i in range(80))]
KEYS = {"condition_key": "condition", "sample_key": "sample", "resource": PAIRS}
UP = {"source": "1", "target": "0", "interaction": "CXCL12^CXCR4"}
NUMBERS = ["ligand_effect", "receptor_effect", "effect", "se", "pvalue", "padj", "d_flow", "n_ref", "n_alt"]


def cohort(conditions=("a", "b"), *, n_samples=3, types=str, seed=0):
    """Two groups of cells, 0 and 1; CXCL12 doubles from each condition to the next."""
    rng = np.random.default_rng(seed)
    n = n_samples * len(conditions)
    sample = np.repeat(np.arange(n), 60)
    level = sample // n_samples
    mean = np.full((sample.size, len(GENES)), 3.0)
    mean[:, 0] *= 2.0**level
    group = np.tile([0, 1], sample.size // 2)
    obs = pd.DataFrame(
        {"group": pd.Series(group).map(types), "sample": [f"s{i}" for i in sample],
         "condition": [conditions[i] for i in level]}
    )  # fmt: skip
    obs.index = [f"c{i}" for i in range(sample.size)]
    return ad.AnnData(rng.poisson(mean).astype(np.float32), obs=obs, var=pd.DataFrame(index=GENES))


def compared(adata, **kwargs):
    return cs.tl.compare(adata, "group", **(KEYS | kwargs), inplace=False)


def row(table, contrast):
    found = table[(table[list(UP)].astype(str) == pd.Series(UP)).all(axis=1) & (table["contrast"] == contrast)]
    assert len(found) == 1
    return found.iloc[0]


# saving and reading

COLUMNS = {
    "text": lambda level: np.array(["day2", "day10"], object)[level],
    "category": lambda level: pd.Categorical(np.array(["day2", "day10"])[level]),
    "integer": lambda level: np.array([2, 10])[level],
    "float": lambda level: np.array([2.0, 10.0])[level],
    "bool": lambda level: level == 1,
    "numbers as categories": lambda level: pd.Categorical(np.array([2.0, 10.0])[level]),
    "ordered": lambda level: pd.Categorical.from_codes(level, ["zero", "after"], ordered=True),
    "control": lambda level: np.array(["ctrl", "LPS"], object)[level],
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_saving_and_reading_changes_nothing(kind, tmp_path):
    a = cohort()
    level = (a.obs["condition"] == "b").to_numpy().astype(int)
    a.obs["condition"] = COLUMNS[kind](level)
    a.obs["sample"] = a.obs["sample"].str.replace("s", "patient ")  # ten samples and more are not in lexical order
    options = {"reference": False} if kind == "bool" else {}
    before = compared(a, **options)
    a.write_h5ad(tmp_path / "a.h5ad")
    read = ad.read_h5ad(tmp_path / "a.h5ad")
    after = compared(read, **options)
    pd.testing.assert_frame_equal(before.table, after.table)
    for name in ("reference", "reference_by"):
        assert before.params[name] == after.params[name]
    for name in ("levels", "samples", "groups"):
        assert before.params[name].tolist() == after.params[name].tolist()
    assert row(before.table, before.table["contrast"].iloc[0])["ligand_effect"] == pytest.approx(1, abs=0.1)
    profiles = [cs.tl.profile(x, "group", sample_key="sample", resource=PAIRS) for x in (a, read)]
    assert profiles[0].obs_names.tolist() == profiles[1].obs_names.tolist() == [f"patient {i}" for i in range(6)]
    pd.testing.assert_frame_equal(*(p.to_df() for p in profiles))


def test_scores_come_in_the_same_order_after_reading(tmp_path):
    a = cohort(types=lambda i: f"cluster {i * 8 + 2}")
    a.X = np.log1p(a.X / a.X.sum(axis=1, keepdims=True) * 1e4)
    a.write_h5ad(tmp_path / "a.h5ad")
    made = [
        cs.tl.score(x, "group", resource=PAIRS, n_perms=30, inplace=False).table
        for x in (a, ad.read_h5ad(tmp_path / "a.h5ad"))
    ]
    assert made[0]["source"].cat.categories.tolist() == ["cluster 2", "cluster 10"]
    pd.testing.assert_frame_equal(*made)


# the reference


@pytest.mark.parametrize(
    ("conditions", "kwargs", "reference", "rule"),
    [
        (("b", "control", "a"), {}, "control", "named as a control"),
        (("b", "a", "control"), {"order": ["b", "control"]}, "b", "first of order"),
        (("b", "a", "control"), {"reference": "a"}, "a", "given"),
        (("10", "9"), {}, "9", "smallest number"),
        ((24.0, 0.0), {}, "0", "named as a control"),
        ((24.0, 0.5), {}, "0.5", "smallest number"),
    ],
)
def test_the_reference_and_the_rule_are_said_once(conditions, kwargs, reference, rule, caplog):
    with caplog.at_level(logging.INFO, "commscore"):
        params = compared(cohort(conditions), **kwargs).params
    assert (params["reference"], params["reference_by"]) == (reference, rule)
    assert params["levels"][0] == reference
    said = [r.getMessage() for r in caplog.records if r.name == "commscore"]
    assert said == ([] if rule == "given" else [f"reference of adata.obs['condition']: {reference!r} ({rule})"])


def test_an_ordered_categorical_says_the_reference():
    a = cohort(("x", "control"))
    a.obs["condition"] = pd.Categorical(a.obs["condition"], categories=["x", "control", "unused"], ordered=True)
    params = compared(a).params
    assert (params["reference"], params["reference_by"]) == ("x", "first of an ordered categorical")
    a.obs["condition"] = a.obs["condition"].cat.as_unordered()
    assert compared(a).params["reference"] == "control"


TOOLS = {
    "compare": lambda a, **k: cs.tl.compare(a, "group", **KEYS, inplace=False, **k),
    "response": lambda a, **k: cs.tl.response(a, "group", net=NET, **KEYS, min_targets=2, inplace=False, **k),
}
NET = pd.DataFrame({"source": "P", "target": ["CSF1", "MIF", "CD74"], "weight": [1.0, 1.0, -1.0]})


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kwargs", [{}, {"contrast": "b"}, {"contrast": ["b", "c"]}])
def test_a_reference_is_demanded(tool, kwargs):
    a = cohort(("b", "a", "c"))
    with pytest.raises(ValueError, match=r"reference is needed: .* give reference= one of 'a', 'b', 'c'"):
        TOOLS[tool](a, **kwargs)
    assert not a.uns


def test_cells_ask_for_a_reference_too():
    with pytest.warns(UserWarning, match="test='cells'"), pytest.raises(ValueError, match="reference is needed"):
        compared(cohort(), test="cells", sample_key=None)


# all pairs


def test_pairwise_is_every_pair_once_and_each_as_it_is_alone():
    a = cohort(("b", "a", "c"))
    found = compared(a, contrast="pairwise")
    contrasts = found.extra["contrasts"].set_index("contrast")
    assert contrasts[["kind", "reference", "level"]].to_dict("index") == {
        "b vs a": {"kind": "pair", "reference": "a", "level": "b"},
        "c vs a": {"kind": "pair", "reference": "a", "level": "c"},
        "c vs b": {"kind": "pair", "reference": "b", "level": "c"},
    }
    assert found.params["reference"] is None
    assert found.table["contrast"].cat.categories.tolist() == list(contrasts.index)
    for name, ends in contrasts.iterrows():
        alone = compared(a, reference=ends["reference"], contrast=ends["level"])
        of_pair = found.table[found.table["contrast"] == name].reset_index(drop=True)
        assert alone.table["contrast"].unique().tolist() == [name]
        assert plain(of_pair)[ID].equals(plain(alone.table)[ID])
        np.testing.assert_allclose(of_pair[NUMBERS], alone.table[NUMBERS], rtol=1e-9)
        assert (of_pair["shift"].astype(str) == alone.table["shift"].astype(str)).all()
    assert [row(found.table, c)["ligand_effect"] for c in contrasts.index] == pytest.approx([-1, 1, 2], abs=0.2)


def test_pairwise_effects_are_those_of_two_levels_alone():
    a = cohort(("b", "a", "c"))
    whole = compared(a, contrast="pairwise").table
    for ref, alt in (("a", "b"), ("a", "c"), ("b", "c")):
        two = compared(a[a.obs["condition"].isin([ref, alt])].copy(), reference=ref).table
        assert row(whole, f"{alt} vs {ref}")["ligand_effect"] == pytest.approx(
            row(two, f"{alt} vs {ref}")["ligand_effect"], abs=0.02
        )


@pytest.mark.parametrize(
    ("kwargs", "names"),
    [
        ({"order": ["c", "a", "b"]}, ["a vs c", "b vs c", "b vs a", "stages"]),
        ({"reference": "b"}, ["a vs b", "c vs b", "c vs a"]),
    ],
)
def test_pairwise_follows_the_order(kwargs, names):
    table = compared(cohort(("b", "a", "c")), contrast="pairwise", **kwargs).table
    assert table["contrast"].cat.categories.tolist() == names


def test_a_control_is_the_reference_of_all_its_pairs():
    contrasts = compared(cohort(("b", "Healthy", "a")), contrast="pairwise").extra["contrasts"]
    assert list(zip(contrasts["reference"], contrasts["level"], strict=True)) == [
        ("Healthy", "a"), ("Healthy", "b"), ("a", "b"),
    ]  # fmt: skip


def test_pairs_survive_hostile_names(tmp_path):
    levels = ("a vs b", "b", "a", "b vs b")
    a = cohort(levels)
    found = compared(a, contrast="pairwise")
    contrasts = found.extra["contrasts"]
    assert contrasts["contrast"].is_unique
    assert {frozenset(p) for p in zip(contrasts["reference"], contrasts["level"], strict=True)} == {
        frozenset((x, y)) for x in levels for y in levels if x != y
    }
    number = {level: i for i, level in enumerate(levels)}
    for _, one in contrasts.iterrows():
        expected = number[one["level"]] - number[one["reference"]]
        assert row(found.table, one["contrast"])["ligand_effect"] == pytest.approx(expected, abs=0.3)
    cs.get.store(a, "commscore_compare", found)
    a.write_h5ad(tmp_path / "a.h5ad")
    read = cs.get.load(ad.read_h5ad(tmp_path / "a.h5ad"), "commscore_compare")
    assert read.params["reference"] is None
    pd.testing.assert_frame_equal(read.extra["contrasts"], contrasts, check_dtype=False)


def test_two_factors_say_their_levels():
    a = cohort(("b", "a"), n_samples=4)
    a.obs["kind"] = np.where(a.obs["sample"].str[1:].astype(int) % 2, "x", "y")
    contrasts = compared(a, reference="a", factor_key="kind").extra["contrasts"]
    columns = ["kind", "reference", "level", "factor_level", "factor_reference"]
    assert contrasts[columns].to_numpy().tolist() == [
        ["pair", "a", "b", "x", ""], ["pair", "a", "b", "y", ""], ["interaction", "a", "b", "y", "x"],
    ]  # fmt: skip


# replicates, and values that are no conditions


def test_one_replicated_level_is_enough_and_the_others_say_so():
    a = cohort(("a", "b", "c"))
    a = a[~a.obs["sample"].isin(["s7", "s8"])].copy()  # one sample of c is left
    table = compared(a, reference="a").table
    few = table[table["contrast"] == "c vs a"]
    assert (few["status"] == "too_few_samples").all()
    assert few["ligand_effect"].notna().all()
    assert few["pvalue"].isna().all()
    assert (table.loc[table["contrast"] == "b vs a", "status"] == "tested").any()
    with pytest.raises(ValueError, match="gives 1 of c, 3 of a, 3 of b"):
        compared(a, reference="c")
    with pytest.raises(ValueError, match="needs at least two samples"):
        compared(a, reference="a", contrast="c")


@pytest.mark.parametrize("of", [np.array, pd.Index, pd.Series, pd.Categorical, tuple])
def test_stages_come_in_any_list(of):
    adata = cohort(("b", "a"))
    want, found = (compared(adata, order=order) for order in (["b", "a"], of(["b", "a"])))
    pd.testing.assert_frame_equal(found.table, want.table)
    assert found.params["reference"] == "b"


@pytest.mark.parametrize("kind", ["number", "text", "no stem"])
def test_values_with_one_sample_each_are_no_conditions(kind):
    ages = [31, 35, 35, 40, 47, 52, 58, 60, 66]
    a = cohort(ages, n_samples=1)
    if kind != "number":
        a.obs["condition"] = a.obs["condition"].map(lambda x: f"{x}y" if kind == "text" else f"{chr(x + 50)}{x}")
    match = r"has 8 levels, and 7 of them have one sample \(.*31.*\): these are values, as age, dose or time are"
    with pytest.raises(ValueError, match=match):
        compared(a)
    with pytest.raises(ValueError, match="these are values"):
        compared(a, contrast="pairwise")
    if kind == "number":
        with pytest.raises(ValueError, match="gives 2 of 35, 1 of 40, 1 of 47"):  # three levels are conditions
            compared(a, order=[35, 40, 47])


def test_numbers_with_few_levels_are_labels():
    table = compared(cohort((0, 10, 2))).table
    assert table["contrast"].cat.categories.tolist() == ["2 vs 0", "10 vs 0"]
    assert row(table, "10 vs 0")["ligand_effect"] == pytest.approx(1, abs=0.1)


# numbers as covariates


def with_batch(values, conditions=("a", "b"), n_samples=6):
    a = cohort(conditions, n_samples=n_samples)
    a.obs["batch"] = np.asarray(values)[a.obs["sample"].str[1:].astype(int)]
    return a


def test_numbers_of_batches_get_one_warning():
    values = [1, 2, 3] * 4
    match = r"covariates: 'batch' holds 3 different numbers \(1, 2, 3\), each in several samples: .*make them text"
    with pytest.warns(UserWarning, match=match) as said:
        compared(with_batch(values), reference="a", covariates=["batch"])
    assert len(said) == 1


@pytest.mark.parametrize(
    "values",
    [
        [1, 2] * 6,  # slope and labels agree
        [31, 35, 40, 44, 51, 58, 60, 33, 35, 42, 47, 55],  # ages
        [0.5, 1.0, 1.5] * 4,  # no whole numbers
        ["1", "2", "3"] * 4,
    ],
)
def test_other_covariates_get_none(values):
    compared(with_batch(values), reference="a", covariates=["batch"])


# labels of every type in every argument


@pytest.fixture(scope="module", params=["int", "float", "text"])
def scored(request):
    kind = {"int": int, "float": float, "text": str}[request.param]
    a = cohort((0, 24), types=kind)
    a.obs["condition"] = a.obs["condition"].map(kind)
    a.layers["counts"] = a.X.copy()
    a.X = np.log1p(a.X / a.X.sum(axis=1, keepdims=True) * 1e4)
    cs.tl.score(a, "group", groups=[0, np.int64(1)], resource=PAIRS, n_perms=20)
    cs.tl.compare(a, "group", reference=0, contrast=24, order=[0, 24.0], **KEYS)
    return a


def test_tables_take_labels_of_every_type(scored):
    whole = cs.get.table(scored)
    assert whole["source"].cat.categories.tolist() == ["0", "1"]
    for source in (0, 0.0, "0", np.int32(0), [0], ["0", 1], np.array([0, 1])):
        found = cs.get.table(scored, source=source)
        expected = whole if np.size(source) == 2 else whole[whole["source"] == "0"]
        assert len(found) == len(expected)
    with pytest.raises(ValueError, match="source=2 is not a group of the table"):
        cs.get.table(scored, source=2)


def test_plots_take_labels_of_every_type(scored):
    mpl.use("Agg")
    axes = cs.pl.dotplot(scored, source=0, target=1.0, max_padj=None)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["0 → 1"]
    assert len(cs.pl.sankey(scored, source=1, target="0", max_padj=None).patches) > 0
    samples = cs.tl.profile(scored, "group", sample_key="sample", resource=PAIRS)
    edge = {"interaction": "CXCL12^CXCR4", "source": 1, "target": 0}
    for order in ([24, 0], None):
        drawn = cs.pl.trend(samples, **edge, stage_key="condition", comparison=scored, order=order)
        names = [t.get_text().split("\n")[0] for t in drawn.get_xticklabels()]
        assert names == (["24", "0"] if order else ["0", "24"])
    drawn = cs.pl.by_sample(samples, condition_key="condition", source=1, comparison=scored, order=[24, 0])
    assert [t.get_text() for t in drawn.get_xticklabels()] == ["s3", "s4", "s5", "s0", "s1", "s2"]
    for contrast in ("24 vs 0", 24, 24.0, "24"):  # the name of the contrast, or the level that only it has
        assert cs.pl.quadrant(scored, source=1, target=0, contrast=contrast).get_title().startswith("24 vs 0")
    with pytest.raises(ValueError, match=r"contrast=7 is not in the table \(there are 24 vs 0, stages\)"):
        cs.pl.volcano(scored, contrast=7)
    with pytest.raises(ValueError, match=r"order has 7, which is not a condition of these samples"):
        cs.pl.by_sample(samples, condition_key="condition", order=[0, 7])


def test_roles_take_labels_of_every_type(scored):
    report = cs.tl.roles(scored, "group", roles={"tumour": 0, "macrophage": [1.0]})
    groups = report.set_index("role")["groups"]
    assert (groups["tumour"], groups["macrophage"]) == ("0", "1")


@pytest.mark.parametrize("value", [None, {"a": 1}, float("nan"), object()])
def test_what_is_no_label_is_refused(scored, value):
    with pytest.raises(TypeError, match=r"groups\[0\] must be a label"):
        cs.tl.score(scored, "group", groups=[value, 1], resource=PAIRS)


def test_labels_that_look_the_same_get_one_warning():
    a = cohort()
    a.obs["group"] = np.where(a.obs["group"] == "0", "T cell", np.where(np.arange(a.n_obs) % 3, "T\u00a0cell", "B "))
    with pytest.warns(UserWarning, match=r"'T cell' and 'T\\xa0cell'.*'B '") as said:
        compared(a, reference="a", min_cells=2)
    assert len(said) == 1


# the command


def test_the_command_repeats_stages_and_refuses_what_the_library_refuses(tmp_path):
    a = cohort(("normal, fixed", "bone", "lymph node"))
    a.write_h5ad(tmp_path / "a.h5ad")
    pairs = tmp_path / "pairs.csv"
    PAIRS.to_csv(pairs, index=False)
    base = ["compare", tmp_path / "a.h5ad", "--groupby", "group", "--condition-key", "condition", "--resource", pairs]
    keyed = [*base, "--sample-key", "sample"]

    def invoke(*args):
        return CliRunner().invoke(app, [str(x) for x in args])

    stages = [x for stage in ("normal, fixed", "lymph node") for x in ("--order", stage)]
    done = invoke(*keyed, *stages, "--out", tmp_path / "o.csv")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(tmp_path / "o.csv")["contrast"].unique().tolist() == ["lymph node vs normal, fixed", "stages"]
    done = invoke(*keyed, "--contrast", "pairwise", "--out", tmp_path / "o.csv")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(tmp_path / "o.csv")["contrast"].nunique() == 3
    for args, message in ((base, "with --sample-key="), (keyed, "reference is needed"),
                          ([*keyed, "--order", "bone,lymph node"], "order has 'bone,lymph node'")):  # fmt: skip
        done = invoke(*args, "--out", tmp_path / "o.csv")
        assert done.exit_code == 2
        assert message in done.output


def test_report_and_plots_of_all_pairs(tmp_path):
    a = cohort(("b", "a", "c"), n_samples=4)
    a.layers["counts"] = a.X.copy()
    cs.tl.compare(a, "group", contrast="pairwise", **KEYS)
    text = cs.report.write(a, tmp_path / "r.html", resource=cs.rs.from_table(PAIRS)).read_text(encoding="utf-8")
    assert "(a, b, c; every two of them) were compared" in text
    samples = cs.tl.profile(a, "group", sample_key="sample", resource=PAIRS)
    edge = {"interaction": "CXCL12^CXCR4", "source": 1, "target": 0}
    for order in (None, ["b", "a", "c"]):
        ax = cs.pl.trend(samples, **edge, stage_key="condition", comparison=a, order=order)
        assert [t.get_text().split("\n")[0] for t in ax.get_xticklabels()] == (order or ["a", "b", "c"])
    with pytest.raises(ValueError, match="set contrast to one of 'b vs a', 'c vs a', 'c vs b'"):
        cs.pl.volcano(a)
    assert len(cs.pl.volcano(a, contrast="c vs b").collections) > 0


def test_palettes_take_labels_of_every_type(scored):
    ax = cs.pl.sankey(scored, max_padj=None, palette={0: "#112233", 1.0: "#445566"})
    drawn = {mpl.colors.to_hex(p.get_facecolor()) for p in ax.patches}
    assert {"#112233", "#445566"} <= drawn


def test_other_tools_take_all_pairs_and_say_their_levels():
    a = cohort(("b", "Ctrl", "a"), n_samples=4)
    a.layers["counts"] = a.X.copy()
    options = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
    net = pd.DataFrame({"source": "P", "target": [f"H{i}" for i in range(20)], "weight": 1.0})
    found = cs.tl.response(a, "group", net=net, resource=PAIRS, contrast="pairwise", **options)
    assert found.params["reference"] is None
    pairs = found.extra["contrasts"][["contrast", "reference", "level"]].to_numpy().tolist()
    assert pairs == [["a vs Ctrl", "Ctrl", "a"], ["b vs Ctrl", "Ctrl", "b"], ["b vs a", "a", "b"]]
    assert sorted(found.table["contrast"].unique()) == sorted(name for name, _, _ in pairs)
    found = cs.tl.response(a, "group", net=net, resource=PAIRS, reference="a", **options)
    assert (found.params["reference"], found.params["reference_by"]) == ("a", "given")
    assert found.params["levels"].tolist() == ["a", "Ctrl", "b"]


def test_circuits_and_balance_say_the_reference():
    a = cs.ds.simulate(n_samples=3, n_cells=250, conditions=["late", "Healthy"], rng=0)
    a.obs["condition"] = a.obs["condition"].astype(str)
    options = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
    balance = cs.tl.balance(a, "cell_type", **options)
    assert balance.params["reference_by"] == "named as a control"
    tests = balance.extra["tests"]
    assert set(zip(tests["contrast"], tests["reference"], tests["level"], strict=True)) == {
        ("late vs Healthy", "Healthy", "late"),
    }  # fmt: skip
    sc.pp.normalize_total(a, target_sum=1e4)
    sc.pp.log1p(a)
    circuits = cs.tl.circuits(a, "cell_type", n_perms=10, **options)
    assert (circuits.params["reference"], circuits.params["reference_by"]) == ("Healthy", "named as a control")
    assert circuits.extra["contrasts"]["level"].tolist() == ["late"]


def test_stored_comparisons_are_made_again_with_labels_of_every_type():
    a = cohort((0.0, 24.0, 6.0), types=float)
    a.obs["sample"] = a.obs["sample"].str[1:].astype(float)
    a.layers["counts"] = a.X.copy()
    resource = cs.rs.from_table(PAIRS)
    cs.tl.compare(a, "group", contrast=24, condition_key="condition", sample_key="sample", resource=resource)
    left_out = cs.tl.leave_one_out(a, resource=resource, inplace=False).table
    assert set(left_out["left_out"]) == set(map(str, range(9)))
    assert left_out["contrast"].unique().tolist() == ["24 vs 0"]
    assert len(cs.tl.calibrate(a, resource=resource, contrast=24.0, n_shuffles=2)) > 0
    cs.tl.compare(a, "group", contrast="pairwise", condition_key="condition", sample_key="sample", resource=resource)
    again = cs.tl.leave_one_out(a, resource=resource, inplace=False).table
    assert again["contrast"].unique().tolist() == ["6 vs 0", "24 vs 0", "24 vs 6"]
    with pytest.raises(ValueError, match=r"contrast=24 was compared with several levels: .* 24 vs 0, 24 vs 6"):
        cs.tl.power(a, resource=resource, contrast=24, n_samples=[5])
    one, other = (cs.tl.power(a, resource=resource, contrast=f"24 vs {r}", n_samples=[5]) for r in (6, 0))
    assert len(one) == len(other) > 0
