"""Files and dask arrays give what memory gives, whatever their chunks, and are read in blocks."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from scipy import sparse

import commscore as cs
from commscore.core.read import dask_arrays, files
from commscore.core.read.tiles import Blocks, load
from commscore.study.expression import read_expression

da = pytest.importorskip("dask.array")
pytestmark = pytest.mark.filterwarnings("ignore:.* of all counts in")  # there are few others than those of the pairs

PAIRS = pd.DataFrame(
    {"ligand": ["A", "A_B", "C", "E"], "receptor": ["C", "D", "E_F", "A"]}, index=[f"i{k}" for k in range(4)]
)
N = 240


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    """So that a few hundred cells make many blocks."""
    monkeypatch.setattr(files, "VALUES", 160)
    monkeypatch.setattr(files, "MOST_ROWS", 50)
    monkeypatch.setattr(dask_arrays, "_ROWS", 70)


@pytest.fixture(scope="module")
def cells():
    """Counts of twelve samples, and log-normalised values; a gene that is rare, and cells without counts."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1.0, 1.5, 8), (N, 8))
    counts[:, 5] = rng.random(N) < 0.03
    counts[[0, 77, 78, 239]] = 0
    sample = np.arange(N) % 12
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(rng.choice(["T", "B", "Ma"], N), categories=["Ma", "T", "B"]),
            "sample": pd.Categorical([f"s{s:02d}" for s in sample]),
            "stage": pd.Categorical(np.where(sample % 2, "late", "early")),
            "age": sample.astype(float),
        },
        index=[f"c{i}" for i in range(N)],
    )
    a = ad.AnnData(sparse.csr_matrix(counts, dtype=np.float32), obs=obs, var=pd.DataFrame(index=list("ABCDEFGH")))
    depth = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    a.layers["counts"] = a.X.copy()
    a.X = sparse.csr_matrix(np.log1p(100 * counts / depth).astype(np.float32))
    a.raw = a
    return a


@pytest.fixture(scope="module")
def folder(cells, tmp_path_factory):
    """The same cells in files: compressed by rows, by columns, and dense."""
    folder = tmp_path_factory.mktemp("files")
    for name, kind in (("csr", sparse.csr_matrix), ("csc", sparse.csc_matrix), ("dense", lambda x: x.toarray())):
        a = cells.copy()
        a.X, a.layers["counts"] = kind(cells.X), kind(cells.layers["counts"])
        a.write_h5ad(folder / f"{name}.h5ad")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Writing zarr v2")  # which version is written, anndata decides
            a.write_zarr(folder / f"{name}.zarr")
    return folder


FILES = [f"{kind}.{ending}" for kind in ("csr", "csc", "dense") for ending in ("h5ad", "zarr")]


def stored(path):
    """The object with its matrices where they are, and the file to close."""
    if path.suffix == ".h5ad":
        file = h5py.File(path)
        return opened(file, ad.read_h5ad(path, backed="r")), file
    group = zarr.open(path, mode="r")
    return opened(group, ad.read_zarr(path)), None


def opened(group, like):
    def of(element):
        return ad.io.sparse_dataset(element) if isinstance(element, h5py.Group | zarr.Group) else element

    a = ad.AnnData(of(group["X"]), obs=like.obs, var=like.var)
    a.layers["counts"] = of(group["layers/counts"])
    if like.isbacked:
        like.file.close()
    return a


def dask_backed(cells, *, rows, columns=None, kind=sparse.csr_matrix):
    a = ad.AnnData(obs=cells.obs, var=cells.var, shape=cells.shape)

    def of(x):
        array = da.from_array(x.toarray(), chunks=(rows, columns or x.shape[1]))
        return array if kind is None else array.map_blocks(kind, dtype=x.dtype)

    a.X, a.layers["counts"] = of(cells.X), of(cells.layers["counts"])
    return a


DASK = {
    "dask csr 1000": {"rows": 1000},
    "dask csr 60": {"rows": 60},
    "dask csr 7": {"rows": 7},
    "dask csr (1, 100, 139)": {"rows": (1, 100, 139)},
    "dask csr_array": {"rows": 33, "kind": sparse.csr_array},
    "dask dense": {"rows": 50, "kind": None},
    "dask tiles": {"rows": 50, "columns": 3},
    "dask csc columns": {"rows": N, "columns": 3, "kind": sparse.csc_matrix},
}
SOME = ["csr.zarr", "csc.h5ad", "dask csr 60", "dask csc columns"]


@contextmanager
def in_container(way, cells, folder):
    """The cells in one container."""
    if way in DASK:
        yield dask_backed(cells, **DASK[way])
        return
    adata, file = stored(folder / way)
    yield adata
    if file is not None:
        file.close()


@pytest.fixture(params=[*FILES, *DASK])
def container(request, cells, folder):
    with in_container(request.param, cells, folder) as adata:
        assert isinstance(read_expression(adata, layer=None, use_raw=False).matrix, Blocks)
        yield adata


@pytest.fixture(params=SOME)
def some_container(request, cells, folder):
    with in_container(request.param, cells, folder) as adata:
        yield adata


def same(got, want, rtol=1e-9):
    pd.testing.assert_frame_equal(got, want, check_exact=False, rtol=rtol, atol=1e-12)


def scored(adata, **options):
    return cs.tl.score(adata, "cell_type", resource=PAIRS, expr_prop=0.02, rng=1, inplace=False, **options)


@pytest.mark.parametrize("null", ["analytic", "permutation"])
def test_score(container, cells, null):
    options = {"null": null, "n_perms": 60, "method": ["mean", "product"]}
    same(scored(container, **options).table, scored(cells, **options).table)


@pytest.mark.parametrize("null", ["analytic", "permutation"])
def test_score_over_samples(container, cells, null):
    options = {"null": null, "n_perms": 60, "method": ["mean", "product"], "sample_key": "sample"}
    same(scored(container, **options).table, scored(cells, **options).table)


@pytest.mark.parametrize("scheme", ["ring", "independent"])
def test_score_by_other_schemes(cells, some_container, scheme):
    options = {"n_perms": 40, "scheme": scheme}
    pd.testing.assert_frame_equal(scored(some_container, **options).table, scored(cells, **options).table)


@pytest.mark.parametrize("method", ["scaled", "logfc", "hill", "regularised", "consensus"])
def test_other_methods(cells, some_container, method):
    options = {"method": method, "null": None if method == "consensus" else "permutation", "n_perms": 25}
    same(scored(some_container, **options).table, scored(cells, **options).table)


def compared(adata, **options):
    options = {"sample_key": "sample", "resource": PAIRS, "min_cells": 2} | options
    return cs.tl.compare(adata, "cell_type", condition_key="stage", reference="early", inplace=False, **options)


def test_compare(container, cells):
    pd.testing.assert_frame_equal(compared(container).table, compared(cells).table)


@pytest.mark.filterwarnings("ignore:test='cells'")
def test_cells_compared(cells, some_container):
    want, got = (compared(a, test="cells").table for a in (cells, some_container))
    assert (want["unit"] == "cells").any()
    same(got, want)


def test_what_is_made_from_a_score(some_container, cells):
    tables = []
    for adata in (cells.copy(), some_container):
        cs.tl.score(adata, "cell_type", resource=PAIRS, expr_prop=0.02, n_perms=30)
        tables.append(cs.tl.recessive(adata, sample_key="sample", inplace=False).table)
        tables.append(cs.tl.profile(adata, "cell_type", sample_key="sample", resource=PAIRS, min_cells=2).to_df())
    same(tables[2], tables[0])
    same(tables[3], tables[1])


def test_a_backed_file_and_its_views(cells, folder):
    backed = ad.read_h5ad(folder / "csr.h5ad", backed="r")
    before = (folder / "csr.h5ad").read_bytes()
    same(scored(backed, n_perms=30).table, scored(cells, n_perms=30).table)
    same(scored(backed, n_perms=30, use_raw=True).table, scored(cells, n_perms=30).table)
    rows = np.flatnonzero(cells.obs["stage"] == "late")
    some = ["H", "C", "A", "E", "F"]
    for part, stays in (((rows, slice(None)), True), ((slice(20, 200, 3), some), True), ((rows[::-1], some), False)):
        view, want = backed[part], cells[part]
        assert isinstance(read_expression(view, layer=None, use_raw=False).matrix, Blocks) == stays
        same(scored(view, n_perms=30).table, scored(want, n_perms=30).table)
    cs.tl.score(backed, "cell_type", resource=PAIRS, n_perms=10)
    assert "commscore" in backed.uns
    backed.file.close()
    assert (folder / "csr.h5ad").read_bytes() == before


@pytest.mark.parametrize("name", ["csr.zarr", "csc.h5ad", "dense.zarr"])
def test_lazily_read(cells, folder, name):
    pytest.importorskip("xarray")
    if not hasattr(ad.experimental, "read_lazy"):
        pytest.skip("anndata before 0.12 does not read lazily")
    lazy = ad.experimental.read_lazy(folder / name)
    assert not isinstance(lazy.obs, pd.DataFrame)
    same(scored(lazy, n_perms=30).table, scored(cells, n_perms=30).table)
    pd.testing.assert_frame_equal(compared(lazy).table, compared(cells).table)
    same(scored(lazy, n_perms=30, use_raw=True).table, scored(cells, n_perms=30).table)
    one, two = (cs.tl.profile(a, "cell_type", sample_key="sample", resource=PAIRS, min_cells=2) for a in (lazy, cells))
    pd.testing.assert_frame_equal(one.obs[two.obs.columns], two.obs)


def test_what_looks_at_columns_of_cells_reads_lazy_ones(cells, folder, tmp_path):
    pytest.importorskip("xarray")
    if not hasattr(ad.experimental, "read_lazy"):
        pytest.skip("anndata before 0.12 does not read lazily")
    keys = {"condition_key": "stage", "sample_key": "sample", "reference": "early", "resource": PAIRS, "min_cells": 2}
    left_out, drawn = [], []
    for adata in (cells.copy(), ad.experimental.read_lazy(folder / "csr.zarr")):
        cs.tl.score(adata, "cell_type", resource=PAIRS, n_perms=10)
        cs.tl.compare(adata, "cell_type", **keys)
        left_out.append(cs.tl.leave_one_out(adata, resource=PAIRS, inplace=False).table)
        drawn.append([p.get_facecolor().tolist() for p in cs.pl.roles(adata, max_padj=None).collections])
        text = cs.report.write(adata, tmp_path / "r.html", resource=cs.rs.from_table(PAIRS), figures=False).read_text()
        assert "3 groups of cells (column cell_type)" in text
    assert len(left_out[0])
    pd.testing.assert_frame_equal(*left_out)
    assert drawn[0] == drawn[1]


def test_chunks_of_unknown_size(cells):
    adata = dask_backed(cells, rows=60)
    kept = np.arange(N) % 3 > 0
    unknown = adata.X[da.from_array(kept, chunks=60)]
    assert np.isnan(unknown.chunks[0][0])
    found = files.contained(unknown, "X")
    assert found.shape == (kept.sum(), 8)
    assert np.isnan(unknown.chunks[0][0])  # the user's array is as it was
    np.testing.assert_array_equal(load(found).toarray(), cells.X[kept].toarray())


def test_bad_values_are_refused(cells):
    for value, message in ((np.nan, "NaN or infinite"), (-1.0, "negative values")):
        bad = cells.copy()
        bad.X[200, 0] = value
        with pytest.raises(ValueError, match=message):
            scored(dask_backed(bad, rows=60))
    counts = dask_backed(cells, rows=60)
    counts.X = counts.layers["counts"]
    with pytest.raises(ValueError, match="only whole numbers"):
        scored(counts)
    late = cells.copy()
    late.layers["counts"][230, 0] = 0.5  # not in the first block, which is looked at to choose the layer
    with pytest.raises(ValueError, match="no raw counts found"):
        compared(dask_backed(late, rows=60))


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_read_that_fails_leaves_everything_as_it_was(cells, folder, error, monkeypatch):
    adata, file = stored(folder / "csr.h5ad")
    read = files.CsrOnDisk.read

    def interrupted(self, tile):
        if tile.start > 100:
            raise error
        return read(self, tile)

    monkeypatch.setattr(files.CsrOnDisk, "read", interrupted)
    keys = {"condition_key": "stage", "sample_key": "sample", "reference": "early"}
    for tool, more in ((cs.tl.score, {}), (cs.tl.compare, keys)):
        with pytest.raises(error):
            tool(adata, "cell_type", resource=PAIRS, **more)
    assert not adata.uns
    file.close()


def test_what_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="3 dimensions"):
        files.contained(da.zeros((2, 2, 2)), "adata.X")
    with pytest.raises(TypeError, match=r"adata.X is a builtins.str, which cannot be read"):
        files.contained("matrix", "adata.X")


def test_looking_for_counts_reads_one_block(cells):
    read = []

    def watched(block, block_info=None):
        read.append(block_info[0]["chunk-location"])
        return sparse.csr_matrix(block)

    array = da.from_array(cells.X.toarray(), chunks=(60, 8)).map_blocks(
        watched, dtype=np.float32, meta=sparse.csr_matrix((0, 0), dtype=np.float32)
    )
    values = files.first_values(files.contained(array, "X"))
    np.testing.assert_array_equal(values, cells.X[:60].data)
    assert read == [(0, 0)]


def test_blocks_stay_small(cells, folder):
    """No more than one block of rows is read at once, and none is made dense."""
    adata, file = stored(folder / "csr.h5ad")
    blocks = read_expression(adata, layer=None, use_raw=False).matrix
    tiles = blocks.tiles()
    assert [t.start for t in tiles] == [0, *(t.stop for t in tiles[:-1])]
    assert tiles[-1].stop == N
    for tile in tiles:
        block = blocks.read(tile)
        assert sparse.issparse(block)
        assert block.nnz <= 160
    file.close()


def test_columns_of_a_file_become_rows(cells, folder, monkeypatch):
    adata, file = stored(folder / "csc.h5ad")
    found = read_expression(adata, layer=None, use_raw=False).matrix
    columns = np.array([6, 0, 3, 7])
    want = cells.X[:, columns].toarray()
    for limit in (1 << 30, 100):  # in memory, and in a temporary file
        monkeypatch.setattr("commscore.core.read.tiles.IN_MEMORY", limit)
        np.testing.assert_array_equal(load(found.only(columns)).toarray(), want)
    file.close()


def made_of(alternatives, other):
    """A resource of one molecule that is made by either of some genes, and then by another."""
    res = cs.rs.from_table(pd.DataFrame({"ligand": ["met:x", "A"], "receptor": ["G", "E"]}))
    rows = [("1 first", gene, "producer", 1) for gene in alternatives] + [("2 second", other, "exporter", 1)]
    rows += [("", "H", "consumer", -1)]
    molecules = pd.DataFrame(rows, columns=["step", "gene", "role", "sign"]).assign(molecule="met:x", origin="local")
    return cs.rs.Resource("made", "", "", "CC0", "human", res.tables | {"molecules": molecules})


@pytest.mark.parametrize("null", ["analytic", "permutation"])
def test_virtual_genes_of_scores(container, cells, null):
    options = {"resource": made_of("EF", "B"), "molecules": "production", "null": null, "n_perms": 40, "rng": 1}
    options |= {"expr_prop": 0.02, "method": ["mean", "product"], "inplace": False}
    want, got = (cs.tl.score(a, "cell_type", **options).table for a in (cells, container))
    assert "met:x^G" in set(want["interaction"])
    assert "E+F" in set(want["ligand"])
    same(got, want)


@pytest.mark.filterwarnings("ignore:test='cells'")
@pytest.mark.parametrize("test", ["samples", "cells"])
def test_virtual_genes_of_comparisons(container, cells, test):
    options = {"resource": made_of("EF", "B"), "molecules": "production", "test": test, "n_perms": 30}
    want, got = (compared(a, **options).table for a in (cells, container))
    assert "met:x^G" in set(want["interaction"])
    assert want["subunit_ref"].astype(str).str.startswith("E+F").any()
    same(got, want)
