"""Which contrasts are made: pairwise, ordered stages, and differences in differences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._names import contrast_name, distinct
from .._validate import listed
from ..core.contrast import design

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..core.contrast import Contrast
    from .samples import Study, StudyKeys

STAGES = "stages"
AND = " & "


def contrast_names(study: Study) -> list[str]:
    """Return the name of every pair, ``"LEVEL vs REFERENCE"``, each another one."""
    return distinct(contrast_name(level, reference) for reference, level in study.pairs)


def pairwise_contrasts(study: Study, n_coefficients: int) -> list[Contrast]:
    """Set the level of every pair against its reference."""
    return [
        replace(
            design.pair(name, ref=ref, alt=alt, n_coefficients=n_coefficients),
            reference=study.levels[ref],
            level=study.levels[alt],
        )
        for name, (ref, alt) in zip(contrast_names(study), study.codes, strict=True)
    ]


@dataclass(frozen=True)
class CrossedStudy:
    """``study``: every condition × level of the second factor is a level; ``code`` says which; ``pairs`` as before."""

    study: Study
    factors: list[str]
    code: dict[tuple[str, str], int]

    def of(self, condition: str, factor: str, *, keys: StudyKeys) -> int:
        """Return the code of a condition at a level of the second factor."""
        if (condition, factor) not in self.code:
            there = listed([AND.join(pair) for pair in self.code])
            msg = (
                f"factor_key={keys.factor!r} (the second factor): no sample has condition {condition!r} and "
                f"{keys.factor} {factor!r}, so the difference of differences cannot be estimated; leave out "
                f"{keys.factor} {factor!r}, or compare other levels (contrast=, reference=); there are {there}"
            )
            raise ValueError(msg)
        return self.code[condition, factor]


def cross_factors(study: Study, keys: StudyKeys, factor_levels: Sequence[str]) -> CrossedStudy:
    """Make every condition × level of the second factor that occurs a condition."""
    second = study.frame[keys.factor].to_numpy()
    present = [f for f in factor_levels if (second == f).any()]
    if len(present) < 2:
        msg = (
            f"factor_key={keys.factor!r} (the second factor) has one level ({listed(present)}) in the samples that "
            "are compared; at least two are needed"
        )
        raise ValueError(msg)
    every = [(level, f) for f in present for level in study.levels]
    code = np.asarray([every.index((study.levels[c], f)) for c, f in zip(study.condition, second, strict=True)])
    used = [every[i] for i in np.unique(code)]
    levels = tuple(distinct(AND.join(pair) for pair in used))
    crossed = replace(study, condition=np.searchsorted(np.unique(code), code), levels=levels)
    return CrossedStudy(crossed, present, {pair: i for i, pair in enumerate(used)})


def two_factor_contrasts(crossed: CrossedStudy, *, n_coefficients: int, keys: StudyKeys) -> list[Contrast]:
    """Make simple effects at every level of the second factor, then their differences from the first level."""
    contrasts, factors = [], crossed.factors
    for name, (reference, level) in zip(contrast_names(crossed.study), crossed.study.pairs, strict=True):
        codes = [(crossed.of(reference, f, keys=keys), crossed.of(level, f, keys=keys)) for f in factors]
        for f, (ref, alt) in zip(factors, codes, strict=True):
            one = design.pair(f"{name} | {f}", ref=ref, alt=alt, n_coefficients=n_coefficients)
            contrasts.append(replace(one, reference=reference, level=level, factor_level=f))
        for f, (ref, alt) in zip(factors[1:], codes[1:], strict=True):
            one = design.interaction(
                f"{name} | {f} vs {factors[0]}",
                ref=(codes[0][0], ref),
                alt=(codes[0][1], alt),
                n_coefficients=n_coefficients,
            )
            contrasts.append(
                replace(one, reference=reference, level=level, factor_level=f, factor_reference=factors[0])
            )
    return [
        replace(one, name=name) for one, name in zip(contrasts, distinct(one.name for one in contrasts), strict=True)
    ]


def contrast_facts(contrast: Contrast) -> dict[str, str]:
    """Return what a contrast compares, column by column: nothing has to be read from its name."""
    return {"contrast": contrast.name, "kind": contrast.kind} | {
        name: getattr(contrast, name) for name in ("reference", "level", "factor_level", "factor_reference")
    }


def table_of_contrasts(contrasts: Iterable[Contrast]) -> pd.DataFrame:
    """One row per contrast, as :func:`facts` says."""
    return pd.DataFrame([contrast_facts(contrast) for contrast in contrasts])


def pairs_and_stages(study: Study, order: Sequence[str], n_coefficients: int) -> list[Contrast]:
    """Make every pair and, where at least two levels are in ``order``, the one contrast of stages."""
    stages = stage_contrasts(study, order, n_coefficients) if len(order) > 1 else []
    return pairwise_contrasts(study, n_coefficients) + stages


def stage_contrasts(study: Study, order: Sequence[str], n_coefficients: int) -> list[Contrast]:
    """Make the one contrast of all stages in order: line, hill and steps."""
    codes = [study.levels.index(s) for s in order]
    return [replace(design.stages(STAGES, order=codes, n_coefficients=n_coefficients), reference=order[0])]
