"""Steps of stored circuits, scored again in parts of the cells: each condition, or each sample, on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import read_names
from ..arrays import Entities
from ..core import circuits as core
from ..tables.vocabulary import StepStatus
from .production import produced_in
from .stored_edges import EVERYTHING, obs_labels, stored_expression, stored_group_codes, sums_in_bins

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from ..arrays import Floats
    from ..get import Result


def circuit_scores(
    adata: AnnData, stored: Result, steps: pd.DataFrame, *, by: str, column: str | None, min_cells: int
) -> dict[str, Floats]:
    """Score the steps in all cells (as stored) or in every level of a column.

    Parameters
    ----------
    adata
        The data that the circuits were made from.
    stored
        The circuits.
    steps
        Rows of its ``edges`` that have a score.
    by, column
        Name of the argument, and the column of ``obs``; None for all cells.
    min_cells
        A group with fewer cells in a level takes no role there.

    Returns
    -------
    dict
        Level → scores of the steps; NaN where a role of the step has no cells.
    """
    if column is None or steps.empty:
        levels = [EVERYTHING] if column is None else obs_labels(adata, by, column)[1]
        return {level: steps["score"].to_numpy(np.float64) for level in levels}
    graph, genes, groups = _graph(stored.extra["edges"], steps, produced_in(stored.params))
    aliases = dict(stored.params.get("aliases") or {})
    source = stored_expression(adata, stored.params)
    group = stored_group_codes(adata, stored.params, groups)
    level, names = obs_labels(adata, by, column)
    k = len(groups)
    bins = np.where((group >= 0) & (level >= 0), level * k + group, -1)
    sums = sums_in_bins(source, [aliases.get(g, g) for g in genes], bins, n_bins=len(names) * k)
    rule = str(stored.params.get("complex", "min"))
    return {
        name: _one(graph, sums.total[i * k : (i + 1) * k], sums.n[i * k : (i + 1) * k], rule=rule, min_cells=min_cells)
        for i, name in enumerate(names)
    }


def _one(graph: core.CircuitGraph, total: Floats, n: Floats, *, rule: str, min_cells: int) -> Floats:
    present = n >= max(min_cells, 1)
    means = (total / np.where(present, n, np.inf)[:, None]).T[:, :, None]
    sizes = np.where(present, n, 0).astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = core.node_values(means, graph, sizes=sizes, rule=rule)
        values[~graph.members[graph.role][:, present].any(axis=1)] = np.nan
        return np.asarray(core.step_scores(values, graph)[:, 0], np.float64)


def _graph(
    edges: pd.DataFrame, steps: pd.DataFrame, complexes: dict[str, str]
) -> tuple[core.CircuitGraph, list[str], list[str]]:
    """Build the graph of these steps from what is stored; a role is the groups that took it."""
    acting = edges[edges["status"].astype(str) == StepStatus.ACTS_ON_ITS_EDGE]
    gates_of = {c: part.to_dict("records") for c, part in acting.groupby("circuit", observed=True)}
    nodes: dict[tuple[str, str], int] = {}

    def node(molecule: str, groups: str) -> int:
        return nodes.setdefault((complexes.get(molecule, molecule), groups), len(nodes))

    ends, gates = [], []
    for i, row in enumerate(steps.to_dict("records")):
        ends.append((node(row["from"], row["source"]), node(row["to"], row["target"])))
        names = read_names(row["gates"])
        on_it = [g for g in gates_of.get(row["circuit"], ()) if _name(g) in names]
        gates += [(i, node(g["from"], g["source"]), _kind(g, row)) for g in on_it]
    genes = sorted({g for molecule, _ in nodes for g in molecule.split("_")})
    members = {cell: read_names(cell) for _, cell in nodes}
    groups = sorted({g for inside in members.values() for g in inside})
    roles = list(members)
    pairs = np.asarray(ends, np.int64).reshape(-1, 2)
    number = {g: i for i, g in enumerate(genes)}
    graph = core.CircuitGraph(
        Entities.of([[number[g] for g in molecule.split("_")] for molecule, _ in nodes]),
        np.asarray([roles.index(cell) for _, cell in nodes], np.int64),
        np.array([[g in members[cell] for g in groups] for cell in roles], bool),
        np.zeros(len(roles), bool),
        pairs[:, 0].copy(),
        pairs[:, 1].copy(),
        core.Gates.of(gates),
        np.zeros(len(pairs), np.int64),
        np.ones(len(pairs), bool),
        1,
    )
    return graph, genes, groups


def _name(gate: Mapping[str, Any]) -> str:
    return f"{gate['from']} ({gate['source_role']}, step {gate['step']})"


def _kind(gate: Mapping[str, Any], step: Mapping[str, Any]) -> int:
    if gate["sign"] < 0:
        return core.DECOY
    releases = gate["to"] == step["from"] or gate["to"] in str(step["from"]).split("_")
    return core.RELEASE if releases else core.CORECEPTOR
