"""The network: one arrow per pair, as wide as its traffic, in the colour of its source."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch

import commscore as cs
from drawn import hexes

PALETTE = {"tumour": "#ff0000", "CAF": "#00ff00", "T cell": "#0000ff"}


def arrows(ax):
    return [p for p in ax.patches if isinstance(p, FancyArrowPatch)]


def test_arrows_are_the_pairs(edges):
    ax = cs.pl.network(edges, palette=PALETTE)
    drawn = {(hexes(p.get_edgecolor()[:3])[0], round(p.get_linewidth(), 3)) for p in arrows(ax)}
    # tumour → CAF has two interactions, CAF → T cell one
    assert drawn == {("#ff0000", 6.0), ("#00ff00", 3.25)}
    loops = [p for p in ax.patches if isinstance(p, Circle)]
    assert len(loops) == 1  # tumour with itself
    assert loops[0].get_linewidth() == pytest.approx(3.25)


def test_dots_have_their_names_and_colours(edges):
    ax = cs.pl.network(edges, palette=PALETTE)
    dots = ax.collections[0]
    assert hexes(dots.get_facecolors()) == list(PALETTE.values())
    names = {t.get_text(): t.get_position() for t in ax.texts}
    for place, name in zip(dots.get_offsets(), PALETTE, strict=True):
        assert np.cross([*place, 0], [*names[name], 0]) == pytest.approx([0, 0, 0], abs=1e-9)  # the same direction


def test_left_out_is_said(edges):
    ax = cs.pl.network(edges, top=1)
    assert len(arrows(ax)) == 1
    assert "not shown: 2 narrower arrows" in ax.get_title()
    assert "not shown: 1 group" in cs.pl.network(edges, max_groups=2).get_title()


def test_colours_of_the_data_are_used(cohort):
    names = list(cohort.obs["cell_type"].cat.categories)
    cohort.uns["cell_type_colors"] = [f"#0000{i:02x}" for i in range(len(names))]
    try:
        dots = cs.pl.network(cohort, max_padj=None).collections[0]
    finally:
        del cohort.uns["cell_type_colors"]
    drawn = set(cs.get.table(cohort)["source"]) | set(cs.get.table(cohort)["target"])
    assert hexes(dots.get_facecolors()) == [f"#0000{names.index(name):02x}" for name in sorted(names) if name in drawn]


def test_one_group_and_nothing(edges):
    one = edges.iloc[[2]]
    assert len([p for p in cs.pl.network(one).patches if isinstance(p, Circle)]) == 1
    with pytest.raises(ValueError, match=r"no row has padj ≤ 0\.05"):
        cs.pl.network(edges.iloc[[4]])
