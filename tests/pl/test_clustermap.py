"""The clustered heat map draws the numbers of the table, alike beside alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.cluster.hierarchy import leaves_list, linkage

import commscore as cs


def cells(grid):
    """What is drawn, as (row, column) -> value, white cells left out."""
    mesh = grid.ax_heatmap.collections[0]
    values = np.ma.asarray(mesh.get_array()).reshape(grid.data2d.shape)
    return {
        (row, column): float(values[i, j])
        for i, row in enumerate(grid.data2d.index)
        for j, column in enumerate(grid.data2d.columns)
        if values[i, j] is not np.ma.masked
    }


def test_cells_are_the_rows_of_the_table(edges):
    grid = cs.pl.clustermap(edges, max_padj=None)
    pairs = edges["source"].astype(str) + " → " + edges["target"].astype(str)
    assert cells(grid) == dict(
        zip(zip(edges["interaction"].astype(str), pairs, strict=True), edges["score"], strict=True)
    )
    assert [t.get_text() for t in grid.ax_heatmap.get_yticklabels()] == list(grid.data2d.index)
    assert [t.get_text() for t in grid.ax_heatmap.get_xticklabels()] == list(grid.data2d.columns)


def test_order_is_that_of_the_clusters():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(s, t, f"L{i}^R{i}", rng.normal() + 5 * (i % 2)) for i in range(8) for s in "abc" for t in "abc"],
        columns=["source", "target", "interaction", "score"],
    )
    grid = cs.pl.clustermap(table)
    wide = table.assign(p=table["source"] + " → " + table["target"]).pivot(
        index="interaction", columns="p", values="score"
    )
    assert list(grid.data2d.index) == list(wide.index[leaves_list(linkage(wide, "average"))])
    halves = [int(name[1]) % 2 for name in grid.data2d.index]
    assert halves in ([0] * 4 + [1] * 4, [1] * 4 + [0] * 4)


def test_interactions_with_one_sure_cell_are_drawn_whole(edges):
    grid = cs.pl.clustermap(edges, max_padj=0.01)
    assert set(grid.data2d.index) == {"A^B", "C^D"}
    assert len(cells(grid)) == 5
    dots = {
        (grid.data2d.index[int(y)], grid.data2d.columns[int(x)])
        for x, y in grid.ax_heatmap.collections[1].get_offsets()
    }
    assert dots == {("A^B", "tumour → CAF"), ("C^D", "tumour → CAF")}
    assert "• padj ≤ 0.01" in " ".join(grid.ax_col_dendrogram.get_title().split())


def test_strips_have_the_colours_of_the_groups(edges, cohort):
    palette = {"tumour": "#112233", "CAF": "#445566", "T cell": "#778899"}
    grid = cs.pl.clustermap(edges, max_padj=None, palette=palette)
    drawn = [[to_hex(c) for c in row] for row in np.asarray(grid.col_colors)]
    sides = zip(*(c.split(" → ") for c in grid.data.columns), strict=True)
    assert drawn == [[palette[g] for g in side] for side in sides]
    names = list(cohort.obs["cell_type"].cat.categories)
    cohort.uns["cell_type_colors"] = [f"#0000{i:02x}" for i in range(len(names))]
    try:
        grid = cs.pl.clustermap(cohort, max_padj=None, top=5)
    finally:
        del cohort.uns["cell_type_colors"]
    assert to_hex(grid.col_colors[0][0]) == f"#0000{names.index(grid.data.columns[0].split(' → ')[0]):02x}"


def test_legends_share_no_colour():
    rng = np.random.default_rng(0)
    groups = [f"group {i}" for i in range(20)]
    modes = rng.choice(["contact", "paracrine", "ecm", "checkpoint", "gap_junction", "hormone", "unknown"], 300)
    table = pd.DataFrame(
        {
            "source": rng.permutation(groups * 15),
            "target": rng.permutation(groups * 15),
            "interaction": [f"L{m}^R" for m in modes],
            "mode": modes,
            "score": rng.random(300),
        }
    ).drop_duplicates(["source", "target", "interaction"])
    legends = cs.pl.clustermap(table).figure.legends
    colours = [{to_hex(h.get_facecolor()) for h in legend.legend_handles} for legend in legends]
    assert [legend.get_title().get_text() for legend in legends] == ["group", "mode"]
    assert [len(c) for c in colours] == [20, 7]
    assert colours[0].isdisjoint(colours[1])


def test_samples(samples):
    grid = cs.pl.clustermap(samples, condition_key="stage", top=3)
    assert grid.data2d.shape == (3, 9)
    spread = pd.Series(np.nanstd(samples.X, axis=0), samples.var["interaction"].astype(str))
    kept = {name.split("  ")[0] for name in grid.data2d.index}
    assert kept == set(spread.sort_values(ascending=False).index[:3])
    label = next(n for n in grid.data2d.index if n.startswith("C^D"))
    edge = next(
        i for i, r in enumerate(samples.var.itertuples()) if f"{r.interaction}  {r.source} → {r.target}" == label
    )
    expected = samples.X[:, edge] - np.nanmean(samples.X[:, edge])
    np.testing.assert_allclose(grid.data2d.loc[label, list(samples.obs_names)], expected)
    assert "not shown: 2 edges" in grid.ax_col_dendrogram.get_title()
    with pytest.raises(KeyError, match=r"condition_key='phase' is not (in|a column of) data\.obs"):
        cs.pl.clustermap(samples, condition_key="phase")


def test_comparison_is_signed(changes):
    grid = cs.pl.clustermap(changes, key="x", value="effect")
    mesh = grid.ax_heatmap.collections[0]
    assert mesh.norm.vmin == -mesh.norm.vmax
    assert "case vs control" in grid.ax_col_dendrogram.get_title()


def test_left_out_one_row_and_nothing(edges):
    title = cs.pl.clustermap(edges, top=1, max_columns=2).ax_col_dendrogram.get_title().replace("\n", " ")
    assert "not shown: 2 interactions, 1 pair" in title
    assert cs.pl.clustermap(edges.iloc[:1]).data2d.shape == (1, 1)
    with pytest.raises(ValueError, match="no row has padj ≤ 1e-09"):
        cs.pl.clustermap(edges, max_padj=1e-9)
    with pytest.raises(ValueError, match="data is an empty table"):
        cs.pl.clustermap(edges.iloc[:0])
