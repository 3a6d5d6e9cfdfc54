"""The chord diagram: arcs as long as the traffic, one ribbon per pair."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import commscore as cs
from drawn import hexes

PALETTE = {"tumour": "#ff0000", "CAF": "#00ff00", "T cell": "#0000ff"}


def test_arcs_and_ribbons(edges):
    ax = cs.pl.chord(edges, palette=PALETTE)
    sure = edges[edges["padj"] <= 0.05]
    traffic = {g: (sure["source"] == g).sum() + (sure["target"] == g).sum() for g in PALETTE}
    name = {c: g for g, c in PALETTE.items()}
    filled = [p for p in ax.patches if p.get_facecolor()[3] == 1]
    angles = {name[hexes(p.get_facecolor())[0]]: np.ptp(p.get_path().vertices[:, 0]) for p in filled}
    arcs = {g: angles[g] for g in PALETTE}
    ribbons = [name[c] for c in hexes(ax.collections[0].get_facecolors()[:, :3])]
    assert sorted(ribbons) == ["CAF", "tumour", "tumour"]  # tumour → CAF, tumour → tumour, CAF → T cell
    share = np.array([arcs[g] / traffic[g] for g in PALETTE])
    assert share == pytest.approx(share[0])
    assert {t.get_text() for t in ax.texts} == set(PALETTE)


def test_narrow_ribbons_are_counted(edges):
    assert "not shown: 2 narrower ribbons" in cs.pl.chord(edges, top=1).get_title()
    assert "1 group" in cs.pl.chord(edges, max_groups=2).get_title()


def test_settings_stay_as_they_were(edges):
    before = dict(mpl.rcParams)
    cs.pl.chord(edges)
    assert {k for k, v in mpl.rcParams.items() if before[k] != v} == set()


def test_needs_polar_axes(edges):
    with pytest.raises(ValueError, match="ax must be polar"):
        cs.pl.chord(edges, ax=Figure().subplots())
    ax = Figure().add_subplot(projection="polar")
    assert cs.pl.chord(edges, ax=ax) is ax


def test_nothing_to_draw(edges):
    with pytest.raises(ValueError, match="no pair has a score above 0"):
        cs.pl.chord(edges.assign(score=0.0), value="score")


def test_only_these_sources(edges):
    ax = cs.pl.chord(edges, source=["CAF"], palette=PALETTE)
    assert hexes(ax.collections[0].get_facecolors()[:, :3]) == ["#00ff00"]  # CAF → T cell
