"""Loops: one line per loop, its groups in order, sign by colour."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.pl._colours import DOWN, UP
from drawn import hexes

PALETTE = {"a": "#ff0000", "b": "#00ff00", "c": "#0000ff"}


@pytest.fixture
def table():
    rows = [
        ("relay", '["a", "b", "c"]', '["L1^R1", "L2^R2"]', 1, 9.0, np.nan),
        ("loop", '["a", "b", "a"]', '["L1^R1", "L3^R3"]', -1, 2.0, 0.04),
        ("loop", '["b", "c", "a", "b"]', '["L2^R2", "L4^R4", "L1^R1"]', 1, 3.0, 0.01),
    ]
    return pd.DataFrame(rows, columns=["kind", "groups", "interactions", "sign", "strength", "strength_pvalue"])


def test_lines_are_the_chains(table):
    ax = cs.pl.loops(table, palette=PALETTE)
    order = table.iloc[[2, 1, 0]]
    for y, (dots, row) in enumerate(zip(ax.collections, order.itertuples(), strict=True)):
        groups = json.loads(row.groups)
        assert dots.get_offsets().tolist() == [[x, y] for x in range(len(groups))]
        assert hexes(dots.get_edgecolors()) == [PALETTE[g] for g in groups]
        hollow = hexes(dots.get_facecolors())[-1] == "#ffffff"
        assert hollow == (row.kind == "loop")
        arrows = [a for a in ax.texts if getattr(a, "arrow_patch", None) is not None and a.xy[1] == y]
        assert len(arrows) == len(groups) - 1
        assert {hexes(a.arrow_patch.get_edgecolor())[0] for a in arrows} == {(UP if row.sign > 0 else DOWN).lower()}
        names = [
            t.get_text() for t in ax.texts if t.get_text() and "^" in t.get_text() and round(t.get_position()[1]) == y
        ]
        assert names == json.loads(row.interactions)
    said = {t.get_text() for t in ax.texts}
    assert {"strength 3\nany loop as strong: p = 0.01", "strength 2\nany loop as strong: p = 0.04"} <= said


def test_left_out_and_errors(table):
    assert "not shown: 2 weaker lines" in cs.pl.loops(table, top=1).get_title()
    assert len(cs.pl.loops(table, kind="relay").collections) == 1
    with pytest.raises(ValueError, match="there is no relay: nothing to draw"):
        cs.pl.loops(table.iloc[1:], kind="relay")
    with pytest.raises(ValueError, match="data is an empty table"):
        cs.pl.loops(table.iloc[:0])
