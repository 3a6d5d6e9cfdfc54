"""The page on the resource says what the statements rest on, as the tables have it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import commscore as cs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "resource.md"
ROW = re.compile(r"^\| (?:`(\w+)`)? \| (\w+) \| ([\d,]+) \| (\d+) % \| ([\d,]+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def shares():
    rows, column = {}, ""
    for name, value, statements, percent, interactions in ROW.findall(PAGE.read_text(encoding="utf-8")):
        column = name or column
        rows[column, value] = tuple(int(n.replace(",", "")) for n in (statements, percent, interactions))
    return rows


@pytest.mark.parametrize("column", ["effect", "outcome", "certainty", "model"])
def test_statements_per_word_are_those_of_the_tables(shares, column):
    evidence = cs.rs.load("breast").evidence
    counts = evidence[column].value_counts()
    told = {value: numbers[:2] for (of, value), numbers in shares.items() if of == column}
    assert told == {str(v): (n, round(100 * n / len(evidence))) for v, n in counts.items() if n}


@pytest.mark.parametrize("column", ["effect", "outcome", "basis"])
def test_interactions_per_word_are_those_of_the_tables(shares, column):
    counts = cs.rs.load("breast").interactions[column].value_counts()
    told = {value: numbers[2] for (of, value), numbers in shares.items() if of == column}
    assert told == {str(v): n for v, n in counts.items() if n}
