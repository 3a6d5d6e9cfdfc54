from __future__ import annotations

import functools
import hashlib
import http.server
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from commscore.ds import _registry

NAMES = list(_registry.datasets())


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder served on the local machine: (folder, address)."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()
        thread.join()


@pytest.fixture
def toy(server, tmp_path, monkeypatch):
    """A registry with one data set that can be downloaded and one that cannot; (bytes, cache folder)."""
    folder, address = server
    counts = sparse.csr_matrix(np.arange(6, dtype=np.float32).reshape(2, 3))
    file = folder / "toy_cells.h5ad"
    ad.AnnData(X=counts, obs=pd.DataFrame(index=["a", "b"])).write_h5ad(file)
    content = file.read_bytes()
    text = "\n".join(
        f'[{name}]\nfile = "toy_cells.h5ad"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\nn_obs = 2\nn_vars = 3\n'
        f'title = "Toy"\naccession = "GSE0"\ndoi = ""\nlicence = "CC0"\nconditions = ["stage"]\nsample = "sample"\n'
        f'patient = ""\ngood_for = "tests"\noriginal = "https://example.org/toy"\nmade = "by hand"\nurl = "{url}"\n'
        for name, url in (("toy_cells", f"{address}/toy_cells.h5ad"), ("toy_manual", ""))
    )
    registry = _registry.parse(text)
    monkeypatch.setattr(_registry, "datasets", lambda: registry)
    monkeypatch.delenv("COMMSCORE_DATA", raising=False)
    return content, tmp_path / "cache"


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_downloads_once_then_reads_the_cache(toy, server):
    content, cache = toy
    adata = cs.ds.fetch("toy_cells", cache_dir=cache)
    np.testing.assert_array_equal(adata.X.toarray(), np.arange(6).reshape(2, 3))
    assert adata.uns["dataset"]["licence"] == "CC0"
    (server[0] / "toy_cells.h5ad").unlink()  # a second download would fail
    assert cs.ds.path("toy_cells", cache_dir=cache).read_bytes() == content
    assert [p.name for p in cache.iterdir()] == ["toy_cells.h5ad"]


def test_default_cache_is_the_users(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    file = cs.ds.path("toy_cells")
    assert tmp_path in file.parents
    assert "commscore" in str(file.relative_to(tmp_path))


def test_the_named_folder_comes_first_and_is_never_written(toy, tmp_path, monkeypatch):
    content, cache = toy
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "toy_cells.h5ad").write_bytes(content)
    cache.mkdir()
    (cache / "toy_cells.h5ad").write_bytes(b"never read")
    before = snapshot(folder)
    monkeypatch.setenv("COMMSCORE_DATA", str(folder))
    assert cs.ds.path("toy_cells", cache_dir=cache) == folder / "toy_cells.h5ad"
    assert cs.ds.fetch("toy_manual", cache_dir=cache).n_obs == 2
    assert snapshot(folder) == before


def test_the_cache_comes_second(toy, tmp_path, monkeypatch):
    _, cache = toy
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("COMMSCORE_DATA", str(empty))
    assert cs.ds.path("toy_cells", cache_dir=cache) == cache / "toy_cells.h5ad"
    assert list(empty.iterdir()) == []


def test_a_damaged_file_in_the_named_folder_is_an_error_and_stays(toy, tmp_path, monkeypatch):
    _, cache = toy
    (tmp_path / "toy_cells.h5ad").write_bytes(b"damaged")
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path))
    with pytest.raises(OSError, match="is damaged or another version"):
        cs.ds.fetch("toy_cells", cache_dir=cache)
    assert (tmp_path / "toy_cells.h5ad").read_bytes() == b"damaged"
    assert not cache.exists()


def test_a_damaged_file_in_the_cache_is_replaced(toy):
    content, cache = toy
    cache.mkdir()
    (cache / "toy_cells.h5ad").write_bytes(b"damaged")
    assert cs.ds.path("toy_cells", cache_dir=cache).read_bytes() == content


def test_a_damaged_file_in_the_cache_that_cannot_be_replaced_is_an_error(toy):
    _, cache = toy
    cache.mkdir()
    (cache / "toy_cells.h5ad").write_bytes(b"damaged")
    with pytest.raises(OSError, match=re.escape(str(cache)) + r".*is damaged or another version"):
        cs.ds.path("toy_manual", cache_dir=cache)


def test_nothing_is_kept_of_a_download_with_another_sum(toy, server):
    _, cache = toy
    (server[0] / "toy_cells.h5ad").write_bytes(b"something else")
    with pytest.raises(OSError, match=r"does not have the SHA-256 of 'toy_cells'.*nothing was kept"):
        cs.ds.fetch("toy_cells", cache_dir=cache)
    assert list(cache.iterdir()) == []


def test_a_failed_download_says_so(toy, server):
    _, cache = toy
    (server[0] / "toy_cells.h5ad").unlink()
    with pytest.raises(OSError, match=r"could not download 'toy_cells' from http://127\.0\.0\.1.*404"):
        cs.ds.fetch("toy_cells", cache_dir=cache)
    assert list(cache.iterdir()) == []


def test_concurrent_first_use_is_safe(toy):
    content, cache = toy
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda _: cs.ds.path("toy_cells", cache_dir=cache), range(8)))
    assert {f.read_bytes() for f in files} == {content}
    assert [p.name for p in cache.iterdir()] == ["toy_cells.h5ad"]


def test_no_direct_download_says_how_the_file_is_made(toy):
    _, cache = toy
    with pytest.raises(FileNotFoundError, match=r"https://example\.org/toy \(GSE0\)\. The file is: by hand"):
        cs.ds.fetch("toy_manual", cache_dir=cache)


def test_the_named_folder_must_be_a_folder(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(NotADirectoryError, match=r"COMMSCORE_DATA=.*nowhere.* is not a folder"):
        cs.ds.fetch("toy_cells", cache_dir=toy[1])


def test_another_shape_than_registered_is_an_error(toy, monkeypatch):
    entry = _registry.datasets()["toy_cells"]
    wrong = _registry.dataclasses.replace(entry, n_obs=5)
    monkeypatch.setattr(_registry, "datasets", lambda: {"toy_cells": wrong})
    with pytest.raises(OSError, match=r"holds \(2, 3\), but the registry says \(5, 3\)"):
        cs.ds.fetch("toy_cells", cache_dir=toy[1])


@pytest.mark.parametrize("call", [cs.ds.fetch, cs.ds.path])
def test_unknown_name_suggests(call):
    with pytest.raises(ValueError, match="no data set 'breast_chung'; did you mean 'breast_chung2017'"):
        call("breast_chung")
    with pytest.raises(TypeError, match="name must be a string, found 3"):
        call(3)


def test_list_says_where_each_file_is(toy, tmp_path, monkeypatch):
    content, cache = toy
    assert cs.ds.list(cache_dir=cache)["available"].tolist() == ["download", "manual"]
    cs.ds.path("toy_cells", cache_dir=cache)
    assert cs.ds.list(cache_dir=cache)["available"].tolist() == ["cache", "cache"]
    (tmp_path / "toy_cells.h5ad").write_bytes(content)
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path))
    assert cs.ds.list(cache_dir=cache)["available"].tolist() == ["COMMSCORE_DATA"] * 2


def test_the_packaged_registry_is_complete():
    table = cs.ds.list()
    assert table["name"].is_unique
    assert (table[["n_obs", "n_vars"]] > 0).all(axis=None)
    for entry in _registry.datasets().values():
        assert entry.file == f"{entry.name}.h5ad"
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert entry.doi == "" or re.fullmatch(r"10\.\d{4,}/\S+", entry.doi)
        assert all((entry.title, entry.accession, entry.licence, entry.good_for, entry.original, entry.made))
        assert entry.url == "" or entry.url.startswith("https://")
    assert len({e.sha256 for e in _registry.datasets().values()}) == len(NAMES)


@pytest.mark.skipif(not os.environ.get("COMMSCORE_DATA"), reason="COMMSCORE_DATA names no folder of public data")
@pytest.mark.parametrize("name", NAMES)
def test_real_file_is_what_the_registry_says(name):
    entry = _registry.datasets()[name]
    adata = cs.ds.fetch(name)
    assert sparse.issparse(adata.X)
    assert adata.X.dtype == np.float32
    assert (adata.X.data == np.round(adata.X.data)).all()
    assert adata.X.data.min() >= 0
    for column in (*entry.conditions, entry.sample, entry.patient, "cell_type"):
        assert column == "" or column in adata.obs, column
    for column in entry.conditions:
        assert adata.obs[column].nunique() > 1, column
