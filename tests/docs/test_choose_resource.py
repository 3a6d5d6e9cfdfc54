"""The page "Choose a resource" says what was measured, and its words are those of the library."""

from __future__ import annotations

import re
from pathlib import Path

from commscore import rs
from commscore.rs import _named

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "choose_resource.md").read_text(encoding="utf-8")


def numbers(text, heading):
    """Rows of the first table below a heading, their cells that are whole numbers."""
    lines = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].splitlines()
    rows = ([cell.strip().replace(",", "") for cell in line.split("|")] for line in lines if line.startswith("|"))
    return [[int(cell) for cell in row if cell.isdigit()] for row in rows if any(cell.isdigit() for cell in row)]


def test_the_table_is_the_one_that_was_measured():
    measured = (ROOT / "benchmarks" / "README_resources.md").read_text(encoding="utf-8")
    assert numbers(PAGE, "How much can be tested") == [row[:5] for row in numbers(measured, "Testable interactions")]


def test_the_names_are_those_that_are_understood():
    names = set(re.findall(r'`"([^"`]+)"`', PAGE))
    assert {"breast", "general", "breast+general", "liana:consensus", "cellphonedb:PATH"} <= names
    for name in names:
        assert all(_named._is_keyword(word) for word in _named.words_of(name)), name
    assert rs.as_resource("breast+general").name == "breast+general"
