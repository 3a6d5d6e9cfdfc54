"""Roles: outgoing against incoming totals, arrows between conditions."""

from __future__ import annotations

import re

import numpy as np
import pytest

import commscore as cs
from drawn import hexes, lines_through_words, overlaps

PALETTE = {"tumour": "#ff0000", "CAF": "#00ff00", "T cell": "#0000ff"}


def sums(table):
    sure = table[table["padj"] <= 0.05]
    return {g: ((sure["source"] == g).sum(), (sure["target"] == g).sum()) for g in PALETTE}


def test_places_are_the_totals(edges):
    ax = cs.pl.roles(edges, palette=PALETTE)
    dots = ax.collections[0]
    for place, colour, (group, wanted) in zip(
        dots.get_offsets(), hexes(dots.get_facecolors()), sums(edges).items(), strict=True
    ):
        assert tuple(place) == wanted
        assert colour == PALETTE[group]
    assert {t.get_text() for t in ax.texts if t.get_text()} == set(PALETTE)


def test_arrows_go_from_the_first_condition_to_the_second(edges):
    later = edges.assign(padj=0.01)
    ax = cs.pl.roles(edges, later, names=("primary", "bone"))
    before, after = (c.get_offsets() for c in ax.collections[:2])
    np.testing.assert_array_equal(before, list(sums(edges).values()))
    np.testing.assert_array_equal(after, list(sums(later).values()))
    arrows = [(a.xyann, a.xy) for a in ax.texts if hasattr(a, "xyann") and a.get_text() == ""]
    moved = [(tuple(b), tuple(a)) for b, a in zip(before, after, strict=True) if tuple(b) != tuple(a)]
    assert sorted((tuple(map(float, s)), tuple(map(float, e))) for s, e in arrows) == sorted(moved)
    assert "primary → bone" in ax.get_title()


def test_every_dot_has_its_name():
    import pandas as pd

    rng = np.random.default_rng(0)
    names = [f"{t}, cluster {i}" for i, t in enumerate(["Keratinocyte", "Mixed lymphoid", "Pericyte/SMC"] * 7)]
    table = pd.DataFrame({"source": rng.choice(names, 600), "target": rng.choice(names, 600), "interaction": "A^B"})
    ax = cs.pl.roles(table)
    assert len(ax.texts) == 21
    assert "found no room" not in ax.get_title()
    assert overlaps(ax.texts, ax.figure) == 0
    assert lines_through_words(ax) == 0


def test_of_forty_groups_those_without_room_are_counted():
    import pandas as pd

    rng = np.random.default_rng(0)
    names = [f"cell group with a long name {i}" for i in range(40)]
    rows = pd.DataFrame({"source": rng.choice(names, 600), "target": rng.choice(names, 600), "interaction": "A^B"})
    ax = cs.pl.roles(rows)
    dropped = re.search(r"(\d+) names? found no room", ax.get_title())
    assert len(ax.texts) + int(dropped[1] if dropped else 0) == 40
    assert len(ax.texts) >= 34
    assert overlaps(ax.texts, ax.figure) == 0


def test_errors(edges):
    import pandas as pd

    other = pd.DataFrame({"source": ["x"], "target": ["y"], "interaction": ["A^B"]})
    with pytest.raises(ValueError, match="no group in common"):
        cs.pl.roles(edges, other)
    with pytest.raises(ValueError, match="names must be two names"):
        cs.pl.roles(edges, edges, names=("one",))
