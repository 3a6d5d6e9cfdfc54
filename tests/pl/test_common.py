"""What holds for every plot: names that fit, colours that stay apart, vector export, pyplot."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import commscore as cs
from commscore.pl._colours import default_palette, group_colours
from commscore.pl._text import shorten, spread


def test_short_names_stay_different():
    names = [f"a very long name of a group of cells, number {i}, with more words after it" for i in range(200)]
    short = shorten(names, 24)
    assert len(set(short.values())) == 200
    assert max(map(len, short.values())) <= 24
    assert shorten(["short", "short"], 24) == {"short": "short"}
    assert shorten(["abcdefghij"], 5)["abcdefghij"] == "abcd."
    assert shorten(["ABCDE^FGHIJ"], 5)["ABCDE^FGHIJ"] == "AB…IJ"
    assert shorten(["Mixed lymphoid, cluster 12"], 20)["Mixed lymphoid, cluster 12"] == "Mix. lym., clu. 12"


def test_spread_keeps_order_distance_and_bounds():
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = np.sort(rng.random(8))
        placed = spread(values, 0.1, low=0.0, high=1.0)
        assert np.diff(placed).min() >= 0.1 - 1e-9
        assert placed.min() >= -1e-9
        assert placed.max() <= 1 + 1e-9
    np.testing.assert_allclose(spread([0.1, 0.5, 0.9], 0.1, low=0, high=1), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(spread([0.5, 0.5], 0.2, low=0, high=1), [0.4, 0.6])
    np.testing.assert_allclose(np.diff(spread(np.zeros(30), 0.1, low=0, high=1)), 1 / 29)


def test_palette_is_distinct_and_as_stored(cohort):
    palette = default_palette([str(i) for i in range(40)])
    colours = np.array([to_rgb(c) for c in palette.values()])
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=2) + 9 * np.eye(40)
    assert apart.min() > 0.03
    names = list(cohort.obs["cell_type"].cat.categories)
    cohort.uns["cell_type_colors"] = [f"#0000{i:02x}" for i in range(len(names))]
    try:
        found = group_colours(cohort, "commscore", names[::-1])
    finally:
        del cohort.uns["cell_type_colors"]
    assert found == {n: f"#0000{names.index(n):02x}" for n in names}


@pytest.mark.parametrize("kind", ["pdf", "svg"])
def test_vector_export(edges, changes, kind):
    for ax in (cs.pl.chord(edges), cs.pl.network(edges), cs.pl.volcano(changes), cs.pl.drivers(changes)):
        out = io.BytesIO()
        ax.figure.savefig(out, format=kind)
        assert len(out.getvalue()) > 5000


def test_text_stays_text_in_vector_files(edges):
    import re

    import matplotlib as mpl

    ax, saved = cs.pl.heatmap(edges), {}
    with mpl.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none"}):
        for kind in ("pdf", "svg"):
            out = io.BytesIO()
            ax.figure.savefig(out, format=kind)
            saved[kind] = out.getvalue()
    svg = saved["svg"].decode()
    assert {*ax.figure.axes[0].get_title().split("\n"), "tumour", "CAF", "T cell", "source", "target"} <= set(
        re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    )
    assert b"/FontFile2" in saved["pdf"]  # a TrueType font, which drawing programs edit; no Type 3
    assert b"/Type3" not in saved["pdf"]


def test_axes_of_a_grid_are_used(edges, changes, samples):
    from matplotlib.figure import Figure

    axes = Figure(figsize=(10, 7), layout="constrained").subplots(2, 2).ravel()
    trend = {"interaction": "A^B", "source": "tumour", "target": "CAF", "stage_key": "stage"}
    drawn = [
        cs.pl.network(edges, ax=axes[0]),
        cs.pl.volcano(changes, ax=axes[1]),
        cs.pl.trend(samples, **trend, ax=axes[2]),
        cs.pl.sankey(edges, ax=axes[3]),
    ]
    assert all(a is b for a, b in zip(axes, drawn, strict=True))


STATE = """
import pandas as pd, commscore as cs, sys
t = pd.DataFrame({"source": ["a", "b"], "target": ["b", "a"], "interaction": "A^B", "score": 1.0, "padj": 0.01,
                  "mode": "contact"})
for name in ("dotplot", "heatmap", "network", "chord", "sankey", "spectrum", "roles"):
    getattr(cs.pl, name)(t)
from matplotlib import pyplot
print(pyplot.get_fignums(), pyplot.rcParams["savefig.bbox"])
"""


def test_figures_are_of_pyplot_and_its_settings_stay():
    """A notebook shows what pyplot knows."""
    done = subprocess.run([sys.executable, "-c", STATE], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[1, 2, 3, 4, 5, 6, 7] None", done.stderr


def test_plots_of_the_same_data_agree_on_colours(cohort):
    names = sorted(cohort.obs["cell_type"].cat.categories)  # as they are read: the categories have no order
    whole = default_palette(names)
    assert group_colours(cohort, "commscore", names[3:1:-1]) == {n: whole[n] for n in names[3:1:-1]}
    assert group_colours(cohort, "commscore_therapies", names[2:4]) == {n: whole[n] for n in names[2:4]}


# linear RGB as people see it who lack one kind of cone: Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def lab(colours, matrix):
    """CIELAB of colours seen through a matrix of linear RGB."""
    rgb = np.array([to_rgb(c) for c in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(matrix).T, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = seen @ to_xyz.T / [0.9505, 1.0, 1.089]
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("names", ["shifts", "parts", "groups"])
def test_colours_stay_apart_for_colour_blind_readers(kind, names):
    from commscore.pl._colours import MARKERS, PARTS, SHIFTS

    sets = {"shifts": SHIFTS, "parts": PARTS, "groups": default_palette([str(i) for i in range(21)])}
    seen = lab(sets[names].values(), BLIND[kind])
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + 1e3 * np.eye(len(seen))
    if names == "shifts":  # one colour for both sides, told apart by their markers
        marks = np.array([MARKERS.get(s, "o") for s in SHIFTS])
        apart += 1e3 * (marks[:, None] != marks)
    assert apart.min() > 10  # about 2 is the least that is seen


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize(("n", "least"), [(2, 15), (9, 13), (21, 6)])
def test_colours_of_what_stands_beside_groups_are_none_of_theirs(kind, n, least):
    from commscore.pl._colours import palette_apart

    groups = default_palette([str(i) for i in range(n)])
    beside = palette_apart([f"mode {i}" for i in range(8)], groups.values())
    seen, own = lab(beside.values(), BLIND[kind]), lab(groups.values(), BLIND[kind])
    assert np.linalg.norm(seen[:, None] - own[None], axis=2).min() > least
    assert (np.linalg.norm(seen[:, None] - seen[None], axis=2) + 1e3 * np.eye(8)).min() > 10


def test_figures_say_that_p_values_are_over_cells(changes):
    """A figure outlives the warning of the tool."""
    cells, samples = changes.assign(unit="cells"), changes.assign(unit="samples")
    for plot in (cs.pl.volcano, cs.pl.quadrant, cs.pl.drivers, cs.pl.shift_heatmap):
        assert "p-values over cells, not samples" in plot(cells).get_title().replace("\n", " ")
        assert "over cells" not in plot(samples).get_title().replace("\n", " ")


def test_plots_of_one_table_agree_on_colours(edges):
    """A group that a plot leaves out still has its colour: CAF is the second group, also where it comes first."""
    bars = cs.pl.spectrum(edges[edges["source"] != "tumour"], max_padj=None).patches
    assert to_rgb(bars[0].get_facecolor()) == to_rgb(group_colours(edges, "commscore", ["CAF"])["CAF"])
    names = ["tumour", "CAF", "T cell"]
    assert group_colours(edges, "commscore", names[1:]) == {n: default_palette(names)[n] for n in names[1:]}
