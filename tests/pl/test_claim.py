"""Figures and the report say that a molecule stands for the genes that make it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests import molecules as planted
from tests.small_circuits import circuits_resource

import commscore as cs

CLAIM = "production capacity in RNA, not a concentration"
OF_SCORES = [
    cs.pl.dotplot,
    cs.pl.chord,
    cs.pl.clustermap,
    cs.pl.heatmap,
    cs.pl.network,
    cs.pl.roles,
    cs.pl.sankey,
    cs.pl.spectrum,
]
CIRCUIT = [
    ("inflamed", 1, "communication", "caf", "t_cell", "met:prostaglandin-e2", "PTGER4", 1),
    ("inflamed", 2, "intracellular", "t_cell", "t_cell", "PTGER4", "CXCR4", 1),
]


@pytest.fixture(scope="module")
def cells():
    a = planted.logs(planted.counts())
    resource = planted.resource()
    cs.tl.score(a, "cell_type", resource=resource, molecules="production", n_perms=50, expr_prop=0.05)
    options = {"condition_key": "condition", "sample_key": "sample", "expr_prop": 0.05, "resource": resource}
    cs.tl.compare(a, "cell_type", molecules="production", **options)
    return a


@pytest.mark.filterwarnings("ignore:.* of all counts in")
@pytest.mark.parametrize("plot", [cs.pl.volcano, cs.pl.quadrant, *OF_SCORES])
def test_the_title_says_so(cells, plot):
    options = {"max_padj": None} if plot in OF_SCORES else {}
    axes = plot(cells, **options)
    axes = getattr(axes, "ax_col_dendrogram", axes)
    title = f"{axes.get_title()} {axes.get_title(loc='left')}"
    assert f"met: {CLAIM}" in " ".join(title.split())


@pytest.mark.filterwarnings("ignore:.* of all counts in")
def test_not_where_no_molecule_is_drawn(cells):
    table = cs.get.table(cells)
    axes = cs.pl.dotplot(table[table["claim"] == ""])
    assert CLAIM not in " ".join(axes.get_title().split())


@pytest.mark.filterwarnings("ignore:.* of all counts in")
def test_circuits_say_so(tmp_path):
    a = planted.logs(planted.counts())
    options = {"molecules": "production", "n_perms": 50, "expr_prop": 0.05}
    cs.tl.circuits(a, "cell_type", resource=circuits_resource(CIRCUIT), **options)
    assert f"met: {CLAIM}" in " ".join(cs.pl.circuit(a, circuit="inflamed").get_title().split())
    report = cs.report.write(a, tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"Molecules written met: are measured by the genes that make them: {CLAIM}" in report
    assert "Molecules that no gene encodes were measured by the genes that make them" in report


@pytest.mark.filterwarnings("ignore:.* of all counts in")
def test_methods_say_what_was_measured_beside_the_cells(tmp_path):
    a = planted.counts()
    levels = pd.DataFrame({"lactate": np.exp2(np.arange(6.0) ** 2 % 5)}, index=[f"s{i}" for i in range(6)])
    options = {"condition_key": "condition", "sample_key": "sample", "expr_prop": 0.05, "supply": levels}
    cs.tl.compare(a, "cell_type", resource=planted.resource(), **options)
    report = cs.report.write(a, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Levels of met:lactate were measured beside the cells: their log2 was compared by least squares" in report


@pytest.mark.filterwarnings("ignore:.* of all counts in")
def test_the_report_cautions(cells, tmp_path):
    assert CLAIM in cs.report.write(cells, tmp_path / "report.html").read_text(encoding="utf-8")
