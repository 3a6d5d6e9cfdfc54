"""Designs that cannot be tested: one clear error each, with the way out; and the data stay as they were."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest

import commscore as cs

BASE = {"condition_key": "condition", "sample_key": "sample"}


def cohort(**kwargs):
    return cs.ds.simulate(**({"n_samples": 3, "n_cells": 90, "n_background": 30, "rng": 5} | kwargs))


@pytest.fixture(scope="module")
def two():
    return cohort()


@pytest.fixture(scope="module")
def stages():
    return cohort(conditions=("normal", "primary", "metastasis"), paired=True)


def refused(adata, match, *, error=ValueError, **kwargs):
    before = copy.deepcopy({"obs": adata.obs, "uns": list(adata.uns), "X": adata.X.copy()})
    with pytest.raises(error, match=match):
        cs.tl.compare(adata, "cell_type", **(BASE | kwargs))
    pd.testing.assert_frame_equal(before["obs"], adata.obs)
    assert before["uns"] == list(adata.uns)
    assert (before["X"] != adata.X).nnz == 0


def with_obs(adata, **columns):
    a = adata.copy()
    for name, value in columns.items():
        a.obs[name] = value(a.obs) if callable(value) else value
    return a


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"condition_key": "conditon"}, r"condition_key='conditon' is not a column .*did you mean 'condition'"),
        ({"sample_key": "smple"}, r"sample_key='smple' is not a column .*did you mean 'sample'"),
        ({"patient_key": "patien"}, r"patient_key='patien' is not a column .*did you mean 'patient'"),
        ({"covariates": ["ag"]}, r"covariates='ag' is not a column"),
        ({"factor_key": "subtype"}, r"factor_key='subtype' is not a column"),
        ({"counts_layer": "count"}, r"layer='count' is not in adata.layers .*did you mean 'counts'"),
    ],
)
def test_unknown_names(two, kwargs, match):
    refused(two, match, error=KeyError, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"reference": "contrl"}, r"reference='contrl' is not a level of .*did you mean 'control'"),
        ({"contrast": "cse"}, r"contrast='cse' is not a level of adata.obs\['condition'\].*did you mean 'case'"),
        ({"contrast": "control"}, r"contrast has 'control', which is the reference"),
        ({"contrast": []}, r"contrast is empty"),
        ({"order": ["control", "primary"]}, r"order has 'primary', which is not a level .*there are control, case"),
        ({"order": ["case"]}, r"order must list at least two stages"),
        ({"order": ["case", "case"]}, r"order must name different labels"),
        (
            {"order": ["control", "case"], "factor_key": "patient"},
            r"order and factor_key='patient' \(a second factor\) exclude each other",
        ),
        ({"test": "sample"}, r"test='sample' is not one of .*did you mean 'samples'"),
        ({"combine": "mean"}, r"combine='mean' is not one of"),
        ({"abundance_reference": "tumor"}, r"abundance_reference='tumor' is not a group .*did you mean 'tumour'"),
        ({"abundance_reference": ["CAF", "CAF"]}, r"abundance_reference must name different labels"),
        ({"expr_prop": 1.2}, r"expr_prop must be a number between 0 and 1"),
        ({"margin": -1}, r"margin must be a number >= 0"),
        ({"min_cells": 0}, r"min_cells must be an integer >= 1"),
        ({"min_cells": 1000}, r"no group of groupby='cell_type' has min_cells=1000 cells in any sample"),
        ({"sample_key": "condition"}, r"sample_key='condition' is the same column as condition_key"),
        ({"covariates": ["condition"]}, r"covariates has 'condition', which is also condition_key"),
        ({"key_added": "a/b"}, r"key_added='a/b' has a '/'"),
    ],
)
def test_bad_values(two, kwargs, match):
    refused(two, match, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"covariates": "age"}, r"covariates must be a list of columns .*write \['age'\]"),
        ({"order": "control"}, r"order must be a list of levels"),
        ({"min_cels": 3}, r"no keyword 'min_cels'; did you mean 'min_cells'"),
        ({"rng": -1}, r"rng must be a non-negative integer"),
        ({"margin": "half"}, r"margin must be a number"),
    ],
)
def test_bad_types(two, kwargs, match):
    refused(two, match, error=TypeError, **kwargs)


def test_groups_and_conditions_must_differ(two):
    with pytest.raises(ValueError, match=r"condition_key='cell_type' is the same column as groupby"):
        cs.tl.compare(two, "cell_type", condition_key="cell_type", sample_key="sample")


@pytest.mark.parametrize("column", ["condition", "sample", "cell_type"])
def test_missing_labels(two, column):
    a = with_obs(two, **{column: lambda obs: obs[column].where(np.arange(len(obs)) > 4)})
    refused(a, rf"adata.obs\['{column}'\] \(.*\) has 5 missing labels \(NaN\) among \d+ cells; leave these cells out")


def test_missing_covariate(two):
    a = with_obs(two, age=np.nan)
    refused(a, r"covariates: adata.obs\['age'\] has \d+ missing values", covariates=["age"])


def test_condition_within_a_sample(two):
    a = with_obs(two, donor="all")
    refused(a, r"condition_key='condition' varies within 1 of 1 samples .*patient_key='donor'", sample_key="donor")


def test_covariate_within_a_sample(two):
    a = with_obs(two, quality=lambda obs: np.arange(len(obs)) % 2)
    match = r"covariates: adata.obs\['quality'\] varies within 6 of 6 samples .*one value per sample"
    refused(a, match, covariates=["quality"])


def test_pair_within_a_sample(two):
    a = with_obs(two, clone=lambda obs: np.where(np.arange(len(obs)) % 2, "x", "y"))
    refused(a, r"patient_key: adata.obs\['clone'\] varies within", patient_key="clone")


def batch_of(obs, *, of):
    return obs["sample"].astype(str).map(of)


def test_covariate_confounded_with_condition(two):
    a = with_obs(two, batch=lambda obs: np.where(obs["condition"] == "case", "second run", "first run"))
    refused(
        a,
        r"'batch' is confounded with condition_key='condition' \(control: first run; case: second run\).*leave the cov",
        covariates=["batch"],
    )
    b = with_obs(two, dose=lambda obs: (obs["condition"] == "case") * 1e-7)
    refused(b, r"'dose' is confounded with condition_key", covariates=["dose"])


def test_covariates_that_repeat_each_other(two):
    a = with_obs(two, age=lambda obs: batch_of(obs, of=dict(zip(two.obs["sample"].cat.categories, [3, 7, 8, 2, 9, 4]))))
    a.obs["age"] = a.obs["age"].astype(float)
    a.obs["months"] = a.obs["age"] * 12
    a.obs["same"] = 1.0
    refused(a, r"'months' adds nothing that 'age' and the condition do not determine", covariates=["age", "months"])
    refused(a, r"'same' has the same value in all samples", covariates=["same"])


def test_more_coefficients_than_samples(two):
    kinds = dict(zip(two.obs["sample"].cat.categories, "abcdab"))
    a = with_obs(two, kind=lambda obs: batch_of(obs, of=kinds))
    a.obs["age"] = batch_of(a.obs, of=dict(zip(two.obs["sample"].cat.categories, [3.0, 7, 8, 2, 9, 5]))).astype(float)
    refused(a, r"the design has 6 coefficients .* for 6 samples, .*leave out covariates", covariates=["kind", "age"])


def test_patients_without_partner(stages):
    one_pair = stages[~stages.obs["sample"].isin(["primary_2", "primary_3"])].copy()
    kept = one_pair[one_pair.obs["condition"] != "metastasis"].copy()
    match = r"patient_key='patient': 1 of 3 patients have samples of two conditions.*without partner: patient_2"
    with pytest.raises(ValueError, match=match):
        cs.tl.balance(kept, "cell_type", **BASE, patient_key="patient", reference="normal")


def test_patients_that_do_not_connect(stages):
    # patients 1, 2: normal and primary; patient 3: metastasis only
    keep = ~(
        ((stages.obs["patient"] != "patient_3") & (stages.obs["condition"] == "metastasis"))
        | ((stages.obs["patient"] == "patient_3") & (stages.obs["condition"] != "metastasis"))
    )
    a = stages[keep.to_numpy()].copy()
    result = cs.tl.compare(a, "cell_type", **BASE, patient_key="patient", inplace=False)
    assert result.params["patient_design"] == "mixed"
    assert list(result.params["n_samples"]) == [2, 2, 1]
    refused(
        a, "sample_key='sample' gives 2 of normal, 2 of primary, 1 of met", patient_key="patient", contrast="metastasis"
    )
    with (
        pytest.warns(UserWarning, match="1 of 5 samples have no partner"),
        pytest.raises(ValueError, match="leaves no sample of condition"),
    ):
        cs.tl.balance(a, "cell_type", **BASE, patient_key="patient", contrast="metastasis")


def test_covariate_within_pairs(stages):
    ages = {"patient_1": 1.0, "patient_2": 5.0, "patient_3": 2.0}
    a = with_obs(stages, age=lambda obs: obs["patient"].astype(str).map(ages))
    a.obs["age"] = a.obs["age"].astype(float)
    refused(
        a, r"patient_key='patient' already accounts for .*leave 'age' out", patient_key="patient", covariates=["age"]
    )


def test_one_sample_per_condition():
    a = cohort(n_samples=1)
    match = r"needs at least two samples .*sample_key='sample' gives 1 of control, 1 of case\. Merge .*test='cells'"
    refused(a, match, test="samples")
    nameless = r"needs at least two samples .*no sample_key was given\. Name their column with sample_key="
    refused(a, nameless, test="permutation", sample_key=None)
    refused(a, r"no sample_key was given", sample_key=None, covariates=["patient"])
    refused(a, match, test="auto")
    refused(a, r"test='auto' needs .*no sample_key was given", sample_key=None)
    refused(a, r"covariates cannot be used when cells are compared", covariates=["patient"], test="cells")


def test_one_level_and_no_cells(two):
    refused(two[two.obs["condition"] == "case"].copy(), r"condition_key='condition' has 1 level \(case\)")
    refused(two[:0].copy(), r"adata is empty")


def test_second_factor(two):
    kinds = dict(zip(two.obs["sample"].cat.categories, ["LumA", "LumA", "LumA", "LumA", "TNBC", "TNBC"]))
    a = with_obs(two, subtype=lambda obs: batch_of(obs, of=kinds), same="x")
    refused(a, r"no sample has condition 'control' and subtype 'TNBC'.*cannot be estimated", factor_key="subtype")
    refused(a, r"factor_key='same' \(the second factor\) has one level", factor_key="same")


def test_normalised_data_only(two):
    a = two.copy()
    del a.layers["counts"]
    a.X = a.X.multiply(0.3).tocsr()
    with pytest.warns(UserWarning, match=r"those behind adata.X are taken, of scaled counts"):
        cs.tl.compare(a, "cell_type", **BASE, inplace=False)
    smoothed = a.X.toarray() + 0.1 * a.X.toarray().mean(axis=0)
    a.X = smoothed / smoothed.sum(axis=1, keepdims=True)
    with pytest.raises(ValueError, match=r"no whole numbers, and .* as normalised data do.*scale='lognorm'"):
        cs.tl.compare(a, "cell_type", **BASE)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(two, value):
    a = two.copy()
    del a.layers["counts"]
    a.X.data[7] = value
    with pytest.raises(ValueError, match=r"adata.X holds NaN or infinite values"):
        cs.tl.compare(a, "cell_type", **BASE)


def test_genes_of_another_kind(two):
    a = two.copy()
    a.var_names = [f"ENSG{i:011d}" for i in range(a.n_vars)]
    refused(a, r"var_names are Ensembl ids")
    a.var_names = ["X", *a.var_names[:-2], "X"]
    refused(a, r"are not unique")


def test_a_column_of_many_numbers_is_not_listed_in_full(two):
    a = with_obs(two, depth=lambda obs: np.arange(len(obs)) % 97)
    with pytest.raises(ValueError, match=r"varies within .* has 0, 1, .*, … \(\d+ in all\)\)") as error:
        cs.tl.compare(a, "cell_type", **(BASE | {"condition_key": "depth"}))
    assert len(str(error.value)) < 700


def test_the_result_says_how_many_rows_were_tested_and_why_not(two):
    result = cs.tl.compare(two, "cell_type", **BASE, inplace=False)
    tested = int(result.table["pvalue"].notna().sum())
    assert f"{tested:,} tested" in repr(result)
    assert f"reference {result.params['reference']!r}" in repr(result)
    left_out = result.extra["left_out"]
    few = int((result.table["status"] == "too_few_samples").sum())
    few += int(left_out.loc[left_out["status"] == "too_few_samples", "n_rows"].sum())
    assert f"{few:,} too few samples" in repr(result) or few == 0
    with pytest.warns(UserWarning, match=r"no row could be tested: .* 0 tested, .*cs\.get\.untested"):
        cs.tl.compare(two, "cell_type", **BASE, min_cells=32, inplace=False)
