"""The command line, run as a user runs it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest
from typer.testing import CliRunner

import cohort_of_samples as slow
import commscore as cs
from commscore.cli import app
from commscore.cli._demo import NEXT

COMMAND = [str(Path(sys.executable).parent / "commscore")]


def invoke(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pbmc.h5ad"
    cs.ds.pbmc().write_h5ad(path)
    return path


def test_demo_writes_tables_and_figures(tmp_path):
    out = tmp_path / "demo"
    done = subprocess.run([*COMMAND, "demo", "--out", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout
    assert "resource 'breast+general'" in done.stdout
    assert "*: described" in done.stdout
    assert "wrote" in done.stderr
    for name in ("pbmc", "breast"):
        table = pd.read_csv(out / f"{name}.csv")
        assert (table["padj"] <= 0.05).sum() > 0
        best = table.sort_values(["padj", "score"], ascending=[True, False]).iloc[0]
        assert best["ligand_complex"] in done.stdout
        assert {"inferred", "listed"} <= set(table["basis"])
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert len(pd.read_csv(out / f"{name}_untested.csv")) > 0
    scores = pd.read_csv(out / "breast.csv")
    assert set(scores["unit"]) == {"samples"}  # twelve samples, not one pool of cells
    shifts = pd.read_csv(out / "breast_compare.csv")
    found = shifts[(shifts["padj"] <= 0.05) & (shifts["contrast"] == "stages")]
    # what was planted, and nothing else
    moves = set(zip(found["interaction"], found["driver"], found["shape"], strict=True))
    assert moves == {("CXCL12^CXCR4", "receptor", "peak"), ("CSF1^CSF1R", "ligand", "growth")}
    assert set(found["shift"]) == {"up"}
    row = next(line for line in done.stdout.splitlines() if "stages" in line and "CXCL12^CXCR4" in line)
    assert "peak" in row
    assert "warning" not in done.stderr
    assert done.stdout.rstrip().endswith(NEXT)


@pytest.mark.slow
def test_what_the_demo_says_to_type_next_runs(tmp_path, monkeypatch):
    cohort = cs.ds.simulate(n_samples=3, n_cells=150, conditions=["primary", "bone"], rng=0)
    cohort.obs["stage"] = cohort.obs["condition"]
    cohort.write_h5ad(tmp_path / "tumour.h5ad")
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(line) for line in NEXT.splitlines() if line.startswith("commscore ")]
    assert len(commands) == 4
    for _, *arguments in commands:
        done = invoke(*arguments)
        assert done.exit_code == 0, done.output
    assert {p.name for p in tmp_path.iterdir()} == {"tumour.h5ad", "scored.h5ad", "compared.h5ad", "report.html"}
    assert {"commscore", "commscore_compare"} <= set(ad.read_h5ad("compared.h5ad").uns)


def test_score_writes_what_the_library_gives(file, tmp_path):
    out, dots = tmp_path / "table.csv", tmp_path / "dots.svg"
    done = invoke("score", file, "--groupby", "cell_type", "--n-perms", 50, "--out", out, "--plot", dots)
    assert done.exit_code == 0, done.output
    expected = cs.tl.score(cs.ds.pbmc(), "cell_type", n_perms=50, inplace=False).surest_first
    written = pd.read_csv(out)
    assert list(written.columns) == list(expected.columns)
    assert written["pvalue"].tolist() == pytest.approx(expected["pvalue"].tolist())
    drawn = dots.read_text()
    assert drawn.lstrip().startswith("<?xml")
    words = set(re.findall(r"<text[^>]*>([^<]+)</text>", drawn))  # text, not outlines of letters
    assert {"score", "−log10 padj"} <= words
    assert any("^" in word for word in words)
    assert not list(tmp_path.glob(".commscore-*"))


@pytest.mark.parametrize("name", ["out.h5ad", "out.tsv", "out.csv.gz"])
def test_score_endings(file, tmp_path, name):
    out = tmp_path / name
    done = invoke("score", file, "--groupby", "cell_type", "--n-perms", 20, "--out", out)
    assert done.exit_code == 0, done.output
    if name == "out.h5ad":
        import anndata

        assert len(cs.get.table(anndata.read_h5ad(out))) > 0
    else:
        assert len(pd.read_csv(out, sep="\t" if "tsv" in name else ",")) > 0


def test_counts_can_be_normalised(tmp_path):
    adata = cs.ds.simulate(n_samples=1, n_cells=200, rng=0)
    adata.write_h5ad(tmp_path / "counts.h5ad")
    refused = invoke("score", tmp_path / "counts.h5ad", "--groupby", "cell_type")
    assert refused.exit_code == 2
    assert "raw counts" in refused.output
    done = invoke("score", tmp_path / "counts.h5ad", "--groupby", "cell_type", "--normalize", "--n-perms", 20)
    assert done.exit_code == 0, done.output


BAD = {
    "no file": (["score", "absent.h5ad", "--groupby", "x"], "does not exist"),
    "no column": (["score", "FILE", "--groupby", "cel_type"], "did you mean 'cell_type'"),
    "ending": (["score", "FILE", "--groupby", "cell_type", "--out", "x.xlsx"], "must end in one of"),
    "folder": (["score", "FILE", "--groupby", "cell_type", "--out", "absent/x.csv"], "does not exist"),
    "resource": (["score", "FILE", "--groupby", "cell_type", "--resource", "brest"], "did you mean 'breast'"),
    "onto itself": (["score", "FILE", "--groupby", "cell_type", "--out", "FILE"], "is the input file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_code_2(file, case):
    args, message = BAD[case]
    before = file.read_bytes()
    done = invoke(*[str(file) if a == "FILE" else a for a in args])
    assert done.exit_code == 2
    line = [x for x in done.output.splitlines() if x.startswith("commscore: error:")]
    assert len(line) == 1
    assert message in line[0]
    assert file.read_bytes() == before


def test_help_has_examples():
    done = invoke("score", "--help")
    assert done.exit_code == 0
    assert "commscore score tumour.h5ad" in done.output
    assert "demo" in invoke("--help").output
    assert cs.__version__ in invoke("--version").output


def test_consensus_is_shown_and_written(file, tmp_path):
    out, dots = tmp_path / "ranks.csv", tmp_path / "ranks.png"
    done = invoke(
        "score", file, "--groupby", "cell_type", "--method", "consensus", "--n-perms", 20, "--out", out, "--plot", dots
    )
    assert done.exit_code == 0, done.output
    best = pd.read_csv(out).sort_values(["magnitude_rank", "specificity_rank"]).iloc[0]
    assert best["ligand_complex"] in done.stdout
    assert dots.read_bytes().startswith(b"\x89PNG")


def test_normalised_data_are_not_normalised_again(file):
    done = invoke("score", file, "--groupby", "cell_type", "--normalize")
    assert done.exit_code == 2
    assert "normalised already" in done.output


def test_score_over_samples(tmp_path):
    adata = slow.cohort()
    adata.write_h5ad(tmp_path / "cohort.h5ad")
    slow.PAIRS.to_csv(tmp_path / "pairs.csv", index=False)
    out, dots = tmp_path / "table.csv", tmp_path / "dots.png"
    shared = ("--groupby", "cell_type", "--n-perms", 50, "--resource", tmp_path / "pairs.csv", "--out", out)
    done = invoke("score", tmp_path / "cohort.h5ad", *shared, "--sample-key", "sample", "--plot", dots)
    assert done.exit_code == 0, done.output
    options = {"sample_key": "sample", "resource": slow.PAIRS, "n_perms": 50, "inplace": False}
    expected = cs.tl.score(adata, "cell_type", **options).surest_first
    written = pd.read_csv(out)
    assert list(written.columns) == list(expected.columns)
    for column in ("pvalue", "pvalue_within", "excess", "n_samples"):
        assert written[column].tolist() == pytest.approx(expected[column].tolist())
    done = invoke("score", tmp_path / "cohort.h5ad", *shared, "--sample-key", "smple")
    assert done.exit_code == 2
    assert "did you mean 'sample'" in done.output
