"""Composition of samples: the table of factors, and whether conditions differ in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._validate import listed
from ..get._frames import typed_frame
from ..stats.composition import difference_of_means
from ..tables.compare import FACTORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays import Floats, Ints
    from ..core.composition import Composition
    from ..core.read.pseudobulk import Pseudobulk
    from .samples import Study

LEAST_DIFFERENCE, LEVEL = 0.3, 0.01
"""Difference of the mean log2 factors of two conditions, and level of its t-test over all groups, to be told."""
_LEAST_SHARE = 0.01  # change of a gene's share of all counts that is named as a cause, if
_LEAST_PART = 0.2  # it is not much smaller than the largest
_MOST_GENES = 3


@dataclass(frozen=True)
class CompositionShift:
    """A group of cells whose mean log2 factor in ``level`` differs from that in ``reference``, and the genes behind."""

    group: str
    reference: str
    level: str
    difference: float
    genes: str

    def in_words(self) -> str:
        """Group, levels, difference and the genes that make it, for a sentence."""
        return f"{self.group} ({self.level} against {self.reference}: {self.difference:+.2f} log2, {self.genes})"


def factors_table(
    samples: Sequence[str], groups: Sequence[str], *, n_cells: Ints, composition: Composition
) -> pd.DataFrame:
    """One row per sample × group of cells that has cells."""
    sample, group = np.nonzero(n_cells)
    frame = pd.DataFrame(
        {
            "sample": pd.Categorical.from_codes(sample, list(samples)),
            "group": pd.Categorical.from_codes(group, list(groups)),
            "n_cells": n_cells[sample, group],
            "library": composition.library[sample, group],
            "factor": 2.0 ** composition.shrunk[sample, group],
            "unshrunk": 2.0 ** composition.unshrunk[sample, group],
        }
    )
    return typed_frame(frame, FACTORS)


def composition_shifts(
    study: Study, groups: Sequence[str], *, bulk: Pseudobulk, composition: Composition, names: pd.Index
) -> list[CompositionShift]:
    """Find the groups whose factors differ between compared conditions; ``bulk`` has the counts of all genes.

    Reported if the means differ by :data:`LEAST_DIFFERENCE` and a t-test over samples says so at :data:`LEVEL` after
    Bonferroni's correction over groups and pairs of conditions. Factors as measured, not shrunk.
    """
    shifts = []
    n_tests = len(groups) * max(len(study.codes), 1)
    for ref, alt in study.codes:
        for k, group in enumerate(groups):
            sides = [
                np.flatnonzero((study.condition == c) & np.isfinite(composition.unshrunk[:, k])) for c in (ref, alt)
            ]
            difference, pvalue = difference_of_means(*(composition.unshrunk[s, k] for s in sides))
            if abs(difference) < LEAST_DIFFERENCE or pvalue * n_tests > LEVEL:
                continue
            first, second = ((bulk.all_counts[s, k] / composition.library[s, k][:, None]).mean(axis=0) for s in sides)
            genes = _carriers(first, second, names)
            shifts.append(CompositionShift(group, study.levels[ref], study.levels[alt], difference, genes))
    return shifts


def _carriers(first: Floats, second: Floats, names: pd.Index) -> str:
    """Name the genes whose shares of all counts changed most."""
    moved = np.abs(second - first)
    least = max(_LEAST_SHARE, _LEAST_PART * float(moved.max()))
    top = [g for g in np.argsort(-moved, kind="stable")[:_MOST_GENES] if moved[g] >= least]
    if not top:
        return "no single gene carries it"
    return listed(f"{names[g]} {first[g]:.0%} to {second[g]:.0%} of the counts" for g in top)


def shifts_in_words(shifts: Sequence[CompositionShift], *, normalization: str) -> str:
    """Say which groups have factors that differ between conditions, and what follows; nothing where none has."""
    if not shifts:
        return ""
    what = (
        "libraries are multiplied with the factors, so that other genes do not seem to change with it; cs.get.factors "
        "lists them"
        if normalization == "tmm"
        else "with normalization='library' every other gene of the group seems to change by as much the other way; use "
        "normalization='tmm'"
    )
    return (
        f"the composition of the counts differs between conditions in {listed(s.in_words() for s in shifts)}: {what}. "
        "If most genes truly changed in one direction, the factors take that for composition"
    )
