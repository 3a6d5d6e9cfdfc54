"""The response map draws the effects of the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs


@pytest.fixture
def activities() -> pd.DataFrame:
    rows = [
        ("b vs a", "tumour", "TGFb", 1.5, 0.001),
        ("b vs a", "tumour", "NFkB", -0.2, 0.5),
        ("b vs a", "CAF", "TGFb", 0.4, 0.04),
        ("b vs a", "CAF", "p53", np.nan, np.nan),
        ("c vs a", "CAF", "p53", 2.0, 0.001),
    ]
    return pd.DataFrame(rows, columns=["contrast", "target", "pathway", "effect", "padj"])


def test_cells_are_the_effects_and_dots_the_sure_ones(activities):
    ax = cs.pl.response(activities, contrast="b vs a")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["CAF", "tumour"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["NFkB", "TGFb"]
    drawn = ax.images[0].get_array()
    np.testing.assert_allclose(np.ma.filled(drawn, np.nan), [[np.nan, 0.4], [-0.2, 1.5]])
    assert sorted((*t.get_position(), t.get_text()) for t in ax.texts) == [(1, 0, "▲"), (1, 1, "▲")]
    down = cs.pl.response(activities.assign(effect=-activities["effect"]), contrast="b vs a")
    assert {t.get_text() for t in down.texts} == {"▼"}
    assert ax.images[0].norm.vmin == -ax.images[0].norm.vmax


def test_largest_changes_are_kept(activities):
    ax = cs.pl.response(activities, contrast="b vs a", top=1, max_groups=1)
    assert np.ma.filled(ax.images[0].get_array(), np.nan).tolist() == [[1.5]]
    assert "not shown: 1 group, 1 pathway" in " ".join(ax.get_title().split())


def test_errors(activities):
    with pytest.raises(ValueError, match="set contrast to one of 'b vs a', 'c vs a'"):
        cs.pl.response(activities)
    with pytest.raises(ValueError, match="no row of 'b vs a' has an effect: nothing to draw"):
        cs.pl.response(activities.assign(effect=np.nan), contrast="b vs a")
    with pytest.raises(ValueError, match="no column 'effect'"):
        cs.pl.response(activities.drop(columns="effect"))
