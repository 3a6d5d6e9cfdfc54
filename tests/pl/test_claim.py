"""Figures and the report say that a molecule stands for the genes that make it."""

from __future__ import annotations

import pytest
from tests import molecules as planted

import commscore as cs

CLAIM = "production capacity in RNA, not a concentration"


@pytest.fixture(scope="module")
def cells():
    a = planted.logs(planted.counts())
    resource = planted.resource()
    cs.tl.score(a, "cell_type", resource=resource, molecules="production", n_perms=50, expr_prop=0.05)
    options = {"condition_key": "condition", "sample_key": "sample", "expr_prop": 0.05, "resource": resource}
    cs.tl.compare(a, "cell_type", molecules="production", **options)
    return a


@pytest.mark.filterwarnings("ignore:.* of all counts in")
@pytest.mark.parametrize("plot", [cs.pl.dotplot, cs.pl.volcano, cs.pl.quadrant])
def test_the_title_says_so(cells, plot):
    axes = plot(cells)
    assert f"met: {CLAIM}" in " ".join(axes.get_title().split())


@pytest.mark.filterwarnings("ignore:.* of all counts in")
def test_not_where_no_molecule_is_drawn(cells):
    table = cs.get.table(cells)
    axes = cs.pl.dotplot(table[table["claim"] == ""])
    assert CLAIM not in " ".join(axes.get_title().split())


@pytest.mark.filterwarnings("ignore:.* of all counts in")
def test_the_report_cautions(cells, tmp_path):
    assert CLAIM in cs.report.write(cells, tmp_path / "report.html").read_text(encoding="utf-8")
