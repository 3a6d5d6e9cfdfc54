"""The graph holds the table: its nodes are the groups, its edges the rows, and GraphML gives both back."""

from __future__ import annotations

import builtins

import networkx as nx
import pytest

import commscore as cs


def in_order(graph):
    edges = [(s, t, {k: v for k, v in e.items() if k != "id"}) for s, t, e in graph.edges(data=True)]
    return sorted(edges, key=lambda edge: (*edge[:2], edge[2].get("interaction", "")))


@pytest.fixture(scope="module")
def scored():
    adata = cs.ds.pbmc()
    cs.tl.score(adata, "cell_type", n_perms=100)
    return adata


@pytest.fixture(scope="module")
def compared():
    adata = cs.ds.simulate(n_samples=3, n_cells=200, conditions=["a", "b", "c"], rng=0)
    cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample", reference="a")
    return adata


def test_every_row_is_an_edge_with_its_values(scored):
    table = cs.get.table(scored)
    graph = cs.get.to_networkx(scored, max_padj=None)
    assert graph.is_multigraph()
    assert graph.is_directed()
    assert graph.number_of_edges() == len(table)
    assert dict(graph.nodes(data="n_cells")) == scored.obs["cell_type"].value_counts().to_dict()
    for row in table.head(20).itertuples():
        edge = graph[row.source][row.target][row.interaction]
        assert (edge["score"], edge["pvalue"], edge["padj"]) == (row.score, row.pvalue, row.padj)
        assert (edge["ligand_complex"], edge["mode"]) == (row.ligand_complex, row.mode)


def test_only_rows_that_pass(scored):
    for level in (0.05, 0.5):
        passing = cs.get.table(scored, max_padj=level)
        assert cs.get.to_networkx(scored, max_padj=level).number_of_edges() == len(passing)


def test_pairs_are_the_matrix(scored):
    graph = cs.get.to_networkx(scored, by="pair", max_padj=0.5)
    counts, scores = (cs.get.matrix(scored, value=value, max_padj=0.5) for value in ("count", "score"))
    assert not graph.is_multigraph()
    assert graph.number_of_edges() == (counts.to_numpy() > 0).sum() > 1
    for source, target, edge in graph.edges(data=True):
        assert edge["n_interactions"] == counts.loc[source, target]
        assert edge["n_interactions"] == len(edge["interactions"].split("; "))
        assert edge["score"] == pytest.approx(scores.loc[source, target])


def test_one_contrast_at_a_time(compared):
    table = cs.get.table(compared, "commscore_compare")
    graph = cs.get.to_networkx(compared, "commscore_compare", contrast="b vs a", max_padj=None)
    own = table[(table["contrast"] == "b vs a").to_numpy()]
    assert graph.number_of_edges() == len(own)
    pairs = cs.get.to_networkx(compared, "commscore_compare", contrast="b vs a", max_padj=None, by="pair")
    source, target, edge = next(iter(pairs.edges(data=True)))
    rows = own[(own["source"] == source) & (own["target"] == target)]
    assert edge["effect"] == pytest.approx(rows["effect"].mean())
    with pytest.raises(ValueError, match="contrast is needed: the table holds 'b vs a', 'c vs a'"):
        cs.get.to_networkx(compared, "commscore_compare")
    with pytest.raises(ValueError, match="contrast='d vs a' is not a contrast of the table"):
        cs.get.to_networkx(compared, "commscore_compare", contrast="d vs a")


@pytest.mark.parametrize("by", ["interaction", "pair"])
def test_graphml_gives_back_what_was_written(scored, compared, tmp_path, by):
    for adata, more in ((scored, {}), (compared, {"key": "commscore_compare", "contrast": "c vs a"})):
        graph = cs.get.to_networkx(adata, by=by, max_padj=None, **more)
        nx.write_graphml(graph, tmp_path / "edges.graphml")
        again = nx.read_graphml(tmp_path / "edges.graphml", force_multigraph=by == "interaction")
        assert dict(again.nodes(data=True)) == dict(graph.nodes(data=True))
        assert in_order(again) == in_order(graph)


def test_several_methods(scored):
    adata = scored.copy()
    cs.tl.score(adata, "cell_type", method=["mean", "product"], n_perms=100)
    for method in ("mean", "product"):
        graph = cs.get.to_networkx(adata, method=method, max_padj=None)
        row = cs.get.table(adata, method=method).iloc[0]
        assert graph[row["source"]][row["target"]][row["interaction"]]["score"] == row["score"]
    first = next(iter(cs.get.to_networkx(adata, max_padj=None).edges(data=True)))[2]
    assert "score" in first


def test_errors_say_what_to_do(scored, monkeypatch):
    with pytest.raises(ValueError, match="by='edge' is not one of 'interaction', 'pair'"):
        cs.get.to_networkx(scored, by="edge")
    cs.tl.circuits(scored, "cell_type", roles={"tumour": "Dendritic"}, n_perms=100)
    with pytest.raises(KeyError, match="has no column 'target'"):
        cs.get.to_networkx(scored, "commscore_circuits")
    load = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "networkx":
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install networkx"):
        cs.get.to_networkx(scored)
