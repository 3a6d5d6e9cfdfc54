"""The heat map shows source × target totals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from drawn import labels


def test_cells_are_the_totals(edges):
    ax = cs.pl.heatmap(edges)
    drawn = ax.images[0].get_array()
    groups = labels(ax.yaxis)
    assert groups == labels(ax.xaxis) == ["tumour", "CAF", "T cell"]
    sure = edges[edges["padj"] <= 0.05]
    for i, source in enumerate(groups):
        for j, target in enumerate(groups):
            assert drawn[i, j] == ((sure["source"] == source) & (sure["target"] == target)).sum()
    assert [t.get_text() for t in ax.texts] == [f"{v:.0f}" for v in drawn.ravel()]
    assert "padj\u00a0≤\u00a00.05" in ax.get_title()


def test_sum_of_a_column_over_all_rows(edges):
    ax = cs.pl.heatmap(edges, value="score", max_padj=None)
    assert ax.images[0].get_array().sum() == pytest.approx(edges["score"].sum())


def test_largest_groups_are_kept_and_the_rest_counted(edges):
    ax = cs.pl.heatmap(edges, top=2)
    assert labels(ax.yaxis) == ["tumour", "CAF"]
    assert "not shown: 1 group" in ax.get_title()


def test_a_table_without_p_values_is_drawn_whole(edges):
    ax = cs.pl.heatmap(edges.assign(padj=np.nan))
    assert ax.images[0].get_array().sum() == len(edges)


def test_errors(edges):
    with pytest.raises(ValueError, match=r"no row has padj ≤ 1e-09: nothing to draw; raise max_padj"):
        cs.pl.heatmap(edges, max_padj=1e-9)
    with pytest.raises(ValueError, match="data is an empty table"):
        cs.pl.heatmap(edges.iloc[:0])
    with pytest.raises(ValueError, match="no column 'strength'"):
        cs.pl.heatmap(edges, value="strength")
    with pytest.raises(ValueError, match="palette has no colour for 'CAF'"):
        cs.pl.heatmap(edges, palette={"tumour": "red", "T cell": "blue"})
    with pytest.raises(TypeError, match="data must be an AnnData or a pandas DataFrame"):
        cs.pl.heatmap([1])


def test_forty_groups_and_one(edges):
    names = [f"group {i} with quite a long name, of subset {i}" for i in range(40)]
    many = pd.DataFrame({"source": names, "target": names[::-1], "interaction": "A^B", "padj": 0.01})
    ax = cs.pl.heatmap(many)
    assert len(set(labels(ax.yaxis))) == 40
    assert max(map(len, labels(ax.yaxis))) <= 28
    assert not ax.texts  # too many cells for numbers
    assert cs.pl.heatmap(many.iloc[:1].assign(target=names[0])).images[0].get_array().shape == (1, 1)


def test_only_these_sources(edges):
    ax = cs.pl.heatmap(edges, source="tumour", max_padj=None)
    expected = edges[edges["source"] == "tumour"].groupby("target", observed=True).size()
    drawn, groups = ax.images[0].get_array(), labels(ax.yaxis)
    assert dict(zip(groups, drawn[groups.index("tumour")], strict=True)) == {g: expected.get(g, 0) for g in groups}
    assert drawn.sum() == expected.sum()
