"""On a cluster of processes: the same numbers as in memory, also when a worker dies on the way."""

from __future__ import annotations

import os

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from commscore.core.read import dask_arrays
from dying import DiesOnce

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

# an error in the loop of the cluster would be a deadlock
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

PAIRS = pd.DataFrame({"ligand": ["A", "A_B", "C", "E"], "receptor": ["C", "D", "E_F", "A"]})
N = 2400


@pytest.fixture(scope="module")
def cluster():
    """Two processes and a scheduler."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def cells():
    """Log-normalised values and counts of six samples."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1.0, 0.8, 8), (N, 8))
    sample = np.arange(N) % 6
    obs = pd.DataFrame(
        {"cell_type": rng.choice(["T", "B", "Ma"], N), "sample": [f"s{s}" for s in sample],
         "stage": np.where(sample % 2, "late", "early")},
        index=[f"c{i}" for i in range(N)],
    )  # fmt: skip
    x = sparse.csr_matrix(np.log1p(counts).astype(np.float32))
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=list("ABCDEFGH")), layers={"counts": x.expm1().rint()})


def lazily(cells, rows, read):
    a = ad.AnnData(obs=cells.obs, var=cells.var, shape=cells.shape)

    def of(x):
        array = da.from_array(x.toarray(), chunks=(rows, -1))
        return array.map_blocks(read, dtype=x.dtype, meta=sparse.csr_matrix((0, 0), dtype=x.dtype))

    a.X, a.layers["counts"] = of(cells.X), of(cells.layers["counts"])
    return a


def scored(adata, **options):
    return cs.tl.score(adata, "cell_type", resource=PAIRS, expr_prop=0.02, rng=1, inplace=False, **options).table


def compared(adata):
    return cs.tl.compare(
        adata, "cell_type", condition_key="stage", sample_key="sample", reference="early", resource=PAIRS, inplace=False
    ).table  # fmt: skip


def test_several_processes_give_the_same_bytes(cluster, cells, monkeypatch, tmp_path):
    monkeypatch.setattr(dask_arrays, "_ROWS", 300)
    assert len(cluster.run(os.getpid)) == 2
    for rows in (100, 700):
        lazy = lazily(cells, rows, sparse.csr_matrix)
        for options in ({"null": "analytic"}, {"n_perms": 30}):
            pd.testing.assert_frame_equal(scored(lazy, **options), scored(cells, **options))
        pd.testing.assert_frame_equal(compared(lazy), compared(cells))


def test_files_are_read_by_the_workers(cluster, cells, tmp_path):
    pytest.importorskip("xarray")
    if not hasattr(ad.experimental, "read_lazy"):
        pytest.skip("anndata before 0.12 does not read lazily")
    cells.write_h5ad(tmp_path / "cells.h5ad")
    lazy = ad.experimental.read_lazy(tmp_path / "cells.h5ad")
    pd.testing.assert_frame_equal(scored(lazy, null="analytic"), scored(cells, null="analytic"))


def test_a_worker_that_is_killed_changes_nothing(cluster, cells, monkeypatch, tmp_path):
    monkeypatch.setattr(dask_arrays, "_ROWS", 300)
    marker = tmp_path / "died"
    before = set(cluster.run(os.getpid).values())
    found = scored(lazily(cells, 100, DiesOnce(str(marker))), null="analytic")
    cluster.wait_for_workers(2, timeout=60)
    assert marker.exists()
    assert len(before - set(cluster.run(os.getpid).values())) == 1  # one of both is another process now
    pd.testing.assert_frame_equal(found, scored(cells, null="analytic"))
