"""What a summary says of input that is implausible, and of a run that could test nothing."""

from __future__ import annotations

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import _run, app

pytestmark = pytest.mark.filterwarnings("default")
PAIRS = pd.DataFrame({"ligand": ["CXCL12", "CSF1"], "receptor": ["CXCR4", "CSF1R"]})


def invoke(*args):
    done = CliRunner().invoke(app, [*(str(a) for a in args), "--json"])
    summary = json.loads(done.stdout)
    assert summary["exit_code"] == done.exit_code
    return summary, done.stderr


@pytest.fixture
def file(tmp_path):
    counts = np.random.default_rng(0).poisson(1, (120, 4)).astype("f4")
    obs = pd.DataFrame({"ct": ["A", "B", "C"] * 40}, index=[f"c{i}" for i in range(120)])
    genes = pd.DataFrame(index=["CXCL12", "CXCR4", "CSF1", "CSF1R"])
    adata = ad.AnnData(np.log1p(counts), obs=obs, var=genes, layers={"none": counts * 0})
    adata.X[:, [0, 2]] = 0  # no ligand is expressed
    adata.layers["counts"] = counts
    adata.layers["counts_no_ligand"] = counts * np.array([0, 1, 0, 1], "f4")
    adata.obs["sample"], adata.obs["condition"] = np.repeat(list("pqrs"), 30), np.repeat(["x", "y"], 60)
    adata.write_h5ad(tmp_path / "a.h5ad")
    PAIRS.to_csv(tmp_path / "pairs.csv", index=False)
    return tmp_path / "a.h5ad"


def call(file, command, *more):
    return invoke(command, file, "--groupby", "ct", "--resource", file.with_name("pairs.csv"), *more)


def test_a_run_that_tested_nothing_is_told_from_others(file, tmp_path):
    out, left_out = tmp_path / "t.csv", tmp_path / "u.csv"
    summary, log = call(file, "score", "--n-perms", 5, "--out", out, "--untested", left_out)
    assert (summary["exit_code"], summary["status"], summary["tested"]) == (_run.NOTHING_TESTED, "nothing tested", 0)
    assert any(w.startswith("nothing could be tested: no pair of groups") for w in summary["warnings"])
    assert "2 of 2 interactions of the resource can be tested" in log
    assert len(pd.read_csv(out)) == 0
    assert len(pd.read_csv(left_out)) == 2
    again, _ = call(file, "score", "--n-perms", 5, "--expr-prop", 0, "--out", out)
    assert (again["exit_code"], again["tested"]) == (0, 18)


def test_it_is_told_again_where_it_is_up_to_date(file, tmp_path):
    args = (file, "score", "--n-perms", 5, "--out", tmp_path / "t.csv", "--resume")
    first, _ = call(*args)
    again, _ = call(*args)
    assert again["status"] == "up to date"
    assert again["exit_code"] == first["exit_code"] == 4
    assert again["warnings"] == first["warnings"] != []


def test_a_comparison_too(file):
    keys = ["--condition-key", "condition", "--sample-key", "sample", "--reference", "x", "--min-cells", 5]
    summary, _ = call(file, "compare", *keys, "--counts-layer", "counts_no_ligand")
    assert (summary["exit_code"], summary["tested"]) == (4, 0)
    assert any(w.startswith("no row could be tested") for w in summary["warnings"])


def test_an_error_has_warnings_too(file):
    summary, _ = call(file, "score", "--layer", "absent")
    assert (summary["exit_code"], summary["warnings"]) == (2, [])


def test_the_summary_carries_warnings_once(tmp_path):
    adata = cs.ds.simulate(n_samples=1, n_cells=150, rng=0)
    adata.write_h5ad(tmp_path / "a.h5ad")
    args = ("score", tmp_path / "a.h5ad", "--groupby", "cell_type", "--normalize", "--n-perms", 5)
    summary, log = invoke(*args)
    assert summary["exit_code"] == 0
    (warning,) = (w for w in summary["warnings"] if "that RNA can show" in w)
    assert warning.startswith("only 22 of the 245 interactions of resource 'breast' (human) that RNA can show (9.0%")
    assert log.count(warning) == 1
    assert "22 of 327 interactions of the resource can be tested" in log
    assert (summary["parameters"]["n_testable"], summary["parameters"]["n_interactions"]) == (22, 327)


def test_therapies_of_an_empty_table(file, tmp_path):
    scored = tmp_path / "scored.h5ad"
    assert call(file, "score", "--n-perms", 5, "--out", scored)[0]["exit_code"] == 4
    summary, _ = invoke("therapies", scored, "--roles", '{"tumour": "A"}')
    assert (summary["exit_code"], summary["edges"], "tested" in summary) == (4, 0, False)
    assert summary["warnings"][-1] == "there is no edge to cut"


TH1 = ["IL2", "IL2RA", "IL2RB", "IL2RG", "IFNG", "IFNGR1", "IFNGR2", "TNF", "TNFRSF1A"]
"""Genes of the three steps of the circuit acute_th1_antitumour."""


@pytest.mark.parametrize(("silent", "n_steps"), [(["IL2", "TNF"], 1), (TH1, 0)])
def test_circuits_that_are_all_broken_may_have_tested_steps(tmp_path, silent, n_steps):
    counts = np.random.default_rng(0).poisson(1, (120, len(TH1))).astype("f4")
    obs = pd.DataFrame({"ct": ["A", "B", "C"] * 40}, index=[f"c{i}" for i in range(120)])
    adata = ad.AnnData(np.log1p(counts), obs=obs, var=pd.DataFrame(index=TH1))
    adata.X[:, [TH1.index(gene) for gene in silent]] = 0
    adata.write_h5ad(tmp_path / "a.h5ad")
    roles = ["--roles", '{"tumour": "A", "th1": "B", "cd8_t": "C"}', "--n-perms", 5]
    summary, log = invoke("circuits", tmp_path / "a.h5ad", "--groupby", "ct", *roles)
    assert summary["by_status"]["broken"] > 0
    assert summary["tested_by_table"] == {"circuits": 0, "edges": n_steps}
    assert (summary["tested"], summary["exit_code"]) == (n_steps, 0 if n_steps else _run.NOTHING_TESTED)
    assert ("nothing could be tested" in summary["warnings"]) == (n_steps == 0)
    assert "steps of circuits of the resource can be tested" in log
