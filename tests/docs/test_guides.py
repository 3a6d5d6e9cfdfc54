"""The guide pages run as they stand, from top to bottom, and their numbers are those that come out."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import matplotlib as mpl
import networkx as nx
import pytest

import commscore as cs

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("choose", "choose_resource", "how_many_samples", "confounders", "granularity", "export", "r_users", "spatial")
TALK = ("conclude", "faq", "glossary")
"""Pages without code."""


def blocks(name):
    return re.findall(r"^```python\n(.*?)^```", (DOCS / f"{name}.md").read_text(encoding="utf-8"), re.DOTALL | re.M)


def run(name, **names):
    for block in blocks(name):
        exec(compile(block, f"{name}.md", "exec"), names)  # noqa: S102 - our own page
    return names


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def given(name):
    """Return what a reader of the page has already."""
    return {"adata": cs.ds.simulate(n_samples=2, n_cells=200, rng=0)} if name == "r_users" else {}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("granularity", "export")])
def test_the_code_of_the_page_runs(name, in_folder):
    assert blocks(name)
    assert "adata" in run(name, **given(name))


def test_pages_without_code_have_none():
    for name in TALK:
        assert "```python" not in (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_granularity_finds_what_the_page_says(in_folder):
    both = run("granularity")["both"]
    counts = both["says"].value_counts()
    text = (DOCS / "granularity.md").read_text(encoding="utf-8")
    said = re.search(r"(\d+) of the edges between lineages are found at both granularities, (\d+) only", text)
    assert (counts["both"], counts["fine only"]) == tuple(map(int, said.groups()))
    assert "and none only in the coarse one" in text
    assert "coarse only" not in counts
    assert not both.duplicated(["source", "target", "interaction"]).any()


@pytest.mark.slow
def test_exported_files_hold_the_graph(in_folder):
    names = run("export")
    pairs = nx.read_graphml(in_folder / "pairs.graphml")
    assert dict(pairs.nodes(data=True)) == dict(names["graph"].nodes(data=True))
    assert set(pairs.edges()) == set(names["graph"].edges())
    assert pairs.number_of_edges() > 5
    again = nx.read_graphml(in_folder / "interactions.graphml", force_multigraph=True)
    assert again.number_of_edges() == names["edges"].number_of_edges() > pairs.number_of_edges()
    assert (in_folder / "edges.csv").stat().st_size > 1000


@pytest.mark.parametrize("name", [*PAGES, *TALK])
def test_pages_name_functions_and_arguments_that_exist(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for room, function in re.findall(r"\bcs\.(tl|pl|get|rs|ds)\.(\w+)", text):
        assert hasattr(getattr(cs, room), function), f"cs.{room}.{function}"
    assert len(set(re.findall(r"^# .+$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M))) == 1


@pytest.mark.slow
def test_smallest_effects_are_those_of_the_benchmark():
    spec = importlib.util.spec_from_file_location("power_by_design", DOCS.parent / "benchmarks" / "power_by_design.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    name, adata, design = next(benchmark.simulated())
    text = (DOCS / "how_many_samples.md").read_text(encoding="utf-8")
    for row in benchmark.rows(name, adata, design):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        stated = re.search(rf"^\| {re.escape(cells[0])} \| \S+ \| {cells[2]} \| (.+) \|$", text, re.M)[1].split(" | ")
        assert [float(x) for x in stated] == pytest.approx([float(x) for x in cells[3:]], rel=0.15)
