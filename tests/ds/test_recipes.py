"""Every recipe gives the data set that was made before by other means, where the original files are at hand."""

from __future__ import annotations

import csv
import io
import os
import tarfile
import types
from importlib import resources
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.io import mmwrite

import commscore as cs
from commscore.ds import _registry, recipes
from commscore.ds.recipes import _parts, breast_bassez2021, covid_balf2020, kang2018_25k, pbmc3k
from serving import serving

READY = Path(os.environ.get("COMMSCORE_DATA") or "no folder of public data")
ORIGINALS = READY / "originals"
BUILT = [name for name, entry in _registry.datasets().items() if entry.tested]
LARGE = ("breast_her2st_annotated8", "breast_chung2017", "skin_ctcl_gse128531")
KILOBYTES = 400


@pytest.fixture(scope="module")
def mirror():
    if not ORIGINALS.is_dir():
        pytest.skip("COMMSCORE_DATA names no folder with the original files")
    with serving(ORIGINALS) as server:
        yield server


def slow_if_large(name):
    return pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])


@pytest.mark.parametrize("name", map(slow_if_large, BUILT))
def test_a_recipe_gives_the_known_data(name, mirror, tmp_path, monkeypatch):
    monkeypatch.delenv("COMMSCORE_DATA")
    monkeypatch.setenv("COMMSCORE_MIRROR", mirror.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    adata, known = cs.ds.fetch(name, cache_dir=tmp_path), ad.read_h5ad(READY / f"{name}.h5ad")
    assert adata.obs_names.tolist() == known.obs_names.tolist()
    assert adata.var_names.tolist() == known.var_names.tolist()
    assert adata.X.dtype == known.X.dtype
    assert (adata.X != known.X).nnz == 0
    pd.testing.assert_frame_equal(adata.obs, known.obs)
    pd.testing.assert_frame_equal(adata.var, known.var)
    assert adata.obsm.keys() == known.obsm.keys()
    for key in known.obsm:
        np.testing.assert_array_equal(adata.obsm[key], known.obsm[key], strict=True)
    cached = ad.read_h5ad(tmp_path / f"{name}.h5ad")
    pd.testing.assert_frame_equal(cached.obs, known.obs)
    assert (cached.X != known.X).nnz == 0


def test_addresses_sizes_and_sums_are_those_of_the_originals(mirror):
    lines = (ORIGINALS / "manifest.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(lines, delimiter="\t")
    known = {(r["dataset"], r["file"], r["url"], int(r["bytes"]), r["sha256"]) for r in rows}
    registry = {
        (name, f"{name}__{f.file}", f.url, f.n_bytes, f.sha256)
        for name in BUILT
        for f in _registry.datasets()[name].files
    }
    assert registry == known


def test_every_data_set_has_a_recipe_and_tables_are_small():
    folder = resources.files(recipes)
    files = {p.name.removesuffix(".py") for p in folder.iterdir() if p.name.endswith(".py")}
    assert {name for name in files if not name.startswith("_")} == set(_registry.datasets())
    tables = [p for p in (folder / "tables").iterdir() if p.name.endswith(".tsv.gz")]
    assert {p.name.removesuffix(".tsv.gz") for p in tables} <= set(_registry.datasets())
    assert sum(len(p.read_bytes()) for p in tables) < KILOBYTES * 1000
    readme = (folder / "tables" / "README.md").read_text(encoding="utf-8")
    for path in tables:
        table = _parts.our_table(path.name.removesuffix(".tsv.gz"))
        assert table.index.is_unique
        assert table.notna().all(axis=None)
        assert all(f"`{column}`" in readme for column in table), path.name


def archive_of_10x(path, counts, barcodes, genes):
    matrix = io.BytesIO()
    mmwrite(matrix, sparse.coo_matrix(counts.T))
    texts = {"barcodes.tsv": "\n".join(barcodes), "genes.tsv": "\n".join(f"ENSG{i}\t{g}" for i, g in enumerate(genes))}
    parts = {"matrix.mtx": matrix.getvalue()} | {name: text.encode() for name, text in texts.items()}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in parts.items():
            member = tarfile.TarInfo(f"{pbmc3k.FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_blood_of_10x(tmp_path):
    """An archive as 10x makes it: more cells than pass the filter, in another order, a symbol that comes twice."""
    table = _parts.our_table("pbmc3k")
    barcodes = ["dropped-1", *table.index[::-1]]
    counts = np.zeros((len(barcodes), 4), dtype=int)
    counts[:, 0] = np.arange(len(barcodes))
    counts[:4, 1] = 7  # three of them are kept cells
    counts[:3, 2] = 5  # two of them are: too few
    counts[-3:, 3] = 9
    file = tmp_path / "pbmc3k_filtered_gene_bc_matrices.tar.gz"
    archive_of_10x(file, counts, barcodes, ["CD3E", "TBCE", "RARE", "TBCE"])
    adata = pbmc3k.build({file.name: file})
    assert adata.var_names.tolist() == ["CD3E", "TBCE", "TBCE-1"]
    assert adata.obs_names.tolist() == table.index.tolist()
    assert adata.X[:, 0].toarray().ravel().tolist() == list(range(len(table), 0, -1))
    assert adata.X[:, 2].sum() == 27
    assert adata.obs["cell_type"].value_counts()["CD4 T"] == 1146


def experiment(columns, *, named):
    """What rdata gives of a SingleCellExperiment of 2 genes × 3 cells; the matrix has no names where others have."""
    genes, cells = np.array(["A", "B"]), np.array(["c1", "c2", "c3"])
    matrix = sparse.csc_matrix(np.array([[1, 0, 2], [0, 3, 0]]))
    counts = types.SimpleNamespace(
        x=matrix.data.astype(float), i=matrix.indices, p=matrix.indptr, Dim=matrix.shape,
        Dimnames=[genes, cells] if named else [None, None],
    )  # fmt: skip
    data = types.SimpleNamespace(listData={"counts": counts})
    return types.SimpleNamespace(
        colData=types.SimpleNamespace(listData=columns, rownames="NULL" if named else cells),
        assays=types.SimpleNamespace(data=data),
        rowRanges=types.SimpleNamespace(partitioning=types.SimpleNamespace(NAMES="NULL" if named else genes)),
    )


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("recipe", "columns", "expected"),
    [
        (
            kang2018_25k,
            ("sample", "patient", "condition", "cell_type"),
            ["sample", "patient", "condition", "cell_type"],
        ),
        (breast_bassez2021, ("sample_id", "subType", "expansion_timepoint"), ["sample", "cell_type", "condition"]),
    ],
)
def test_experiments_of_r(recipe, columns, expected, named, monkeypatch):
    values = {np.str_(name): np.array(["x", "y", "x"]) for name in columns}
    monkeypatch.setattr(recipe, "r_objects", lambda path: experiment(values, named=named))
    file = _registry.datasets()[recipe.__name__.rpartition(".")[2]].files[0].file
    adata = recipe.build({file: None})
    assert adata.X.toarray().tolist() == [[1, 0], [0, 3], [2, 0]]
    assert (adata.obs_names.tolist(), adata.var_names.tolist()) == (["c1", "c2", "c3"], ["A", "B"])
    assert adata.obs.columns.tolist() == expected
    assert adata.obs.iloc[:, 0].cat.categories.tolist() == ["x", "y"]


def test_lavage_as_deposited(tmp_path):
    entry = _registry.datasets()["covid_balf2020"]
    obs = pd.DataFrame({"sample": ["C1", "C2"], "condition": ["Control", "Severe"], "celltype": "T"}, index=["a", "b"])
    file = tmp_path / entry.files[0].file
    ad.AnnData(np.eye(2), obs=obs, var=pd.DataFrame(index=["A", "B"])).write_h5ad(file)
    adata = covid_balf2020.build({file.name: file})
    assert {"cell_type", *entry.conditions, entry.sample} <= set(adata.obs)
    assert sparse.issparse(adata.X)
    assert adata.X.dtype == np.float32
