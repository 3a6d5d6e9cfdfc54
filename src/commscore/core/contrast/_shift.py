"""What is said of a row: a change that was shown, a change shown to be small, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...tables.vocabulary import ShiftName, Status

if TYPE_CHECKING:
    from ...arrays import Bools, Ints
    from ._columns import Columns


def significant(columns: Columns, *, alpha: float) -> Bools:
    """Mark the rows whose adjusted p-value reaches the level."""
    return np.asarray(np.nan_to_num(columns["padj"], nan=1.0) <= alpha, np.bool_)


def name_shifts(columns: Columns, *, alpha: float) -> Ints:
    """Codes of ``shift``: directions need the adjusted p, ``stable`` the margin, detection its own test.

    Beside the columns of the table, ``within_margin`` (the interval of the effect lies within the margin, both sides
    stay within it) and ``gaining`` (the reference does not show the interaction) are read.
    """
    status, reached = columns["status"], significant(columns, alpha=alpha)
    quiet = np.where(columns["within_margin"], ShiftName.STABLE.code, ShiftName.INCONCLUSIVE.code)
    shift = np.where(reached, _directions(columns, alpha=alpha), quiet)
    seen = np.where(columns["gaining"], ShiftName.DETECTED_ONLY_ALT.code, ShiftName.DETECTED_ONLY_REF.code)
    appeared = np.where(reached, np.where(columns["gaining"], ShiftName.GAINED.code, ShiftName.LOST.code), seen)
    named = np.select(
        [status == Status.TESTED.code, status == Status.DETECTION.code],
        [shift, appeared],
        ShiftName.NOT_ASSESSABLE.code,
    )
    return np.asarray(named, np.int8)


def _directions(columns: Columns, *, alpha: float) -> Ints:
    """Both sides apart, the product of both, or the one side that is surer; in this order."""
    ligand, receptor = columns["ligand_effect"], columns["receptor_effect"]
    p_ligand, p_receptor = columns["ligand_pvalue"], columns["receptor_pvalue"]
    apart = (np.maximum(p_ligand, p_receptor) <= alpha) & (ligand * receptor < 0)
    by_ligand = np.where(ligand > 0, ShiftName.LIGAND_UP.code, ShiftName.LIGAND_DOWN.code)
    by_receptor = np.where(receptor > 0, ShiftName.RECEPTOR_UP.code, ShiftName.RECEPTOR_DOWN.code)
    one_side = np.where(p_ligand <= p_receptor, by_ligand, by_receptor)
    return np.select(
        [apart, columns["ci_low"] > 0, columns["ci_high"] < 0],
        [ShiftName.COMPENSATED.code, ShiftName.UP.code, ShiftName.DOWN.code],
        one_side,
    )
