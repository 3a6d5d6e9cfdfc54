"""Distance from the null in standard deviations."""

from __future__ import annotations

import dataclasses

import numpy as np

from . import mean
from ._base import Score


def zscore(*, of: str = "mean") -> Score:
    """Another score minus its mean over the permutations, by its standard deviation over them.

    Unlike a permutation p-value it has no floor. It needs the permutation null; where no permutation differs
    from the others it is 0.

    Parameters
    ----------
    of
        Name of the score that is standardised.
    """
    from . import get

    base = get(of)
    if not isinstance(base, Score) or base.standardised:
        msg = f"of={of!r} cannot be standardised; give the name of a plain score"
        raise ValueError(msg)
    return _standardised(base)


def _standardised(base: Score) -> Score:
    return dataclasses.replace(
        base,
        name="zscore",
        summary=f"{base.name} score in standard deviations from the mean of its permutations",
        doi="10.1038/s41596-020-0292-x",
        lowest=-np.inf,
        highest=np.inf,
        measures="specificity",
        standardised=True,
        aliases=None,
        make=zscore,
        parameters={"of": base.name},
    )


SCORE = _standardised(mean.SCORE)
