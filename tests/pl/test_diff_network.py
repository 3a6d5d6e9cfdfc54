"""The network of changes: width for the number, colour for the direction."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.patches import FancyArrowPatch

import commscore as cs
from commscore.pl._colours import BOTH, DOWN, UP
from drawn import hexes


@pytest.fixture
def totals():
    rows = [
        ("pair", "a", "b", 4, 3, 1), ("pair", "b", "a", 2, 0, 2), ("pair", "b", "c", 2, 1, 1),
        ("pair", "c", "c", 0, 0, 0),
        ("mode", None, None, 8, 4, 4),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["by", "source", "target", "n_shifted", "n_up", "n_down"])
    return frame.assign(contrast="B vs A")


def arrows(ax):
    return [p for p in ax.patches if isinstance(p, FancyArrowPatch)]


def test_arrows_are_the_changed_pairs(totals):
    ax = cs.pl.diff_network(totals)
    drawn = [(hexes(p.get_edgecolor()[:3])[0], p.get_linewidth()) for p in arrows(ax)]
    assert drawn == [(UP.lower(), 6.0), (DOWN.lower(), 3.25), (BOTH.lower(), 3.25)]
    assert len(ax.collections[0].get_offsets()) == 3


def test_left_out_and_errors(totals):
    assert "not shown: 2 narrower arrows" in cs.pl.diff_network(totals, top=1).get_title()
    with pytest.raises(ValueError, match="no pair of 'B vs A' has a changed interaction"):
        cs.pl.diff_network(totals.assign(n_shifted=0))


def test_reads_the_totals_of_a_comparison(cohort):
    ax = cs.pl.diff_network(cohort, contrast="stages")
    pairs = cs.get.totals(cohort, by="pair").query("contrast == 'stages' and n_shifted > 0")
    loops = (pairs["source"].astype(str) == pairs["target"].astype(str)).sum()
    assert len(arrows(ax)) == len(pairs) - loops
    with pytest.raises(KeyError, match="has no table 'totals'"):
        cs.pl.diff_network(cohort, key="commscore")


def test_directions_stay_apart_without_colours(totals):
    ax = cs.pl.diff_network(totals)
    assert len({str(p.get_linestyle()) for p in arrows(ax)}) == 3
    assert [str(k.get_linestyle()) for k in ax.artists[0].get_lines()] == ["-", "--", "--"]
