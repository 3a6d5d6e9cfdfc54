"""Tables of several methods: the first is drawn and named, another when asked for."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs

PLOTS = ("heatmap", "chord", "network", "sankey", "spectrum", "roles")


@pytest.fixture
def several(edges):
    other = edges["padj"].to_numpy()[::-1]
    return edges.drop(columns=["score", "padj"]).assign(
        score_mean=edges["score"], padj_mean=edges["padj"], score_hill=10 * edges["score"], padj_hill=other
    )


@pytest.mark.parametrize("name", PLOTS)
def test_the_first_method_is_drawn_and_named(edges, several, name):
    plot = getattr(cs.pl, name)
    said = [" ".join(plot(several, method=m).get_title().split()) for m in (None, "mean", "hill")]
    assert "method mean)" in said[0]
    assert said[0] == said[1]
    assert "method hill)" in said[2]
    assert "method" not in plot(edges).get_title()


def test_numbers_are_those_of_the_method(edges, several):
    first = cs.pl.heatmap(several).images[0].get_array()
    np.testing.assert_array_equal(first, cs.pl.heatmap(edges).images[0].get_array())
    other = cs.pl.heatmap(several, method="hill").images[0].get_array()
    assert other.sum() == (several["padj_hill"] <= 0.05).sum()
    dots = cs.pl.dotplot(several, method="hill")
    drawn = np.concatenate([c.get_array() for c in dots.collections if c.get_array() is not None])
    assert sorted(drawn) == sorted(10 * edges["score"])  # those without a p-value, too
    assert "score (hill)" in [a.get_ylabel() for a in dots.figure.axes]
    grid = cs.pl.clustermap(several, method="hill", max_padj=None)
    assert np.nanmax(grid.data2d) == 50


def test_ranks_are_best_where_they_are_small(edges):
    ranks = edges.assign(magnitude_rank=[0.9, 0.1, 0.9, 0.05, 0.5, 0.7], specificity_rank=np.nan)
    ax = cs.pl.dotplot(ranks, score="magnitude_rank", pvalue="specificity_rank")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["E^F_G", "C^D", "A^B"]
    assert ax.collections[0].get_cmap().name == "viridis_r"


def test_errors(edges, several):
    with pytest.raises(
        ValueError, match=r"method='hil' is not in the table \(it holds mean, hill\); did you mean 'hill'"
    ):
        cs.pl.heatmap(several, method="hil")
    with pytest.raises(ValueError, match="leave method out"):
        cs.pl.heatmap(edges, method="mean")


def test_filters_of_the_dot_plot(edges):
    ax = cs.pl.dotplot(edges, max_padj=0.02, source="tumour")
    assert len(ax.collections[0].get_offsets()) == 3
    assert "padj\u00a0≤\u00a00.02" in ax.get_title()
    with pytest.raises(ValueError, match="target='CAFF' is not in the table"):
        cs.pl.dotplot(edges, target="CAFF")
    with pytest.raises(ValueError, match="no row has padj ≤ 1e-06: nothing to draw"):
        cs.pl.dotplot(edges, max_padj=1e-6)
