"""The page "Choose a resource" says what was measured, and its words are those of the library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from commscore import rs
from commscore.rs import _named
from commscore.rs.io import liana

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


def couples(pairs, complex_side, other):
    """Rows of a subunit beside the complex that contains it, each once per complex."""
    known = set(zip(pairs[other], pairs[complex_side]))
    beside = ((a, gene) for a, b in known if "_" in b for gene in b.split("_"))
    return [(a, gene) for a, gene in beside if (a, gene) in known]


def test_subunits_beside_complexes_are_counted():
    if liana.installed_version() != "1.10.0":
        pytest.skip("the page counts the list of liana 1.10.0")
    pairs = rs.as_resource("breast+general+liana:consensus").interactions
    of_receptor, of_ligand = couples(pairs, "receptor", "ligand"), couples(pairs, "ligand", "receptor")
    rows = set(of_receptor) | {(gene, receptor) for receptor, gene in of_ligand}
    listed = pairs[pairs["basis"] == "listed"]
    n_listed = len(rows & set(zip(listed["ligand"], listed["receptor"])))
    n = len(of_receptor), len(of_ligand)
    words = " ".join(PAGE.split())
    assert f"{sum(n)} such couples ({n[0]} with a subunit of the receptor, {n[1]} of the ligand)" in words
    assert f"of {len(rows)} rows among {len(pairs):,}; {n_listed} of these rows only a list has" in words


def test_pairs_of_unknown_mode_are_counted():
    general = rs.as_resource("general").interactions
    unknown = general[general["mode"] == "unknown"]
    assert f"{len(unknown)} of {len(general):,} pairs have the mode `unknown`" in PAGE
    assert {"APOB^LDLR", "TF^TFRC", "TIMP1^CD63", "VIM^CD44", "MYL9^CD69", "ANXA2^TLR2"} <= set(unknown["interaction"])
