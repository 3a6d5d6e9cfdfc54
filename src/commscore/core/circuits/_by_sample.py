"""Excess of steps and circuits in every sample over permuted labels of that sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...stats.over_samples import SampleExcess
from ..permute import Draws, group_means, permute
from ..permute.moments import MIN_CELLS, Moments, draws_of_sample
from ._scores import node_values, step_scores, strengths

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ..permute.schemes import Block
    from ..read.cells import LabelledCells
    from ._graph import CircuitGraph


def circuit_excess(
    graph: CircuitGraph, cells: LabelledCells, own: Ints, *, draws: Draws, rule: str
) -> tuple[SampleExcess, SampleExcess, SampleExcess]:
    """Excess of every step's score, and of every circuit's strength and lowest score.

    All cells speak for a role that elsewhere its strongest group speaks for: whatever makes groups of one donor differ
    makes their largest value larger, in every donor, so that it would recur without meaning anything.

    Parameters
    ----------
    graph
        The circuits; genes are numbered as the columns.
    cells
        With exact sums, sample by sample.
    own
        Cells of each sample and group, (n_samples, n_groups).
    draws
        How labellings are drawn.
    rule
        How subunits are joined.
    """
    graph = replace(graph, strongest=np.zeros_like(graph.strongest))
    moments: list[list[Moments]] = []
    for s, sample in enumerate(cells.in_strata(own)):
        inside = replace(graph, members=graph.members[:, own[s] > 0])
        own_draws = draws_of_sample(draws, s)
        counter = CircuitMoments(inside, sample, rule=rule, n_perms=own_draws.n)
        permute(sample, counter, own_draws)
        moments.append(counter.moments)
    steps, circuits = steps_with_cells(graph, own)
    whole = [~np.isnan(moments[0][1].observed)[:, None] & circuits] * 2
    kinds = zip(*moments, strict=True)
    first, second, third = (_over(m, used) for m, used in zip(kinds, [steps, *whole], strict=True))
    return first, second, third


def _over(moments: tuple[Moments, ...], used: Bools) -> SampleExcess:
    excess, variance, centre = (
        np.stack(part, axis=1)
        for part in zip(*((m.observed - m.mean, m.variance, m.mean) for m in moments), strict=True)
    )
    level = np.where(used, centre, 0.0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    return SampleExcess(np.where(used, excess, np.nan), np.where(used, variance, np.nan), used, level)


def steps_with_cells(graph: CircuitGraph, own: Ints) -> tuple[Bools, Bools]:
    """Whether each sample has enough cells of every role of a step, and of all counted steps of a circuit.

    And other cells to compare them with: two ends in roles that have all cells can be no higher than these, nor can a
    circuit of which no step is in other roles.
    """
    cells = own @ graph.members.T.astype(np.int64)
    every = own.sum(axis=1, keepdims=True)
    enough, free = cells >= MIN_CELLS, cells < every
    source, target = graph.role[graph.source], graph.role[graph.target]
    there, moves = enough[:, source] & enough[:, target], free[:, source] | free[:, target]
    for step, node in zip(graph.gates.step, graph.gates.node, strict=True):
        there[:, step] &= enough[:, graph.role[node]]
    circuits = [there[:, of].all(axis=1) & moves[:, of].any(axis=1) for of in graph.steps_of]
    return (there & moves).T, np.stack(circuits, axis=1).T


class CircuitMoments:
    """The visitor of a sample: moments of the steps' scores, and the circuits' strengths and lowest scores."""

    def __init__(self, graph: CircuitGraph, cells: LabelledCells, *, rule: str, n_perms: int) -> None:
        self._graph, self._cells, self._rule = graph, cells, rule
        self.moments = [Moments(v[:, 0], n_perms) for v in self._evaluate(cells.observe().mean[:, :, None])]

    @property
    def bytes_per_labelling(self) -> int:
        """Memory of the means of all genes in all groups, and of what is made of them."""
        return 2 * 8 * max(self._cells.columns.n_genes * self._cells.groups.n, 1)

    def visit(self, block: Block) -> None:
        """Score all steps and circuits under the labellings of a block."""
        for moments, values in zip(self.moments, self._evaluate(group_means(block, self._cells)), strict=True):
            moments.add(slice(None), values)

    def _evaluate(self, means: Floats) -> tuple[Floats, Floats, Floats]:
        values = node_values(means, self._graph, sizes=self._cells.groups.sizes, rule=self._rule)
        scores = step_scores(values, self._graph)
        return scores, *strengths(scores, self._graph)
