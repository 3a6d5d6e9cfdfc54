"""Axes of the caller's that are small: nothing is cut off, no words overlap, and letters shrink."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import commscore as cs
from drawn import overlaps

CASE = {"contrast": "case vs control"}
EDGE = {"interaction": "A^B", "source": "tumour", "target": "CAF"}
LONG = {"tumour": "tumour cells of the invasive front", "CAF": "cancer-associated fibroblasts", "T cell": "T cell"}
PLOTS = {
    "dotplot": lambda d, **q: cs.pl.dotplot(d["edges"], **q),
    "heatmap": lambda d, **q: cs.pl.heatmap(d["edges"], **q),
    "chord": lambda d, **q: cs.pl.chord(d["edges"], **q),
    "network": lambda d, **q: cs.pl.network(d["edges"], **q),
    "sankey": lambda d, **q: cs.pl.sankey(d["edges"], **q),
    "spectrum": lambda d, **q: cs.pl.spectrum(d["edges"], **q),
    "roles": lambda d, **q: cs.pl.roles(d["edges"], **q),
    "volcano": lambda d, **q: cs.pl.volcano(d["changes"], **q),
    "quadrant": lambda d, **q: cs.pl.quadrant(d["changes"], **q),
    "drivers": lambda d, **q: cs.pl.drivers(d["changes"], **q),
    "waterfall": lambda d, **q: cs.pl.drivers(d["changes"], **EDGE, **q),
    "shift_heatmap": lambda d, **q: cs.pl.shift_heatmap(d["changes"], **q),
    "trend": lambda d, **q: cs.pl.trend(d["samples"], **EDGE, stage_key="stage", **q),
    "by_sample": lambda d, **q: cs.pl.by_sample(d["samples"], condition_key="stage", **q),
    "balance": lambda d, **q: cs.pl.balance(d["cohort"], **q),
    "therapies": lambda d, **q: cs.pl.therapies(d["cohort"], **q),
    "circuit": lambda d, **q: cs.pl.circuit(d["cohort"], "tgfb_jag1_notch_il6", **q),
    "dotplot of many": lambda d, **q: cs.pl.dotplot(d["cohort"], **q),
    "heatmap of many": lambda d, **q: cs.pl.heatmap(d["cohort"], max_padj=None, **q),
    "network of many": lambda d, **q: cs.pl.network(d["cohort"], max_padj=None, **q),
    "sankey of many": lambda d, **q: cs.pl.sankey(d["cohort"], max_padj=None, **q),
    "roles of many": lambda d, **q: cs.pl.roles(d["cohort"], max_padj=None, **q),
}


def words(figure):
    """Texts that are seen: ticks outside the limits are not drawn."""
    hidden = set()
    for ax in (*figure.axes, *(beside for main in figure.axes for beside in main.child_axes)):
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            for tick in axis.get_major_ticks():
                if not ax.axison or not min(limits) - 1e-9 <= tick.get_loc() <= max(limits) + 1e-9:
                    hidden |= {id(tick.label1), id(tick.label2)}
    found = {id(t): t for ax in figure.axes for t in ax.findobj(Text) if t.get_text().strip() and t.get_visible()}
    return [t for key, t in found.items() if key not in hidden]


def cut_off(texts, figure):
    """Texts that reach beyond the figure."""
    boxes = [t.get_window_extent() for t in texts]
    width, height = figure.bbox.width, figure.bbox.height
    return [
        t.get_text()
        for t, b in zip(texts, boxes, strict=True)
        if min(b.x0, b.y0) < -1 or b.x1 > width + 1 or b.y1 > height + 1
    ]


@pytest.fixture
def data(edges, changes, samples, cohort):
    edges, changes = (
        frame.assign(**{side: frame[side].cat.rename_categories(LONG) for side in ("source", "target")})
        if name == "edges"
        else frame
        for name, frame in (("edges", edges), ("changes", changes))
    )
    return {"edges": edges, "changes": changes, "samples": samples, "cohort": cohort}


@pytest.mark.parametrize(
    "size", [pytest.param((3.0, 2.5), id="small"), pytest.param((6.0, 4.0), id="large", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", PLOTS)
def test_words_fit(data, name, size):
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    ax = figure.add_subplot(projection="polar" if name == "chord" else None)
    assert PLOTS[name](data, ax=ax) is ax
    figure.draw_without_rendering()
    texts = words(figure)
    assert texts
    assert cut_off(texts, figure) == []
    level = [t for t in texts if t.get_rotation() % 90 == 0]
    assert overlaps(level, figure) == 0


def test_names_stay_in_their_cell_where_no_layout_engine_sees_to_it(data):
    """Of plain ``plt.subplots``: neither cut off nor over the next plot."""
    figure = Figure(figsize=(9, 7))
    axes = figure.subplots(2, 2).ravel()
    for ax, name in zip(axes, ("heatmap of many", "dotplot of many", "sankey of many", "by_sample"), strict=True):
        PLOTS[name](data, ax=ax)
    figure.draw_without_rendering()
    texts = words(figure)
    assert cut_off(texts, figure) == []
    assert overlaps(texts, figure) == 0
    assert min(ax.get_window_extent().height for ax in axes) > 60


def test_letters_and_marks_shrink(changes):
    def drawn(*size):
        ax = Figure(figsize=size, layout="constrained").subplots()
        cs.pl.drivers(changes, ax=ax)
        ax.figure.draw_without_rendering()
        return ax.title.get_fontsize(), ax.get_yticklabels()[0].get_fontsize(), ax.collections[0].get_sizes()[0]

    large, small = drawn(8, 6), drawn(3, 2.5)
    assert large == pytest.approx((10, 7.5, 24))
    assert small == pytest.approx((6.5, 0.65 * 7.5, 0.65**2 * 24))


def test_as_many_rows_as_fit_and_the_rest_is_counted(cohort):
    def rows(height):
        ax = Figure(figsize=(5, height), layout="constrained").subplots()
        cs.pl.dotplot(cohort, ax=ax)
        return len(ax.get_yticklabels()), " ".join(ax.get_title().split())

    heights = (3.0, 4.5, 6.0)
    counts, titles = zip(*map(rows, heights), strict=True)
    assert np.all(np.diff(counts) > 0)
    every = cs.get.table(cohort)["interaction"].nunique()
    for count, title in zip(counts, titles, strict=True):
        assert f"not shown: {every - count} interactions" in title


def test_a_figure_of_its_own_is_as_before(edges):
    ax = cs.pl.dotplot(edges)
    assert ax.title.get_fontsize() == 10
    assert [t.get_fontsize() for t in ax.get_yticklabels()] == [8.0] * 3
