"""Every parameter of a public function has a text in ``help()``; a text that several share is written once."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import commscore as cs
from commscore._docs import parameters
from commscore._shared_docs import SHARED, filled

SOURCES = sorted((Path(__file__).resolve().parents[1] / "src").rglob("*.py"))
PUBLIC = {
    f"{room.__name__}.{name}": getattr(room, name)
    for room in (cs.tl, cs.get, cs.pl, cs.ds, cs.rs, cs.report)
    for name in room.__all__
    if inspect.isfunction(getattr(room, name))
}
_SECTION = re.compile(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}|\Z)", re.M | re.S)
_WITH_TEXT = re.compile(r"^(\S[^\n]*)\n((?:    [^\n]+\n?)(?:    [^\n]*\n?|\n)*)", re.M)


def docstrings():
    """Yield the docstrings of public functions as they stand in the source."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "checked" in map(ast.unparse, node.decorator_list):
                yield ast.get_docstring(node) or ""


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_has_a_text(name):
    function = PUBLIC[name]
    named = list(inspect.signature(function).parameters)
    if len(named) > 2:
        texts = parameters(function)
        assert set(texts) == set(named)
        assert all(re.fullmatch(r"(?s).*[.…)]", text) for text in texts.values())


def test_a_text_is_written_once():
    sections = [section[1] + "\n" for doc in docstrings() for section in _SECTION.finditer(doc)]
    entries = [(name, " ".join(text.split())) for section in sections for name, text in _WITH_TEXT.findall(section)]
    assert len(entries) > 200
    assert [entry for entry, n in Counter(entries).items() if n > 1] == []
    shared = {(name.partition(" :")[0], text) for name, text in SHARED.items()}
    assert [entry for entry in entries if entry in shared] == []


def test_shared_texts_are_shared():
    lines = Counter(line for doc in docstrings() for line in doc.splitlines())
    assert {name: lines[name] for name in SHARED if lines[name] < 2} == {}


def test_a_parameter_without_a_text_gets_the_shared_one():
    doc = """Draw.

    Parameters
    ----------
    key : scores
    top
        Rows.
    unknown
    ax

    Returns
    -------
    ax
    """
    whole = filled(doc)
    assert (
        "    key\n        Key of the stored scores.\n    top\n        Rows.\n    unknown\n    ax\n        Axes" in whole
    )
    assert whole.endswith("-------\n    ax\n    ")
    assert filled(inspect.cleandoc(doc)) == inspect.cleandoc(whole)  # docstrings of Python 3.13 have no indent
    assert filled("No parameters.") == "No parameters."


def test_functions_work_without_docstrings():
    code = "import commscore as cs; f = cs.tl.score; assert_ = f.__doc__; print(assert_, f.__name__)"
    done = subprocess.run(
        [sys.executable, "-OO", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.split() == ["None", "score"]
