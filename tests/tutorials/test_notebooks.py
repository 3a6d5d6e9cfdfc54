"""The notebooks beside the tutorials' scripts: the same cells, with outputs that any viewer shows."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "tutorials").glob("*.py"))


@pytest.fixture(scope="module")
def make():
    """The script that writes the notebooks."""
    spec = importlib.util.spec_from_file_location("make_tutorials", ROOT / "docs" / "make_tutorials.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stored(script):
    return json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))


def test_every_script_has_a_notebook_and_no_notebook_is_alone():
    assert [p.stem for p in SCRIPTS] == sorted(p.stem for p in (ROOT / "tutorials").glob("*.ipynb"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_script_and_notebook_are_in_step(script, make):
    pytest.importorskip("jupytext")
    assert make.cells(stored(script)) == make.cells(make.read(script)), f"run docs/make_tutorials.py {script.stem}"
    assert make.in_step(script)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_notebook_was_run_from_the_first_cell_to_the_last(script, make):
    notebook = stored(script)
    assert make.faults(notebook) == []
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert script.with_suffix(".ipynb").stat().st_size < 1_000_000


def test_a_cell_that_changed_is_seen(make, tmp_path):
    pytest.importorskip("jupytext")
    script = tmp_path / SCRIPTS[0].name
    script.write_text(SCRIPTS[0].read_text(encoding="utf-8").replace("rng=0", "rng=1"), encoding="utf-8")
    assert not make.in_step(script)
    script.with_suffix(".ipynb").write_bytes(SCRIPTS[0].with_suffix(".ipynb").read_bytes())
    assert not make.in_step(script)
    script.write_bytes(SCRIPTS[0].read_bytes())
    assert make.in_step(script)


def test_faults_are_seen(make):
    outputs = [
        {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []},
        {"output_type": "stream", "name": "stdout", "text": ["wrote /home/me/x.csv\n"]},
    ]
    assert make.faults({"cells": [{"cell_type": "code", "outputs": outputs}]}) == [
        "it shows no figure",
        "error: KeyError: 'x'",
        "of this machine: /home/",
    ]


def test_the_place_of_a_warning_is_left_out(make):
    text = "/tmp/ipykernel_1/2.py:3: UserWarning: few genes\n  cs.tl.score(adata)\n"  # noqa: S108
    assert make.WARNING.sub(r"\1\n", text) == "UserWarning: few genes\n"
