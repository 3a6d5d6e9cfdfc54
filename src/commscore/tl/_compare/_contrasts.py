"""Which contrasts are made: pairwise, ordered stages, and differences in differences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..._validate import listed
from ...core.contrast import design

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...core.contrast import Contrast
    from ._study import Keys, Study

STAGES = "stages"
AND = " & "


def pairwise(study: Study, wanted: Sequence[str], n_coefficients: int) -> list[Contrast]:
    """Set each wanted level against the reference."""
    return [
        design.pair(f"{w} vs {study.levels[0]}", ref=0, alt=study.levels.index(w), n_coefficients=n_coefficients)
        for w in wanted
    ]


def cross(study: Study, keys: Keys, factor_levels: Sequence[str]) -> tuple[Study, list[str]]:
    """Make every condition × level of the second factor a condition; return the factor's levels that occur."""
    second = study.frame[keys.factor].to_numpy()
    present = [f for f in factor_levels if (second == f).any()]
    if len(present) < 2:
        msg = (
            f"interaction={keys.factor!r} (the second factor) has one level ({listed(present)}) in the samples that "
            "are compared; at least two are needed"
        )
        raise ValueError(msg)
    names = [(level, f) for f in present for level in study.levels]
    code = np.asarray([names.index((study.levels[c], f)) for c, f in zip(study.condition, second, strict=True)])
    used = np.unique(code)
    levels = tuple(AND.join(names[i]) for i in used)
    return replace(study, condition=np.searchsorted(used, code), levels=levels), present


def two_factors(
    study: Study, conditions: Sequence[str], factors: Sequence[str], *, n_coefficients: int, keys: Keys
) -> list[Contrast]:
    """Make simple effects at every level of the second factor, then their differences from the first level.

    ``conditions`` are the reference and the levels contrasted with it.
    """
    made = []
    reference, n = conditions[0], n_coefficients
    for level in conditions[1:]:
        name = f"{level} vs {reference}"
        pairs = [
            (_code(study, reference, f, keys=keys), _code(study, level, f, keys=keys)) for f in factors
        ]  # fmt: skip
        made += [
            design.pair(f"{name} | {f}", ref=ref, alt=alt, n_coefficients=n)
            for f, (ref, alt) in zip(factors, pairs, strict=True)
        ]
        made += [
            design.interaction(
                f"{name} | {f} vs {factors[0]}", ref=(pairs[0][0], ref), alt=(pairs[0][1], alt), n_coefficients=n
            )
            for f, (ref, alt) in zip(factors[1:], pairs[1:], strict=True)
        ]
    return made


def _code(study: Study, condition: str, factor: str, *, keys: Keys) -> int:
    name = AND.join((condition, factor))
    if name not in study.levels:
        msg = (
            f"interaction={keys.factor!r} (the second factor): no sample has condition {condition!r} and {keys.factor} "
            f"{factor!r}, so the difference of differences cannot be estimated; leave out {keys.factor} {factor!r}, "
            f"or compare other levels (contrast=, reference=); there are {listed(study.levels)}"
        )
        raise ValueError(msg)
    return study.levels.index(name)


def stages(study: Study, order: Sequence[str], n_coefficients: int) -> list[Contrast]:
    """Make the one contrast of all stages in order: line, hill and steps."""
    codes = [study.levels.index(s) for s in order]
    return [design.stages(STAGES, order=codes, n_coefficients=n_coefficients)]
