"""Printed in grey, every figure still tells what its colours tell: by lightness, marker, dashes, hatches, or words."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb

import commscore as cs
from commscore.pl._clustermap import _initials
from commscore.pl._colours import HATCHED, MARKERS, PARTS, SHIFTS
from commscore.pl._expectations import _LOOK
from commscore.pl._therapies import _MARKERS
from drawn import labels

SEEN = 8.0
"""Steps of lightness, of 100, that stay apart side by side on paper."""
RIGHT = {"gained", "up", "ligand_up", "receptor_up", "detected_only_alt"}
LEFT = {"lost", "down", "ligand_down", "receptor_down", "detected_only_ref"}
"""Words of rows whose place in the figure tells on which side of zero they are."""


def lightness(colour) -> float:
    """L of CIELAB."""
    rgb = np.asarray(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = float(linear @ [0.2126, 0.7152, 0.0722])
    return 116 * np.cbrt(y) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3


@pytest.mark.parametrize("name", ["viridis", "cividis"])
def test_scales_of_amounts_grow_lighter(name):
    steps = np.array([lightness(c[:3]) for c in colormaps[name](np.linspace(0, 1, 64))])
    assert (np.diff(steps) > 0).all()


@pytest.mark.parametrize(("a", "b"), itertools.combinations(SHIFTS, 2))
def test_shifts_stay_apart(a, b):
    """On the volcano and the quadrants, where the side of zero is the place."""
    apart = abs(lightness(SHIFTS[a]) - lightness(SHIFTS[b])) > SEEN
    opposite = (a in RIGHT and b in LEFT) or (a in LEFT and b in RIGHT)
    assert apart or opposite or MARKERS.get(a, "o") != MARKERS.get(b, "o")


def test_parts_of_a_change_stay_apart():
    for a, b in itertools.combinations(PARTS, 2):
        assert abs(lightness(PARTS[a]) - lightness(PARTS[b])) > SEEN or (a in HATCHED) != (b in HATCHED)


def test_verdicts_and_contexts_have_markers_of_their_own():
    assert len({marker for _, marker in _LOOK.values()}) == len(_LOOK)
    assert len(set(_MARKERS)) == len(_MARKERS) >= 4


@pytest.mark.parametrize("name", ["chord", "heatmap", "network", "roles", "sankey", "spectrum"])
def test_every_group_is_named(edges, name):
    ax = getattr(cs.pl, name)(edges)
    words = {t.get_text() for t in ax.texts} | {*labels(ax.xaxis), *labels(ax.yaxis)}
    assert {"tumour", "CAF"} <= words
    if name != "spectrum":  # of the sources
        assert "T cell" in words


def dashes(ax) -> set[tuple[float, float]]:
    """Places of the dashes that mark what is below."""
    marks = [c for c in ax.collections if not hasattr(c, "get_coordinates") and len(c.get_offsets())]
    flat = [m for m in marks if np.ptp(m.get_paths()[0].vertices[:, 1]) < 1e-9]
    return {(float(x), float(y)) for m in flat for x, y in m.get_offsets()}


def test_below_and_above_the_row_mean_stay_apart(samples):
    ax = cs.pl.by_sample(samples, condition_key="stage")
    mesh = next(c for c in ax.collections if hasattr(c, "get_coordinates"))
    values = np.ma.filled(np.ma.asarray(mesh.get_array()), np.nan)
    y, x = np.nonzero(values < -0.25 * mesh.norm.vmax)
    assert len(x) > 3
    assert dashes(ax) == set(zip(x.astype(float), y.astype(float), strict=True))
    grid = cs.pl.clustermap(samples, condition_key="stage")
    y, x = np.nonzero(grid.data2d.to_numpy() < -0.25 * grid.ax_heatmap.collections[0].norm.vmax)
    assert dashes(grid.ax_heatmap) == set(zip(x + 0.5, y + 0.5, strict=True))


def test_strips_carry_initials(samples, edges):
    assert _initials(["contact", "checkpoint", "ecm"]) == {"contact": "co", "checkpoint": "ch", "ecm": "e"}
    assert _initials(["s1", "s"]) == {"s1": "s1", "s": "s"}
    grid = cs.pl.clustermap(samples, condition_key="stage")
    stage = dict(zip(samples.obs_names, samples.obs["stage"].astype(str), strict=True))
    assert [t.get_text() for t in grid.ax_col_colors.texts] == [stage[name] for name in grid.data2d.columns]
    grid = cs.pl.clustermap(edges, max_padj=None)
    mode = dict(zip(edges["interaction"], edges["mode"], strict=True))
    first = {"paracrine": "p", "contact": "co", "checkpoint": "ch"}
    assert [t.get_text() for t in grid.ax_row_colors.texts] == [first[mode[name]] for name in grid.data2d.index]
    told = {t.get_text() for legend in grid.figure.legends for t in legend.get_texts()}
    assert {"paracrine (p)", "contact (co)", "checkpoint (ch)"} <= told


def test_significant_cells_carry_their_direction(changes):
    ax = cs.pl.shift_heatmap(changes)
    assert sorted(t.get_text() for t in ax.texts) == ["+", "×", "▲", "▼"]
    response = pd.DataFrame(
        {"contrast": "b vs a", "target": ["x", "y"], "pathway": "P", "effect": [1.0, -1.0], "padj": 0.01}
    )
    assert [t.get_text() for t in cs.pl.response(response).texts] == ["▲", "▼"]


def test_steps_of_a_circuit_carry_their_change(cohort):
    changes = cs.get.load(cohort, "commscore_circuits").extra["changes"]
    own = changes[((changes["contrast"] == "late vs early") & (changes["step"] > 0) & changes["effect"].notna())]
    name = str(own["circuit"].iloc[0])
    words = [t.get_text() for t in cs.pl.circuit(cohort, name, contrast="late vs early").texts]
    for step, effect in own.loc[own["circuit"] == name, ["step", "effect"]].itertuples(index=False):
        (word,) = [w for w in words if w.startswith(f"{step}. ")]
        assert f"({effect:+.1f})".replace("-", "−") in word


def test_loops_that_restrain_are_dashed(cohort):
    table = pd.DataFrame({
        "kind": "relay", "sign": [1, -1], "strength": [2.0, 1.0], "strength_pvalue": np.nan,
        "groups": ['["a", "b", "c"]', '["c", "b", "a"]'], "interactions": '["A^B", "C^D"]',
    })  # fmt: skip
    ax = cs.pl.loops(table)
    styles = {t.arrow_patch.get_linestyle() for t in ax.texts if getattr(t, "arrow_patch", None) is not None}
    assert len(styles) == 2
