"""Observed scores and their permutation p-values, from columns, groups, entities and tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Tests
from . import permutation, schemes
from .tables import Reader

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints
    from ..scores import Score
    from .statistics import Problem
    from .summary import EntitySummary


@dataclass(frozen=True, kw_only=True)
class Permutations:
    """What is permuted and how: see ``tl.score`` for the meaning of each."""

    n: int
    scheme: str
    key: int
    strict: bool
    memory: int


def expressed_tests(
    summary: EntitySummary,
    ligand: Ints,
    receptor: Ints,
    *,
    passes: Callable[[Floats], Bools],
) -> tuple[Tests, Ints]:
    """All source × target × interaction whose ligand and receptor pass, and each test's interaction."""
    left, right = passes(summary.prop)[ligand], passes(summary.prop)[receptor]
    which, source, target = np.nonzero(left[:, :, None] & right[:, None, :])
    return Tests(source, target, ligand[which], receptor[which]), which


def observed(problem: Problem, tests: Tests, scores: Sequence[Score]) -> Floats:
    """Scores of the true labels, n_scores × n_tests; of standardised methods, before they are."""
    if tests.n == 0:
        return np.zeros((len(scores), 0))
    rows = permutation.rows_of(problem, tests, scores)
    tables, reader = permutation.true_tables(problem, rows), Reader(tests, rows, problem)
    return np.stack([permutation.evaluate(score, reader, tables) for score in scores])


def permute(
    problem: Problem,
    *,
    tests: Tests,
    scores: Sequence[Score],
    settings: Permutations,
    progress: Callable[[int], object] = lambda _: None,
) -> permutation.Tally:
    """Count exceedances; the problem's columns and groups lie in the scheme's order (:func:`schemes.order`).

    The columns are rounded in place, so that sums are exact: take observed scores before.
    """
    if tests.n == 0:
        nothing = np.zeros((len(scores), 0))
        return permutation.Tally(nothing.astype(np.int64), nothing, nothing)
    scheme = schemes.make(settings.scheme, groups=problem.groups, n_perms=settings.n, key=settings.key)
    return permutation.tally(
        problem.exactly(), tests, scores, scheme=scheme, n_perms=settings.n, strict=settings.strict,
        memory=settings.memory, progress=progress,
    )  # fmt: skip


def standardise(scores: Floats, tally: permutation.Tally) -> Floats:
    """Replace the scores of standardised methods by their distance from the null; 0 where it has no width."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(tally.sd > 0, (scores - tally.mean) / tally.sd, 0.0)
    return np.where(np.isnan(tally.mean), scores, z)
