from __future__ import annotations

import dataclasses
import errno
import hashlib
import logging
import os
import re
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from commscore.ds import _download, _registry
from commscore.ds._facts import departure, facts_of
from serving import serving

NAMES = list(_registry.datasets())
PARTS = {"counts.tsv": "cell\tG1\tG2\tG3\nc1\t0\t1\t2\nc2\t3\t4\t5\n", "labels.csv": "c1,normal\nc2,tumour\n" * 9000}
FILES = [f"toy_cells__{name}" for name in PARTS]


def build(files):
    """Recipe of the toy data set: a table of counts, and another one of labels."""
    counts = pd.read_csv(files["counts.tsv"], sep="\t", index_col=0)
    labels = pd.read_csv(files["labels.csv"], header=None, index_col=0)[1].groupby(level=0).first()
    obs = pd.DataFrame({"cell_type": "T", "stage": pd.Categorical(labels), "sample": counts.index}, index=counts.index)
    return ad.AnnData(sparse.csr_matrix(counts.to_numpy("float32")), obs=obs, var=pd.DataFrame(index=counts.columns))


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The original files of the toy data set, served on this machine."""
    folder = tmp_path / "served"
    folder.mkdir()
    for name, text in PARTS.items():
        (folder / name).write_text(text, newline="")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("COMMSCORE_MIRROR", raising=False)
    with serving(folder) as served:
        served.folder = folder
        yield served


@pytest.fixture
def toy(server, tmp_path, monkeypatch):
    """A registry with one data set; its cache, which is still empty."""
    entry = toy_entry(server)
    monkeypatch.setattr(_registry, "datasets", lambda: {"toy_cells": entry})
    recipe = types.ModuleType("commscore.ds.recipes.toy_cells")
    recipe.build = build
    monkeypatch.setitem(sys.modules, recipe.__name__, recipe)
    monkeypatch.delenv("COMMSCORE_DATA", raising=False)
    monkeypatch.setattr(_download, "SECONDS_BETWEEN", 0.01)
    return tmp_path / "cache"


def toy_entry(server):
    names = [
        f'[[toy_cells.files]]\nurl = "{server.address}/{name}"\nn_bytes = {len(text)}\n'
        f'sha256 = "{hashlib.sha256(text.encode()).hexdigest()}"'
        for name, text in PARTS.items()
    ]
    text = (
        '[toy_cells]\nn_obs = 2\nn_vars = 3\ntitle = "Toy"\naccession = "GSE0"\ndoi = ""\nlicence = "CC0"\n'
        'conditions = ["stage"]\nsample = "sample"\npatient = ""\ngood_for = "tests"\n'
        'original = "https://example.org/toy"\nmade = "by hand"\n'
    )
    entry = _registry.parse("\n".join([text, *names]))["toy_cells"]
    facts = facts_of(build({name: server.folder / name for name in PARTS}))
    return dataclasses.replace(entry, facts=facts)


def files_in(folder):
    return sorted(str(p.relative_to(folder).as_posix()) for p in Path(folder).rglob("*") if p.is_file())


def test_downloads_and_builds_once_then_reads_the_cache(toy, server):
    adata = cs.ds.fetch("toy_cells", cache_dir=toy)
    np.testing.assert_array_equal(adata.X.toarray(), np.arange(6).reshape(2, 3))
    assert adata.obs["stage"].tolist() == ["normal", "tumour"]
    assert adata.uns["dataset"]["licence"] == "CC0"
    assert sorted(server.asked) == sorted(PARTS)
    assert files_in(toy) == sorted(["toy_cells.h5ad", *(f"originals/{name}" for name in FILES)])
    again = cs.ds.fetch("toy_cells", cache_dir=toy)
    assert len(server.asked) == 2  # nothing was asked for again
    pd.testing.assert_frame_equal(again.obs, adata.obs)
    assert cs.ds.path("toy_cells", cache_dir=toy) == toy / "toy_cells.h5ad"


def test_a_result_can_be_written_by_the_user(toy, tmp_path):
    adata = cs.ds.fetch("toy_cells", cache_dir=toy)
    adata.write_h5ad(tmp_path / "mine.h5ad")
    assert ad.read_h5ad(tmp_path / "mine.h5ad").uns["dataset"]["name"] == "toy_cells"


def test_default_cache_is_the_users(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    file = cs.ds.path("toy_cells")
    assert tmp_path in file.parents
    assert "commscore" in str(file.relative_to(tmp_path))


def test_a_mirror_is_the_folder_of_originals(toy, server, tmp_path, monkeypatch):
    cs.ds.path("toy_cells", cache_dir=toy)
    with serving(toy / "originals") as mirror:
        monkeypatch.setenv("COMMSCORE_MIRROR", f"{mirror.address}/")
        server.asked.clear()
        assert cs.ds.fetch("toy_cells", cache_dir=tmp_path / "elsewhere").n_obs == 2
        assert (sorted(mirror.asked), server.asked) == (sorted(FILES), [])


def test_a_mirror_is_not_trusted_where_no_sum_is_known(tmp_path, monkeypatch):
    monkeypatch.delenv("COMMSCORE_DATA", raising=False)
    monkeypatch.setenv("COMMSCORE_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(OSError, match=r"the SHA-256 of 'kang2018_25k' is not known.*unset COMMSCORE_MIRROR"):
        cs.ds.fetch("kang2018_25k", cache_dir=tmp_path)


def test_a_mirror_must_be_an_address(toy, monkeypatch):
    monkeypatch.setenv("COMMSCORE_MIRROR", "data/originals")
    with pytest.raises(ValueError, match=r"COMMSCORE_MIRROR='data/originals' is no address; give http://… or https"):
        cs.ds.fetch("toy_cells", cache_dir=toy)


def test_the_named_folder_comes_first_and_is_never_written(toy, server, tmp_path, monkeypatch):
    folder = cs.ds.path("toy_cells", cache_dir=tmp_path / "mine").parent
    before = {name: (folder / name).read_bytes() for name in files_in(folder)}
    toy.mkdir()
    (toy / "toy_cells.h5ad").write_bytes(b"never read")
    monkeypatch.setenv("COMMSCORE_DATA", str(folder))
    assert cs.ds.path("toy_cells", cache_dir=toy) == folder / "toy_cells.h5ad"
    assert cs.ds.fetch("toy_cells", cache_dir=toy).n_obs == 2
    assert {name: (folder / name).read_bytes() for name in files_in(folder)} == before
    assert len(server.asked) == 2


def test_what_the_named_folder_lacks_comes_from_the_cache(toy, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path / "empty"))
    assert cs.ds.path("toy_cells", cache_dir=toy) == toy / "toy_cells.h5ad"
    assert files_in(tmp_path / "empty") == []


def test_a_damaged_file_in_the_named_folder_is_an_error_and_stays(toy, tmp_path, monkeypatch):
    (tmp_path / "toy_cells.h5ad").write_bytes(b"damaged")
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path))
    with pytest.raises(OSError, match=r"toy_cells\.h5ad cannot be read: .*; remove it"):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert (tmp_path / "toy_cells.h5ad").read_bytes() == b"damaged"
    assert not toy.exists()


def test_a_damaged_file_in_the_cache_is_built_again(toy, server):
    cs.ds.path("toy_cells", cache_dir=toy)
    (toy / "toy_cells.h5ad").write_bytes(b"damaged")
    assert cs.ds.fetch("toy_cells", cache_dir=toy).X.sum() == 15
    assert len(server.asked) == 2  # from the originals in the cache
    assert ad.read_h5ad(toy / "toy_cells.h5ad").X.sum() == 15


def test_a_damaged_original_in_the_cache_is_loaded_again(toy, server):
    cs.ds.path("toy_cells", cache_dir=toy)
    (toy / "toy_cells.h5ad").unlink()
    (toy / "originals" / FILES[0]).write_bytes(b"damaged")
    assert cs.ds.fetch("toy_cells", cache_dir=toy).n_obs == 2
    assert server.asked[2:] == ["counts.tsv"]


@pytest.mark.parametrize("fault", ["cut", "byte", 503])
def test_what_time_may_mend_is_tried_again(toy, server, fault):
    server.faults["labels.csv"] = [fault, fault]
    assert cs.ds.fetch("toy_cells", cache_dir=toy).n_obs == 2
    assert server.asked.count("labels.csv") == 3


@pytest.mark.parametrize(
    ("fault", "n_asked", "reason"),
    [
        ("cut", 3, r".*(IncompleteRead|Connection broken).* \(3 attempts\)"),
        ("byte", 3, r"what came does not have the SHA-256 of the registry \([0-9a-f]{64}\) \(3 attempts\)"),
        (404, 1, "404 Client Error.*"),
        (500, 3, r"500 Server Error.* \(3 attempts\)"),
    ],
)
def test_what_stays_broken_is_one_clear_error_and_nothing_bad_is_kept(toy, server, fault, n_asked, reason):
    server.faults["labels.csv"] = [fault] * 9
    start = r"could not download 'toy_cells' from http://127\.0\.0\.1:\d+/labels\.csv: "
    with pytest.raises(OSError, match=rf"^{start}{reason}; nothing of this file was kept$"):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert server.asked.count("labels.csv") == n_asked
    assert files_in(toy) == [f"originals/{FILES[0]}"]  # the one that came in whole
    server.faults.clear()
    server.asked.clear()
    assert cs.ds.fetch("toy_cells", cache_dir=toy).n_obs == 2
    assert server.asked == ["labels.csv"]


def test_no_server_is_one_clear_error(toy, monkeypatch):
    monkeypatch.setenv("COMMSCORE_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(OSError, match=r"could not download 'toy_cells' from http://127\.0\.0\.1:9/toy_cells__counts"):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert files_in(toy) == []


@contextmanager
def small_disk(limit):
    """Let no file grow beyond ``limit`` bytes."""
    if sys.platform == "win32":
        pytest.skip("no limit on the size of files")
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_while_loading(toy):
    message = r"could not download 'toy_cells'.*labels\.csv: .*File too large; nothing of this file was kept$"
    with small_disk(1000), pytest.raises(OSError, match=message):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert files_in(toy) == [f"originals/{FILES[0]}"]
    assert cs.ds.fetch("toy_cells", cache_dir=toy).n_obs == 2


def test_a_disk_that_is_full_while_writing(toy, capfd):
    """One error, and not the pages that HDF5 prints."""
    cs.ds.path("toy_cells", cache_dir=toy).unlink()
    message = r"could not write .*toy_cells\.h5ad: .*File too large; nothing of it was kept, the originals stay"
    with small_disk(1000), pytest.raises(OSError, match=message):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert files_in(toy) == sorted(f"originals/{name}" for name in FILES)
    assert capfd.readouterr() == ("", "")
    assert cs.ds.fetch("toy_cells", cache_dir=toy).n_obs == 2


def test_half_a_file_is_removed_on_every_system(toy, monkeypatch):
    def write_half(file, content):
        with file.open("wb") as handle:
            handle.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write_half)
        with pytest.raises(OSError, match=r"could not write .*: .*No space left.*; nothing of it was kept"):
            cs.ds.fetch("toy_cells", cache_dir=toy)
    assert files_in(toy) == sorted(f"originals/{name}" for name in FILES)


def test_a_cache_that_cannot_be_a_folder_is_one_clear_error(toy):
    toy.write_bytes(b"a file")
    with pytest.raises(OSError, match=r"could not download 'toy_cells' from .*cache"):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert toy.read_bytes() == b"a file"


def test_concurrent_first_use_is_safe(toy):
    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(lambda _: cs.ds.fetch("toy_cells", cache_dir=toy).X.sum(), range(8)))
    assert sums == [15] * 8
    assert files_in(toy) == sorted(["toy_cells.h5ad", *(f"originals/{name}" for name in FILES)])


def test_the_named_folder_must_be_a_folder(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(NotADirectoryError, match=r"COMMSCORE_DATA=.*nowhere.* is not a folder"):
        cs.ds.fetch("toy_cells", cache_dir=toy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:1].copy(), r"holds \(1, 3\), but the registry says \(2, 3\)"),
        (lambda a: a[::-1].copy(), "holds other cells, genes or columns"),
        (lambda a: renamed(a, "stage", "step"), "has no column 'stage' in obs"),
        (lambda a: scaled(a, 2), "holds other counts"),
        (lambda a: scaled(a, 0.5), "holds values that are no counts"),
        (lambda a: relabelled(a), "holds other labels"),
    ],
)
def test_what_was_built_must_agree_with_what_is_known(toy, monkeypatch, change, message):
    recipe = sys.modules["commscore.ds.recipes.toy_cells"]
    monkeypatch.setattr(recipe, "build", lambda files: change(build(files)))
    with pytest.raises(OSError, match=rf"what was built of 'toy_cells' {message}.*nothing was kept"):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert files_in(toy) == sorted(f"originals/{name}" for name in FILES)


def test_a_recipe_that_fails_is_one_clear_error(toy, monkeypatch):
    monkeypatch.setattr(sys.modules["commscore.ds.recipes.toy_cells"], "build", lambda files: files["other.tsv"])
    with pytest.raises(OSError, match=r"the recipe of 'toy_cells' failed on the original.*: KeyError: 'other\.tsv'"):
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert not (toy / "toy_cells.h5ad").exists()


def test_sums_that_a_repository_publishes(monkeypatch):
    """What pooch reads of a DOI decides; a file that is not listed is refused before it is loaded."""
    import pooch

    repository = types.SimpleNamespace(registry={}, load_registry_from_doi=lambda: None)
    asked = []
    monkeypatch.setattr(pooch, "create", lambda **options: asked.append(options["base_url"]) or repository)
    with pytest.raises(ValueError, match=r"its repository lists no file 'a\.rds'"):
        _download._published_hash("doi:10.5281/zenodo.1/a.rds")
    repository.registry["a.rds"] = "md5:0123"
    assert _download._published_hash("doi:10.5281/zenodo.1/a.rds") == "md5:0123"
    assert asked == ["doi:10.5281/zenodo.1/"] * 2


def renamed(adata, old, new):
    adata.obs = adata.obs.rename(columns={old: new})
    return adata


def scaled(adata, factor):
    adata.X = adata.X * factor
    return adata


def relabelled(adata):
    adata.obs["stage"] = adata.obs["stage"].to_numpy()[::-1]
    return adata


@pytest.mark.parametrize(("entries", "step"), [([0, 4], [3, -3]), ([0, 1], [1, -1])])
def test_moved_counts_are_seen(toy, entries, step):
    """Other values with the same total; the same values in other places."""
    entry = _registry.datasets()["toy_cells"]
    adata = cs.ds.fetch("toy_cells", cache_dir=toy)
    assert departure(adata, entry) == ""
    adata.X.data[entries] += step
    assert departure(adata, entry) == "holds other counts than the registry says"


def test_data_that_nobody_built_before_are_marked(toy, monkeypatch):
    entry = dataclasses.replace(_registry.datasets()["toy_cells"], facts=None, tested=False, n_obs=0, n_vars=0)
    monkeypatch.setattr(_registry, "datasets", lambda: {"toy_cells": entry})
    with pytest.warns(UserWarning, match="'toy_cells' was never built by the authors") as caught:
        cs.ds.fetch("toy_cells", cache_dir=toy)
    assert caught[0].filename == __file__
    row = cs.ds.list(cache_dir=toy).iloc[0]
    assert (row["n_obs"] is pd.NA, bool(row["tested"])) == (True, False)


@pytest.mark.parametrize("known", [True, False])
def test_the_bar_counts_every_byte_once(toy, server, known):
    """Those of a file whose size is not known are counted as they come, and not when it is in the cache."""
    entry = _registry.datasets()["toy_cells"]
    n_bytes = entry.n_bytes
    if not known:
        entry = dataclasses.replace(entry, files=tuple(dataclasses.replace(f, n_bytes=0) for f in entry.files))
    server.faults["labels.csv"] = ["cut"]
    steps = []
    loader = _download._Loader(entry=entry, folder=toy, advance=steps.append)
    for original in entry.files * 2:  # the second time from the cache
        loader.load(original)
    assert min(steps) < 0 < max(steps)
    assert sum(steps) == (2 if known else 1) * n_bytes


def test_pooch_says_nothing_and_is_left_as_it_was(toy, capfd):
    import pooch

    before = (pooch.get_logger().level, list(pooch.get_logger().filters))
    cs.ds.fetch("toy_cells", cache_dir=toy)
    assert capfd.readouterr() == ("", "")
    assert (pooch.get_logger().level, list(pooch.get_logger().filters)) == before
    assert logging.getLogger("pooch").level == logging.NOTSET


@pytest.mark.parametrize("call", [cs.ds.fetch, cs.ds.path])
def test_unknown_name_suggests(call):
    with pytest.raises(ValueError, match="no data set 'breast_chung'; did you mean 'breast_chung2017'"):
        call("breast_chung")
    with pytest.raises(TypeError, match="name must be a string, found 3"):
        call(3)


def test_list_says_where_each_file_is(toy, tmp_path, monkeypatch):
    table = cs.ds.list(cache_dir=toy)
    assert table[["n_files", "megabytes", "available"]].to_numpy().tolist() == [[2, 0.2, "download"]]
    cs.ds.path("toy_cells", cache_dir=toy)
    assert cs.ds.list(cache_dir=toy)["available"].tolist() == ["cache"]
    (tmp_path / "toy_cells.h5ad").write_bytes(b"anything")
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path))
    assert cs.ds.list(cache_dir=toy)["available"].tolist() == ["COMMSCORE_DATA"]


def test_the_packaged_registry_is_complete():
    table = cs.ds.list()
    assert table["name"].is_unique
    for entry in _registry.datasets().values():
        assert entry.doi == "" or re.fullmatch(r"10\.\d{4,}/\S+", entry.doi)
        assert all((entry.title, entry.accession, entry.licence, entry.good_for, entry.original, entry.made))
        assert entry.facts is not None or not entry.tested
        assert len({f.file for f in entry.files}) == len(entry.files) > 0
        for original in entry.files:
            if original.url.startswith("doi:"):
                assert re.fullmatch(r"doi:10\.\d{4,}/[^/\s]+/[^/\s]+", original.url)
                continue
            assert original.url.startswith("https://")
            assert re.fullmatch("[0-9a-f]{64}", original.sha256)
            assert original.n_bytes > 0
            if "raw.githubusercontent.com" in original.url:
                assert re.search("/[0-9a-f]{40}/", original.url), "an address without a commit may change"


@pytest.mark.skipif(not os.environ.get("COMMSCORE_DATA"), reason="COMMSCORE_DATA names no folder of public data")
@pytest.mark.parametrize("name", NAMES)
def test_real_file_is_what_the_registry_says(name):
    entry = _registry.datasets()[name]
    if not (Path(os.environ["COMMSCORE_DATA"]) / f"{name}.h5ad").is_file():
        pytest.skip(f"COMMSCORE_DATA holds no {name}.h5ad")
    adata = cs.ds.fetch(name)
    assert sparse.issparse(adata.X)
    assert adata.X.dtype == np.float32
    for column in entry.conditions:
        assert adata.obs[column].nunique() > 1, column
