"""What is said of a row: a change that was shown, a change shown to be small, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._types import LABELS

if TYPE_CHECKING:
    from ...arrays import Bools, Ints
    from ._columns import Columns

TESTED, DETECTION, TOO_FEW, NOT_EXPRESSED = (
    LABELS["status"].index(name) for name in ("tested", "detection", "too_few_samples", "not_expressed")
)
(
    UP,
    DOWN,
    LIGAND_UP,
    LIGAND_DOWN,
    RECEPTOR_UP,
    RECEPTOR_DOWN,
    COMPENSATED,
    GAINED,
    LOST,
    STABLE,
    DETECTED_ONLY_REF,
    DETECTED_ONLY_ALT,
    INCONCLUSIVE,
    NOT_ASSESSABLE,
) = range(14)


def significant(columns: Columns, *, alpha: float) -> Bools:
    """Mark the rows whose adjusted p-value reaches the level."""
    return np.asarray(np.nan_to_num(columns["padj"], nan=1.0) <= alpha, np.bool_)


def name_shifts(columns: Columns, *, alpha: float) -> Ints:
    """Ints of ``shift``: directions need the adjusted p, ``stable`` the margin, detection its own test.

    Beside the columns of the table, ``within_margin`` (the interval of the effect lies within the margin, both sides
    stay within it) and ``gaining`` (the reference does not show the interaction) are read.
    """
    status, reached = columns["status"], significant(columns, alpha=alpha)
    quiet = np.where(columns["within_margin"], STABLE, INCONCLUSIVE)
    shift = np.where(reached, _directions(columns, alpha=alpha), quiet)
    seen = np.where(columns["gaining"], DETECTED_ONLY_ALT, DETECTED_ONLY_REF)
    appeared = np.where(reached, np.where(columns["gaining"], GAINED, LOST), seen)
    named = np.select([status == TESTED, status == DETECTION], [shift, appeared], NOT_ASSESSABLE)
    return np.asarray(named, np.int8)


def _directions(columns: Columns, *, alpha: float) -> Ints:
    """Both sides apart, the product of both, or the one side that is surer; in this order."""
    ligand, receptor = columns["ligand_effect"], columns["receptor_effect"]
    p_ligand, p_receptor = columns["ligand_pvalue"], columns["receptor_pvalue"]
    apart = (np.maximum(p_ligand, p_receptor) <= alpha) & (ligand * receptor < 0)
    by_ligand = np.where(ligand > 0, LIGAND_UP, LIGAND_DOWN)
    by_receptor = np.where(receptor > 0, RECEPTOR_UP, RECEPTOR_DOWN)
    one_side = np.where(p_ligand <= p_receptor, by_ligand, by_receptor)
    return np.select([apart, columns["ci_low"] > 0, columns["ci_high"] < 0], [COMPENSATED, UP, DOWN], one_side)
