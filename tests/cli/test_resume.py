"""``--resume``: the work is left out where, and only where, its outputs are what it would make."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import app


def summary(*args):
    done = CliRunner().invoke(app, [*map(str, args), "--json", "--quiet"])
    return json.loads(done.stdout)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pbmc.h5ad"
    cs.ds.pbmc().write_h5ad(path)
    return path


@pytest.fixture
def base(file, tmp_path):
    return ["score", file, "--groupby", "cell_type", "--n-perms", 20, "--out", tmp_path / "t.csv", "--resume"]


def test_the_second_run_does_nothing_and_says_the_same(base, tmp_path):
    first = summary(*base)
    assert first["status"] == "done"
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}
    second = summary(*base)
    assert second["status"] == "up to date"
    assert second["exit_code"] == 0
    assert {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()} == before
    own = ("status", "seconds")
    assert {k: v for k, v in first.items() if k not in own} == {k: v for k, v in second.items() if k not in own}


def test_what_changes_no_output_does_not_matter(base, file):
    summary(*base)
    assert summary(*base, "--n-jobs", 1, "--rows", 3)["status"] == "up to date"
    moved = file.rename(file.with_name("moved.h5ad"))
    assert summary(*[moved if a is base[1] else a for a in base])["status"] == "up to date"


def test_a_changed_parameter_input_output_or_record_is_computed_again(base, file, tmp_path, monkeypatch):
    out, record = tmp_path / "t.csv", tmp_path / "t.csv.commscore.json"
    summary(*base)
    assert summary(*base, "--rng", 1)["status"] == "done"
    assert summary(*base)["status"] == "done"  # back to the first
    good = out.read_bytes()
    out.write_bytes(good[:-10])
    assert summary(*base)["status"] == "done"
    assert out.read_bytes() == good
    out.unlink()
    assert summary(*base)["status"] == "done"
    for text in ("{", "[]", "{}"):
        record.write_text(text)
        assert summary(*base)["status"] == "done"
    assert summary(*base, "--untested", tmp_path / "u.csv")["status"] == "done"
    assert summary(*base)["status"] == "done"
    adata = cs.ds.pbmc()[:600].copy()
    adata.write_h5ad(file)
    assert summary(*base)["input"]["n_obs"] == 600
    assert summary(*base)["status"] == "up to date"
    monkeypatch.setattr("commscore._version.__version__", "99")
    assert summary(*base)["status"] == "done"


def test_another_resource_of_the_same_name_is_computed_again(base, tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text("ligand,receptor\nHLA-DRA,CD4\n")
    first = summary(*base, "--resource", table)
    assert summary(*base, "--resource", table)["status"] == "up to date"
    table.write_text("ligand,receptor\nHLA-DRA,CD4\nMIF,CD74\n")
    again = summary(*base, "--resource", table)
    assert again["status"] == "done"
    assert again["resource"]["sha256"] != first["resource"]["sha256"]
    assert again["rows"] > first["rows"]


def test_a_failed_run_is_not_recorded(base, tmp_path):
    assert summary(*base, "--min-cells", 100_000)["exit_code"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pbmc.h5ad"]


def test_resume_of_an_absent_input(base, tmp_path):
    (tmp_path / "pbmc.h5ad").unlink()
    found = summary(*base)
    assert found["exit_code"] == 2
    assert "does not exist" in found["error"]
