"""The volcano draws effect against −log10 p in the colour of the shift."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import commscore as cs
from commscore.pl._colours import SHIFTS
from commscore.tables import compare as schema
from drawn import hexes, lines_through_words, overlaps


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
    assert entries == ["gained (1)", "up (1)", "down (1)", "compensated (1)", "inconclusive (1)", "padj = 0.05"]


@pytest.mark.parametrize("plot", ["volcano", "quadrant"])
def test_labels_of_a_crowd_do_not_overlap(plot, changes):
    rng = np.random.default_rng(0)
    many = pd.concat([changes.iloc[:1]] * 300, ignore_index=True)
    many["interaction"] = [f"LIGAND{i}^RECEPTOR{i}" for i in range(300)]
    for column in ("effect", "ligand_effect", "receptor_effect"):
        many[column] = rng.normal(2, 0.6, 300)
    many["padj"] = 10 ** -rng.normal(30, 6, 300)
    ax = getattr(cs.pl, plot)(many, top=12)
    names = [t for t in ax.texts if "LIGAND" in t.get_text()]
    dropped = re.search(r"(\d+) names? found no room", ax.get_title())
    assert len(names) + int(dropped[1] if dropped else 0) == 12
    assert len(names) >= 9
    assert overlaps(ax.texts, ax.figure) == 0
    assert lines_through_words(ax) == 0


def test_lines_lead_to_labels_that_stand_apart(changes):
    """A lone point has its name beside it; of five on one spot, some have a line."""
    alone = cs.pl.volcano(changes, top=1)
    assert [t.arrow_patch for t in alone.texts] == [None]
    same = pd.concat([changes.iloc[:1]] * 5, ignore_index=True)
    same["interaction"] = [f"A{i}^B" for i in range(5)]
    ax = cs.pl.volcano(same, top=5)
    assert len(ax.texts) == 5
    assert overlaps(ax.texts, ax.figure) == 0
    assert sum(t.arrow_patch is not None for t in ax.texts) >= 2


def test_group_words_give_way_before_gene_names(changes):
    names = {"tumour": "Keratinocyte, cluster 8", "CAF": "Mixed lymphoid, cluster 12"}
    long = changes.assign(**{s: changes[s].cat.rename_categories(names) for s in ("source", "target")})
    long["interaction"] = "S100A8_S100A9^TGFBR1_TGFBR2"
    (label,) = cs.pl.volcano(long, top=1).texts
    assert label.get_text() == "S100A8_S100A9^TGFBR1_TGFBR2\nKerati., cluster 8 → Mix. lym., clu. 12"


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
    told = {t.get_text().rsplit(" (", 1)[0].replace(" ", "_") for t in ax.get_legend().get_texts()[:-1]}
    assert told == set(words)
