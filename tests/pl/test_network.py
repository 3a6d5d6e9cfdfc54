"""The network: one arrow per pair, as wide as its traffic, in the colour of its source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.patches import Circle, FancyArrowPatch

import commscore as cs
from commscore.pl._graph import untangled
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


@pytest.fixture
def crowd():
    """Twelve groups, all 144 pairs; six chains carry most."""
    rng = np.random.default_rng(0)
    names = [f"group {i}" for i in range(12)]
    rows = [(s, t, f"L{k}^R") for s in names for t in names for k in range(1 + rng.integers(3))]
    rows += [(names[i], names[(i + 6) % 12], f"M{k}^R") for i in range(12) for k in range(9)]
    return pd.DataFrame(rows, columns=["source", "target", "interaction"])


def test_many_pairs_are_the_strongest_arrows_and_a_matrix_of_all(crowd):
    ax = cs.pl.network(crowd)
    assert len(ax.patches) == 40
    matrix = next(a for a in ax.figure.axes if a.images)
    assert matrix.images[0].get_array().sum() == len(crowd)
    assert "not shown: 104 narrower arrows" in ax.get_title()
    assert len(cs.pl.network(crowd, matrix=False).figure.axes) == 1
    assert len(cs.pl.network(crowd, ax=plt.figure().subplots()).figure.axes) == 1


def test_order_of_groups_lets_few_arrows_cross(crowd):
    names = sorted({*crowd["source"]}, key=lambda name: int(name.split()[1]))
    arrows = {(names[i], names[i + 6]): 1.0 for i in range(6)}  # all six cross in the middle
    order = untangled(arrows, names)
    ends = [sorted(order.index(name) for name in pair) for pair in arrows]
    assert sum(a < c < b < d for a, b in ends for c, d in ends) == 0
    assert sorted(order) == sorted(names)


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


def test_only_these_sources_and_targets(edges):
    ax = cs.pl.network(edges, source="tumour", palette=PALETTE)
    assert {hexes(p.get_edgecolor()[:3])[0] for p in arrows(ax)} == {"#ff0000"}
    both = cs.pl.network(edges, source=["tumour", "CAF"], target=["T cell"], palette=PALETTE, matrix=True)
    assert len(arrows(both)) == 1
    shown = both.figure.axes[1].images[0].get_array()
    assert shown.sum() == 1  # the matrix beside it has the same rows
    with pytest.raises(ValueError, match="source='nobody' is not in the table"):
        cs.pl.network(edges, source="nobody")
