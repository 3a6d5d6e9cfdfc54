"""The forest of expectations: effects, intervals, verdicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from drawn import hexes, labels

LOOK = {"confirmed": "#0072b2", "contradicted": "#d55e00", "inconclusive": "#8c8c8c"}


@pytest.fixture
def table():
    rows = [
        ("IL6", "caf", "B vs A", "up", "inconclusive", 0.2, 0.7),
        ("VEGFA", "tumour", "B vs A", "up", "confirmed", 1.5, 0.01),
        ("CDH1", "", "B vs A", "down", "contradicted", 0.9, 0.02),
        ("TNF", "caf", "C vs A", "switch", "confirmed", 2.0, 0.001),
        ("met:lactate", "tumour", "", "up", "not_assessable", np.nan, np.nan),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["what", "role", "contrast", "change", "verdict", "effect", "padj"])
    return frame.assign(ci_low=frame["effect"] - 0.4, ci_high=frame["effect"] + 0.6, level="gene")


def test_rows_in_order_with_intervals_and_colours(table):
    ax = cs.pl.expectations(table)
    assert labels(ax.yaxis) == [
        "⇄ TNF in caf  (C vs A)",
        "↑ VEGFA in tumour  (B vs A)",
        "↓ CDH1  (B vs A)",
        "↑ IL6 in caf  (B vs A)",
    ]
    wanted = table.iloc[[3, 1, 2, 0]]
    for lines, dots in zip(ax.collections[::2], ax.collections[1::2], strict=True):
        verdict = dots.get_label().split(" ")[0]
        for segment, (x, y) in zip(lines.get_segments(), dots.get_offsets(), strict=True):
            row = wanted.iloc[int(y)]
            assert (x, verdict) == (row["effect"], row["verdict"])
            np.testing.assert_allclose(segment[:, 0], [row["ci_low"], row["ci_high"]])
        assert hexes(dots.get_facecolors())[0] == LOOK[verdict]
    assert "not shown: 1 not assessable row" in ax.get_title()


def test_left_out_filters_and_errors(table, cohort):
    assert "3 assessed rows" in cs.pl.expectations(table, top=1).get_title()
    ax = cs.pl.expectations(table, contrast="C vs A")
    assert labels(ax.yaxis) == ["⇄ TNF in caf"]
    assert "C vs A" in ax.get_title()
    with pytest.raises(ValueError, match="no expectation can be assessed"):
        cs.pl.expectations(table, verdict="not_assessable")
    with pytest.raises(KeyError, match="commscore_expectations"):
        cs.pl.expectations(cohort)


def test_what_is_said_twice_is_told_apart(table):
    twice = pd.concat([table.iloc[[1, 1, 1, 2]]], ignore_index=True)
    twice = twice.assign(source=["000", "000", "002", "000"], lines=["10-12", "99", "5", "7"])
    assert labels(cs.pl.expectations(twice).yaxis) == [
        "↑ VEGFA in tumour [000: 10-12]", "↑ VEGFA in tumour [000: 99]", "↑ VEGFA in tumour [002]", "↓ CDH1",
    ]  # fmt: skip
