"""Therapies: dots are the shares of flow cut."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.tables.therapies import CAUTION
from drawn import labels


def test_dots_are_the_shares(cohort):
    ax = cs.pl.therapies(cohort, top=1)
    table = cs.get.table(cohort, "commscore_therapies")
    cuts = table[(table["status"] == "cuts").to_numpy()].sort_values("share", ascending=False, kind="stable")
    assert len(cuts) > 1
    dots = ax.collections[1].get_offsets()
    by_row = dots[dots[:, 1].argsort()]
    np.testing.assert_allclose(by_row[:, 0], cuts["share"].head(1))
    assert [name.rsplit(" (", 1)[0] for name in labels(ax.yaxis)] == list(cuts["therapy"].head(1))
    assert [t.get_text() for t in ax.texts] == [f"{r.n_edges} | {r.n_circuits}" for r in cuts.head(1).itertuples()]
    assert CAUTION in ax.get_xlabel()
    told = {words: int(n) for n, words in re.findall(r"(\d+) that cut ([a-z ]+)", " ".join(ax.get_title().split()))}
    assert told.pop("nothing") == len(table) - len(cuts)
    assert sum(told.values()) == len(cuts) - 1


def test_contexts_side_by_side(cohort):
    table = cs.get.table(cohort, "commscore_therapies")
    both = pd.concat([table.assign(context="A"), table.assign(context="B", share=2 * table["share"])])
    ax = cs.pl.therapies(both, top=3)
    first, second = (c.get_offsets() for c in ax.collections[1:3])
    order = first[:, 1].argsort(), second[:, 1].argsort()
    np.testing.assert_allclose(second[order[1], 0], 2 * first[order[0], 0])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["A", "B"]


def test_errors(cohort):
    table = cs.get.table(cohort, "commscore_therapies")
    with pytest.raises(ValueError, match="no therapy cuts an edge"):
        cs.pl.therapies(table[(table["status"] != "cuts").to_numpy()])
    with pytest.raises(ValueError, match="context='bone' is not in the table"):
        cs.pl.therapies(table, context="bone")
