"""The levels of a condition that take part, and which are set against which."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from .. import _labels
from .._labels import OWN_REFERENCE, PAIRWISE
from .._validate import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._labels import Label
    from ..arrays import Ints

    Pairs = tuple[tuple[str, str], ...]

LOG = logging.getLogger("commscore")
MOST_LEVELS = 6
"""More levels than these, most of them with one sample, are values and not conditions."""


@dataclass(frozen=True)
class LevelChoice:
    """What the caller said of the levels; ``by_cells`` where cells are the replicates."""

    reference: Label | None = None
    order: Sequence[Label] | None = None
    contrast: Label | Sequence[Label] | None = None
    by_cells: bool = False


@dataclass(frozen=True)
class Levels:
    """``names``: the levels that take part, the reference first; ``pairs``: (reference, level) of every contrast.

    ``reference`` is ``None`` where every pair has its own; ``chosen_by`` says which rule chose it.
    """

    names: tuple[str, ...]
    pairs: Pairs
    reference: str | None
    chosen_by: str


def levels_taking_part(levels: list[str], key: str, choice: LevelChoice) -> list[str]:
    """Return the levels of a column that take part, in order: those of ``order=``, else all.

    Raises
    ------
    ValueError
        If a level of ``order`` does not occur or is named twice, or there are fewer than two.
    """
    what = f"a level of adata.obs[{key!r}]"
    stages = [] if choice.order is None else _labels.choose("order", list(choice.order), options=levels, what=what)
    if len(levels) < 2:
        msg = (
            f"condition_key={key!r} has {len(levels)} level ({listed(levels)}); at least two are needed to compare; "
            "check the column or the cells that were left out"
        )
        raise ValueError(msg)
    if len(stages) == 1:
        msg = f"order must list at least two stages, found {stages!r}"
        raise ValueError(msg)
    return stages or levels


def choose_levels(levels: list[str], key: str, choice: LevelChoice, *, is_ordered: bool) -> Levels:
    """Return the levels that take part (``levels``, in order) and their pairs, as ``choice`` says.

    Raises
    ------
    ValueError
        If a level does not occur, is named twice, or no rule says which is the reference.
    """
    what = f"adata.obs[{key!r}]"
    first_of = "order" if choice.order is not None else "an ordered categorical" if is_ordered else ""
    is_pairwise = isinstance(choice.contrast, str) and choice.contrast == PAIRWISE
    reference, chosen_by = _reference(levels, choice, what=what, first_of=first_of, is_needed=not is_pairwise)
    names = tuple(levels if reference is None else [reference, *(k for k in levels if k != reference)])
    if reference is None or is_pairwise:
        return Levels(names, tuple(combinations(names, 2)), None, OWN_REFERENCE)
    return Levels(names, _pairs(reference, names, choice, what=what), reference, chosen_by)


def _reference(
    levels: list[str], choice: LevelChoice, *, what: str, first_of: str, is_needed: bool
) -> tuple[str | None, str]:
    if choice.reference is not None:
        where = "in order" if choice.order is not None else f"a level of {what}"
        return _labels.choose("reference", choice.reference, options=levels, what=where)[0], "given"
    try:
        reference, chosen_by = _labels.reference(levels, what=what, first_of=first_of)
    except ValueError:
        if is_needed:
            raise
        return None, ""
    if is_needed:
        LOG.info("reference of %s: %r (%s)", what, reference, chosen_by)
    return reference, chosen_by


def _pairs(reference: str, names: Sequence[str], choice: LevelChoice, *, what: str) -> Pairs:
    if choice.contrast is None:
        return tuple((reference, name) for name in names if name != reference)
    labels = _labels.choose("contrast", choice.contrast, options=names, what=f"a level of {what} that is compared")
    if reference in labels:
        msg = f"contrast has {reference!r}, which is the reference; name other levels, or another reference="
        raise ValueError(msg)
    return tuple((reference, name) for name in labels)


def refuse_values(names: Sequence[str], code: Ints, sample: Ints, *, key: str) -> None:
    """Raise where most of many levels have one sample, as values such as age, dose or time have.

    ``code`` is the level of every cell and ``sample`` its sample; levels without a name take no part.
    """
    level = np.unique(np.stack([code, sample]), axis=1)[0]
    n = np.bincount(level, minlength=len(names))
    n[[not name for name in names]] = 0
    single, n_levels = int((n == 1).sum()), int((n > 0).sum())
    if n_levels > MOST_LEVELS and 2 * single > n_levels:
        some = listed([name for name, k in zip(names, n, strict=True) if k == 1], most=4)
        msg = (
            f"condition_key={key!r} has {n_levels} levels, and {single} of them have one sample ({some}): these are "
            "values, as age, dose or time are, not conditions to compare. Join them into a few levels with several "
            f"samples each (for example pandas.cut(adata.obs[{key!r}], 3)), compare only levels with replicates "
            "(leave out the other cells, or name stages in order=), or give the column in covariates="
        )
        raise ValueError(msg)
