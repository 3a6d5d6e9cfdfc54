"""Names are drawn letter by letter and fit, whatever is in them; stored colours that are none are passed over."""

from __future__ import annotations

import io
import warnings

import anndata as ad
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

import commscore as cs
from commscore.pl._colours import default_palette, group_colours
from commscore.pl._text import edge_labels, fitted, shorten, two_lines

DOLLARS = {"tumour": "well$1_$2", "CAF": r"\alpha $x", "T cell": r"a → b  c → d $\frac$"}
"""Each stops Matplotlib where it is read as a formula."""
LONG = {"tumour": "t" * 300, "CAF": "line\nbreak " * 30, "T cell": "t" * 299 + "u"}


def renamed(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    frame = frame.copy()
    for side in ("source", "target"):
        frame[side] = frame[side].cat.rename_categories(names)
    return frame


def texts(figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


def drawn_plots(edges, changes, staged, samples) -> dict:
    """Every plot of bare tables with groups in it."""
    edge = changes.iloc[[0]]
    everything = {"max_padj": None}
    refits = pd.concat([changes.assign(left_out=s) for s in ("$p1$", "$p2")], ignore_index=True)
    return {
        "dotplot": lambda: cs.pl.dotplot(edges, **everything),
        "heatmap": lambda: cs.pl.heatmap(edges, **everything),
        "chord": lambda: cs.pl.chord(edges, **everything),
        "network": lambda: cs.pl.network(edges, **everything),
        "sankey": lambda: cs.pl.sankey(edges, value="score", **everything),
        "clustermap": lambda: cs.pl.clustermap(edges, **everything),
        "clustermap of samples": lambda: cs.pl.clustermap(samples, condition_key="stage"),
        "roles": lambda: cs.pl.roles(edges, edges, names=("$a$", "$b"), **everything),
        "spectrum": lambda: cs.pl.spectrum(edges, **everything),
        "volcano": lambda: cs.pl.volcano(changes),
        "quadrant": lambda: cs.pl.quadrant(changes),
        "shift_heatmap": lambda: cs.pl.shift_heatmap(changes),
        "shift_heatmap by contrast": lambda: cs.pl.shift_heatmap(changes, by="contrast"),
        "drivers": lambda: cs.pl.drivers(changes, max_padj=None),
        "drivers of one edge": lambda: cs.pl.drivers(edge, max_padj=None),
        "influence": lambda: cs.pl.influence(changes, refits=refits),
        "shapes": lambda: cs.pl.shapes(staged, order=["s1", "s2", "s3"]),
        "by_sample": lambda: cs.pl.by_sample(samples, condition_key="stage"),
        "trend": lambda: cs.pl.trend(
            samples, **edge.iloc[0][["interaction", "source", "target"]].astype(str), stage_key="stage",
            comparison=staged,
        ),
    }  # fmt: skip


PLOTS = list(drawn_plots(*[pd.DataFrame({c: ["A^B"] for c in ("interaction", "source", "target")})] * 4))


@pytest.fixture(params=["dollars", "long"])
def names(request) -> dict[str, str]:
    return {"dollars": DOLLARS, "long": LONG}[request.param]


@pytest.mark.parametrize("plot", PLOTS)
def test_names_are_drawn_as_they_are_written(plot, names, edges, changes, staged, samples):
    tables = [renamed(t, names) for t in (edges, changes, staged)]
    samples.var = renamed(samples.var.astype({"source": "category", "target": "category"}), names)
    made = drawn_plots(*tables, samples)[plot]()
    figure = made.figure
    figure.savefig(io.BytesIO(), dpi=30)
    assert figure.get_size_inches().max() < 25
    own = [t for t in texts(figure) if any(c in t.get_text() for c in r"$\↵") or "tt" in t.get_text()]
    assert own, "no name is drawn"
    assert not any(t.get_parse_math() or t.get_usetex() for t in own)
    if names is DOLLARS:
        said = "\n".join(t.get_text() for t in texts(figure))
        assert "well$1_$2" in said
    else:
        assert max(len(line) for t in own for line in t.get_text().split("\n")) < 130


def test_names_on_axes_of_the_caller_and_with_tex_asked_for(edges, changes):
    for draw in (cs.pl.heatmap, cs.pl.dotplot):
        figure = Figure(figsize=(4, 4))
        ax = figure.subplots()
        ax.set_xticks([0, 1], ["a", "b"])
        with mpl.rc_context({"text.usetex": True}):
            draw(renamed(edges, DOLLARS), max_padj=None, ax=ax)
            named = [t for t in texts(figure) if "$" in t.get_text()]
            assert named
            assert not any(t.get_parse_math() or t.get_usetex() for t in named)
        figure.savefig(io.BytesIO())
    assert mpl.rcParams["text.parse_math"]


def test_labels_of_edges_are_never_taken_apart():
    frame = pd.DataFrame({"interaction": ["A  B^C"], "source": ["x → y"], "target": ["z  "]})
    label = edge_labels(frame)[0]
    assert label == ("A  B^C", "x → y", "z  ")
    assert fitted(label, 100) == "A  B^C  x → y → z  "
    assert two_lines(label, 40) == "A  B^C\nx → y → z  "
    assert shorten(["a\nb", "a b"]) == {"a\nb": "a b", "a b": "a b (2)"}


def test_pairs_that_read_the_same_stay_apart(edges):
    names = ["a → b", "c", "a"]
    frame = pd.DataFrame({
        "source": ["a → b", "a"], "target": ["c", "b → c"], "interaction": ["A^B", "A^B"], "score": [1.0, 2.0],
        "padj": [0.01, 0.01],
    })  # fmt: skip
    assert names[0] in set(frame["source"])
    values = cs.pl.clustermap(frame).data2d.iloc[0]
    assert sorted(values.index) == ["a → b → c", "a → b → c (2)"]
    assert sorted(values) == [1.0, 2.0]
    assert len(cs.pl.dotplot(frame).collections[0].get_offsets()) == 2


@pytest.fixture
def coloured() -> ad.AnnData:
    obs = pd.DataFrame({"ct": pd.Categorical(["A", "B", "C"])}, index=["1", "2", "3"])
    return ad.AnnData(np.ones((3, 1)), obs=obs, uns={"commscore": _result()})


def _result() -> dict:
    table = pd.DataFrame({"source": ["A"], "target": ["B"], "interaction": ["X^Y"]})
    return {"table": table, "params": {"groupby": "ct"}, "resource": {"name": "r"}, "schema": "commscore.score/4"}


@pytest.mark.parametrize(
    "stored",
    [["grey80", "firebrick3", "dodgerblue2"], ["#ff0000", "nan", "#0000ff"], ["red", None, "blue"], [1, 2, 3],
     ["red", "blue"], np.array([[0.1, 0.2, np.nan]] * 3), ["none", "red", "blue"], "red", {"A": "red"},
     [(0, 0, 0, 0)] * 3],
    ids=str,
)  # fmt: skip
def test_stored_colours_that_are_none_give_way_to_our_own_with_one_warning(coloured, stored):
    coloured.uns["ct_colors"] = stored
    with pytest.warns(UserWarning, match=r"ct_colors.*our own colours are drawn instead") as caught:
        found = group_colours(coloured, "commscore", ["A", "B", "C"])
    assert len(caught) == 1
    assert found == default_palette(["A", "B", "C"])


@pytest.mark.parametrize(
    "stored",
    [["#ff0000", "#00ff00", "#0000ff"], np.array([b"#ff0000", b"#00ff00", b"#0000ff"]),
     np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1.0]]), [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
     np.array(["red", "lime", "blue", "black"], object), {"C": "blue", "A": "red", "B": "lime"}],
    ids=str,
)  # fmt: skip
def test_stored_colours_of_every_form_are_taken(coloured, stored):
    coloured.uns["ct_colors"] = stored
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = group_colours(coloured, "commscore", ["C", "A", "B"])
    assert {n: to_hex(c) for n, c in found.items()} == {"A": "#ff0000", "B": "#00ff00", "C": "#0000ff"}


def test_palette_with_something_else_is_refused(edges):
    with pytest.raises(ValueError, match="palette has 'grey80' for 'CAF', which is no colour of Matplotlib"):
        cs.pl.heatmap(edges, palette={"tumour": "red", "CAF": "grey80", "T cell": "blue"})
