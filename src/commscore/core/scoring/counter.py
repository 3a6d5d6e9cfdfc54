"""How often permuted labels reach what was observed, and how the permuted scores lie.

A block of permutations fills tables (gene or complex in a group) × permutations of only those rows that a
surviving test needs; every score is then counted on them, and they are let go before the next block. No
table permutations × groups × genes exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from ...kernels import permute as kernels
from ...scores import Form, Score
from ..permute import TOLERANCE
from .problem import Problem, tables_of
from .rows import TableRows, plan
from .tables import Tables, TestStatistics, TrueLabels, make_all

if TYPE_CHECKING:
    from ...arrays import Floats, Ints, Tests
    from ..permute.schemes import Block

_GENERAL_CELLS = 2_000_000  # tests × permutations evaluated at once by a score's own function


@dataclass(frozen=True)
class Exceedances:
    """What permutations gave, n_scores × n_tests.

    ``counts`` of permuted scores that reach the observed one; ``mean`` and ``sd`` of the permuted scores of
    standardised methods, NaN for the others.
    """

    counts: Ints
    mean: Floats
    sd: Floats


def rows_of(problem: Problem, tests: Tests, scores: Sequence[Score]) -> TableRows:
    """Rows that these scores need."""
    extra = [problem.sets[g.column].sets.genes for score in scores for g in score.sets if g.column in problem.sets]
    return plan(
        problem.entities,
        tests,
        n_genes=len(problem.genes.total),
        n_groups=problem.n_groups,
        all_groups=any(s.relative == "groups" for s in tables_of(scores)),
        genes=np.unique(np.concatenate(extra)) if extra else None,
    )


def counted(score: Score, problem: Problem) -> bool:
    """Whether the fast kernel may count this score."""
    return score.form is not None and not any(g.column in problem.sets for g in score.sets)


def true_tables(problem: Problem, rows: TableRows) -> Tables:
    """Tables of the true labels."""
    return Tables(problem, rows, TrueLabels(problem.summary("value").mean, problem))


def evaluate(score: Score, statistics: TestStatistics, tables: Tables) -> Floats:
    """Score of every test from the tables of the true labels."""
    make_all([score], tables)
    stats = statistics.stats(score, tables, statistics.factors(score, tables), start=0, stop=statistics.tests.n)
    return np.asarray(score.function(stats), float).reshape(statistics.tests.n, -1)[:, 0]


class ExceedanceCounter:
    """The visitor of scores: counts, per score and test, the permutations that reach the observed score.

    Parameters
    ----------
    problem
        With exact sums.
    tests, scores
        What is scored.
    strict
        Whether permutations that equal the observed score do not count.
    """

    def __init__(self, problem: Problem, tests: Tests, scores: Sequence[Score], *, strict: bool) -> None:
        self.problem, self.scores, self.strict = problem, scores, strict
        self.rows = rows_of(problem, tests, scores)
        self.statistics = TestStatistics(tests, self.rows, problem)
        shape = (len(scores), tests.n)
        self._counts = np.zeros(shape, np.int64)
        self._sums, self._squares = np.zeros(shape), np.zeros(shape)
        self._observed, self._centre = self._observe()

    @property
    def bytes_per_labelling(self) -> int:
        """Memory of one column of all tables."""
        return 8 * max(self.rows.n, 1) * len(tables_of(self.scores))

    def visit(self, block: Block) -> None:
        """Tabulate the labellings of a block and add what they give."""
        tables, team = Tables(self.problem, self.rows, block), self.problem.team
        score_of_order: dict[object, int] = {}
        limits = self._limits()
        for s, score in enumerate(self.scores):
            fast = counted(score, self.problem)
            order = (score.form, score.of)
            if not fast or score.standardised:
                make_all([score], tables)
                work = self._general(s, tables, limit=limits[s], count=not fast)
                team.run(work, limits.shape[1], step=max(1, _GENERAL_CELLS // max(tables.keep, 1)))
            if fast and order in score_of_order:  # the same order of labellings, hence the same counts
                self._counts[s] = self._counts[score_of_order[order]]
            elif fast:
                score_of_order[order] = s
                self._fast(s, tables[score.of], keep=tables.keep, limit=limits[s])

    def exceedances(self, n: int) -> Exceedances:
        """Return counts, and mean and standard deviation (n − 1) of the scores under ``n`` permutations."""
        mean = self._sums / n
        variance = np.maximum(self._squares - n * mean**2, 0) / max(n - 1, 1)
        standardised = np.array([score.standardised for score in self.scores])[:, None]
        sd = np.sqrt(variance)
        sd[sd <= 1e-6 * np.abs(self._centre)] = 0.0  # what is left of equal squares is rounding, not width
        return Exceedances(
            self._counts, np.where(standardised, self._centre + mean, np.nan), np.where(standardised, sd, np.nan)
        )

    def _observe(self) -> tuple[Floats, Floats]:
        """Return what permutations are compared to (the kernel's statistic where it counts), and the centres.

        The centre is the observed score of a standardised method.
        """
        statistics, tables = self.statistics, true_tables(self.problem, self.rows)
        out, centre = np.empty(self._counts.shape), np.zeros(self._counts.shape)
        for s, score in enumerate(self.scores):
            if score.standardised:
                centre[s] = evaluate(score, statistics, tables)
            if counted(score, self.problem):
                values = tables[score.of][:, 0]
                out[s] = cast("Form", score.form).of(values[statistics.ligand], values[statistics.receptor])
            else:
                out[s] = evaluate(score, statistics, tables)
        return out, centre

    def _limits(self) -> Floats:
        """Observed statistics moved by the tolerance for ties."""
        slack = TOLERANCE * np.abs(self._observed)
        return self._observed + slack if self.strict else self._observed - slack

    def _fast(self, s: int, values: Floats, *, keep: int, limit: Floats) -> None:
        form, counts = int(cast("Form", self.scores[s].form)), self._counts[s]
        sides = self.statistics.ligand, self.statistics.receptor
        self.problem.team.run(
            lambda a, b: kernels.count_exceeding(values, keep, *sides, limit, form, self.strict, a, b, counts),
            limit.size,
        )

    def _general(self, s: int, tables: Tables, *, limit: Floats, count: bool) -> Callable[[int, int], None]:
        score, factors = self.scores[s], self.statistics.factors(self.scores[s], tables)

        def work(a: int, b: int) -> None:
            permuted = score.function(self.statistics.stats(score, tables, factors, start=a, stop=b))
            if count:
                hits = permuted > limit[a:b, None] if self.strict else permuted >= limit[a:b, None]
                self._counts[s, a:b] += hits.sum(axis=1)
            if score.standardised:  # from the observed value, so that squares do not cancel
                away = permuted - self._centre[s, a:b, None]
                self._sums[s, a:b] += away.sum(axis=1)
                self._squares[s, a:b] += (away**2).sum(axis=1)

        return work
