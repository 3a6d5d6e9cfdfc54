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

from ..arrays import Tests
from ..kernels import permute
from ..scores import Form, Score
from .rows import Rows, plan
from .statistics import Problem, tables_of
from .tables import Reader, Tables, TrueLabels, make_all

if TYPE_CHECKING:
    from ..arrays import Floats, Ints
    from .schemes import Scheme
    from .threads import Team

TOLERANCE = 1e-12  # relative, for ties
_GENERAL_CELLS = 2_000_000  # tests × permutations evaluated at once by a score's own function


@dataclass(frozen=True)
class Tally:
    """What permutations gave, n_scores × n_tests.

    ``counts`` of permuted scores that reach the observed one; ``mean`` and ``sd`` of the permuted scores of
    standardised methods, NaN for the others.
    """

    counts: Ints
    mean: Floats
    sd: Floats


def rows_of(problem: Problem, tests: Tests, scores: Sequence[Score]) -> Rows:
    """Rows that these scores need."""
    extra = [problem.sets[g.column].sets.genes for score in scores for g in score.sets if g.column in problem.sets]
    return plan(
        problem.entities, tests, n_genes=len(problem.genes.total), n_groups=problem.groups.n,
        all_groups=any(s.relative == "groups" for s in tables_of(scores)),
        genes=np.unique(np.concatenate(extra)) if extra else None,
    )  # fmt: skip


def counted(score: Score, problem: Problem) -> bool:
    """Whether the fast kernel may count this score."""
    return score.form is not None and not any(g.column in problem.sets for g in score.sets)


def true_tables(problem: Problem, rows: Rows) -> Tables:
    """Tables of the true labels."""
    return Tables(problem, rows, TrueLabels(problem.summary("value").mean, problem.groups))


def evaluate(score: Score, reader: Reader, tables: Tables) -> Floats:
    """Score of every test from the tables of the true labels."""
    make_all([score], tables)
    stats = reader.stats(score, tables, reader.factors(score, tables), start=0, stop=reader.tests.n)
    return np.asarray(score.function(stats), float).reshape(reader.tests.n, -1)[:, 0]


@dataclass(frozen=True)
class Counter:
    """Adds up over blocks; holds no state but the arrays it is given (all n_scores × n_tests).

    ``observed`` is what permutations are compared to; ``centre`` the observed score of standardised methods.
    """

    scores: Sequence[Score]
    reader: Reader
    observed: Floats
    centre: Floats
    strict: bool
    counts: Ints
    sums: Floats
    squares: Floats

    @property
    def limits(self) -> Floats:
        """Observed statistics moved by the tolerance for ties."""
        slack = TOLERANCE * np.abs(self.observed)
        return self.observed + slack if self.strict else self.observed - slack

    def add(self, tables: Tables, team: Team) -> None:
        """Add what the permutations of these tables give."""
        done: dict[object, int] = {}
        ligand, receptor, limits = self.reader.ligand, self.reader.receptor, self.limits
        for s, score in enumerate(self.scores):
            fast = counted(score, self.reader.problem)
            order = (score.form, score.of)
            if not fast or score.standardised:
                make_all([score], tables)
                work = self._general(s, tables, limit=limits[s], count=not fast)
                team.run(work, ligand.size, step=max(1, _GENERAL_CELLS // max(tables.keep, 1)))
            if fast and order in done:  # the same order of labellings, hence the same counts
                self.counts[s] = self.counts[done[order]]
            elif fast:
                done[order] = s
                self._fast(s, tables[score.of], keep=tables.keep, sides=(ligand, receptor), limit=limits[s], team=team)

    def _fast(
        self, s: int, values: Floats, *, keep: int,
        sides: tuple[Ints, Ints], limit: Floats, team: Team,
    ) -> None:  # fmt: skip
        form, counts = int(cast("Form", self.scores[s].form)), self.counts[s]
        team.run(
            lambda a, b: permute.count_exceeding(values, keep, *sides, limit, form, self.strict, a, b, counts),
            limit.size,
        )

    def _general(self, s: int, tables: Tables, *, limit: Floats, count: bool) -> Callable[[int, int], None]:
        score, factors = self.scores[s], self.reader.factors(self.scores[s], tables)

        def work(a: int, b: int) -> None:
            permuted = score.function(self.reader.stats(score, tables, factors, start=a, stop=b))
            if count:
                hits = permuted > limit[a:b, None] if self.strict else permuted >= limit[a:b, None]
                self.counts[s, a:b] += hits.sum(axis=1)
            if score.standardised:  # from the observed value, so that squares do not cancel
                away = permuted - self.centre[s, a:b, None]
                self.sums[s, a:b] += away.sum(axis=1)
                self.squares[s, a:b] += (away**2).sum(axis=1)

        return work

    def tally(self, n: int) -> Tally:
        """Return counts, and mean and standard deviation (n − 1) of the permuted scores."""
        mean = self.sums / n
        variance = np.maximum(self.squares - n * mean**2, 0) / max(n - 1, 1)
        kept = np.array([score.standardised for score in self.scores])[:, None]
        sd = np.sqrt(variance)
        sd[sd <= 1e-6 * np.abs(self.centre)] = 0.0  # what is left of equal squares is rounding, not width
        return Tally(self.counts, np.where(kept, self.centre + mean, np.nan), np.where(kept, sd, np.nan))


def _observed(scores: Sequence[Score], reader: Reader, tables: Tables) -> tuple[Floats, Floats]:
    """Return what permutations are compared to (the kernel's statistic where it counts), and the centres."""
    out, centre = np.empty((len(scores), reader.tests.n)), np.zeros((len(scores), reader.tests.n))
    for s, score in enumerate(scores):
        if score.standardised:
            centre[s] = evaluate(score, reader, tables)
        if counted(score, reader.problem):
            values = tables[score.of][:, 0]
            out[s] = cast("Form", score.form).of(values[reader.ligand], values[reader.receptor])
        else:
            out[s] = evaluate(score, reader, tables)
    return out, centre


def tally(
    problem: Problem,
    tests: Tests,
    scores: Sequence[Score],
    *,
    scheme: Scheme,
    n_perms: int,
    strict: bool,
    memory: int,
    progress: Callable[[int], object],
) -> Tally:
    """Count, per score and test, the permutations whose score is at least (``strict``: above) the observed one.

    Parameters
    ----------
    problem
        With ``exact`` sums.
    memory
        Bytes that the tables of permuted statistics and the labels may take together; blocks shrink to fit.
    progress
        Called with the number of permutations after each block.
    """
    rows = rows_of(problem, tests, scores)
    reader = Reader(tests, rows, problem)
    shape = (len(scores), tests.n)
    counter = Counter(
        scores, reader, *_observed(scores, reader, true_tables(problem, rows)), strict,
        np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape),
    )  # fmt: skip
    unit = 8 * scheme.columns_per_unit() * max(rows.n, 1) * len(tables_of(scores))
    unit += scheme.label_bytes(problem.columns.n_cells)
    width = int(np.clip(memory // unit, 1, scheme.widest()))
    for block in scheme.blocks(problem.of("value"), width, problem.team):
        tables = Tables(problem, rows, block)
        counter.add(tables, problem.team)
        progress(tables.keep)
    return counter.tally(n_perms)
