"""Patients with several samples: units that are compared, nesting that nobody said, and what a card shows of it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scanpy as sc

import commscore as cs
from commscore.study.nesting import _chance_of_purity
from compared import plain

GROUPS = ["tumour", "CAF", "macrophage"]
KEYS = {"condition_key": "condition", "sample_key": "sample"}
LOOKS = "looks like patients"


def biopsies(rng, *, n_patients=6, n_biopsies=3, patient_sd=0.5):
    """Several samples of each patient; half of the patients are cases and nothing differs between them and controls."""
    names = tuple(f"b{i}" for i in range(n_biopsies))
    made = cs.ds.simulate(
        conditions=names, n_samples=n_patients, n_cells=60, groups=GROUPS, paired=True, patient_sd=patient_sd,
        n_background=40, rng=rng,
    )  # fmt: skip
    made.obs["condition"] = np.where(made.obs["patient"].cat.codes < n_patients // 2, "control", "case")
    return made


def compared(adata, **options):
    options = KEYS | {"resource": adata.uns["interactions"], "n_perms": 20, "inplace": False} | options
    return cs.tl.compare(adata, "cell_type", **options)


def rate(result):
    p = result.table["pvalue"].dropna()
    assert len(p) > 40
    return float((p <= 0.05).mean())


@pytest.fixture(scope="module")
def nested():
    return biopsies(0)


def test_patients_are_the_units_where_conditions_are_constant_in_them(nested):
    """The comparison is that of the patients' cells put together, whatever they are called."""
    result = compared(nested, patient_key="patient")
    together = compared(nested, sample_key="patient")
    pd.testing.assert_frame_equal(plain(result.table), plain(together.table))
    assert (result.table["n_ref"].max(), result.table["n_alt"].max()) == (3, 3)
    assert result.params["patient_design"] == "between"
    assert list(result.params["n_samples"]) == [3, 3]
    assert set(result.params["samples"]) == set(nested.obs["sample"])
    assert together.params["patient_design"] == "none"


def test_false_positives_of_nested_samples():
    """At most 5 % of the rows where patients are named; several times that where their samples count as independent."""
    cohorts = [biopsies(seed) for seed in range(40)]
    named = [rate(compared(a, patient_key="patient", n_perms=1)) for a in cohorts]
    assert np.mean(named) <= 0.05 + 2 * np.std(named) / np.sqrt(len(named))
    with pytest.warns(UserWarning, match=LOOKS):
        unnamed = [rate(compared(a, n_perms=1)) for a in cohorts[:10]]
    assert np.mean(unnamed) > 0.15


def test_samples_of_one_patient_and_condition_count_once():
    """Three samples of each patient in each condition: the comparison within patients of their cells put together."""
    a = biopsies(1, n_biopsies=6)
    late = a.obs["sample"].str.startswith(("b3", "b4", "b5"))
    a.obs["condition"] = np.where(late, "case", "control")
    a.obs["visit"] = a.obs["patient"].astype(str) + a.obs["condition"]
    result = compared(a, patient_key="patient")
    pd.testing.assert_frame_equal(
        plain(result.table), plain(compared(a, sample_key="visit", patient_key="patient").table)
    )
    assert result.params["patient_design"] == "within"
    assert list(result.params["n_samples"]) == [6, 6]
    assert len(result.params["samples"]) == 36


def mixed(rng, *, both=3, controls=3, cases=3, patient_sd=0.5):
    """Patients with both conditions, and others with one of them; nothing differs."""
    n = both + controls + cases
    a = cs.ds.simulate(
        n_samples=n, n_cells=60, groups=GROUPS, paired=True, patient_sd=patient_sd, n_background=60, rng=rng
    )
    patient, is_case = a.obs["patient"].cat.codes, a.obs["condition"] == "case"
    return a[(patient < both) | np.where(patient < both + controls, ~is_case, is_case)].copy()


def test_patients_of_one_condition_stay_beside_those_of_two():
    """They make the change surer than patients of both conditions alone, or samples without patients, would."""
    a = mixed(0)
    result = compared(a, patient_key="patient")
    assert result.params["patient_design"] == "mixed"
    assert list(result.params["n_samples"]) == [6, 6]
    assert "patient without partner" not in set(result.untested["reason"])
    both = a[a.obs["patient"].isin(["patient_1", "patient_2", "patient_3"])]
    within = compared(both, patient_key="patient")
    assert within.params["patient_design"] == "within"
    for other in (within, compared(a)):
        rows = result.table.merge(other.table, on=["source", "target", "interaction"], suffixes=("", "_other"))
        rows = rows[rows["pvalue"].notna() & rows["pvalue_other"].notna()]
        assert (rows["ligand_se"] < rows["ligand_se_other"]).mean() > 0.75


@pytest.mark.parametrize("patient_sd", [0.3, 1.0])
def test_false_positives_of_mixed_studies(patient_sd):
    """The t-tests and the relabelling within patients, and among those of one condition."""
    results = [compared(mixed(seed, patient_sd=patient_sd), patient_key="patient", n_perms=100) for seed in range(40)]
    for column in ("pvalue", "exact_pvalue"):
        rates = [(r.table[column].dropna() <= 0.05).mean() for r in results]
        assert np.mean(rates) <= 0.05 + 2.0 * np.std(rates) / np.sqrt(len(rates))


def test_a_mixed_study_again():
    """Leaving patients out, shuffling and planning take the design of the comparison."""
    a = mixed(1)
    compared(a, patient_key="patient", inplace=True)
    resource = a.uns["interactions"]
    left = cs.tl.leave_one_out(a, resource=resource, inplace=False)
    assert left.params["n_left_out"] == 9
    card = cs.tl.calibrate(a, resource=resource, n_shuffles=20).set_index("alpha")
    assert card.loc[0.05, "observed"] < 0.1
    found = cs.tl.power(a, resource=resource, n_samples=[20]).groupby("n_samples")["ligand_smallest"].median()
    assert found[20] < found[0]


def test_what_needs_complete_patients_says_so():
    a = mixed(2)
    with pytest.warns(UserWarning, match="6 of 12 samples have no partner in another condition and are left out"):
        made = cs.tl.balance(a, "cell_type", **KEYS, patient_key="patient", inplace=False)
    assert made.params["patient_design"] == "within"


def test_one_sample_of_each_patient_is_said():
    a = cs.ds.simulate(n_samples=3, n_cells=60, groups=GROUPS, n_background=40, rng=3)
    with pytest.warns(UserWarning, match="patient_key='patient': each of the 6 patients has one sample"):
        named = compared(a, patient_key="patient")
    pd.testing.assert_frame_equal(plain(named.table), plain(compared(a).table))


def test_covariates_of_patients(nested):
    a = nested.copy()
    a.obs["age"] = np.array([3.1, 7.2, 5.5, 4.4, 6.3, 2.8])[a.obs["patient"].cat.codes]
    a.obs["quality"] = a.obs["age"] + a.obs["sample"].str[1].astype(float) - 1  # on average the age
    by_age, by_mean = (compared(a, patient_key="patient", covariates=[c]).table for c in ("age", "quality"))
    np.testing.assert_allclose(plain(by_age)["pvalue"], plain(by_mean)["pvalue"], rtol=1e-9)
    a.obs["run"] = a.obs["sample"].str[:2]
    with pytest.raises(ValueError, match=r"covariates: 'run' varies within patients \(patient patient_1: b0, b1, b2\)"):
        compared(a, patient_key="patient", covariates=["run"])


def test_a_second_factor_that_varies_within_patients(nested):
    a = nested.copy()
    a.obs["site"] = np.where(a.obs["sample"].str.startswith("b0"), "edge", "core")
    with pytest.raises(ValueError, match=r"exchange the two \(condition_key='site', factor_key='condition'\)"):
        compared(a, patient_key="patient", factor_key="site")
    exchanged = compared(a, patient_key="patient", condition_key="site", factor_key="condition", reference="core")
    assert exchanged.params["patient_design"] == "within"
    assert rate(exchanged) < 0.2


def test_too_few_patients(nested):
    a = nested[nested.obs["patient"].isin(["patient_1", "patient_4", "patient_5"])].copy()
    with pytest.raises(ValueError, match="patient_key='patient' gives patients: 1 of control, 2 of case"):
        compared(a, patient_key="patient", reference="control")


def test_whole_patients_are_left_out(nested):
    a = nested.copy()
    compared(a, patient_key="patient", inplace=True)
    found = cs.tl.leave_one_out(a, resource=a.uns["interactions"], inplace=False)
    assert found.params["left_out"] == "patient"
    assert set(found.table["left_out"]) == set(a.obs["patient"])
    without = compared(a[a.obs["patient"] != "patient_2"], patient_key="patient").table
    again = found.table[(found.table["left_out"] == "patient_2") & found.table["pvalue"].notna()]
    assert len(again) == without["pvalue"].notna().sum()
    np.testing.assert_allclose(np.sort(again["pvalue"]), np.sort(without["pvalue"].dropna()), rtol=1e-9)


def test_power_counts_patients(nested):
    """Thirty samples of six patients can see what six samples can."""
    a = nested.copy()
    compared(a, patient_key="patient", inplace=True)
    compared(a, sample_key="patient", inplace=True, key_added="together")
    options = {"resource": a.uns["interactions"], "n_samples": [4]}
    pd.testing.assert_frame_equal(cs.tl.power(a, **options), cs.tl.power(a, "together", **options))


@pytest.mark.parametrize("tool", ["balance", "response", "circuits"])
def test_other_tools_count_patients(nested, tool):
    a = nested.copy()
    options = KEYS | {"patient_key": "patient", "inplace": False}
    if tool == "balance":
        made = cs.tl.balance(a, "cell_type", **options)
        assert len(made.table) == 6
    elif tool == "response":
        net = pd.DataFrame({"source": "P", "target": [f"BG{i:04d}" for i in range(1, 31)], "weight": 1.0})
        made = cs.tl.response(a, "cell_type", net=net, **options)
        assert made.table["n_ref"].max() == 3
    else:
        sc.pp.normalize_total(a, target_sum=1e4)
        sc.pp.log1p(a)
        made = cs.tl.circuits(a, "cell_type", **options, n_perms=10)
        assert made.extra["changes"]["n_ref"].max() == 3
    assert made.params["patient_design"] == "between"


# nesting that nobody said


def named_column(adata, name, values=None):
    a = adata.copy()
    owner = a.obs.pop("patient")
    a.obs[name] = owner if values is None else owner.astype(str).map(values)
    return a


@pytest.mark.parametrize("name", ["patient", "Donor.ID", "subject_id", "orig.patient", "mouse", "clinic_code"])
def test_nesting_is_said(nested, name):
    match = rf"adata.obs\['{name}'\] {LOOKS}: 6 values for 18 samples.*Give patient_key='{name}'"
    with pytest.warns(UserWarning, match=match) as said:
        compared(named_column(nested, name))
    assert len(said) == 1


@pytest.mark.parametrize("name", ["batch", "sequencing_run", "patient_age", "sex"])
def test_names_of_other_things_are_not_patients(nested, name):
    compared(named_column(nested, name))  # a warning is an error


def test_columns_that_are_not_patients(nested):
    """Covariates that are named, two values, numbers, crossings, paired patients: nothing is said."""
    a = nested.copy()
    owner = a.obs.pop("patient")
    a.obs["kind"] = np.where(owner.cat.codes % 3 == 0, "x", "y")  # two values, in both conditions
    a.obs["score"] = owner.cat.codes.to_numpy()  # a number, constant within samples
    a.obs["day"] = a.obs["sample"].str[:2]
    a.obs["arm"] = a.obs["condition"] + a.obs["day"]  # six values of three samples each, all in one condition
    compared(a)
    paired = cs.ds.simulate(n_samples=3, n_cells=60, groups=GROUPS, paired=True, n_background=40, rng=3)
    compared(paired)
    a.obs["patient"] = owner
    a.obs["centre"] = a.obs["patient"].cat.codes % 2
    with pytest.warns(UserWarning, match=rf"'patient'\] {LOOKS}"):
        compared(a, covariates=["centre"])


def answers(rng, *, n_patients=3, n_biopsies=3):
    """Biopsies of patients in both conditions; patients answer differently, and on average not at all."""
    a = biopsies(rng, n_patients=2 * n_patients, n_biopsies=n_biopsies)
    unit = a.obs["patient"].cat.codes
    a.obs["patient"] = pd.Categorical("p" + (unit % n_patients).astype(str))
    a.obs["sample"] = pd.Categorical(a.obs["sample"].astype(str) + a.obs["condition"].astype(str))
    return a


def test_nesting_within_both_conditions_is_said_and_shown():
    """Three biopsies of a patient before and three after are no six replicates: patients answer differently."""
    a = answers(0)
    match = rf"adata.obs\['patient'\] {LOOKS}: 3 values for 18 samples.*Give patient_key='patient'"
    with pytest.warns(UserWarning, match=match):
        assert rate(compared(a, inplace=False)) > 0.15
    assert rate(compared(a, patient_key="patient")) < 0.1
    with pytest.warns(UserWarning, match=match):
        compared(a, inplace=True)
    with pytest.warns(UserWarning, match="relabelled together here.*Compare with patient_key='patient'"):
        card = cs.tl.calibrate(a, resource=a.uns["interactions"]).set_index("alpha")
    assert (card["n_shuffles"] == 2**3 - 2).all()
    assert card.loc[0.05, "observed"] > 0.15


def test_patients_of_whom_one_lacks_a_condition_are_noticed_too():
    """Three patients, one without samples after treatment: two still answer differently."""
    a = answers(0)
    a = a[~((a.obs["patient"] == "p0") & (a.obs["condition"] == "case"))].copy()
    with pytest.warns(
        UserWarning, match=rf"'patient'\] {LOOKS}: 3 values for 15 samples.*where patients answer differ"
    ):
        compared(a, inplace=True)
    with pytest.warns(UserWarning, match="the card cannot show what their likeness does"):
        card = cs.tl.calibrate(a, resource=a.uns["interactions"], n_shuffles=4)
    assert set(card["relabelled"]) == {"sample"}


def test_pairs_are_no_nesting_where_one_sample_is_double():
    """Six patients with a sample before and one after; one of them has two before."""
    a = cs.ds.simulate(n_samples=6, n_cells=60, groups=GROUPS, paired=True, n_background=40, rng=3)
    half = np.arange(a.n_obs) % 2 == 0
    first = a.obs["sample"].cat.categories[0]
    a.obs["sample"] = np.where((a.obs["sample"] == first) & half, "again", a.obs["sample"].astype(str))
    compared(a)  # a warning is an error


def test_samples_without_cells_of_any_group_that_takes_part():
    """A sample with cells of a rare group only drops out of the columns, and does not upset them."""
    a = cs.ds.simulate(n_samples=4, n_cells=60, groups=GROUPS, n_background=40, rng=5)
    a.obs["patient"] = "d" + a.obs["sample"].str[-1].astype(str)
    lonely = (a.obs["sample"] == a.obs["sample"].cat.categories[0]).to_numpy()
    a.obs["cell_type"] = np.where(lonely, "rare", a.obs["cell_type"].astype(str))
    a = a[~lonely | (np.cumsum(lonely) <= 3)].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compared(a, inplace=True)
        card = cs.tl.calibrate(a, resource=a.uns["interactions"], n_shuffles=4)
    assert (card["n_shuffles"] == 4).all()


def test_chance_of_purity_is_what_enumeration_gives():
    """Of C(10, 4) choices of four samples of ten, those that take whole pairs: C(5, 2)."""

    class Few:
        replicates = np.array([6, 4])

    assert _chance_of_purity(np.repeat(np.arange(5), 2), Few()) == pytest.approx(10 / 210)


# what a card shows of it


def test_the_card_of_nested_samples_shows_their_false_positives(nested):
    a = nested.copy()
    options = {"resource": a.uns["interactions"], "n_shuffles": 18}
    with pytest.warns(UserWarning, match=LOOKS):
        compared(a, inplace=True)
    with pytest.warns(UserWarning, match="relabelled together here.*Compare with patient_key='patient'"):
        alone = cs.tl.calibrate(a, **options).set_index("alpha")
    compared(a, inplace=True, patient_key="patient")
    named = cs.tl.calibrate(a, **options).set_index("alpha")
    assert alone.loc[0.05, "observed"] > 0.12
    assert named.loc[0.05, "observed"] < 0.08
    assert set(alone["relabelled"]) == set(named["relabelled"]) == {"patient"}


def test_the_card_says_what_is_confounded():
    a = cs.ds.simulate(n_samples=4, n_cells=60, groups=GROUPS, n_background=40, rng=5)
    number = a.obs["sample"].str[-1].astype(int)
    a.obs["run"] = a.obs["condition"].astype(str) + np.where(number > 2, "late", "early")
    a.obs["plate"] = number % 2  # in both conditions
    compared(a, inplace=True)
    with pytest.warns(UserWarning, match=r"condition_key='condition' is confounded with adata.obs\['run'\]:"):
        card = cs.tl.calibrate(a, resource=a.uns["interactions"], n_shuffles=4)
    assert set(card["confounded"]) == {"run"}
    assert set(card["relabelled"]) == {"sample"}


def test_biopsies_of_real_skin(public_data):
    """Cells of each patient dealt out to three biopsies: the comparison of patients stays as it was."""
    a = public_data("skin_ctcl_gse128531")
    a = a[a.obs["cell_type"] != "T cell"].copy()  # lymphoma in three of them: another composition
    a.obs["biopsy"] = a.obs["patient"].astype(str) + "_" + np.random.default_rng(0).choice(list("123"), a.n_obs)
    whole = cs.tl.compare(a, "cell_type", **KEYS, reference="healthy_control", inplace=False).table
    options = {"condition_key": "condition", "sample_key": "biopsy", "reference": "healthy_control"}
    named = cs.tl.compare(a, "cell_type", **options, patient_key="patient", inplace=False).table
    pd.testing.assert_frame_equal(plain(whole), plain(named))
    with pytest.warns(UserWarning, match=rf"'patient'\] {LOOKS}"):
        cs.tl.compare(a, "cell_type", **options, min_cells=3)
    with pytest.warns(UserWarning, match="relabelled together here"):
        card = cs.tl.calibrate(a, n_shuffles=18).set_index("alpha")
    assert card.loc[0.05, "observed"] > 0.08


@pytest.fixture
def cut():
    """Two samples, one of each condition, of which each was cut at random into four."""
    a = cs.ds.simulate(conditions=("control", "case"), n_samples=1, n_cells=400, groups=GROUPS, n_background=40, rng=2)
    a.obs["part"] = a.obs["sample"].astype(str) + np.random.default_rng(0).choice(list("abcd"), a.n_obs)
    return a


def test_pieces_of_a_sample_are_no_replicates(cut):
    says = (
        r"sample_key='part' cuts the 2 values of adata\.obs\['sample'\] into pieces: 8 of them\..* sample_key='sample'"
    )
    with pytest.warns(UserWarning, match=says):
        compared(cut, sample_key="part")
    sc.pp.normalize_total(cut, target_sum=1e4)
    sc.pp.log1p(cut)
    with pytest.warns(UserWarning, match=says):
        cs.tl.score(cut, "cell_type", sample_key="part", resource=cut.uns["interactions"], inplace=False)


@pytest.mark.parametrize(("column", "key"), [("sample", "donor"), ("sample_type", "part"), ("pool", "part")])
def test_what_holds_several_samples_is_no_sample(cut, column, key):
    """Donors that share a multiplexed sample; columns of other things."""
    cut.obs = cut.obs.rename(columns={"sample": column, "part": key})
    compared(cut, sample_key=key)  # warnings are errors
