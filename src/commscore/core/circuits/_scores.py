"""Scores of steps and strengths of circuits, for the true labels and for permuted ones by the same lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..summary import join
from ._graph import CORECEPTOR, DECOY, RELEASE

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ._graph import CircuitGraph


class Strengths(NamedTuple):
    """Geometric mean and lowest score of each circuit, n_circuits × columns; NaN without a step that counts."""

    mean: Floats
    lowest: Floats


def node_values(means: Floats, graph: CircuitGraph, *, sizes: Ints, rule: str) -> Floats:
    """Every molecule in its role.

    Parameters
    ----------
    means
        (n_genes, n_groups, columns) means of the groups.
    graph
        The circuits.
    sizes
        (n_groups,) cells of each group.
    rule
        How subunits are joined, see :func:`commscore.core.summary.join`.

    Returns
    -------
    ndarray
        (n_nodes, columns): the mean over all cells of the role, subunits joined; where the strongest group speaks
        for the role, the largest over its groups.
    """
    out = np.empty((graph.role.size, means.shape[2]))
    for role, nodes, entities in graph.by_role:
        inside = np.flatnonzero(graph.members[role])
        if not inside.size:  # a sample without these cells
            out[nodes] = 0.0
        elif graph.strongest[role]:
            each = [join(np.ascontiguousarray(means[:, k]), entities, rule) for k in inside]
            out[nodes] = np.max(each, axis=0)
        else:
            # group by group, so that the order of additions, and with it the last bit, does not depend on columns
            pooled = np.zeros((means.shape[0], means.shape[2]))
            for k in inside:
                pooled += means[:, k] * (sizes[k] / sizes[inside].sum())
            out[nodes] = join(pooled, entities, rule)
    return out


def step_scores(values: Floats, graph: CircuitGraph) -> Floats:
    """Score of every step, n_steps × columns: √(L·R) after the gates, >= 0.

    With G a gate, measured in the role of the cell that makes it:

    * RELEASE (protease, carrier, activator): L becomes min(L, G); no more is free than is released.
    * CORECEPTOR: R becomes min(R, G).
    * DECOY: L becomes L·R/(R + ΣG), the share of the ligand that reaches the receptor when receptor and decoys
      compete with equal affinity; half of it where both are equal.
    """
    left, right = values[graph.source].copy(), values[graph.target].copy()
    for step in np.unique(graph.gates.step):
        for node in graph.gates.nodes_of(step, RELEASE):
            left[step] = np.minimum(left[step], values[node])
        for node in graph.gates.nodes_of(step, CORECEPTOR):
            right[step] = np.minimum(right[step], values[node])
        decoys = graph.gates.nodes_of(step, DECOY)
        if decoys.size:
            bound = right[step] + values[decoys].sum(axis=0)
            left[step] *= np.divide(right[step], bound, out=np.zeros_like(bound), where=bound > 0)
    return np.sqrt(left * right)


def strengths(scores: Floats, graph: CircuitGraph) -> Strengths:
    """Geometric mean and minimum over the steps of each circuit that count."""
    mean = np.full((graph.n_circuits, scores.shape[1]), np.nan)
    lowest = mean.copy()
    with np.errstate(divide="ignore"):
        logs = np.log(scores)
    for c, steps in enumerate(graph.steps_of):
        if steps.size:
            mean[c] = np.exp(logs[steps].sum(axis=0) / steps.size)
            lowest[c] = scores[steps].min(axis=0)
    return Strengths(mean, lowest)
