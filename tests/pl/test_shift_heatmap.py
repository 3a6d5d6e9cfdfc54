"""The heat map of changes: cells are effects, marks are shifts."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs
from drawn import labels


def test_cells_and_marks(changes):
    ax = cs.pl.shift_heatmap(changes)
    drawn = ax.images[0].get_array()
    rows, columns = labels(ax.yaxis), labels(ax.xaxis)
    assert rows == ["A^B", "C^D", "E^F"]  # by p-value
    known = {
        (r.interaction, f"{r.source} → {r.target}"): r
        for r in changes.itertuples()
    }  # fmt: skip
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            found = known.get((row, column))
            if found is None:
                assert np.ma.getmaskarray(drawn)[i, j]
            else:
                assert drawn[i, j] == pytest.approx(found.effect)
    marks = {(rows[round(t.get_position()[1])], columns[round(t.get_position()[0])]): t.get_text() for t in ax.texts}
    assert marks == {
        ("A^B", "tumour → CAF"): "▲", ("C^D", "CAF → T cell"): "▼",
        ("E^F", "tumour → T cell"): "×", ("A^B", "tumour → tumour"): "+",
    }  # fmt: skip
    low, high = ax.images[0].get_clim()
    assert low == -high


def test_contrasts_side_by_side(staged):
    ax = cs.pl.shift_heatmap(staged, by="contrast")
    assert labels(ax.xaxis) == ["s2 vs s1", "s3 vs s1", "stages"]
    drawn = ax.images[0].get_array()
    np.testing.assert_allclose(drawn[:, 1], 2 * drawn[:, 0])


def test_left_out_and_errors(changes):
    ax = cs.pl.shift_heatmap(changes, top=1, max_columns=1)
    assert "not shown: 2 rows, 1 column" in " ".join(ax.get_title().split())
    with pytest.raises(ValueError, match=r"no row has padj ≤ 1e-20"):
        cs.pl.shift_heatmap(changes, max_padj=1e-20)
    with pytest.raises(ValueError, match="by='mode' is not one of 'pair', 'contrast'"):
        cs.pl.shift_heatmap(changes, by="mode")


def test_one_side_has_its_own_mark(changes):
    words = ["ligand_up", "receptor_down", "compensated", "detected_only_alt", "inconclusive", "not_assessable"]
    ax = cs.pl.shift_heatmap(changes.assign(shift=words))
    assert sorted(t.get_text() for t in ax.texts) == sorted(["△", "▽", "×", "•"])
    assert "△ ▽ one side" in ax.get_xlabel()
