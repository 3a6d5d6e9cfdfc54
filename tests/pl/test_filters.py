"""Groups, interactions and genes by name, one or several, in every plot of edges."""

from __future__ import annotations

import pytest

import commscore as cs
from commscore.pl._table import pick
from drawn import labels

EDGE_PLOTS = {
    "edges": ("chord", "clustermap", "dotplot", "heatmap", "network", "sankey"),
    "changes": ("drivers", "influence", "quadrant", "shift_heatmap", "volcano"),
    "samples": ("by_sample",),
}
NAMES = [name for names in EDGE_PLOTS.values() for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_every_plot_of_edges_has_the_four(name):
    import inspect

    assert {"source", "target", "interaction", "gene"} <= set(inspect.signature(getattr(cs.pl, name)).parameters)


def test_rows_with_a_gene(edges):
    """A complex is found by any of its subunits; a bare table is read from the names of its interactions."""
    assert set(pick(edges, gene="G")["interaction"]) == {"E^F_G"}
    assert set(pick(edges, gene=["B", "F_G"])["interaction"]) == {"A^B", "E^F_G"}
    assert len(pick(edges, gene="A", source="CAF")) == 1
    sides = edges.assign(ligand_complex="L_M", receptor_complex=["R", *["S"] * 5])
    assert len(pick(sides, gene="M")) == 6
    assert len(pick(sides, gene="R")) == 1
    with pytest.raises(ValueError, match="gene='GG' is not a ligand, a receptor or a subunit of one of the table"):
        pick(edges, gene="GG")
    with pytest.raises(ValueError, match="no row has source='tumour', gene='E' at once"):
        pick(edges, gene="E", source="tumour")


def test_what_is_drawn(edges, changes, samples):
    assert labels(cs.pl.dotplot(edges, gene="G").yaxis) == ["E^F_G"]
    assert set(labels(cs.pl.dotplot(edges, interaction=["A^B", "C^D"]).yaxis)) == {"A^B", "C^D"}
    assert cs.pl.heatmap(edges, gene="A").images[0].get_array().sum() == 2
    assert len(cs.pl.network(edges, interaction="E^F_G").patches) == 1
    assert cs.pl.clustermap(edges, source="tumour").data2d.shape == (2, 2)
    assert sum(len(dots.get_offsets()) for dots in cs.pl.volcano(changes, gene="A").collections) == 2
    assert labels(cs.pl.shift_heatmap(changes, source="tumour", target=["CAF", "tumour"]).yaxis) == ["A^B"]
    assert len(labels(cs.pl.by_sample(samples, condition_key="stage", gene=["C", "F"]).yaxis)) == 3
    assert len(cs.pl.clustermap(samples, condition_key="stage", gene=["C", "F"]).data2d) == 3


def test_the_matrix_beside_a_network_has_the_same_rows(edges):
    ax = cs.pl.network(edges, gene="A", matrix=True)
    matrix = next(a for a in ax.figure.axes if a.images)
    assert matrix.images[0].get_array().sum() == 2


def test_keywords_of_other_libraries_are_answered(edges):
    for name, answer in {
        "save": r"ax\.figure\.savefig",
        "show": "notebook",
        "figsize": "subplots",
        "ligand": "mean 'gene'",
    }.items():
        with pytest.raises(TypeError, match=f"no keyword '{name}'; .*{answer}"):
            cs.pl.dotplot(edges, **{name: "x"})
    with pytest.raises(TypeError, match=r"trend\(\) needs source=…, target=…, stage_key=…"):
        cs.pl.trend(edges, interaction="A^B")
