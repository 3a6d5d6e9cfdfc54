"""The balance: points are samples, diamonds the tested differences."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

import commscore as cs
from drawn import labels


def test_points_whiskers_and_estimates(cohort):
    ax = cs.pl.balance(cohort)
    table = cs.get.table(cohort, "commscore_balance")
    tests = cs.get.load(cohort, "commscore_balance").extra["tests"]
    sets = [c.get_offsets() for c in ax.collections if isinstance(c, PathCollection)]
    points = [s for s in sets if len(s) == 3]
    for i, stage in enumerate(["early", "middle", "late"]):
        own = table[(table["condition"] == stage).to_numpy()]
        np.testing.assert_allclose(points[i][:, 1], np.sort(own["balance"]))
        whiskers = np.array([seg[:, 1] for seg in ax.collections[i].get_segments()])
        np.testing.assert_allclose(np.sort(whiskers[:, 0]), np.sort(own["balance_low"]))
    base = points[0][:, 1].mean()
    effects = tests[(tests["measure"] == "balance").to_numpy()]["effect"]
    assert sorted(s[0][1] for s in sets if len(s) == 1) == pytest.approx(sorted(base + effects))
    assert labels(ax.xaxis) == ["early\n(n = 3)", "middle\n(n = 3)", "late\n(n = 3)"]
    own = tests[(tests["measure"] == "balance").to_numpy()]
    told = sorted(t.get_text() for t in ax.texts if t.get_text().startswith("p ="))
    floor = own["exact_floor"].iloc[0]  # three against three: two of twenty relabellings
    assert floor == pytest.approx(0.1)
    assert told == sorted(
        f"p = {p:.2g}\nexact {e:.2g} (floor {floor:.2g})"
        for p, e in zip(own["pvalue"], own["exact_pvalue"], strict=True)
    )


def test_table_alone_and_missing_values(cohort):
    table = cs.get.table(cohort, "commscore_balance")
    table.loc[0, "balance"] = np.nan
    ax = cs.pl.balance(table, order=["late", "early"])
    assert [t.split("\n")[0] for t in labels(ax.xaxis)] == ["late", "early"]
    assert "not shown: 1 sample without a balance" in ax.get_title()
    with pytest.raises(ValueError, match="no sample has a balance"):
        cs.pl.balance(table.assign(balance=np.nan))
    with pytest.raises(ValueError, match="order has 'x', which is not a condition of these samples"):
        cs.pl.balance(table, order=["x"])
