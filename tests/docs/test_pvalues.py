"""The page on p-values names every column of evidence that a table has, and no other."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import commscore as cs
from commscore.tables.kinds import stored_kinds

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "pvalues.md"
EVIDENCE = re.compile(r"(\w+_)?(pvalue|padj)(_within)?(_raw)?|exact_floor|unit|pass_probability")
ELSEWHERE = {("compare", "totals"): "`get.totals`"}


def every_place():
    """Every stored table and where a user finds it: of a table of several kinds, the kind that declares it."""
    for kind in stored_kinds().values():
        own = vars(importlib.import_module(f"commscore.tables.{kind.name}")).values()
        for name, table in kind.tables.items():
            if any(table is value for value in own):
                place = f"`tl.{kind.tool}`" + ("" if name == "table" else f" `{name}`")
                yield ELSEWHERE.get((kind.name, name), place), table


def declared():
    return {(place, column) for place, table in every_place() for column in table.names if EVIDENCE.fullmatch(column)}


def rows(text):
    """Rows of the table of all columns: (place, column, says, does not say)."""
    reference = text.split("## Every column")[1]
    lines = [line for line in reference.splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def test_every_column_of_evidence_is_explained_and_no_other():
    found = rows(PAGE.read_text(encoding="utf-8"))
    pairs = [(place, column.strip("`")) for place, column, *_ in found]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == declared()
    assert all(says for _, _, says, _ in found)


def test_the_tree_speaks_of_columns_that_exist_and_of_all_that_decide():
    tree = PAGE.read_text(encoding="utf-8").split("## Every column")[0]
    columns = {column for _, table in every_place() for column in table.names}
    named = {w for w in re.findall(r"`(\w+)`", tree) if EVIDENCE.fullmatch(w)}
    assert named <= columns
    deciding = {"pvalue", "padj", "padj_within", "exact_pvalue", "exact_floor", "any_padj", "all_pvalue"}
    deciding |= {"strength_pvalue", "unit"}
    assert deciding <= named
    for name in re.findall(r"`cs\.(\w+\.\w+)`", tree):
        room, function = name.split(".")
        assert callable(getattr(getattr(cs, room), function))
    extras = {name for kind in stored_kinds().values() for name in kind.tables}
    assert set(re.findall(r'extra\["(\w+)"\]', tree)) <= extras


def test_the_page_is_where_one_looks():
    for name in ("docs/index.md", "docs/questions.md", "README.md", "docs/statistics.md"):
        assert re.search(r"\bpvalues\b", (ROOT / name).read_text(encoding="utf-8")), name
