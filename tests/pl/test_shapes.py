"""The atlas of shapes: every line is an edge, from 0 through its effects."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs
from commscore.pl._colours import DOWN, UP
from drawn import labels

ORDER = ["s1", "s2", "s3"]


def lines(ax):
    return [ln for ln in ax.lines if ln.get_color() in (UP, DOWN)]


def test_lines_are_the_effects(staged):
    ax = cs.pl.shapes(staged, order=ORDER)
    found = staged[(staged["contrast"] == "stages") & (staged["padj"] <= 0.05) & staged["shape"].notna()]
    drawn = {tuple(np.round(ln.get_ydata(), 9)): ln for ln in lines(ax)}
    assert len(drawn) == len(found) == 4
    for row in found.itertuples():
        line = drawn[0.0, round(row.effect, 9), round(2 * row.effect, 9)]
        field = ["growth", "recession", "peak"].index(row.shape)
        np.testing.assert_allclose(line.get_xdata(), field * 2.9 + np.arange(3))
        assert line.get_color() == (UP if row.effect > 0 else DOWN)
    words = [t.get_text() for t in ax.texts]
    assert {"growth\n(2)", "recession\n(1)", "peak\n(1)"} <= set(words)
    assert labels(ax.xaxis) == ORDER * 3


def test_ambiguous_courses_have_a_field_of_their_own(staged):
    shape = staged["shape"].astype(object).where(staged["shape"] != "recession", "ambiguous")
    ax = cs.pl.shapes(staged.assign(shape=shape), order=ORDER)
    fields = [t.get_text() for t in ax.texts if t.get_text().endswith(")") and "\n(" in t.get_text()]
    assert fields == ["growth\n(2)", "peak\n(1)", "ambiguous\n(1)"]


def test_left_out_is_said(staged):
    assert "not shown: 1 line" in cs.pl.shapes(staged, order=ORDER, top=1).get_title()


def test_edges_without_a_name_are_counted(staged):
    def named(**more):
        return [t.get_text() for t in cs.pl.shapes(staged, order=ORDER, **more).texts if "→" in t.get_text()]

    assert not any("more" in t for t in named())
    assert [t.rsplit("\n", 1)[1] for t in named(names=1) if "more" in t] == ["and 1 more"]


def test_order_is_read_from_the_result(cohort):
    assert labels(cs.pl.shapes(cohort).xaxis)[:3] == ["early", "middle", "late"]


def test_errors(staged, changes):
    with pytest.raises(ValueError, match="order is not known"):
        cs.pl.shapes(staged)
    with pytest.raises(ValueError, match="no contrast 'stages'"):
        cs.pl.shapes(changes, order=ORDER)
    with pytest.raises(ValueError, match="the table has no contrast 's4 vs s1'"):
        cs.pl.shapes(staged, order=["s1", "s4"])
    with pytest.raises(ValueError, match=r"no edge changed over stages with padj ≤ 1e-20"):
        cs.pl.shapes(staged, order=ORDER, max_padj=1e-20)
