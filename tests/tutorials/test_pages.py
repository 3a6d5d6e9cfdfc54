"""Pages for those who come from other tools, and how to cite: what they call exists, as they call it."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import commscore as cs

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "docs").glob("coming_from_*.md")), ROOT / "docs" / "methods.md", ROOT / "docs" / "cite.md"]


def function(name):
    """What ``cs.room.name`` is."""
    room, call = name.removeprefix("cs.").split(".")
    return getattr(getattr(cs, room), call)


def sources(text):
    """Python of the code blocks and of the spans of code that call something of ours."""
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    spans = [s for s in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S)) if "cs." in s]
    return blocks + [s.replace("…", "0").replace("...", "**{}") if "(" in s else s for s in spans]


def calls(text):
    """Every call of ours on a page, as (name, keywords, number of positional arguments)."""
    for source in sources(text):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("cs."):
                name = ast.unparse(node.func)
                if name.count(".") == 2:
                    yield name, [k.arg for k in node.keywords if k.arg], len(node.args)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_calls_fit_the_functions(path):
    found = list(calls(path.read_text(encoding="utf-8")))
    assert found
    for name, keywords, positional in found:
        parameters = inspect.signature(function(name)).parameters
        free = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        assert free or set(keywords) <= set(parameters), f"{name}: {keywords}"
        assert positional <= len(parameters), name


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_names_exist(path):
    for name in set(re.findall(r"\bcs\.(?:tl|get|pl|ds|rs)\.\w+", path.read_text(encoding="utf-8"))):
        assert callable(function(name)), name


def test_the_test_would_see_a_wrong_keyword():
    assert list(calls("`cs.tl.score(adata, 'a', nperm=3)`")) == [("cs.tl.score", ["nperm"], 2)]
    assert "nperm" not in inspect.signature(cs.tl.score).parameters


def test_methods_named_on_the_pages_exist_with_their_parameters():
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for source in sources(text):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "cs.tl.method":
                    for keyword in node.keywords:
                        assert keyword.arg in cs.tl.methods().set_index("method").at[node.args[0].value, "parameters"]
        for names in re.findall(r'(?<!_)method="(\w+)"', text):
            assert names in set(cs.tl.methods()["method"]), names


def test_columns_named_on_the_pages_are_columns():
    known = set(cs.tl.score(cs.ds.pbmc(), "cell_type", null=None, inplace=False).table)
    translated = {
        "score", "pvalue", "padj", "ligand_mean", "receptor_mean", "ligand_prop", "receptor_prop", "interaction",
        "ligand_complex", "receptor_complex", "mode", "null", "source", "target", "ligand", "receptor",
    }  # fmt: skip
    assert translated <= known
    text = " ".join(p.read_text(encoding="utf-8") for p in PAGES)
    assert all(f"`{name}`" in text for name in translated)


def test_citation_names_this_version_and_licence():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (\S+)$", text, re.M)[1] == cs.__version__
    assert re.search(r"^cff-version: 1\.2\.0$", text, re.M)
    assert re.findall(r"^  - ((?:BSD|CC).*)$", text, re.M) == ["BSD-3-Clause", "CC-BY-4.0"]
    page = (ROOT / "docs" / "cite.md").read_text(encoding="utf-8")
    assert f"commscore {cs.__version__} (" in page
    assert f"resource *breast* {cs.rs.load().version}," in page
