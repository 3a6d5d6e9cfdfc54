"""``--backed``: the same tables as in memory, from files that are read in blocks."""

from __future__ import annotations

import json
import warnings

import pandas as pd
import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import _files, app


def invoke(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    import scanpy as sc

    folder = tmp_path_factory.mktemp("backed")
    adata = cs.ds.simulate(n_samples=2, n_cells=200, rng=0)
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    adata.write_h5ad(folder / "a.h5ad")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_zarr(folder / "a.zarr")
    return folder


@pytest.mark.parametrize("name", ["a.h5ad", "a.zarr"])
def test_the_matrices_stay_in_the_file(files, name):
    adata = _files.read(files / name, backed=True)
    for matrix in (adata.X, adata.layers["counts"]):
        assert type(matrix).__module__.startswith("anndata.")
    assert adata.obs.equals(_files.read(files / name).obs)


COMMANDS = {
    "score": ["--n-perms", 50, "--untested"],
    "compare": ["--condition-key", "condition", "--sample-key", "sample", "--untested"],
    "circuits": ["--n-perms", 20, "--sample-key", "sample", "--untested"],
    "balance": ["--sample-key", "sample", "--condition-key", "condition", "--edges"],
    "profile": ["--sample-key", "sample"],
    "roles": [],
}


@pytest.mark.parametrize("name", ["a.h5ad", "a.zarr"])
@pytest.mark.parametrize("command", COMMANDS)
def test_tables_are_those_of_memory(files, tmp_path, command, name):
    tables = []
    for extra in ([], ["--backed"]):
        out, left_out = tmp_path / "t.csv", tmp_path / "u.csv"
        words = COMMANDS[command]
        beside = [left_out] if words and words[-1] in ("--untested", "--edges") else []
        done = invoke(command, files / name, "--groupby", "cell_type", *words, *beside, "--out", out, *extra)
        assert done.exit_code == 0, done.output
        tables.append((pd.read_csv(out), *(pd.read_csv(path) for path in beside)))
    for memory, disk in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(memory, disk, rtol=1e-9)


def test_some_cells_of_a_file(files):
    args = ["score", files / "a.h5ad", "--groupby", "cell_type", "--where", "sample=case_1", "--n-perms", 20]
    memory, disk = (json.loads(invoke(*args, "--json", "--quiet", *extra).stdout) for extra in ([], ["--backed"]))
    assert "error" not in memory | disk, memory | disk
    assert memory["input"]["n_obs"] == disk["input"]["n_obs"] == 200
    assert memory["rows"] == disk["rows"] > 0
    assert memory["significant"] == disk["significant"]


@pytest.mark.parametrize("extra", [["--normalize"], ["--data", "x.h5ad"], ["--out", "x.h5ad"]])
def test_what_needs_the_data_in_memory_is_refused(files, extra):
    done = invoke("score", files / "a.h5ad", "--groupby", "cell_type", "--backed", *extra)
    assert done.exit_code == 2
    assert "--backed" in done.output.splitlines()[-1]
