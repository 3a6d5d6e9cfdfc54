"""The workflows of the documentation: Snakemake's is run, Nextflow's calls are checked against the commands."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import app

PIPELINES = Path(__file__).resolve().parents[2] / "docs" / "pipelines"


def calls(text):
    """Every call of commscore as words, with what a workflow puts in replaced by X."""
    text = re.sub(r'"\n\s*"', "", text.replace("\\\\\n", " ").replace("\\\n", " "))
    for line in re.findall(r"^[ \"]*(commscore [^\n]*)", text, re.M):
        plain = re.sub(r"\$?\{[^{}]*\}", "X", line).strip().strip('"')
        yield shlex.split(plain.split(">")[0].split("2>")[0].replace('"', ""))


def options_of(command):
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    return set(re.findall(r"--[a-z][a-z-]*", done.output))


@pytest.mark.parametrize("path", ["snakemake/Snakefile", "nextflow/main.nf"])
def test_workflows_call_what_there_is(path):
    found = list(calls((PIPELINES / path).read_text(encoding="utf-8")))
    assert [words[1] for words in found] == ["score", "score", "compare", "report"]
    for words in found:
        unknown = {w for w in words if w.startswith("--")} - options_of(words[1])
        assert not unknown


def test_nextflow_retries_what_may_work_again():
    text = (PIPELINES / "nextflow" / "nextflow.config").read_text(encoding="utf-8")
    retried = set(map(int, re.search(r"exitStatus in \[([^\]]*)\]", text).group(1).split(",")))
    from commscore.cli import _run

    assert retried == {_run.MACHINE, _run.INTERRUPTED, 128 + 9, _run.TERMINATED}


def test_page_lists_every_exit_code():
    from commscore.cli import _run

    page = (PIPELINES / "index.md").read_text(encoding="utf-8")
    listed = {int(n) for row in re.findall(r"^\| ([\d, ]+) \|", page, re.M) for n in row.split(",")}
    assert listed == set(_run.EXIT_CODES)


@pytest.fixture(scope="module")
def snakemake():
    beside = Path(sys.executable).parent / "snakemake"
    found = str(beside) if beside.exists() else os.environ.get("COMMSCORE_SNAKEMAKE") or shutil.which("snakemake")
    if found is None:
        pytest.skip("running the workflow needs snakemake (pip install snakemake), or COMMSCORE_SNAKEMAKE names it")
    if importlib.util.find_spec("jinja2") is None:
        pytest.skip("the report of the workflow needs the extra 'report'")
    return found


@pytest.mark.slow
def test_the_snakemake_workflow_runs_and_then_has_nothing_to_do(snakemake, tmp_path):
    for path in (PIPELINES / "snakemake").iterdir():
        shutil.copy(path, tmp_path)
    cohort = cs.ds.simulate(n_samples=2, n_cells=200, rng=0)
    cohort.write_h5ad(tmp_path / "cohort.h5ad")
    here = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path)}

    def run():
        command = [snakemake, "--cores", "2", "--config", "n_perms=20"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | here)

    done = run()
    assert done.returncode == 0, done.stderr
    results = tmp_path / "results"
    for sample in ("control_1", "control_2", "case_1", "case_2"):
        summary = json.loads((results / "samples" / f"{sample}.json").read_text())
        assert summary["rows"] == len(pd.read_csv(results / "samples" / f"{sample}.csv")) > 0
        assert summary["input"]["n_obs"] == int((cohort.obs["sample"] == sample).sum())
    assert json.loads((results / "shifts.json").read_text())["rows"] == len(pd.read_csv(results / "shifts.csv"))
    assert "<html" in (results / "report.html").read_text(encoding="utf-8")
    for log in (tmp_path / "logs").iterdir():
        assert [json.loads(line)["level"] for line in log.read_text().splitlines()]
    assert "Nothing to be done" in run().stderr
