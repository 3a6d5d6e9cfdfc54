"""Drivers: the parts of a change add up to it."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs
from commscore.pl._colours import PARTS
from drawn import hexes, labels


def test_waterfall_of_one_edge(changes):
    ax = cs.pl.drivers(changes, interaction="A^B", source="tumour", target="CAF")
    row = changes.iloc[0]
    bars = ax.patches
    assert [b.get_height() for b in bars] == pytest.approx([row[p] for p in PARTS] + [row["d_flow"]])
    starts = np.r_[0, np.cumsum([row[p] for p in PARTS])]
    assert [b.get_y() for b in bars[:4]] == pytest.approx(starts[:4])
    assert hexes([b.get_facecolor() for b in bars[:4]]) == [c.lower() for c in PARTS.values()]
    assert "+2.00" in [t.get_text() for t in ax.texts]
    assert "driver: ligand" in ax.get_title()


def test_bars_of_several_edges(changes):
    ax = cs.pl.drivers(changes)
    names = labels(ax.yaxis)
    interaction, source, target = (changes[c].astype(str) for c in ("interaction", "source", "target"))
    edges = interaction + "  " + source + " → " + target
    flow = ax.collections[0].get_offsets()
    assert len(names) == 4
    assert (np.diff(np.abs(flow[:, 0])) <= 0).all()  # largest first
    for y, name in enumerate(names):
        own = [b for b in ax.patches if round(b.get_y() + b.get_height() / 2) == y]
        assert sum(b.get_width() for b in own) == pytest.approx(flow[y, 0])
        row = changes[edges == name].iloc[0]
        assert flow[y, 0] == pytest.approx(row["d_flow"])


def test_left_out_and_errors(changes):
    assert "not shown: 2 edges" in cs.pl.drivers(changes, top=2).get_title()
    with pytest.raises(ValueError, match="no row has all four parts: nothing to draw"):
        cs.pl.drivers(changes.iloc[[5]])
    with pytest.raises(ValueError, match=r"no row has padj ≤ 0"):
        cs.pl.drivers(changes, max_padj=0)
    with pytest.raises(ValueError, match="no row has source='T cell', interaction='A\\^B' at once"):
        cs.pl.drivers(changes, interaction="A^B", source="T cell")


def test_parts_stay_apart_without_colours(changes):
    ax = cs.pl.drivers(changes, max_padj=None)
    hatch = [bars.patches[0].get_hatch() or "" for bars in ax.containers]
    light = [0.3 * r + 0.6 * g + 0.1 * b for r, g, b, _ in (bars.patches[0].get_facecolor() for bars in ax.containers)]
    apart = [
        bool(hatch[i]) != bool(hatch[j]) or abs(light[i] - light[j]) > 0.1 for i in range(4) for j in range(i)
    ]  # fmt: skip
    assert all(apart)
    assert [bool(k.get_hatch()) for k in ax.get_legend().get_patches()] == [bool(h) for h in hatch]
