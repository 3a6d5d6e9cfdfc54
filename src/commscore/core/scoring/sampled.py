"""What is known of every row over samples: in how many it can be, is and rises, and whether it recurs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...kernels import excess as kernels
from ...stats.over_samples import SampleTest, test_excess
from ...stats.selection import ExpressionFilter, pass_probability
from .moments import SampleStatistics, sample_excess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...arrays import Bools, Entities, Floats, Ints, Tests
    from ...scores import Score
    from ..permute import Draws
    from ..summary import EntitySummary
    from .problem import Problem

MIN_SAMPLES = 3
"""Samples that a test over samples needs."""


@dataclass(frozen=True)
class OverSamples:
    """Per test: ``n`` samples with both groups, share of them with both sides (``support``), largest share of one.

    ``top_share`` is the largest share of one sample in what the source expresses of the ligand, or the target of the
    receptor, whichever is larger. ``fits`` and ``n_positive`` (samples with both sides and an excess) are by score.
    """

    n: Ints
    support: Floats
    top_share: Floats
    fits: list[SampleTest]
    n_positive: list[Ints]


def chance_of_listing(problem: Problem, tests: Tests, passes: Callable[[Floats], Bools]) -> Floats:
    """Probability that permuted labels would list each test; within samples where these are given."""
    samples = problem.samples
    if samples is None:
        expressed, cells = problem.genes.expressed.sum(axis=1, keepdims=True), problem.sizes[None]
    else:
        expressed, cells = samples.expressed.sum(axis=2).T, samples.cells
    return pass_probability(
        tests, problem.entities, expressed=expressed, cells=cells, passes=passes, run=problem.team.run
    )


def over_samples(
    problem: Problem,
    tests: Tests,
    scores: Sequence[Score],
    *,
    summary: EntitySummary,
    passes: ExpressionFilter,
    draws: Draws,
) -> OverSamples:
    """Test every row over samples, and count them."""
    samples = problem.samples
    if samples is None:
        msg = "the problem has no samples"
        raise RuntimeError(msg)
    used = samples.used(tests)
    n = np.asarray(used.sum(axis=1), np.int64)
    weaker = _weaker_side(problem.entities, tests, samples)
    both, reach = passes(weaker) & used, passes.reach(weaker)
    with np.errstate(invalid="ignore"):
        support = both.sum(axis=1) / np.where(n > 0, n, np.nan)
    total, ends = samples.total, ((tests.ligand, tests.source), (tests.receptor, tests.target))
    shares = [_largest_share(total[:, summary.limiting[e, g], g]) for e, g in ends]
    rows = [r.within_reach(reach) for r in sample_excess(problem, tests, scores, samples=samples, draws=draws)]
    positive = [np.asarray((both & (r.excess > 0)).sum(axis=1), np.int64) for r in rows]
    return OverSamples(n, support, np.maximum(*shares), [test_excess(r) for r in rows], positive)


def _largest_share(values: Floats) -> Floats:
    """Return the largest part of the sum over the first axis; NaN where there is nothing."""
    whole = values.sum(axis=0)
    return np.asarray(values.max(axis=0) / np.where(whole > 0, whole, np.nan), np.float64)


def _weaker_side(entities: Entities, tests: Tests, samples: SampleStatistics) -> Floats:
    """Fraction of the cells that express the ligand, or the receptor, whichever is less, n_tests × n_samples."""
    fractions = samples.expressed / np.maximum(samples.cells, 1)[:, None]
    least = np.minimum.reduceat(fractions[:, entities.genes], entities.indptr[:-1], axis=1)
    least, out = np.ascontiguousarray(least.transpose(1, 2, 0)), np.empty((tests.n, len(samples.parts)))
    sides = tests.ligand, tests.source, tests.receptor, tests.target
    kernels.weaker_side(*sides, least, 0, tests.n, out)
    return out
