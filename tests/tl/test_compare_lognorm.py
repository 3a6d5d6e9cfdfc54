"""Normalised values in place of counts: what they tell, and where depth forbids it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs

KEYS = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
WARNING = r"scale='lognorm': means of normalised values .* Depth differs by a factor of 1"


@pytest.fixture(scope="module")
def cohort():
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    adata = cs.ds.simulate(n_samples=4, n_cells=200, shifts=[shift], rng=0)
    adata.X = adata.layers["counts"].toarray().astype(float)
    return adata


def values_of(counts):
    """Log-normalised values of counts that were corrected, so that these do not come back."""
    corrected = np.maximum(counts - 0.02 * counts.mean(axis=0), 0)
    return np.log1p(corrected / corrected.sum(axis=1, keepdims=True) * 1e4)


def hidden(adata, counts=None):
    other = adata.copy()
    other.layers.clear()
    other.X = sparse.csr_matrix(values_of(adata.X if counts is None else counts))
    return other


def planted(table):
    edge = (table["interaction"] == "CSF1^CSF1R") & (table["source"] == "tumour") & (table["target"] == "macrophage")
    return table[edge].iloc[0]


def test_the_error_without_counts_names_the_way(cohort):
    with pytest.raises(ValueError, match=r"no raw counts found: .*cs.tl.compare takes scale='lognorm'.*less sure"):
        cs.tl.compare(hidden(cohort), "cell_type", **KEYS)


def test_effects_are_those_of_the_counts(cohort):
    counts = cs.tl.compare(cohort, "cell_type", **KEYS).table
    with pytest.warns(UserWarning, match=WARNING):
        result = cs.tl.compare(hidden(cohort), "cell_type", scale="lognorm", **KEYS)
    table = result.table
    assert set(table["scale"]) == {"lognorm"}
    assert set(counts["scale"]) == {"counts"}
    assert result.params["scale"] == "lognorm"
    assert planted(table)["ligand_effect"] == pytest.approx(planted(counts)["ligand_effect"], abs=0.4)
    assert planted(table)["ligand_pvalue"] < 0.01
    edge = ["contrast", "source", "target", "interaction"]
    both = counts.merge(table, on=edge, suffixes=("", "_log")).dropna(subset=["pvalue", "pvalue_log"])
    assert len(both) > 0.8 * counts["pvalue"].notna().sum()
    assert np.corrcoef(both["effect"], both["effect_log"])[0, 1] > 0.9


@pytest.mark.filterwarnings("ignore:scale='lognorm'")
def test_without_a_change_few_rows_are_significant():
    share = []
    for seed in range(4):
        null = cs.ds.simulate(n_samples=4, n_cells=150, rng=seed)
        null.X = null.layers["counts"].toarray().astype(float)
        pvalue = cs.tl.compare(hidden(null), "cell_type", scale="lognorm", **KEYS).table["pvalue"].dropna()
        share.append(float((pvalue <= 0.05).mean()))
    assert np.mean(share) < 0.1


def test_depth_that_follows_the_condition_is_refused(cohort):
    half = (cohort.obs["condition"] == cohort.obs["condition"].unique()[0]).to_numpy()
    thinned = np.random.default_rng(0).binomial(cohort.X.astype(int), np.where(half, 0.5, 1.0)[:, None]).astype(float)
    other = cohort.copy()
    other.layers.clear()
    other.X = np.log1p(thinned / thinned.sum(axis=1, keepdims=True) * 1e4)
    with pytest.raises(ValueError, match=r"depth follows the condition \(a factor of (1\.[89]|2).* between .*0\.31"):
        cs.tl.compare(other, "cell_type", scale="lognorm", **KEYS)


def test_a_layer_can_be_named(cohort):
    named = hidden(cohort)
    named.layers["norm"] = named.X
    named.X = None
    with pytest.warns(UserWarning, match=WARNING):
        table = cs.tl.compare(named, "cell_type", scale="lognorm", counts_layer="norm", **KEYS).table
    with pytest.warns(UserWarning, match=WARNING):
        pd.testing.assert_frame_equal(cs.tl.compare(hidden(cohort), "cell_type", scale="lognorm", **KEYS).table, table)


BAD = {
    "counts": ({}, "needs log-normalised values, and adata.X holds negative ones, NaN, or whole"),
    "word": ({"scale": "log"}, "scale='log' is not one of 'counts', 'lognorm'"),
    "library": ({"library_key": "total"}, "scale='lognorm' and library_key='total' exclude each other"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_one_clear_error(cohort, case):
    more, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        cs.tl.compare(cohort, "cell_type", **{"scale": "lognorm"} | more, **KEYS)


@pytest.mark.filterwarnings("ignore:scale='lognorm'")
def test_stored_comparisons_are_made_again_on_their_scale(cohort):
    data = hidden(cohort)
    cs.tl.compare(data, "cell_type", scale="lognorm", **KEYS | {"inplace": True})
    assert len(cs.tl.leave_one_out(data, inplace=False).table) > 0
