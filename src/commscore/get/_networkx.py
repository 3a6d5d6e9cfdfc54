"""Stored edges as a graph of networkx, which writes GraphML for Cytoscape and Gephi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._labels import choose
from .._validate import one_of
from ..check import Label, Proportion, checked
from ._choose import as_single, method_of
from ._columns import in_memory, labels_of
from ._store import load
from ._tables import table

if TYPE_CHECKING:
    from anndata import AnnData

_ENDS = ("source", "target")


@checked
def to_networkx(
    adata: AnnData,
    key: str = "commscore",
    *,
    by: str = "interaction",
    contrast: Label | None = None,
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
) -> Any:
    """Return stored edges as a directed graph whose nodes are the groups of cells.

    Parameters
    ----------
    adata
        Annotated data that a tool has written to; the table must have the columns ``source`` and ``target``.
    key
    by
        ``"interaction"`` for one edge per row of the table, parallel where two groups share several interactions;
        ``"pair"`` for one edge per source → target.
    contrast
        Of a comparison with several contrasts, the one that is meant.
    max_padj : rows
    method
        Of a table with several methods, the one whose columns become ``score, pvalue, padj``; by default the first.

    Returns
    -------
    networkx.MultiDiGraph or networkx.DiGraph
        Nodes are all groups of the table, those without an edge, too, with ``n_cells`` where ``adata.obs`` still has
        the column they come from. Edges of ``"interaction"`` hold every column of the table that has a value in
        this row, as text, number or bool; their key is the interaction. Edges of ``"pair"`` hold ``n_interactions``,
        ``interactions`` (joined by ``"; "``), and the sum of ``score``, or of a comparison the mean of ``effect``, as
        ``score`` or ``effect``. ``graph.graph`` names ``key``, ``resource`` and ``schema``.

    Raises
    ------
    ImportError
        If networkx is missing.
    KeyError
        If nothing is stored under ``key``, or the table has no source and target.
    ValueError
        If ``by``, ``contrast`` or ``method`` is not one of those there are, or several contrasts are stored and none is
        named, or ``max_padj`` is asked of scores without p-values.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=100)
    >>> graph = cs.get.to_networkx(adata, by="pair")
    >>> graph["Dendritic"]["CD4+/CD25 T Reg"]["n_interactions"]
    3
    """
    nx = _networkx()
    one_of("by", by, ["interaction", "pair"])
    result = load(adata, key)
    for end in _ENDS:
        if end not in result.table:
            msg = f"the table of adata.uns[{key!r}] ({result.schema}) has no column {end!r}: it is no network of groups"
            raise KeyError(msg)
    rows = as_single(table(adata, key, max_padj=max_padj, method=method), method or method_of(result, None), keep=False)
    rows = _of_contrast(rows, contrast, named=result.table)
    graph = nx.MultiDiGraph() if by == "interaction" else nx.DiGraph()
    graph.graph.update(key=key, schema=result.schema, resource=str(result.resource.get("name", "")))
    graph.add_nodes_from(_nodes(adata, result))
    graph.add_edges_from(_interactions(rows) if by == "interaction" else _pairs(rows))
    return graph


def _networkx() -> Any:
    try:
        import networkx as nx
    except ImportError as error:
        msg = "to_networkx needs networkx: pip install networkx"
        raise ImportError(msg) from error
    return nx


def _of_contrast(rows: pd.DataFrame, contrast: Label | None, *, named: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one contrast; of tables that have no contrasts, all."""
    contrasts = [str(c) for c in named["contrast"].dropna().unique()] if "contrast" in named else []
    if contrast is None:
        if len(contrasts) > 1:
            msg = f"contrast is needed: the table holds {', '.join(map(repr, contrasts))}"
            raise ValueError(msg)
        return rows
    (name,) = choose("contrast", contrast, options=contrasts, what="a contrast of the table")
    return rows[(rows["contrast"].astype(str) == name).to_numpy()]


def _nodes(adata: AnnData, result: Any) -> list[tuple[str, dict[str, int]]]:
    groups = list(dict.fromkeys(str(g) for end in _ENDS for g in _labels_in(result.table[end])))
    column = str(result.params.get("groupby"))
    if column not in adata.obs:
        return [(group, {}) for group in groups]
    labels, counts = np.unique(labels_of(in_memory(adata, column)), return_counts=True)
    sizes = dict(zip(labels, counts.tolist(), strict=True))
    return [(group, {"n_cells": int(sizes[group])} if group in sizes else {}) for group in groups]


def _labels_in(column: pd.Series) -> list[Any]:
    return list(column.cat.categories) if hasattr(column, "cat") else list(column.unique())


def _interactions(rows: pd.DataFrame) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return every row as source, target, interaction and what it holds, without what is missing."""
    kept = [c for c in rows if c not in _ENDS]
    return [
        (str(row["source"]), str(row["target"]), str(row["interaction"]), _values(row, kept))
        for row in rows.to_dict("records")
    ]


def _values(row: dict[Any, Any], columns: list[Any]) -> dict[str, Any]:
    """Return the values of a row as Python's own: GraphML knows no others."""
    return {str(c): _plain(row[c]) for c in columns if not pd.isna(row[c])}


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, bool | int | float) else str(value)


def _pairs(rows: pd.DataFrame) -> list[tuple[str, str, dict[str, Any]]]:
    edges = []
    for (source, target), own in rows.groupby(list(_ENDS), observed=True, sort=False):
        values: dict[str, Any] = {"n_interactions": len(own), "interactions": "; ".join(own["interaction"].astype(str))}
        if "score" in own:
            values["score"] = float(own["score"].sum())
        elif "effect" in own and own["effect"].notna().any():
            values["effect"] = float(own["effect"].mean())
        edges.append((str(source), str(target), values))
    return edges
