"""P-values: from permutations, from the analytic null, or from whichever is right for a test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Tests
from ..stats.analytic import AnalyticNull, Cases
from ..stats.multiple import permutation_pvalue
from . import engine, permutation

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints
    from ..scores import Score
    from .statistics import Problem

NAMES = ("permutation", "analytic", "auto")


@dataclass(frozen=True)
class Outcome:
    """Scores and p-values (n_scores × n_tests), and which tests' p-values are analytic (n_tests)."""

    scores: Floats
    pvalues: Floats
    analytic: Bools


def outcome_of(
    problem: Problem,
    tests: Tests,
    scores: Sequence[Score],
    *,
    null: str,
    settings: engine.Permutations,
    plus_one: bool,
    progress: Callable[[int], object] = lambda _: None,
) -> Outcome:
    """Score and test; a test that is outside the domain of the analytic null for any score is permuted.

    Columns are laid out only for the genes of permuted tests, and rounded in place, so that sums are exact.
    """
    observed = engine.observed(problem, tests, scores)
    pvalues, valid = np.full(observed.shape, np.nan), np.zeros(tests.n, bool)
    if null != "permutation" and tests.n and all(has_analytic(score, problem.sets) for score in scores):
        pvalues, valid = _analytic(problem, tests, scores)
    rest = np.flatnonzero(~valid)
    if rest.size:
        few = tests.take(rest)
        part = _part(problem, rest, tests=few, scores=scores)
        tally = engine.permute(part, tests=few, scores=scores, settings=settings, progress=progress)
        pvalues[:, rest] = permutation_pvalue(tally.counts, settings.n, plus_one=plus_one)
        observed[:, rest] = engine.standardise(observed[:, rest], tally)
    return Outcome(observed, pvalues, valid)


def has_analytic(score: Score, sets: Collection[str]) -> bool:
    """Whether the analytic null knows the order in which this score puts labellings; ``sets`` are those at hand."""
    return score.of_means and score.form is not None and not any(g.column in sets for g in score.sets)


def _part(problem: Problem, rows: Ints, *, tests: Tests, scores: Sequence[Score]) -> Problem:
    """Return the problem with the gene sets of these tests, and the columns of their genes, only, in their order."""
    sets = {n: replace(s, of_test=s.of_test[rows]) for n, s in problem.sets.items()}
    genes = permutation.rows_of(problem, tests, scores).genes
    groups = problem.groups if problem.regrouped is None else problem.regrouped()
    return replace(problem, sets=sets, only=genes, groups=groups, regrouped=None)


def _analytic(problem: Problem, tests: Tests, scores: Sequence[Score]) -> tuple[Floats, Bools]:
    """Analytic p-values of all scores, and for which tests all of them hold."""
    if problem.known is None or problem.pairs is None:
        msg = "the analytic null needs what one pass over the data gives"
        raise RuntimeError(msg)
    known, run = problem.known, problem.team.run
    summary = known.bins.summary(known.n_cells)
    fitted = AnalyticNull(summary=summary, correlate=problem.pairs, sizes=problem.groups.sizes)
    means = problem.entity_means
    left, right = means[tests.ligand, tests.source], means[tests.receptor, tests.target]
    pvalues, valid = np.full((len(scores), tests.n), np.nan), _joined_by_minimum(problem, tests)
    done: dict[int, int] = {}
    for s, score in enumerate(scores):
        if score.form is None:
            continue
        if score.form not in done:  # scores of one form put labellings in the same order
            done[score.form] = s
            threshold = score.form.of(left, right)
            threshold -= permutation.TOLERANCE * np.abs(threshold)
            cases = Cases(source=tests.source, target=tests.target, ligand=tests.ligand, receptor=tests.receptor,
                          threshold=threshold, form=int(score.form))  # fmt: skip
            pvalues[s], inside = fitted.pvalues(cases, problem.entities, run=run)
            valid &= inside
        pvalues[s] = pvalues[done[score.form]]
    return pvalues, valid


def _joined_by_minimum(problem: Problem, tests: Tests) -> Bools:
    """Return which tests the analytic null describes: it joins subunits by their minimum."""
    if problem.rule == "min":
        return np.ones(tests.n, bool)
    single = problem.entities.n_subunits == 1
    both: Bools = single[tests.ligand] & single[tests.receptor]
    return both
