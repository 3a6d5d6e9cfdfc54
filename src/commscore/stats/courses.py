"""Which course over ordered stages a row has, and whether the samples exclude the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import shapes

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints
    from .variance import Tail


@dataclass(frozen=True)
class Courses:
    """Fits of every course to one side; n_courses × entities.

    Attributes
    ----------
    pvalue
        That the course is the true one (lack of fit).
    amplitude
        Fitted amplitude as a t-statistic.
    cosine
        (E, n_courses, n_courses) how alike two courses look.
    reach
        (E,) t quantile of an interval that holds for all courses together.
    """

    pvalue: Floats
    amplitude: Floats
    cosine: Floats
    reach: Floats

    @classmethod
    def unknown(cls, n_stages: int, m: int) -> Courses:
        """No course of m rows is excluded, and none is ahead."""
        q = shapes.courses(n_stages).shape[0]
        return cls(np.ones((q, m)), np.zeros((q, m)), np.zeros((m, q, q)), np.full(m, np.inf))

    def put(self, rows: Ints, other: Courses) -> None:
        """Write the rows of another fit into these."""
        self.pvalue[:, rows], self.amplitude[:, rows] = other.pvalue, other.amplitude
        self.cosine[rows], self.reach[rows] = other.cosine, other.reach


def of_side(
    steps: Floats, covariance: Floats, *, variance: Floats, tail: Tail, n_stages: int, reach: Floats
) -> Courses:
    """Fit every course to the entities of a group.

    Parameters
    ----------
    steps
        (n_stages − 1, E) estimates of the steps between stages.
    covariance
        (E, n_stages − 1, n_stages − 1) their covariances at unit residual variance.
    variance, tail, reach
        (E,) moderated variances, what their t-statistics are compared with, and the quantile of the intervals.
    """
    fits = shapes.fit_courses(steps, covariance, n_stages=n_stages)
    pvalue = tail.ratio_pvalue(fits.misfit / variance, n_stages - 2.0)
    return Courses(pvalue, fits.amplitude / np.sqrt(variance), fits.cosine, reach)


def choose(
    evidence: Floats, sides: Sequence[tuple[Courses, Ints]], *, n_stages: int, alpha: float
) -> tuple[Ints, Bools]:
    """Return the template that describes each row, and whether its name is certain.

    ``evidence`` is (n_templates, m), ``sides`` the fits of ligands and receptors (or of anything alone) with the place
    of every row in them. A course is excluded where any side rejects it (Bonferroni over the sides). Where the courses
    that are left have one name, it is certain: the true course is excluded with probability ``alpha`` at most. Where
    none is left, as nothing real is an exact line, the strongest template is certain if it fits every side that moved
    better than those of other names.
    """
    family = shapes.families(n_stages)
    tested = family[: evidence.shape[0], None]
    free = np.min([side.pvalue[:, place] for side, place in sides], axis=0) > alpha / len(sides)
    names = np.unique(family)
    left_over = np.stack([free[family == name].any(axis=0) for name in names])
    only = names[left_over.argmax(axis=0)]
    alone, none = left_over.sum(axis=0) == 1, ~left_over.any(axis=0)
    best = np.where(alone & (tested != only), -np.inf, np.nan_to_num(evidence, nan=-np.inf)).argmax(axis=0)
    certain = alone.copy()
    at = np.flatnonzero(none)
    certain[at] = _better(best[at], [(side, place[at]) for side, place in sides], family=family)
    return best, certain


def _better(best: Ints, sides: list[tuple[Courses, Ints]], *, family: Ints) -> Bools:
    """Whether the template fits every side that moved better than all courses of other names do."""
    beats = np.stack([_beats(best, *side, family=family) for side in sides])
    still = np.stack([np.abs(side.amplitude[:, place]).max(axis=0) <= side.reach[place] for side, place in sides])
    return np.asarray((beats | still).all(axis=0) & beats.any(axis=0), np.bool_)


def _beats(best: Ints, side: Courses, place: Ints, *, family: Ints) -> Bools:
    t = side.amplitude[:, place]
    own = side.amplitude[best, place]
    alike = side.cosine[place, best].T * np.sign(t * own)
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = (np.abs(own) - np.abs(t)) / np.sqrt(np.maximum(2.0 - 2.0 * alike, 0.0))
    return np.asarray(((ahead > side.reach[place]) | (family[:, None] == family[best])).all(axis=0), np.bool_)
