"""Counts with fractions: taken where someone calls them counts, said, and added up as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.study.counts import FRACTIONS, why_no_counts

KEYS = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
SAID = "numbers with fractions; they are taken as counts that were corrected"


@pytest.fixture(scope="module")
def cohort():
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    adata = cs.ds.simulate(n_samples=4, n_cells=200, shifts=[shift], rng=0)
    adata.X = adata.layers["counts"].toarray().astype(float)
    del adata.layers["counts"]
    return adata


def soup(counts):
    """Counts less what a profile of ambient RNA is expected to add, never below zero."""
    profile = counts.sum(axis=0) / counts.sum()
    return np.maximum(counts - 0.05 * counts.sum(axis=1, keepdims=True) * profile, 0)


def shared_out(counts):
    """A quarter of the counts, drawn by chance, could be of a gene that is not there, and are halved."""
    return counts * np.random.default_rng(0).choice([1, 1, 1, 0.5], counts.shape)


CORRECTED = {"scaled": lambda c: c * 0.93, "soup": soup, "shared out": shared_out}
NORMALISED = {
    "totals": lambda c: c / c.sum(axis=1, keepdims=True) * 1e4,
    "genes left out": lambda c: (c / c.sum(axis=1, keepdims=True) * 1e4)[:, :60],
    "log1p": lambda c: np.log1p(c / c.sum(axis=1, keepdims=True) * 1e4),
    "log1p, genes left out": lambda c: np.log1p(c / c.sum(axis=1, keepdims=True) * 1e4)[:, :60],
    "log2": lambda c: np.log2(1 + soup(c) / soup(c).sum(axis=1, keepdims=True) * 1e6),
    "log10": lambda c: np.log10(1 + soup(c) / soup(c).sum(axis=1, keepdims=True) * 1e6),
    "low": lambda c: np.log1p(soup(c) / soup(c).sum(axis=1, keepdims=True) * 1e4)[:, :60],
    "scaled": lambda c: (c - c.mean(axis=0)) / (c.std(axis=0) + 1),
}


@pytest.mark.parametrize("how", CORRECTED)
def test_corrected_counts_give_nearly_what_whole_ones_give(cohort, how):
    expected = cs.tl.compare(cohort, "cell_type", **KEYS).table
    data = cohort.copy()
    data.layers["corrected"] = CORRECTED[how](data.X)
    with pytest.warns(UserWarning, match=SAID):
        result = cs.tl.compare(data, "cell_type", counts_layer="corrected", **KEYS)
    assert result.params["counts_fractional"]
    planted = (expected["interaction"] == "CSF1^CSF1R") & (expected["source"] == "tumour")
    planted &= expected["target"] == "macrophage"
    effect, pvalue = (result.table.loc[planted, name].item() for name in ("ligand_effect", "ligand_pvalue"))
    assert effect == pytest.approx(expected.loc[planted, "ligand_effect"].item(), abs=0.3)
    assert pvalue < 0.01
    both = result.table["pvalue"].notna() & expected["pvalue"].notna()
    assert both.sum() > 0.8 * expected["pvalue"].notna().sum()
    assert np.corrcoef(result.table.loc[both, "effect"], expected.loc[both, "effect"])[0, 1] > 0.95


def test_a_layer_called_counts_is_taken_and_x_is_not(cohort):
    data = cohort.copy()
    data.X = soup(data.X)
    with pytest.raises(ValueError, match=r"adata.X holds numbers with fractions, which may be corrected"):
        cs.tl.compare(data, "cell_type", **KEYS)
    data.layers["counts"] = data.X
    with pytest.warns(UserWarning, match=SAID):
        by_layer = cs.tl.compare(data, "cell_type", **KEYS).table
    data.raw = data.copy()
    with pytest.warns(UserWarning, match=SAID):
        pd.testing.assert_frame_equal(cs.tl.compare(data, "cell_type", use_raw=True, **KEYS).table, by_layer)


@pytest.mark.parametrize("how", NORMALISED)
def test_normalised_values_are_no_counts_even_if_they_are_called_so(cohort, how):
    why = why_no_counts(NORMALISED[how](cohort.X))
    assert why
    assert why != FRACTIONS


def test_remnants_of_a_count_do_not_count_as_expressed(cohort):
    data = cohort.copy()
    data.X = data.X.copy()
    data.layers["counts"] = np.where(data.X > 0, data.X, 0.01)
    with pytest.warns(UserWarning, match=SAID):
        prop = cs.tl.compare(data, "cell_type", **KEYS).table["ligand_prop_ref"]
    np.testing.assert_array_equal(prop, cs.tl.compare(cohort, "cell_type", **KEYS).table["ligand_prop_ref"])


def test_totals_may_have_fractions_where_counts_do(cohort):
    data = cohort.copy()
    data.layers["counts"] = soup(data.X)
    data.obs["total"] = data.layers["counts"].sum(axis=1) * 1.001
    with pytest.warns(UserWarning, match=SAID):
        assert len(cs.tl.compare(data, "cell_type", library_key="total", **KEYS).table) > 0
    del data.layers["counts"]
    with pytest.raises(ValueError, match="not whole"):
        cs.tl.compare(data, "cell_type", library_key="total", **KEYS)
