"""The page on p-values names every column of evidence that a table has, and no other."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import commscore as cs
from commscore import tables
from commscore.tables import Table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "pvalues.md"
EVIDENCE = re.compile(r"(\w+_)?(pvalue|padj)(_within)?(_raw)?|exact_floor|unit|pass_probability")
PLACES = {
    "score.score": "`tl.score`",
    "compare.compare": "`tl.compare`",
    "compare.totals": "`get.totals`",
    "compare.two_factors": "`tl.compare` `two_factors`",
    "influence.influence": "`tl.leave_one_out`",
    "influence.stability": "`tl.leave_one_out` `stability`",
    "understand.circuits": "`tl.circuits`",
    "understand.edges": "`tl.circuits` `edges`",
    "understand.changes": "`tl.circuits` `changes`",
    "understand.loops": "`tl.loops`",
    "understand.summary": "`tl.loops` `summary`",
    "understand.recessive": "`tl.recessive`",
    "response.response": "`tl.response`",
    "response.links": "`tl.response` `links`",
    "response.switches": "`tl.response` `switches`",
    "balance.tests": "`tl.balance` `tests`",
    "expectations.expectations": "`tl.expectations`",
}


def every_table():
    """Every declared table, as (module.table, table)."""
    for module in pkgutil.iter_modules(tables.__path__):
        found = vars(importlib.import_module(f"{tables.__name__}.{module.name}"))
        yield from ((f"{module.name}.{t.name}", t) for t in found.values() if isinstance(t, Table))


def declared():
    return {
        (PLACES.get(name, f"{name} (say in PLACES where a user finds it)"), column)
        for name, table in every_table()
        for column in table.names
        if EVIDENCE.fullmatch(column)
    }


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
    columns = {column for _, table in every_table() for column in table.names}
    named = {w for w in re.findall(r"`(\w+)`", tree) if EVIDENCE.fullmatch(w)}
    assert named <= columns
    deciding = {"pvalue", "padj", "padj_within", "exact_pvalue", "exact_floor", "any_padj", "all_pvalue"}
    deciding |= {"strength_pvalue", "unit"}
    assert deciding <= named
    for name in re.findall(r"`cs\.(\w+\.\w+)`", tree):
        room, function = name.split(".")
        assert callable(getattr(getattr(cs, room), function))
    extras = {name.split(".")[1] for name, _ in every_table()}
    assert set(re.findall(r'extra\["(\w+)"\]', tree)) <= extras


def test_the_page_is_where_one_looks():
    for name in ("docs/index.md", "docs/questions.md", "README.md", "docs/statistics.md"):
        assert re.search(r"\bpvalues\b", (ROOT / name).read_text(encoding="utf-8")), name
