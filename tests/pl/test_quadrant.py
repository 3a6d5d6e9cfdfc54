"""Quadrants: ligand change against receptor change."""

from __future__ import annotations

import pytest

import commscore as cs
from commscore.pl._colours import SHIFTS
from drawn import hexes


def test_points_are_the_two_sides(changes):
    ax = cs.pl.quadrant(changes)
    drawn = {}
    for dots in ax.collections:
        if len(dots.get_offsets()) and len(dots.get_facecolors()):
            for x, y in dots.get_offsets():
                drawn[float(x), float(y)] = hexes(dots.get_facecolors()[:, :3])[0]
    tested = changes[changes["padj"].notna()]
    for row in tested.itertuples():
        assert drawn[row.ligand_effect, row.receptor_effect] == SHIFTS[row.shift].lower()
    assert ax.get_ylim()[0] == -ax.get_ylim()[1]
    assert "not shown: 1 row not tested" in ax.get_title()


def test_compensated_rows_are_named_first(changes):
    ax = cs.pl.quadrant(changes, top=1)
    assert [t.get_text() for t in ax.texts if "^" in t.get_text()] == ["E^F  tumour → T cell"]
    diamonds = [c for c in ax.collections if c.get_label().startswith("compensated")]
    assert len(diamonds) == 1
    assert len(diamonds[0].get_paths()[0].vertices) == 5


def test_one_group_and_errors(changes):
    ax = cs.pl.quadrant(changes, source="CAF")
    assert "1 row not tested" in ax.get_title()
    with pytest.raises(ValueError, match=r"source='nobody' is not in the table"):
        cs.pl.quadrant(changes, source="nobody")
    with pytest.raises(ValueError, match="no tested row of 'case vs control' has both effects"):
        cs.pl.quadrant(changes.iloc[[5]])
