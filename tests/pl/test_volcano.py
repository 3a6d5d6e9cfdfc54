"""The volcano draws effect against −log10 p in the colour of the shift."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import commscore as cs
from commscore.pl._colours import SHIFTS
from commscore.tables import compare as schema
from drawn import hexes, overlaps


def test_points_are_the_tested_rows(changes):
    ax = cs.pl.volcano(changes)
    drawn = {}
    for dots in ax.collections:
        for x, y in dots.get_offsets():
            drawn[round(float(x), 9), round(float(y), 9)] = hexes(dots.get_facecolors()[:, :3])[0]
    tested = changes[changes["padj"].notna()]
    assert len(drawn) == len(tested)
    for row in tested.itertuples():
        assert drawn[round(row.effect, 9), round(-np.log10(row.padj), 9)] == SHIFTS[row.shift].lower()
    line = next(ln for ln in ax.lines if ln.get_linestyle() == "--")
    assert line.get_ydata()[0] == pytest.approx(-np.log10(0.05))


def test_names_legend_and_missing_rows(changes):
    ax = cs.pl.volcano(changes, top=2)
    assert {t.get_text() for t in ax.texts} == {"A^B  tumour → CAF", "C^D  CAF → T cell"}
    assert "not shown: 1 row without effect or p-value" in ax.get_title()
    entries = [t.get_text() for t in ax.get_legend().get_texts()]
    assert entries == ["gained (1)", "up (1)", "down (1)", "compensated (1)", "inconclusive (1)"]


def test_labels_do_not_overlap_in_a_crowd(changes):
    import pandas as pd

    rng = np.random.default_rng(0)
    many = pd.concat([changes.iloc[:1]] * 300, ignore_index=True)
    many["interaction"] = [f"LIGAND{i}^RECEPTOR{i}" for i in range(300)]
    many["effect"], many["padj"] = rng.normal(2, 0.1, 300), 10 ** -rng.normal(30, 0.2, 300)
    ax = cs.pl.volcano(many, top=25)
    assert len(ax.texts) == 25
    assert overlaps(ax.texts, ax.figure) == 0


def test_contrast_must_be_clear(changes, staged):
    with pytest.raises(ValueError, match="several contrasts: set contrast to one of 's2 vs s1', 's3 vs s1', 'stages'"):
        cs.pl.volcano(staged)
    assert cs.pl.volcano(staged, contrast="stages").get_title().startswith("stages")
    with pytest.raises(ValueError, match=r"contrast='s4 vs s1' is not in the table"):
        cs.pl.volcano(staged, contrast="s4 vs s1")
    with pytest.raises(ValueError, match="no row of 'case vs control' has both effect and padj"):
        cs.pl.volcano(changes.assign(padj=np.nan))
    with pytest.raises(TypeError, match="top must be an integer"):
        cs.pl.volcano(changes, top=2.5)


def test_every_word_has_its_colour_and_marker():
    """Words that share a colour differ by marker, and all of them by the legend."""
    assert tuple(sorted(SHIFTS)) == tuple(sorted(schema.SHIFTS))
    words = list(schema.SHIFTS)
    frame = pd.DataFrame({
        "contrast": "b vs a", "source": "s", "target": "t", "interaction": [f"A{i}^B" for i in range(len(words))],
        "effect": np.arange(len(words)) - 6.5, "padj": 0.01, "shift": words,
    })  # fmt: skip
    ax = cs.pl.volcano(frame, top=0)
    drawn = {}
    for dots in ax.collections:
        if len(dots.get_offsets()):
            word = words[round(float(dots.get_offsets()[0, 0]) + 6.5)]
            drawn[word] = to_hex(dots.get_facecolors()[0, :3]), dots.get_paths()[0].vertices.tobytes()
    assert {w: c for w, (c, _) in drawn.items()} == {w: c.lower() for w, c in SHIFTS.items()}
    assert len(set(drawn.values())) == len(words)
    told = {t.get_text().rsplit(" (", 1)[0].replace(" ", "_") for t in ax.get_legend().get_texts()}
    assert told == set(words)
