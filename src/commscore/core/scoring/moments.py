"""Excess of a score in every sample over its mean under permuted labels of that sample, and its variance under them.

The mean of single genes is linear in the group means: both have a closed form, exact for a finite number of cells.
Complexes and all other scores take them from permutations within the sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Tests
from ...kernels import excess as kernels
from ...scores import MEAN, Form
from ...stats.over_samples import SampleExcess
from ..permute import Draws, permute
from ..permute.moments import MIN_CELLS, Moments, draws_of_sample
from .counter import rows_of, true_tables
from .problem import CellTotals, Problem
from .tables import Tables, TestStatistics, make_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ...arrays import Bools, Floats, Ints
    from ...scores import Score, Stats
    from ...stats.analytic import Pairs, Summary
    from ..permute.schemes import Block
    from ..read.cells import LabelledCells
    from ..read.statistics import CellStatistics

_VALUES_AT_ONCE = 2_000_000  # tests × permutations


@dataclass(frozen=True, eq=False)
class SampleStatistics:
    """What one pass over the cells gave of every sample, and the correlations of gene pairs in it."""

    parts: tuple[CellStatistics, ...]
    summaries: tuple[Summary, ...]
    pairs: Callable[[Ints], tuple[Pairs, ...]]

    @classmethod
    def of(cls, parts: tuple[CellStatistics, ...], pairs: Callable[[Ints], tuple[Pairs, ...]]) -> SampleStatistics:
        """Summarise the samples."""
        return cls(parts, tuple(p.bins.summary(p.n_cells) for p in parts), pairs)

    @property
    def cells(self) -> Ints:
        """Cells of each sample and group, (n_samples, n_groups)."""
        return np.stack([p.sizes for p in self.parts])

    @property
    def expressed(self) -> Ints:
        """Cells that express each gene in each sample and group, (n_samples, n_genes, n_groups)."""
        return np.stack([p.expressed for p in self.parts])

    @property
    def total(self) -> Floats:
        """Sum of each gene in each sample and group, (n_samples, n_genes, n_groups)."""
        return np.stack([p.total for p in self.parts])

    def used(self, tests: Tests) -> Bools:
        """Return which samples a test has: enough cells of both groups, and others to compare them with."""
        cells, out = np.ascontiguousarray(self.cells.T), np.empty((tests.n, len(self.parts)), bool)
        kernels.used_samples(tests.source, tests.target, cells, cells.sum(axis=0), MIN_CELLS, 0, tests.n, out)
        return out


def is_linear(score: Score) -> bool:
    """Whether the score is the mean of the two group means."""
    return score.form is Form.SUM and score.of == MEAN and not score.sets


def sample_excess(
    problem: Problem, tests: Tests, scores: Sequence[Score], *, samples: SampleStatistics, draws: Draws
) -> list[SampleExcess]:
    """Excess, variance and level of every score and test in every sample."""
    single = problem.entities.n_subunits == 1
    plain = single[tests.ligand] & single[tests.receptor]
    linear = np.flatnonzero(plain & any(is_linear(s) for s in scores))
    used = samples.used(tests)
    whole = linear.size == tests.n
    out = [_Accumulated.empty(0 if whole and is_linear(s) else tests.n, len(samples.parts)) for s in scores]
    if linear.size:
        moments = linear_moments(problem, tests.take(linear), samples, used=used[linear])
        for s, score in enumerate(scores):
            if is_linear(score) and whole:
                out[s] = moments
            elif is_linear(score):
                out[s].put(linear, moments)
    permuted = np.flatnonzero(~plain | (not all(is_linear(s) for s in scores)))
    if permuted.size:
        _permuted(problem, tests, scores, rows=permuted, samples=samples, draws=draws, out=out)
    return [o.over(used) for o in out]


@dataclass(frozen=True)
class _Accumulated:
    """Excess and variance, n_tests × n_samples, NaN in unused samples; and the sum of the centres in the used ones."""

    excess: Floats
    variance: Floats
    centres: Floats

    @classmethod
    def empty(cls, n_tests: int, n_samples: int) -> _Accumulated:
        excess, variance = (np.full((n_tests, n_samples), np.nan) for _ in range(2))
        return cls(excess, variance, np.zeros(n_tests))

    def put(self, rows: Ints, moments: _Accumulated) -> None:
        self.excess[rows], self.variance[rows], self.centres[rows] = moments.excess, moments.variance, moments.centres

    def over(self, used: Bools) -> SampleExcess:
        return SampleExcess(self.excess, self.variance, used, self.centres / np.maximum(used.sum(axis=1), 1))


def linear_moments(problem: Problem, tests: Tests, samples: SampleStatistics, *, used: Bools) -> _Accumulated:
    """Excess of (L + R) / 2, its exact variance and its exact mean under permuted labels, in the samples ``used``.

    Of N cells in a sample, n and m of them in source and target, with S the (co)variances over N − 1: the variance of
    L is S_a (1/n − 1/N), and L and R covary by −S_ab / N, or by S_ab (1/n − 1/N) in one group.
    """
    genes = problem.entities.first(tests.ligand), problem.entities.first(tests.receptor)
    key = np.minimum(*genes) * len(problem.genes.total) + np.maximum(*genes)
    differ = genes[0] != genes[1]
    pairs = samples.pairs(np.unique(key[differ]))
    pair = np.where(differ, np.searchsorted(pairs[0].keys, key), -1)
    every = np.maximum([p.n_cells for p in samples.parts], 1).astype(np.float64)
    total = np.ascontiguousarray(samples.total.transpose(1, 2, 0))
    deviance = np.stack([s.deviance for s in samples.summaries], axis=1)
    sd = np.sqrt(deviance / np.maximum(every - 1.0, 1.0))
    ends = np.stack([tests.source, tests.target, *genes])
    overall, cell = total.sum(axis=1) / every, 1.0 / every
    share = 1.0 / np.maximum(samples.cells.T, 1)
    correlation = np.stack([p.correlation for p in pairs], axis=1)
    known = ends, pair, total * share, share - cell, cell, overall, sd, correlation, used
    out = _Accumulated(np.empty(used.shape), np.empty(used.shape), np.empty(tests.n))

    def work(start: int, stop: int) -> None:
        kernels.linear_excess(*known, start, stop, out.excess, out.variance, out.centres)

    problem.team.run(work, tests.n)
    return out


def _permuted(
    problem: Problem,
    tests: Tests,
    scores: Sequence[Score],
    *,
    rows: Ints,
    samples: SampleStatistics,
    draws: Draws,
    out: list[_Accumulated],
) -> None:
    """Write moments from permutations of the ``rows`` into ``out``, but where there is a closed form."""
    single = problem.entities.n_subunits == 1
    plain = single[tests.ligand] & single[tests.receptor]
    cells = samples.cells
    few = tests.take(rows)
    sets = {n: replace(s, of_test=s.of_test[rows]) for n, s in problem.sets.items()}
    part = replace(problem, sets=sets, only=rows_of(problem, few, scores).genes).with_exact_sums()
    for s, sample in enumerate(_in_samples(part, cells)):
        here = np.flatnonzero(samples.used(few)[:, s])
        if not here.size:
            continue
        number = np.cumsum(cells[s] > 0) - 1
        inside = few.take(here)
        inside = Tests(number[inside.source], number[inside.target], inside.ligand, inside.receptor)
        own = {n: replace(g, of_test=g.of_test[here]) for n, g in part.sets.items()}
        own_draws = draws_of_sample(draws, s)
        counter = MomentCounter(replace(sample, sets=own), inside, scores, n_perms=own_draws.n)
        permute(sample.cells, counter, own_draws)
        for i, (score, moments) in enumerate(zip(scores, counter.moments, strict=True)):
            take = ~plain[rows[here]] | (not is_linear(score))
            at, mean = rows[here][take], moments.mean[take]
            out[i].excess[at, s] = moments.observed[take] - mean
            out[i].variance[at, s] = moments.variance[take]
            out[i].centres[at] += mean


def _in_samples(problem: Problem, cells: Ints) -> Iterator[Problem]:
    """Yield the problem of the cells of every sample alone; the cells lie sample by sample."""
    bounds = np.concatenate([[0], np.cumsum(cells.sum(axis=1))]).tolist()
    for labelled, (first, last) in zip(problem.cells.in_strata(cells), pairwise(bounds), strict=True):
        yield replace(
            problem,
            read=partial(_itself, labelled),
            sizes=labelled.groups.sizes,
            genes=labelled.observe(),
            statistics=None,
            totals=_totals_between(problem, first, last),
        )


def _itself(cells: LabelledCells, genes: Ints | None) -> LabelledCells:
    """Return cells that were read; those of a sample are few."""
    del genes
    return cells


def _totals_between(problem: Problem, first: int, last: int) -> Callable[[], CellTotals] | None:
    """Return the totals of the cells of one sample."""
    totals = problem.totals
    if totals is None:
        return None

    def of_sample() -> CellTotals:
        every = totals()
        return CellTotals(every.mean[first:last], every.square[first:last])

    return of_sample


class MomentCounter:
    """The visitor of samples: mean and variance of every score and test under permuted labels.

    The mean of two group means is taken without its rule that it is zero where either is: what it measures is an
    excess, not whether there is any.
    """

    def __init__(self, problem: Problem, tests: Tests, scores: Sequence[Score], *, n_perms: int) -> None:
        self.problem, self.scores, self._n = problem, scores, tests.n
        self.rows = rows_of(problem, tests, scores)
        self.statistics = TestStatistics(tests, self.rows, problem)
        tables = true_tables(problem, self.rows)
        every = slice(0, tests.n)
        observed = (self._values(s, tables, every).reshape(tests.n, -1)[:, 0] for s in range(len(scores)))
        self.moments = [Moments(values, n_perms) for values in observed]

    @property
    def bytes_per_labelling(self) -> int:
        """Memory of one column of all tables."""
        return 8 * max(self.rows.n, 1) * max(1, sum(len(s.needs) for s in self.scores))

    def visit(self, block: Block) -> None:
        """Add what the labellings of a block give."""
        tables = Tables(self.problem, self.rows, block)
        step = max(1, _VALUES_AT_ONCE // max(tables.keep, 1))
        for s, moments in enumerate(self.moments):
            for start in range(0, self._n, step):
                some = slice(start, min(start + step, self._n))
                moments.add(some, self._values(s, tables, some))

    def _values(self, s: int, tables: Tables, some: slice) -> Floats:
        score = self.scores[s]
        make_all([score], tables)
        factors = self.statistics.factors(score, tables)
        stats: Stats = self.statistics.stats(score, tables, factors, start=some.start, stop=some.stop)
        if score.form is Form.SUM:
            return np.asarray(Form.PLAIN.of(stats.ligand[score.of], stats.receptor[score.of]))
        return np.asarray(score.function(stats))
