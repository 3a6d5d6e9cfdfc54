"""Which matrix a command means: X, a layer or raw, in memory and on disk, with and without ``--normalize``."""

from __future__ import annotations

import json
import re

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import app

GENES = ["CXCL12", "CXCR4", "CSF1", "CSF1R", "MIF", "CD74"]
PAIRS = pd.DataFrame({"ligand": ["CXCL12", "CSF1"], "receptor": ["CXCR4", "CSF1R"]})
COUNTS = np.random.default_rng(0).poisson(3, (120, 6)).astype("f4")
LOGNORM = np.log1p(COUNTS / COUNTS.sum(1, keepdims=True) * 1e4)
OBS = pd.DataFrame({"ct": pd.Categorical(["A", "B", "C"] * 40)}, index=[f"c{i}" for i in range(120)])
SUBSET = 4
"""Genes of X, where raw has all."""


def invoke(*args):
    done = CliRunner().invoke(app, [*(str(a) for a in args), "--json", "--quiet"])
    return json.loads(done.stdout)


def data(x=None, **layers):
    return ad.AnnData(x, obs=OBS, var=pd.DataFrame(index=GENES), layers=layers)


def with_raw(x, raw):
    adata = data(raw.copy())
    adata.raw = adata.copy()
    adata.X = x
    return adata[:, :SUBSET].copy()


@pytest.fixture
def score(tmp_path):
    PAIRS.to_csv(tmp_path / "pairs.csv", index=False)

    def run(adata, *more, out="table.csv", command="score"):
        file = tmp_path / "a.h5ad"
        if adata is not None:
            adata.write_h5ad(file)
        return invoke(command, file, "--groupby", "ct", "--n-perms", 20, "--resource", tmp_path / "pairs.csv",
                      "--out", tmp_path / out, *more)  # fmt: skip

    return run


@pytest.fixture(scope="module")
def expected():
    return cs.tl.score(data(LOGNORM), "ct", resource=PAIRS, n_perms=20, inplace=False).surest_first


COUNTS_IN = {
    "X": (lambda: data(COUNTS), []),
    "integers": (lambda: data(COUNTS.astype("i4")), []),
    "by columns": (lambda: data(sp.csc_matrix(COUNTS)), []),
    "a layer, no X": (lambda: data(counts=COUNTS), ["--layer", "counts"]),
    "a layer beside normalised X": (lambda: data(LOGNORM, counts=COUNTS), ["--layer", "counts"]),
    "a layer beside other counts": (lambda: data(COUNTS * 2, c=COUNTS, lognorm=COUNTS), ["--layer", "c"]),
    "raw": (lambda: with_raw(LOGNORM, COUNTS), ["--use-raw"]),
}


@pytest.mark.parametrize("place", COUNTS_IN)
def test_normalize_takes_the_matrix_that_is_scored(score, expected, tmp_path, place):
    make, more = COUNTS_IN[place]
    summary = score(make(), "--normalize", *more)
    assert summary["exit_code"] == 0, summary
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["interaction"].tolist() == expected["interaction"].tolist()
    np.testing.assert_allclose(table["score"], expected["score"], rtol=1e-5)


NO_COUNTS = {
    "no X": (lambda: data(counts=COUNTS), r"adata.X is None; .*adata.layers has counts"),
    "normalised": (lambda: data(LOGNORM, counts=COUNTS), "fractions.*normalised already.*--layer counts"),
    "normalised, raw": (lambda: with_raw(LOGNORM, COUNTS), "fractions.*adata.raw.X seems to hold.*--use-raw"),
    "NaN": (lambda: data(np.where(COUNTS == 3, np.nan, COUNTS)), "adata.X holds NaN or infinite"),
    "NaN, fractions": (lambda: data(np.where(COUNTS == 3, np.nan, LOGNORM)), "adata.X holds NaN or infinite"),
    "infinite": (lambda: data(np.where(COUNTS == 3, np.inf, COUNTS)), "adata.X holds NaN or infinite"),
    "of one total": (lambda: data(COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e3), "fractions.*normalised already"),
    "negative": (lambda: data(COUNTS - 1), "adata.X holds negative values"),
    "empty": (lambda: data(COUNTS * 0), "adata.X holds no counts"),
}


@pytest.mark.filterwarnings("default:.*numbers with fractions")
def test_corrected_counts_are_normalised_and_that_is_said(score, expected, tmp_path):
    summary = score(data(COUNTS * 0.93), "--normalize")
    assert summary["exit_code"] == 0, summary
    assert any("taken as counts that were corrected" in w for w in summary["warnings"])
    np.testing.assert_allclose(pd.read_csv(tmp_path / "table.csv")["score"], expected["score"], rtol=1e-5)


@pytest.mark.parametrize("case", NO_COUNTS)
def test_what_is_no_counts_is_one_clear_error(score, case):
    make, message = NO_COUNTS[case]
    summary = score(make(), "--normalize")
    assert summary["exit_code"] == 2
    assert re.search(message, summary["error"]), summary["error"]


@pytest.mark.parametrize(
    ("make", "more", "untouched", "layer"),
    [
        (lambda: data(COUNTS, counts=COUNTS), [], "counts", None),
        (lambda: data(COUNTS, counts=COUNTS * 2), [], "counts_2", None),
        (lambda: data(counts=COUNTS), ["--layer", "counts"], "counts", "lognorm"),
        (lambda: data(COUNTS * 3, counts=COUNTS, lognorm=COUNTS), ["--layer", "counts"], "counts", "lognorm_2"),
    ],
)
def test_a_written_file_keeps_all_counts_and_says_what_was_scored(score, tmp_path, make, more, untouched, layer):
    before = make()
    assert score(make(), "--normalize", *more, out="out.h5ad")["exit_code"] == 0
    made = ad.read_h5ad(tmp_path / "out.h5ad")
    np.testing.assert_array_equal(made.layers[untouched], COUNTS)
    assert all(np.array_equal(made.layers[n], before.layers[n]) for n in before.layers if n is not None)
    assert cs.get.params(made)["layer"] == layer
    scored = made.X if layer is None else made.layers[layer]
    np.testing.assert_allclose(scored, LOGNORM, rtol=1e-5)
    if layer is not None and before.X is not None:
        np.testing.assert_array_equal(made.X, before.X)


def test_counts_of_raw_are_not_lost_in_a_file(score, tmp_path):
    summary = score(with_raw(LOGNORM, COUNTS), "--normalize", "--use-raw", out="out.h5ad")
    assert summary["exit_code"] == 2
    assert "adata.raw has other genes" in summary["error"]
    assert not (tmp_path / "out.h5ad").exists()


def write_like_anndata_6(path, adata):
    """Write what anndata wrote before 0.7: compound tables, categories in ``uns``, ``raw.X``, h5sparse groups."""
    categories = {}

    def frame(file, name, table):
        columns = {"index": table.index.to_numpy().astype("S")}
        for column in table:
            columns[column] = table[column].cat.codes.to_numpy()
            categories[f"{column}_categories"] = table[column].cat.categories.to_numpy().astype("S")
        rows = np.empty(len(table), [(k, v.dtype) for k, v in columns.items()])
        for column, values in columns.items():
            rows[column] = values
        file[name] = rows

    def matrix(file, name, values):
        group = file.create_group(name)
        group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = "csr", np.array(values.shape)
        group["data"], group["indices"], group["indptr"] = values.data, values.indices, values.indptr

    with h5py.File(path, "w") as file:
        for name, table in (("obs", adata.obs), ("var", adata.var), ("raw.var", adata.raw.var)):
            frame(file, name, table)
        matrix(file, "X", sp.csr_matrix(adata.X))
        matrix(file, "raw.X", sp.csr_matrix(adata.raw.X))
        for name, values in adata.layers.items():
            matrix(file, f"layers/{name}", sp.csr_matrix(values))
        for name, values in categories.items():
            file[f"uns/{name}"] = values


@pytest.mark.filterwarnings("ignore:Moving element from:FutureWarning", "ignore::anndata.OldFormatWarning")
@pytest.mark.filterwarnings("ignore:Writing zarr v2")
@pytest.mark.parametrize("more", [[], ["--layer", "lognorm"], ["--use-raw"]])
@pytest.mark.parametrize("where", [[], ["--where", "half=x"]])
@pytest.mark.parametrize("kind", ["h5ad", "old h5ad", "zarr"])
def test_files_that_stay_on_disk_say_what_memory_says(tmp_path, kind, more, where):
    adata = with_raw(LOGNORM, LOGNORM * 0.5)
    adata.layers["lognorm"] = LOGNORM[:, :SUBSET] * 2
    adata.obs["ct"] = pd.Categorical(np.where(np.arange(120) < 60, "A", "B"))
    adata.obs["half"] = pd.Categorical(np.where(np.arange(120) % 2, "x", "y"))
    file = tmp_path / ("a.zarr" if kind == "zarr" else "a.h5ad")
    if kind == "old h5ad":
        write_like_anndata_6(file, adata)
    else:
        getattr(adata, f"write_{kind}")(file)
    PAIRS.to_csv(tmp_path / "pairs.csv", index=False)
    tables = []
    for backed in ([], ["--backed"]):
        summary = invoke("score", file, "--groupby", "ct", "--n-perms", 20, "--resource", tmp_path / "pairs.csv",
                         "--out", tmp_path / "t.csv", *more, *where, *backed)  # fmt: skip
        assert summary["exit_code"] == 0, summary
        assert summary["input"]["n_obs"] == (60 if where else 120)
        tables.append(pd.read_csv(tmp_path / "t.csv"))
    memory, disk = tables
    pd.testing.assert_frame_equal(memory, disk, rtol=1e-9)
    factor = {"": 1.0, "--layer": 2.0, "--use-raw": 0.5}["".join(more[:1])]
    first = memory.iloc[0]
    inside = ((adata.obs["ct"] == first["source"]) & (adata.obs["half"].isin(["x"]) | (not where))).to_numpy()
    column = GENES.index(first["ligand"])
    np.testing.assert_allclose(first["ligand_mean"], (LOGNORM[inside, column] * factor).mean(), rtol=1e-5)


@pytest.mark.parametrize("backed", [[], ["--backed"]])
def test_no_x_is_needed_where_a_layer_is_scored(score, backed):
    summary = score(data(lognorm=LOGNORM), "--layer", "lognorm", *backed)
    assert summary["exit_code"] == 0, summary
    assert summary["rows"] == 18


@pytest.mark.parametrize("backed", [[], ["--backed"]])
def test_counts_of_a_comparison_are_found_in_raw_on_disk_too(tmp_path, backed):
    adata = cs.ds.simulate(n_samples=2, n_cells=200, rng=0)
    adata.raw = adata.copy()
    adata.X = np.log1p(adata.X.toarray())
    del adata.uns["truth"], adata.layers["counts"]
    adata.write_h5ad(tmp_path / "a.h5ad")
    summary = invoke("compare", tmp_path / "a.h5ad", "--groupby", "cell_type", "--condition-key", "condition",
                     "--sample-key", "sample", "--reference", "control", *backed)  # fmt: skip
    assert summary["exit_code"] == 0, summary
    assert summary["parameters"]["counts"] == "adata.raw.X"
    assert summary["tested"] > 0


def test_what_the_result_would_replace_is_said_before_the_work(score):
    adata = data(LOGNORM)
    adata.uns["commscore"] = np.arange(3)
    summary = score(adata)
    assert summary["exit_code"] == 2
    assert "holds something else (ndarray)" in summary["error"]
