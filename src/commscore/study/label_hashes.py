"""What a comparison read from ``obs``, as two hashes that tell later whether it still stands there."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from .._labels import find
from ..get._columns import label_codes
from .cells import obs_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from .._labels import Label
    from ..arrays import Bools
    from .samples import StudyKeys

CELLS_HASH, SAMPLES_HASH = "cells_sha256", "samples_sha256"
"""Names in ``params``: cells per sample × group; condition, patient, covariates and second factor of each sample."""


def label_hashes(adata: AnnData, keys: StudyKeys, order: Sequence[Label] | None) -> dict[str, str]:
    """Hash the labels of the cells whose condition is compared (in ``order``, if there is one), in any order of cells.

    Labels are hashed as text, so that saving and reading the data again changes nothing.
    """
    codes, names = label_codes(obs_column(adata, "condition_key", keys.condition))
    stages = names if order is None else [level for stage in order if (level := find(stage, names)) is not None]
    inside = np.asarray([*(name in stages for name in names), False], bool)[codes]
    sample = ("sample_key", keys.sample) if keys.sample is not None else ("condition_key", keys.condition)
    of_samples = [("condition_key", keys.condition), ("patient_key", keys.patient), ("factor_key", keys.factor)]
    of_samples += [("covariates", key) for key in keys.covariates]
    return {
        CELLS_HASH: _hash(adata, [sample, ("groupby", keys.groupby)], inside, with_numbers=True),
        SAMPLES_HASH: _hash(adata, [sample, *of_samples], inside, with_numbers=False),
    }


def _hash(adata: AnnData, columns: list[tuple[str, str | None]], inside: Bools, *, with_numbers: bool) -> str:
    """Hash the combinations of labels that occur, and how many cells have each."""
    joint = np.zeros(int(inside.sum()), np.int64)
    combinations: list[list[str | None]] = [[]]
    for argument, key in columns:
        if key is None:
            continue
        codes, names = label_codes(obs_column(adata, argument, key))
        n = len(names) + 1  # the last one is what is missing
        present, joint = np.unique(joint * n + codes[inside] % n, return_inverse=True)
        combinations = [
            [*combinations[old], [*names, None][code]] for old, code in zip(*np.divmod(present, n), strict=True)
        ]
    numbers = np.bincount(joint, minlength=len(combinations)).tolist() if with_numbers else [0] * len(combinations)
    rows = sorted(json.dumps([row, number]) for row, number in zip(combinations, numbers, strict=True))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
