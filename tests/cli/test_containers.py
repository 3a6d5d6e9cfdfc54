"""Files of several tables: MuData files and SpatialData stores, and which table is read."""

from __future__ import annotations

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from commscore.cli import app
from commscore.cli._files import read

GENES = ["CXCL12", "CXCR4", "CSF1", "CSF1R", "MIF", "CD74"]
PAIRS = pd.DataFrame({"ligand": ["CXCL12", "CSF1"], "receptor": ["CXCR4", "CSF1R"]})
pytestmark = pytest.mark.filterwarnings("ignore:Writing zarr v2", "ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def cells():
    counts = np.random.default_rng(0).poisson(3, (120, 6)).astype("f4")
    obs = pd.DataFrame({"ct": pd.Categorical(["A", "B", "C"] * 40)}, index=[f"c{i}" for i in range(120)])
    x = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=GENES), layers={"counts": counts})


@pytest.fixture
def muon(cells, tmp_path):
    mudata = pytest.importorskip("mudata")
    proteins = ad.AnnData(cells.X[:, :2], obs=cells.obs[[]], var=pd.DataFrame(index=["p1", "p2"]))
    data = mudata.MuData({"adt": proteins, "rna": cells.copy()})
    data.obs["batch"] = ["x", "y"] * 60

    def write(name):
        path = tmp_path / name
        data.write(path) if path.suffix == ".h5mu" else data.write_zarr(path)
        return path

    return write


@pytest.fixture
def store(cells, tmp_path):
    """A SpatialData store as the package writes it: each table is an AnnData below ``tables``."""

    def write(**tables):
        path = tmp_path / "s.zarr"
        for folder in (path, path / "tables"):
            folder.mkdir(exist_ok=True)
            (folder / ".zgroup").write_text('{"zarr_format": 2}', encoding="utf-8")
        for name, adata in tables.items():
            adata.write_zarr(path / "tables" / name)
        return path

    return write


def same(adata, cells):
    np.testing.assert_array_equal(np.asarray(adata.X), cells.X)
    assert adata.obs_names.equals(cells.obs_names)
    assert list(adata.layers) == list(cells.layers)


@pytest.mark.parametrize("backed", [False, True])
@pytest.mark.parametrize("name", ["m.h5mu", "m.zarr"])
def test_a_modality_of_mudata(cells, muon, name, backed):
    path, said = muon(name), []
    adata = read(path, backed=backed, say=said.append)
    same(adata, cells)
    assert adata.obs["batch"].tolist() == ["x", "y"] * 60  # of the whole, beside its own columns
    assert said == ["reading modality 'rna' of adt, rna (--mod)"]
    assert read(path, backed=backed, mod="adt").shape == (120, 2)
    some = read(path, backed=backed, mod="rna", where=["batch=x"])
    assert (some.n_obs, set(some.obs["batch"])) == (60, {"x"})


def test_the_name_may_stand_in_the_path(muon):
    assert read(muon("m.h5mu") / "mod" / "adt").shape == (120, 2)


@pytest.mark.parametrize("backed", [False, True])
def test_a_table_of_spatialdata(cells, store, backed):
    same(read(store(cells=cells), backed=backed), cells)
    path, said = store(table=cells, nuclei=cells[:50].copy()), []
    same(read(path, backed=backed, say=said.append), cells)
    assert said == ["reading table 'table' of cells, nuclei, table (--table)"]
    assert read(path, backed=backed, table="nuclei").n_obs == 50


@pytest.mark.filterwarnings("ignore")  # what the package says of its own file
def test_a_store_that_the_package_wrote(cells, tmp_path):
    spatialdata = pytest.importorskip("spatialdata")
    path = tmp_path / "s.zarr"
    spatialdata.SpatialData(tables={"cells": cells}).write(path)
    same(read(path), cells)


BAD = {
    "two tables": ({}, "has several tables \\(cells, nuclei\\): name the one with the genes by --table"),
    "no such table": ({"table": "cell"}, "--table cell: FILE .* no such table .*cells, nuclei.*did you mean 'cells'"),
    "other option": ({"mod": "rna"}, "--mod rna: FILE .* has tables: use --table"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_clear_is_one_clear_error(cells, store, case):
    more, message = BAD[case]
    path = store(cells=cells, nuclei=cells)
    with pytest.raises(ValueError, match=message):
        read(path, **more)


def test_one_table_has_no_name(cells, tmp_path):
    cells.write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(ValueError, match=r"--mod rna: FILE .* holds one AnnData: leave it out"):
        read(tmp_path / "a.h5ad", mod="rna")
    (tmp_path / "b.h5mu").write_bytes(b"no file of this kind")
    with pytest.raises(ValueError, match=r"FILE .*b.h5mu cannot be read as AnnData"):
        read(tmp_path / "b.h5mu")


@pytest.mark.parametrize("kind", ["h5mu", "store"])
def test_commands_read_them(cells, muon, store, tmp_path, kind):
    path = muon("m.h5mu") if kind == "h5mu" else store(cells=cells)
    PAIRS.to_csv(tmp_path / "pairs.csv", index=False)
    tables = []
    cells.write_h5ad(tmp_path / "a.h5ad")
    named = {"h5mu": ["--mod", "rna"], "store": ["--table", "cells"]}[kind]
    for file, more in ((path, named), (path, []), (tmp_path / "a.h5ad", [])):
        args = ["score", file, *more, "--groupby", "ct", "--n-perms", 20, "--resource", tmp_path / "pairs.csv"]
        done = CliRunner().invoke(app, [*map(str, args), "--out", str(tmp_path / "t.csv"), "--json", "--quiet"])
        assert json.loads(done.stdout)["exit_code"] == 0, done.stdout
        tables.append(pd.read_csv(tmp_path / "t.csv"))
    for table in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], table)
    wrong = CliRunner().invoke(app, ["score", str(path), "--groupby", "ct", named[0], "absent"])
    assert wrong.exit_code == 2
    assert f"{named[0]} absent: FILE" in wrong.output
