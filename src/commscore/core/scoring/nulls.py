"""Scores and their p-values: from permutations, from the analytic null, or from whichever is right for a test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Tests
from ...stats.analytic import AnalyticNull, ScoreThresholds, StratifiedNull
from ...stats.multiple import permutation_pvalue
from ..permute import TOLERANCE, Draws, permute
from .counter import ExceedanceCounter, Exceedances, evaluate, rows_of, true_tables
from .tables import TestStatistics

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ...scores import Score
    from ..summary import EntitySummary
    from .problem import Problem

NAMES = ("permutation", "analytic", "auto")


@dataclass(frozen=True)
class ScoredTests:
    """Scores and p-values (n_scores × n_tests), and which tests' p-values are analytic (n_tests).

    ``tails`` (n_scores × n_tests) are the p-values that permutations could not show: analytic where no permutation was
    as high and it was asked for, else ``pvalues``.
    """

    scores: Floats
    pvalues: Floats
    analytic: Bools
    tails: Floats


def expressed_tests(
    summary: EntitySummary, ligand: Ints, receptor: Ints, *, passes: Callable[[Floats], Bools]
) -> tuple[Tests, Ints]:
    """All source × target × interaction whose ligand and receptor pass, and each test's interaction."""
    left, right = passes(summary.prop)[ligand], passes(summary.prop)[receptor]
    which, source, target = np.nonzero(left[:, :, None] & right[:, None, :])
    return Tests(source, target, ligand[which], receptor[which]), which


def observed(problem: Problem, tests: Tests, scores: Sequence[Score]) -> Floats:
    """Scores of the true labels, n_scores × n_tests; of standardised methods, before they are."""
    if tests.n == 0:
        return np.zeros((len(scores), 0))
    rows = rows_of(problem, tests, scores)
    tables, statistics = true_tables(problem, rows), TestStatistics(tests, rows, problem)
    return np.stack([evaluate(score, statistics, tables) for score in scores])


def score_tests(
    problem: Problem,
    tests: Tests,
    scores: Sequence[Score],
    *,
    null: str | None,
    draws: Draws,
    strict: bool,
    plus_one: bool,
    rare: Bools | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> ScoredTests:
    """Score and test; a test that is outside the domain of the analytic null for any score is permuted.

    Parameters
    ----------
    problem
        Its cells, where any are permuted, lie in the scheme's order. Only the genes of permuted tests are read, and
        rounded in place, so that sums are exact.
    null
        One of :data:`NAMES`, or None for scores alone.
    strict, plus_one
        Whether ties do not count; whether the observed labelling does.
    rare
        Tests of which the tail is wanted where no permutation is as high, (n_tests,).
    """
    scored, pvalues = observed(problem, tests, scores), np.full((len(scores), tests.n), np.nan)
    valid = np.zeros(tests.n, bool)
    if null is None:
        return ScoredTests(scored, pvalues, valid, pvalues)
    if null != "permutation" and tests.n and all(has_analytic(score, problem.sets) for score in scores):
        pvalues, valid = _analytic(problem, tests, scores)
    rest = np.flatnonzero(~valid)
    if rest.size:
        few = tests.take(rest)
        counter = ExceedanceCounter(_part(problem, rest, few, scores=scores), few, scores, strict=strict)
        permute(counter.problem.cells, counter, draws, progress=progress)
        exceedances = counter.exceedances(draws.n)
        pvalues[:, rest] = permutation_pvalue(exceedances.counts, draws.n, plus_one=plus_one)
        scored[:, rest] = standardise(scored[:, rest], exceedances)
        if rare is not None and null == "permutation" and plus_one:
            never = rare & (exceedances.counts == 0)
            return ScoredTests(scored, pvalues, valid, _tails(problem, tests, scores, pvalues=pvalues, never=never))
    return ScoredTests(scored, pvalues, valid, pvalues)


def _tails(problem: Problem, tests: Tests, scores: Sequence[Score], *, pvalues: Floats, never: Bools) -> Floats:
    """Return ``pvalues``, with the analytic one where none of the permutations was as high, if it is known."""
    known = [s for s, score in enumerate(scores) if has_analytic(score, problem.sets)]
    rows, tails = np.flatnonzero(never[known].any(axis=0)), pvalues.copy()
    if rows.size == 0 or problem.described is None:
        return tails
    described = replace(problem, statistics=problem.described(), sets={})
    analytic, valid = _analytic(described, tests.take(rows), [scores[s] for s in known])
    for s, own in zip(known, analytic, strict=True):
        use = valid & never[s, rows]
        tails[s, rows[use]] = np.minimum(own[use], pvalues[s, rows[use]])
    return tails


def standardise(scores: Floats, permuted: Exceedances) -> Floats:
    """Replace the scores of standardised methods by their distance from the null; 0 where it has no width."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(permuted.sd > 0, (scores - permuted.mean) / permuted.sd, 0.0)
    return np.where(np.isnan(permuted.mean), scores, z)


def has_analytic(score: Score, sets: Collection[str]) -> bool:
    """Whether the analytic null knows the order in which this score puts labellings; ``sets`` are those at hand."""
    return score.of_means and score.form is not None and not any(g.column in sets for g in score.sets)


def _part(problem: Problem, rows: Ints, tests: Tests, *, scores: Sequence[Score]) -> Problem:
    """Return the problem with the gene sets of these tests, and the cells' values of their genes, only, exact."""
    sets = {n: replace(s, of_test=s.of_test[rows]) for n, s in problem.sets.items()}
    return replace(problem, sets=sets, only=rows_of(problem, tests, scores).genes).with_exact_sums()


def _analytic(problem: Problem, tests: Tests, scores: Sequence[Score]) -> tuple[Floats, Bools]:
    """Analytic p-values of all scores, and for which tests all of them hold."""
    fitted, run = _fitted(problem), problem.team.run
    means = problem.entity_means
    left, right = means[tests.ligand, tests.source], means[tests.receptor, tests.target]
    pvalues, valid = np.full((len(scores), tests.n), np.nan), _joined_by_minimum(problem, tests)
    score_of_form: dict[int, int] = {}
    for s, score in enumerate(scores):
        if score.form is None:
            continue
        if score.form not in score_of_form:  # scores of one form put labellings in the same order
            score_of_form[score.form] = s
            threshold = score.form.of(left, right)
            threshold -= TOLERANCE * np.abs(threshold)
            cases = ScoreThresholds(
                source=tests.source,
                target=tests.target,
                ligand=tests.ligand,
                receptor=tests.receptor,
                threshold=threshold,
                form=int(score.form),
            )
            pvalues[s], inside = fitted.pvalues(cases, problem.entities, run=run)
            valid &= inside
        pvalues[s] = pvalues[score_of_form[score.form]]
    return pvalues, valid


def _fitted(problem: Problem) -> AnalyticNull:
    """Return the null of permuted labels; within samples, where there are several."""
    if problem.statistics is None or problem.pairs is None:
        msg = "the analytic null needs what one pass over the data gives"
        raise RuntimeError(msg)
    statistics, samples = problem.statistics, problem.samples
    summary = statistics.bins.summary(statistics.n_cells)
    pooled = AnalyticNull(summary=summary, correlate=problem.pairs, sizes=problem.sizes)
    if samples is None or len(samples.parts) == 1:
        return pooled
    return StratifiedNull(
        summary=summary,
        correlate=problem.pairs,
        sizes=problem.sizes,
        summaries=samples.summaries,
        own=samples.cells,
        of_strata=samples.pairs,
    )


def _joined_by_minimum(problem: Problem, tests: Tests) -> Bools:
    """Return which tests the analytic null describes: it joins subunits by their minimum."""
    if problem.rule == "min":
        return np.ones(tests.n, bool)
    single = problem.entities.n_subunits == 1
    both: Bools = single[tests.ligand] & single[tests.receptor]
    return both
