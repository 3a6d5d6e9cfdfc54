"""Who meets whom: numbers, intervals, ranges."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from drawn import labels


@pytest.fixture
def met():
    rows = [
        ("B", "B", "gaussian", 50.0, 40, 1.5, 1.0, 2.0),
        ("B", "T", "gaussian", 50.0, 30, -0.8, -1.4, -0.2),
        ("T", "B", "gaussian", 50.0, 30, -0.75, -1.3, -0.2),
        ("T", "T", "gaussian", 50.0, 20, 0.1, -0.2, 0.4),
        ("T", "CAF", "gaussian", 50.0, 1, np.nan, np.nan, np.nan),
        ("B", "T", "flat", 25.0, 9, 3.0, 2.0, 4.0),
    ]
    ends = ["proximity", "proximity_low", "proximity_high"]
    return pd.DataFrame(rows, columns=["source", "target", "kernel", "range_um", "contacts", *ends])


def test_numbers_stand_in_their_cells_bold_where_the_interval_leaves_out_zero(met):
    ax = cs.pl.proximity(met)
    assert labels(ax.yaxis) == ["B", "T"]
    assert labels(ax.xaxis) == ["B", "T", "CAF"]
    np.testing.assert_allclose(ax.images[0].get_array().filled(9.0), [[1.5, -0.8, 9.0], [-0.75, 0.1, 9.0]])
    texts = {(round(t.get_position()[0]), round(t.get_position()[1]), t.get_text()): t for t in ax.texts}
    assert {k: t.get_fontweight() for k, t in texts.items() if " to " not in k[2]} == {
        (0, 0, "+1.50"): "bold", (1, 0, "−0.80"): "bold", (0, 1, "−0.75"): "bold", (1, 1, "+0.10"): "normal",
    }  # fmt: skip
    assert (1, 0, "−1.40 to −0.20") in texts
    low, high = ax.images[0].get_clim()
    assert low == -high
    assert "Gaussian of 50 µm" in ax.get_title()


def test_the_range_and_the_groups_can_be_chosen(met):
    ax = cs.pl.proximity(met, range_um=25)
    assert [t.get_text() for t in ax.texts] == ["+3.00", "2.00 to 4.00"]
    assert "cells within 25 µm" in ax.get_title()
    assert "cells within 25 µm" in cs.pl.proximity(met, kernel="flat").get_title()
    ax = cs.pl.proximity(met, source="T", target=["B", "T"])
    assert (labels(ax.yaxis), labels(ax.xaxis)) == (["T"], ["B", "T"])
    ax = cs.pl.proximity(met, top=1)
    assert labels(ax.yaxis) == ["B"]
    assert "1 source, 2 targets" in ax.get_title()
    with pytest.raises(ValueError, match="range_um=30 is not in the table; it has 25, 50"):
        cs.pl.proximity(met, range_um=30)
    with pytest.raises(ValueError, match="no proximity is known"):
        cs.pl.proximity(met, target="CAF")


def test_many_groups_have_marks_in_place_of_numbers():
    names = [f"g{i:02d}" for i in range(16)]
    rows = [(s, t, "flat", 25.0, 5, 1.0 if s < t else -1.0) for s in names for t in names]
    frame = pd.DataFrame(rows, columns=["source", "target", "kernel", "range_um", "contacts", "proximity"])
    frame = frame.assign(proximity_low=frame["proximity"] - 0.5, proximity_high=frame["proximity"] + 0.5)
    ax = cs.pl.proximity(frame)
    marks = {tuple(map(int, t.get_position())): t.get_text() for t in ax.texts}
    assert marks == {(x, y): "▲" if y < x else "▼" for x in range(16) for y in range(16)}
    assert "▲ ▼: the 95 % interval leaves out 0" in ax.get_title().replace("\u00a0", " ")


def test_of_spots_it_is_the_shares_of_types_that_meet():
    spots = cs.ds.simulate_tissue(n_cells=6000, spot_pitch=100, rng=1)
    spots.X = spots.X.astype(float)
    spots.X.data = np.log1p(spots.X.data)
    shares = [c for c in spots.obs if c.startswith("prop_")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few tests
        cs.tl.spatial(spots, um_per_unit=1, composition_key=shares, decoys=0)
    assert "shares in spots within 150 µm" in cs.pl.proximity(spots, kernel="flat").get_title()
