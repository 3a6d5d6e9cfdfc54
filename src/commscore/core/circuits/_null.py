"""One joint null: the same permuted labels for every step of every circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..permute import TOLERANCE, group_means
from ._scores import node_values, step_scores, strengths

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ..permute.schemes import Block
    from ..read.cells import LabelledCells
    from ._graph import CircuitGraph


class CircuitCounter:
    """The visitor of circuits: counts, per step and circuit, the permutations at least as high as the observed labels.

    Parameters
    ----------
    graph
        The circuits; genes are numbered as the columns.
    cells
        With exact sums.
    means
        (n_genes, n_groups) observed means of these columns.
    rule
        How subunits are joined.

    Attributes
    ----------
    steps, mean, lowest
        Permutations that reach the observed score of each step (n_steps), and the geometric mean and the lowest score
        of each circuit (n_circuits).
    """

    def __init__(self, graph: CircuitGraph, cells: LabelledCells, *, means: Floats, rule: str) -> None:
        self._graph, self._cells, self._rule = graph, cells, rule
        self._limits = [x * (1 - TOLERANCE) for x in self._evaluate(means[:, :, None])]
        self.steps, self.mean, self.lowest = (np.zeros(x.shape[0], np.int64) for x in self._limits)

    @property
    def bytes_per_labelling(self) -> int:
        """Memory of the means of all genes in all groups, and of what is made of them."""
        return 2 * 8 * max(self._cells.columns.n_genes * self._cells.groups.n, 1)

    def visit(self, block: Block) -> None:
        """Score all steps and circuits under the labellings of a block."""
        permuted = self._evaluate(group_means(block, self._cells))
        counts: tuple[Ints, ...] = (self.steps, self.mean, self.lowest)
        for count, scores, limit in zip(counts, permuted, self._limits, strict=True):
            count += (scores >= limit).sum(axis=1)  # NaN is never reached

    def _evaluate(self, means: Floats) -> tuple[Floats, Floats, Floats]:
        values = node_values(means, self._graph, sizes=self._cells.groups.sizes, rule=self._rule)
        scores = step_scores(values, self._graph)
        return scores, *strengths(scores, self._graph)
