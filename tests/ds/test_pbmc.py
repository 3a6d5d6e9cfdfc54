from __future__ import annotations

import socket

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

import commscore as cs
from commscore.ds import _pbmc


@pytest.fixture(scope="module")
def pbmc():
    return cs.ds.pbmc()


def test_expression_is_log1p_of_normalised_counts(pbmc):
    assert pbmc.shape == (700, 765)
    assert sparse.issparse(pbmc.X)
    assert pbmc.X.format == "csr"
    values = pbmc.X.data
    assert values.dtype == np.float32
    assert values.min() >= 0
    assert 5 < values.max() < 10
    # undone, a cell's values are its counts times one factor: the least one stands for one count
    cell = np.expm1(pbmc.X[0].toarray().ravel().astype(np.float64))
    cell = cell[cell > 0]
    np.testing.assert_allclose(cell / cell.min(), np.round(cell / cell.min()), rtol=2e-3)


def test_labels_are_those_of_scanpy(pbmc):
    assert (pbmc.obs["cell_type"] == pbmc.obs["bulk_labels"]).all()
    assert pbmc.obs["cell_type"].dtype == "category"
    assert pbmc.obs["cell_type"].nunique() == 10
    assert "louvain" in pbmc.obs
    assert pbmc.uns["dataset"]["doi"] == "10.1038/ncomms14049"


def test_needs_no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("network used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert cs.ds.pbmc().n_obs == 700


def test_every_call_gives_its_own_copy():
    first = cs.ds.pbmc()
    first.X.data[:] = 0
    assert cs.ds.pbmc().X.data.max() > 0


def test_survives_a_file(pbmc, tmp_path):
    pbmc.write_h5ad(tmp_path / "pbmc.h5ad")
    back = ad.read_h5ad(tmp_path / "pbmc.h5ad")
    assert (back.X != pbmc.X).nnz == 0
    assert back.uns["dataset"] == pbmc.uns["dataset"]


@pytest.mark.parametrize("values", [[-0.5, 1.2], [1.0, 2.0], [0.1, np.nan], [0.5, 300.5]])
def test_other_values_than_log1p_are_refused(values):
    with pytest.raises(RuntimeError, match="not log1p-normalised"):
        _pbmc._check_log1p(np.array(values))
