"""The Sankey diagram: bars add up to the values, bands keep their width."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs
from drawn import hexes

PALETTE = {"tumour": "#ff0000", "CAF": "#00ff00", "T cell": "#0000ff"}


def bars(ax, x):
    return [p for p in ax.patches if p.get_x() + p.get_width() / 2 == pytest.approx(x)]


def test_bars_are_proportional_to_the_sums(edges):
    ax = cs.pl.sankey(edges, palette=PALETTE)
    sure = edges[edges["padj"] <= 0.05]
    for x, column in ((0, "source"), (2, "target")):
        sums = sure.groupby(column, observed=True)["score"].sum()
        drawn = {hexes(p.get_facecolor())[0]: p.get_height() for p in bars(ax, x)}
        ratio = [drawn[PALETTE[g]] / v for g, v in sums.items()]
        assert ratio == pytest.approx([ratio[0]] * len(ratio))
    heights = sorted(p.get_height() for p in bars(ax, 1))
    by = sorted(sure.groupby("interaction", observed=True)["score"].sum())
    assert np.array(heights) / by == pytest.approx(heights[0] / by[0])


def test_two_bands_per_row_in_the_colour_of_the_source(edges):
    ax = cs.pl.sankey(edges, palette=PALETTE)
    sure = edges[edges["padj"] <= 0.05]
    drawn = [hexes(b.get_facecolor()[:, :3])[0] for b in ax.collections]
    assert sorted(drawn) == sorted(2 * [PALETTE[s] for s in sure["source"]])


def test_left_out_and_filters(edges):
    ax = cs.pl.sankey(edges, top=1)
    assert "not shown: 3 rows" in ax.get_title()
    assert {t.get_text() for t in ax.texts} == {"source", "interaction", "target", "tumour", "CAF", "A^B"}
    assert len(cs.pl.sankey(edges, source="CAF", value="count").collections) == 2


def test_errors(edges):
    with pytest.raises(ValueError, match=r"source='CAFF' is not in the table .* did you mean 'CAF'"):
        cs.pl.sankey(edges, source="CAFF")
    with pytest.raises(ValueError, match="no row has score above 0"):
        cs.pl.sankey(edges.assign(score=-1.0))
