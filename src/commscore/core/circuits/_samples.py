"""Circuits in samples: log2 flow of every step in every sample, and association inside a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ._graph import DECOY, RELEASE

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ._graph import CircuitGraph


_DRAWS = 1999


def node_levels(logs: Floats, graph: CircuitGraph) -> Floats:
    """Level of every molecule in its role: n_samples × n_nodes, the least of the subunits.

    Parameters
    ----------
    logs
        (n_samples, n_roles, n_genes), log2 counts per million or another level; NaN where a sample has too few cells
        of the role.
    graph
        The circuits.
    """
    out = np.empty((logs.shape[0], graph.role.size))
    for role, nodes, entities in graph.by_role:
        out[:, nodes] = np.minimum.reduceat(logs[:, role][:, entities.genes], entities.indptr[:-1], axis=1)
    return out


def step_sides(levels: Floats, graph: CircuitGraph, *, limit: np.ufunc = np.minimum) -> tuple[Floats, Floats]:
    """Level of the first and of the second end of every step, n_samples × n_steps each, after the gates that limit it.

    Parameters
    ----------
    levels
        (n_samples, n_nodes) of the molecules: log2 levels, or what else ``limit`` joins.
    graph
        The circuits.
    limit
        How a side and its gates are joined: the least of them, unless noise is asked for.
    """
    left, right = levels[:, graph.source], levels[:, graph.target]
    for step, node, kind in zip(graph.gates.step, graph.gates.node, graph.gates.kind, strict=True):
        if kind != DECOY:
            side = left if kind == RELEASE else right
            side[:, step] = limit(side[:, step], levels[:, node])
    return left, right


def decoy_terms(levels: Floats, graph: CircuitGraph) -> Floats:
    """Log2 of the share of the ligand that reaches the receptor, n_samples × n_steps; 0 without decoys."""
    _, right = step_sides(levels, graph)
    out = 0.0 * right
    for step in np.unique(graph.gates.step):
        decoys = graph.gates.nodes_of(step, DECOY)
        if decoys.size:
            out[:, step] = right[:, step] - np.logaddexp2.reduce(
                np.column_stack([right[:, step], levels[:, decoys]]), axis=1
            )
    return np.asarray(out, np.float64)


def step_flows(levels: Floats, graph: CircuitGraph) -> Floats:
    """Log2 flow of every step in every sample: log2 L + log2 R after the gates (see ``step_scores``)."""
    left, right = step_sides(levels, graph)
    return np.asarray(left + right + decoy_terms(levels, graph), np.float64)


def step_units(units: Floats, graph: CircuitGraph) -> Floats:
    """Add up the counting variance of the log2 flow of every step in every sample, up to one factor.

    ``units`` (n_samples × n_nodes) are those of the molecules. A side that a gate limits has the larger of both
    variances, as the gate may be what is read; a decoy adds its own, the most that can enter the share of the ligand.
    """
    left, right = step_sides(units, graph, limit=np.maximum)
    for step, node, kind in zip(graph.gates.step, graph.gates.node, graph.gates.kind, strict=True):
        if kind == DECOY:
            right[:, step] += units[:, node]
    return np.asarray(left + right, np.float64)


def spearman_within(
    x: Floats, y: Floats, *, strata: Ints, sign: int, rng: np.random.Generator
) -> tuple[float, float, int]:
    """Spearman's correlation after the mean of each stratum is taken off, with a one-sided p-value.

    Conditions that move both genes would else look like an effect of one on the other.

    Parameters
    ----------
    x, y
        (n,) values of the samples; NaN pairs are left out, and strata with one sample.
    strata
        (n,) condition of each sample.
    sign
        1 if the correlation is expected to be positive, -1 if negative.
    rng
        For permutations within strata where enumerating them all is too many.

    Returns
    -------
    tuple
        Correlation, p-value of a relabelling within strata, and the number of samples; NaN where it is constant.
    """
    complete = np.isfinite(x) & np.isfinite(y)
    complete &= np.isin(strata, [s for s in np.unique(strata[complete]) if (strata[complete] == s).sum() > 1])
    x, y, strata = x[complete], y[complete], strata[complete]
    if x.size < 3:
        return np.nan, np.nan, int(x.size)
    a, b = (stats.rankdata(_centred(v, strata).round(12)) for v in (x, y))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan, np.nan, int(x.size)
    rho = float(np.corrcoef(a, b)[0, 1])
    a, b = a - a.mean(), b - b.mean()
    permuted = _relabelled(b, strata, rng) @ a
    reached = int((sign * permuted >= sign * float(a @ b) - 1e-9).sum())
    return rho, (1 + reached) / (1 + len(permuted)), int(x.size)


def _centred(v: Floats, strata: Ints) -> Floats:
    means = {s: v[strata == s].mean() for s in np.unique(strata)}
    return np.asarray(v - np.array([means[s] for s in strata]), np.float64)


def _relabelled(values: Floats, strata: Ints, rng: np.random.Generator) -> Floats:
    keys = rng.random((_DRAWS, values.size)) + strata  # whole part: the stratum, so that orders stay within
    order = np.argsort(keys, axis=1, kind="stable")
    out = np.empty((_DRAWS, values.size))
    out[:, np.argsort(strata, kind="stable")] = values[order]
    return out
