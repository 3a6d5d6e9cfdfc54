"""Counts that come back from logarithms of scaled counts: the comparison is that of the counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

import commscore as cs
from commscore.study.recovered import recover_counts

KEYS = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
SAID = "no raw counts found; those behind adata.X are taken, of scaled counts or their logarithms: in 100.00% of"


@pytest.fixture(scope="module")
def cohort():
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    adata = cs.ds.simulate(n_samples=4, n_cells=200, shifts=[shift], rng=0)
    adata.X = adata.layers["counts"].astype(np.float32)
    return adata


def hidden(adata, **kwargs):
    """The same data, normalised, without counts."""
    other = adata.copy()
    other.layers.clear()
    other.raw = None
    other.X = adata.X.astype(np.float32).copy()
    sc.pp.normalize_total(other, **kwargs)
    sc.pp.log1p(other)
    return other


SCALED = {"to 10,000": {"target_sum": 1e4}, "to the median": {}, "to a million": {"target_sum": 1e6}}


@pytest.mark.parametrize("how", SCALED)
def test_the_comparison_is_that_of_the_counts(cohort, how):
    expected = cs.tl.compare(cohort, "cell_type", **KEYS).table
    with pytest.warns(UserWarning, match=SAID):
        result = cs.tl.compare(hidden(cohort, **SCALED[how]), "cell_type", **KEYS)
    pd.testing.assert_frame_equal(result.table, expected)
    assert result.params["counts_recovered"] == 1.0


def test_scaled_counts_without_a_logarithm(cohort):
    data = hidden(cohort)
    for total in (1.0, 1e6):
        data.X = cohort.X.multiply(total / cohort.X.sum(axis=1)).tocsr().astype(np.float32)
        assert recover_counts(data.X).logarithm == ""
        with pytest.warns(UserWarning, match=SAID):
            result = cs.tl.compare(data, "cell_type", **KEYS)
        pd.testing.assert_frame_equal(result.table, cs.tl.compare(cohort, "cell_type", **KEYS).table)


@pytest.mark.parametrize("name", ["skin_ctcl_gse128531", "breast_wu2021_CID4465"])
def test_counts_of_public_data_come_back(public_data, name):
    data = public_data(name)
    counts = sparse.csr_matrix(data.layers.get("counts", data.X))
    data.X = counts
    recovered = recover_counts(hidden(data).X)
    assert recovered.share == 1.0
    assert recovered.logarithm == "log1p"
    assert (recovered.matrix != counts).nnz == 0


@pytest.mark.parametrize(("name", "log"), [("log2(x + 1)", np.log2), ("log10(x + 1)", np.log10)])
def test_other_logarithms_and_dense_matrices(cohort, name, log):
    counts = cohort.X.toarray()
    recovered = recover_counts(log(1 + counts / counts.sum(axis=1, keepdims=True) * 1e4).astype(np.float32))
    assert recovered.logarithm == name
    np.testing.assert_array_equal(recovered.matrix.toarray(), counts)


def test_the_place_with_more_genes_is_taken(cohort):
    data = hidden(cohort)
    data.raw = data.copy()
    few = data[:, :40].copy()
    few.X = few.X.toarray() - few.X.toarray().mean(axis=0)
    expected = cs.tl.compare(cohort, "cell_type", **KEYS).table
    with pytest.warns(UserWarning, match=r"those behind adata\.raw\.X are taken"):
        pd.testing.assert_frame_equal(cs.tl.compare(few, "cell_type", **KEYS).table, expected)


def test_counts_come_first(cohort):
    data = hidden(cohort)
    data.layers["counts"] = cohort.X
    result = cs.tl.compare(data, "cell_type", **KEYS)  # without a word
    assert result.params["counts_recovered"] is None


def test_cells_that_do_not_come_back_are_left_out_and_counted(cohort):
    data = hidden(cohort)
    rows = np.arange(0, data.n_obs, 40)
    changed = data.X.toarray()
    changed[rows] *= 1.01  # no logarithm of counts any more
    data.X = sparse.csr_matrix(changed)
    kept = np.setdiff1d(np.arange(data.n_obs), rows)
    expected = cs.tl.compare(cohort[kept].copy(), "cell_type", **KEYS).table
    with pytest.warns(UserWarning, match=rf"in 97.50% of the cells .*; the other {rows.size} cells are left out"):
        result = cs.tl.compare(data, "cell_type", **KEYS)
    pd.testing.assert_frame_equal(result.table, expected)
    assert result.params["counts_recovered"] == pytest.approx(0.975)


NOT_COUNTS = {
    "corrected": lambda c: np.log1p(np.maximum(c - 0.1 * c.mean(axis=0), 0)),
    "imputed": lambda c: np.log1p(c + 0.3 * c.mean(axis=0)),
    "square roots": np.sqrt,
    "scaled": lambda c: c - c.mean(axis=0),
    "few values": lambda c: np.log1p(np.where(np.cumsum(c > 0, axis=1) <= 2, c, 0)),
}


@pytest.mark.parametrize("how", NOT_COUNTS)
def test_other_values_do_not_come_back(cohort, how):
    counts = cohort.X.toarray()
    values = NOT_COUNTS[how](counts / counts.sum(axis=1, keepdims=True) * 1e4).astype(np.float32)
    assert recover_counts(values) is None
    data = cohort.copy()
    data.layers.clear()
    data.X = values
    with pytest.raises(ValueError, match="no raw counts found"):
        cs.tl.compare(data, "cell_type", **KEYS)


def test_stored_comparisons_find_them_again(cohort):
    data = hidden(cohort)
    with pytest.warns(UserWarning, match=SAID):
        cs.tl.compare(data, "cell_type", **KEYS | {"inplace": True})
    with pytest.warns(UserWarning, match=SAID):
        again = cs.tl.leave_one_out(data, inplace=False).table
    cs.tl.compare(cohort, "cell_type", key_added="by_counts", **KEYS | {"inplace": True})
    pd.testing.assert_frame_equal(again, cs.tl.leave_one_out(cohort, "by_counts", inplace=False).table)
