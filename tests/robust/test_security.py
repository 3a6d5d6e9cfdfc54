"""Nothing in a file is run: no formula, no archive, no name in a report."""

from __future__ import annotations

import ast
import html.parser
import os
import re
import stat
import zipfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.ds import _registry
from commscore.rs.io import _read

SOURCE = Path(cs.__file__).parent
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "subprocess", "ctypes"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "extractall", "extract", "read_pickle",
                   "to_pickle"}  # fmt: skip
EVIL = "<script>alert(1)</script>"
HOSTILE = [EVIL, "</script><script>alert(2)</script>", "<!--<script>", "\u2028alert(3)", "]]>", '" onload="alert(4)',
           "' onerror='alert(5)", "javascript:alert(6)", "{{ 7 * 7 }}", "<img src=x onerror=alert(8)>"]  # fmt: skip


def calls_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


def code_made_of_data(path):
    """Return what of a file imports or calls what could run data as code."""
    tree, name = ast.parse(path.read_text(encoding="utf-8")), f"{path.parent.name}/{path.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {a.name for a in node.names} | {getattr(node, "module", None) or ""}
            for module in {m.partition(".")[0] for m in modules} & FORBIDDEN_MODULES:
                yield f"{name}:{node.lineno} imports {module}"
    for called, node in calls_of(tree):
        is_pattern = called == "compile" and getattr(getattr(node.func, "value", None), "id", "") == "re"
        if called in FORBIDDEN_CALLS and not is_pattern:
            yield f"{name}:{node.lineno} calls {called}"
        if any(k.arg in ("allow_pickle", "shell") for k in node.keywords):
            yield f"{name}:{node.lineno} allows pickle or a shell"
        # formulas are code: ours only, written down
        if called == "model_matrix" and not isinstance(node.args[0], ast.Constant):
            yield f"{name}:{node.lineno} makes a formula"


def test_no_code_is_made_of_data():
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 200
    assert [found for path in files for found in code_made_of_data(path)] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import os, pickle", "imports pickle"),
        ("from ctypes.util import find_library", "imports ctypes"),
        ("eval(x)", "calls eval"),
        ("compile(x)", "calls compile"),
        ("os.system(x)", "calls system"),
        ("np.load(x, allow_pickle=True)", "allows pickle or a shell"),
        ("model_matrix(x, data)", "makes a formula"),
        ("re.compile(x)", None),
        ("model_matrix('a + b', data)", None),
    ],
)
def test_code_made_of_data_would_be_seen(code, found, tmp_path):
    path = tmp_path / "file.py"
    path.write_text(code, encoding="utf-8")
    assert list(code_made_of_data(path)) == ([f"{tmp_path.name}/file.py:1 {found}"] if found else [])


@pytest.fixture
def cohort():
    return cs.ds.simulate(n_samples=3, n_cells=60, n_background=10, rng=0)


def expression_that_leaves(folder):
    return f"__import__('os').mkdir('{folder}')"


def test_the_name_of_a_covariate_is_no_formula(cohort, tmp_path):
    mark = tmp_path / "was_here"
    name = expression_that_leaves(mark)
    ages = dict(zip(cohort.obs["sample"].cat.categories, [3.0, 7, 8, 2, 9, 4], strict=True))
    cohort.obs["age"] = cohort.obs["sample"].astype(str).map(ages)
    cohort.obs[name] = cohort.obs["age"]
    cohort.obs["text"] = cohort.obs["sample"].astype(str).map(dict(zip(ages, [name, "b", name, "b", name, "b"])))
    keys = {"condition_key": "condition", "sample_key": "sample", "min_cells": 2, "inplace": False}
    named = cs.tl.compare(cohort, "cell_type", covariates=[name], **keys).table
    plain = cs.tl.compare(cohort, "cell_type", covariates=["age"], **keys).table
    pd.testing.assert_frame_equal(named, plain)
    cs.tl.compare(cohort, "cell_type", covariates=["text"], **keys)
    with pytest.raises(KeyError, match="is not a column"):
        cs.tl.compare(cohort, "cell_type", covariates=["age + condition"], **keys)
    assert not mark.exists()


def test_the_command_line_takes_names_of_columns_only(cohort, tmp_path):
    from commscore.cli import app

    mark, file = tmp_path / "was_here", tmp_path / "a.h5ad"
    cohort.write_h5ad(file)
    fixed = ["compare", str(file), "--groupby", "cell_type", "--condition-key", "condition", "--sample-key", "sample"]
    for option in ("--covariates", "--patient-key", "--factor-key"):
        done = CliRunner().invoke(app, [*fixed, option, expression_that_leaves(mark)])
        assert done.exit_code == 2
        assert "is not a column" in done.output
    assert not mark.exists()


class Page(html.parser.HTMLParser):
    """Tags with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.filterwarnings("ignore:.*labels that begin or end with a blank")
def test_nothing_named_in_data_is_run_by_a_report(tmp_path):
    groups = HOSTILE[:4]
    genes = [h.replace("_", "").replace("^", "").replace(" ", "").replace("\u2028", "") for h in HOSTILE[:6]]
    rng = np.random.default_rng(0)
    labels = np.repeat(groups, 8)
    x = rng.random((labels.size, len(genes))).astype(np.float32) + 0.5
    x[::5] = 0  # without zeros it would be denoised
    adata = ad.AnnData(x, obs=pd.DataFrame({EVIL: labels}, index=[f"c{i}" for i in range(len(x))]))
    adata.var_names = genes
    table = pd.DataFrame({"ligand": genes[:3], "receptor": genes[3:6]})
    for column in ("cited", "statement", "sender", "receiver", "context", "change", "source", "inferred_from"):
        table[column] = HOSTILE[: len(table)]
    resource = cs.rs.from_table(table, name=EVIL, version=EVIL, licence=EVIL)
    cs.tl.score(adata, EVIL, resource=resource, n_perms=5, key_added=EVIL.replace("/", ""))
    file = cs.report.write(adata, tmp_path / "r.html", title=EVIL, resource=resource)
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    runs = [attrs for tag, attrs in page.tags if tag == "script" and attrs.get("type") in (None, "module")]
    assert len(runs) == 1  # ours, known to the policy by its hash
    assert "script-src 'sha256-" in text
    assert text.count("alert(1)") > 5
    for bad in HOSTILE[:3]:
        assert bad not in text
    for tag, attrs in page.tags:
        assert tag not in ("iframe", "object", "embed", "base", "form")
        assert not [a for a in attrs if a.startswith("on")]
        for where in ("href", "src", "action", "xlink:href"):
            assert re.match(r"#|data:|https://doi\.org/|https?://", attrs.get(where) or "#"), attrs
    assert "49" not in re.findall(r"<h1[^>]*>(.*?)</h1>", text)


def test_links_of_what_is_shipped_are_http():
    for entry in _registry.datasets().values():
        for original in entry.files:
            assert re.match(r"https://|doi:", original.url), original
        assert re.match(r"https?://|$", entry.original.split(" ")[0] if "://" in entry.original else "")
    schemes = re.compile(r"\b(?:javascript|data|vbscript|file):\S*[/(]", re.I)
    for frame in cs.rs.load().tables.values():
        for column in frame.select_dtypes("object").columns:
            assert not frame[column].astype(str).str.contains(schemes).any(), column


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def everything_in(folder):
    return sorted(str(p) for p in folder.rglob("*"))


def link_to(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def test_archives_are_read_never_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(_read, "MAX_BYTES", 1_000_000)
    bomb = {f"x{i}_gene_input.csv": b"0" * 400_000 for i in range(4)}
    archives = {
        "outside.zip": {"../../gene_input.csv": "a"}, "absolute.zip": {"/tmp/gene_input.csv": "a"},  # noqa: S108
        "drive.zip": {"C:/gene_input.csv": "a"}, "bomb.zip": bomb, "many.zip": {f"{i}.csv": "a" for i in range(3000)},
        "link.zip": {link_to("gene_input.csv"): "/etc/passwd"}, "empty.zip": {}, "null.zip": {"a\x00b.csv": "a"},
    }  # fmt: skip
    for name, members in archives.items():
        path = zipped(tmp_path / name, members)
        before = everything_in(tmp_path)
        with pytest.raises((ValueError, FileNotFoundError), match=name) as found:
            cs.rs.from_cellphonedb(path)
        assert "root:" not in str(found.value)
        assert everything_in(tmp_path) == before


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_damaged_archives_are_refused(tmp_path, at):
    content = zipped(tmp_path / "a.zip", {"gene_input.csv": os.urandom(2000)}).read_bytes()
    i = int(at * len(content))
    for name, damaged in (("cut.zip", content[:i]), ("flipped.zip", content[:i] + bytes(50) + content[i + 50 :])):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises((ValueError, FileNotFoundError), match=name):
            cs.rs.from_cellphonedb(tmp_path / name)


def test_a_size_that_an_archive_declares_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(_read, "MAX_BYTES", 10_000)
    path = zipped(tmp_path / "liar.zip", {"gene_input.csv": b"0" * 100_000})
    content = path.read_bytes().replace((100_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"liar.zip: "):
        cs.rs.from_cellphonedb(path)
