"""A block of labellings as tables of statistics, rows × labellings, and what a score reads off them.

The true labels are a block of one column, so that what is observed and what is permuted are computed by the
same lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Tests
from ...kernels import permute, ranked
from ...scores import Side, Stats
from ..permute import close_gaps
from ..summary import COMPLEX_RULES
from .problem import Problem, plain, rank_weights

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ...scores import GeneSet, Score, Statistic
    from ..permute.schemes import Block
    from .rows import TableRows

    Table = Floats

_GENES_PER_CHUNK = 64
_LABELLINGS_AT_ONCE = 16


class TrueLabels:
    """The observed labelling as a block of one column."""

    columns = 1
    drop: tuple[int, ...] = ()

    def __init__(self, means: Table, problem: Problem) -> None:
        self._means, self._problem = means, problem

    def fill(self, genes: Ints, slots: Ints, out: Table) -> None:
        """Write the group means."""
        has_slot = slots >= 0
        out[slots[has_slot], 0] = self._means[genes][has_slot]

    def labels(self, start: int, stop: int) -> npt.NDArray[np.uint16]:  # noqa: ARG002
        """Return the labels."""
        return self._problem.groups.labels[:, None]


class Tables:
    """Tables of one block, made when first asked for; not in threads.

    Columns that are no permutation are overwritten, so that the first ``keep`` columns count.
    """

    def __init__(self, problem: Problem, rows: TableRows, block: Block | TrueLabels) -> None:
        self.problem, self.rows, self._block = problem, rows, block
        self.keep = block.columns - len(block.drop)
        self._tables: dict[Statistic, Table] = {}

    def __getitem__(self, statistic: Statistic) -> Table:
        if statistic not in self._tables:
            self._tables[statistic] = self._make(statistic)
        return self._tables[statistic]

    def _make(self, s: Statistic) -> Table:
        if s.values == "all":
            return self._of_all(s)
        if s.relative == "groups":
            return self._shares(self[plain(s)])
        if s.relative != "nothing":
            return self._joined(self._relative(self[plain(s)], s), s)
        values = np.empty((self.rows.n, self._block.columns))
        if s.reduce == "mean":
            self._fill_means(values, s)
        else:
            self._fill_ranked(values, s)
        self._joined(values, s)
        close_gaps(values, self._block.drop)
        return values

    def _on(self, values: str) -> Block | TrueLabels:
        """Return the block with other values of the same cells."""
        problem = self.problem
        if values == "value":
            return self._block
        if isinstance(self._block, TrueLabels):
            return TrueLabels(problem.summary(values).mean, problem)
        return self._block.on(problem.cell_columns if values == "all" else problem.of(values))

    def _fill_means(self, values: Table, s: Statistic) -> None:
        block, rows, genes, team = self._on(s.values), self.rows, self.rows.genes, self.problem.team
        chunk = max(1, min(_GENES_PER_CHUNK, -(-genes.size // team.workers)))
        team.run(lambda a, b: block.fill(genes[a:b], rows.slots[genes[a:b]], values), genes.size, step=chunk)

    def _fill_ranked(self, values: Table, s: Statistic) -> None:
        """Rank statistics are no sums over parts of a labelling: each labelling is walked through."""
        genes, slots, c = self.rows.genes, self.rows.slots, self.problem.ranked
        sizes = self.problem.sizes
        weights, first = rank_weights(s, sizes), np.cumsum(sizes) - sizes
        starts = range(0, self._block.columns, _LABELLINGS_AT_ONCE)

        def work(a: int, b: int) -> None:
            for start in starts[a:b]:
                labels = self._block.labels(start, min(start + _LABELLINGS_AT_ONCE, self._block.columns))
                ranked.weighted_ranks(
                    c.data, c.rows, c.indptr, genes, labels, weights, first, slots[genes], values, start
                )

        self.problem.team.run(work, len(starts), step=1)

    def _joined(self, values: Table, s: Statistic) -> Table:
        rows, rule = self.rows, self.problem.rule
        if s.joined == "least":
            rule = "min"
        elif s.relative in ("cells", "rest") and rule == "geometric":
            rule = "mean"  # signed, on a log scale: the logarithm of a geometric mean
        code = COMPLEX_RULES.index(rule)
        self.problem.team.run(
            lambda a, b: permute.join_subunits(values, rows.indptr, rows.members, code, rows.first, a, b),
            rows.n - rows.first,
        )
        return values

    def _relative(self, values: Table, s: Statistic) -> Table:
        """Genes compared to all cells or to the rest; complexes' rows are left to be joined."""
        gene, group = np.nonzero(self.rows.slots >= 0)
        out, own = np.empty_like(values), values[: self.rows.first]
        if s.relative == "cells":
            mean, sd = self.problem.overall
            out[: self.rows.first] = (own - mean[gene, None]) / sd[gene, None]
            return out
        sizes = self.problem.sizes
        inside, total = sizes[group, None], int(sizes.sum())
        rest = (total * self.problem.overall_linear[gene, None] - inside * own) / (total - inside)
        out[: self.rows.first] = np.log2(own + 1) - np.log2(np.maximum(rest, 0) + 1)
        return out

    def _shares(self, values: Table) -> Table:
        out = np.zeros_like(values)
        for rows in self.rows.entity[(self.rows.entity >= 0).all(axis=1)]:
            total = values[rows].sum(axis=0)
            np.divide(values[rows], total, out=(part := np.zeros((rows.size, total.size))), where=total > 0)
            out[rows] = part
        return out

    def _of_all(self, s: Statistic) -> Table:
        """Mean or standard deviation of all genes' values, n_groups × columns."""
        k = self.problem.n_groups
        slots = np.arange(2 * k, dtype=np.int64).reshape(2, k)
        values = np.empty((2 * k, self._block.columns))
        self._on("all").fill(np.arange(2), slots, values)
        close_gaps(values, self._block.drop)
        mean, square = values[:k], values[k:]
        # most values are zeros, so that the mean square is far above the squared mean and nothing cancels
        return mean if s.reduce == "mean" else np.sqrt(np.maximum(square - mean**2, 0))

    def factors(self, gene_set: GeneSet) -> Table:
        """Product of the genes' factors, (n_sets + 1) × n_groups × keep; the last set is the empty one."""
        sets, slots, table = self.problem.sets[gene_set.column].sets, self.rows.slots, self[gene_set.statistic]
        out = np.ones((sets.n + 1, self.problem.n_groups, self.keep))
        for i in range(sets.n):
            for gene in sets.genes[sets.indptr[i] : sets.indptr[i + 1]]:
                out[i] *= gene_set.factor(table[slots[gene], : self.keep], self.problem.background)
        return out


@dataclass(frozen=True)
class TestStatistics:
    """The statistics of tests, read off the tables of a block."""

    tests: Tests
    rows: TableRows
    problem: Problem

    @cached_property
    def ligand(self) -> Ints:
        """Row of each test's ligand in its source."""
        return self.rows.entity[self.tests.ligand, self.tests.source]

    @cached_property
    def receptor(self) -> Ints:
        """Row of each test's receptor in its target."""
        return self.rows.entity[self.tests.receptor, self.tests.target]

    def factors(self, score: Score, tables: Tables) -> dict[str, Table | None]:
        """Factors of the score's gene sets; None where the resource names no measured gene."""
        return {g.column: tables.factors(g) if g.column in self.problem.sets else None for g in score.sets}

    def stats(self, score: Score, tables: Tables, factors: dict[str, Table | None], *, start: int, stop: int) -> Stats:
        """Statistics of the tests ``start`` to ``stop``; all tables must have been made."""
        ends = []
        for rows, groups in ((self.ligand, self.tests.source), (self.receptor, self.tests.target)):
            row, group = rows[start:stop], groups[start:stop]
            values = {s: tables[s][group if s.values == "all" else row][:, : tables.keep] for s in score.needs}
            cells = self.problem.sizes[group, None].astype(float)
            sets = {name: self._factor(name, table, group, start=start) for name, table in factors.items()}
            ends.append(Side(values, cells / self.problem.sizes.sum(), cells, sets))
        return Stats(ends[0], ends[1], self.problem.background)

    def _factor(self, name: str, table: Table | None, group: Ints, *, start: int) -> Table:
        if table is None:
            return np.ones((1, 1))
        return table[self.problem.sets[name].of_test[start : start + group.size], group]


def make_all(scores: Sequence[Score], tables: Tables) -> None:
    """Make every table that these scores read."""
    for score in scores:
        for s in score.needs:
            tables[s]
