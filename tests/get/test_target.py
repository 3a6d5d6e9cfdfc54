"""Whether a result can be written is known before any work."""

from __future__ import annotations

import inspect

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.tl._score import _score

BAD_KEYS = [".", "..", "...", " ", "\t", "a ", " a", "a\nb", "\xa0", "\u200b", "a/b", "a\\b", "a\0b", "zarr.json",
            ".zgroup", ".zattrs", ".zarray", "x" * 300, "\ud800"]  # fmt: skip
GOOD_KEYS = ["commscore", "my scores", "day 2 | b^a", "a.b", ".hidden", "ü", "😀", "a;b,c", "x" * 200]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_no_file_holds_is_refused(key):
    with pytest.raises(ValueError, match=r"key_added=.* (has|is) "):
        cs.get._store.check_key(key)


@pytest.mark.filterwarnings("ignore:Writing zarr v2")
@pytest.mark.parametrize("key", GOOD_KEYS)
def test_other_keys_come_back_from_files(tmp_path, key):
    cs.get._store.check_key(key)
    adata = ad.AnnData(np.ones((2, 2), "f4"))
    adata.uns[key] = {"table": pd.DataFrame({"a": [1]}), "params": {"x": 1}}
    adata.write_h5ad(tmp_path / "a.h5ad")
    adata.write_zarr(tmp_path / "a.zarr")
    for read in (ad.read_h5ad(tmp_path / "a.h5ad"), ad.read_zarr(tmp_path / "a.zarr")):
        assert list(read.uns) == [key]
        assert set(read.uns[key]) == {"table", "params"}


@pytest.fixture
def view(tmp_path):
    adata = cs.ds.pbmc()
    adata.write_h5ad(tmp_path / "a.h5ad")
    backed = ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
    yield backed[(backed.obs["cell_type"] != "CD34+").to_numpy()]
    backed.file.close()


def test_a_view_of_a_backed_file_cannot_take_a_result(view, monkeypatch):
    monkeypatch.setattr(_score, "_problem", lambda *_, **__: pytest.fail("work was done"))
    with pytest.raises(ValueError, match=r"view of a backed file .*inplace=False.*to_memory\(\)"):
        cs.tl.score(view, "cell_type", n_perms=10)
    with pytest.raises(ValueError, match="view of a backed file"):
        cs.get.store(view, "commscore", cs.get.Result(pd.DataFrame(), {}, {}))


def test_a_view_of_a_backed_file_is_scored_like_memory(view):
    disk = cs.tl.score(view, "cell_type", n_perms=10, inplace=False).table
    memory = cs.tl.score(view.to_memory(), "cell_type", n_perms=10, inplace=False).table
    pd.testing.assert_frame_equal(disk, memory, rtol=1e-9)


def test_what_others_stored_is_not_replaced():
    adata = cs.ds.pbmc()
    with pytest.raises(ValueError, match=r"key_added='dataset': .*holds something else .*another key_added"):
        cs.tl.score(adata, "cell_type", n_perms=10, key_added="dataset")
    cs.tl.score(adata, "cell_type", n_perms=10)
    cs.tl.score(adata, "cell_type", n_perms=20)
    assert cs.get.params(adata)["n_perms"] == 20


def test_every_tool_that_stores_checks_first():
    storing = [
        getattr(cs.tl, n) for n in cs.tl.__all__ if "key_added" in inspect.signature(getattr(cs.tl, n)).parameters
    ]
    assert len(storing) >= 10
    for tool in storing:
        assert "check_target(adata, key_added, inplace=inplace)" in inspect.getsource(tool), tool.__name__
