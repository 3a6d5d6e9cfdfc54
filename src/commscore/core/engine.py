"""Observed scores and their permutation p-values, from columns, groups, entities and tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..scores import Score, Side, Stats
from . import permutation, schemes
from .columns import snap
from .problem import Entities, Groups, Tests
from .summary import EntitySummary, join, summarise

if TYPE_CHECKING:
    import numpy.typing as npt

    from .columns import Columns
    from .threads import Team


@dataclass(frozen=True, kw_only=True)
class Permutations:
    """What is permuted and how: see ``tl.score`` for the meaning of each."""

    n: int
    scheme: str
    key: int
    rule: str
    strict: bool
    memory: int


def expressed_tests(
    summary: EntitySummary,
    ligand: npt.NDArray[np.int64],
    receptor: npt.NDArray[np.int64],
    *,
    passes: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]],
) -> tuple[Tests, npt.NDArray[np.int64]]:
    """All source × target × interaction whose ligand and receptor pass, and each test's interaction."""
    left, right = passes(summary.prop)[ligand], passes(summary.prop)[receptor]
    which, source, target = np.nonzero(left[:, :, None] & right[:, None, :])
    return Tests(source, target, ligand[which], receptor[which]), which


def observed(summary: EntitySummary, tests: Tests, scores: Sequence[Score]) -> npt.NDArray[np.float64]:
    """Scores of the true labels, n_scores × n_tests."""
    stats = Stats(Side(summary.mean[tests.ligand, tests.source]), Side(summary.mean[tests.receptor, tests.target]))
    return np.stack([np.asarray(score.function(stats), float) for score in scores])


def permute(
    columns: Columns,
    groups: Groups,
    *,
    entities: Entities,
    tests: Tests,
    scores: Sequence[Score],
    settings: Permutations,
    team: Team,
    progress: Callable[[int], object] = lambda _: None,
) -> npt.NDArray[np.int64]:
    """Exceedance counts, n_scores × n_tests; ``columns`` lie in ring order if the scheme is ``ring``."""
    if tests.n == 0:
        return np.zeros((len(scores), 0), np.int64)
    snap(columns, team)
    means = join(summarise(columns, groups, team).mean, entities, settings.rule)
    scheme = schemes.make(settings.scheme, groups=groups, n_perms=settings.n, key=settings.key)
    return permutation.exceedances(
        columns, means, entities=entities, tests=tests, scores=scores, scheme=scheme, rule=settings.rule,
        strict=settings.strict, memory=settings.memory, team=team, progress=progress,
    )  # fmt: skip
