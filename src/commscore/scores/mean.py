"""Mean of ligand and receptor (CellPhoneDB)."""

from __future__ import annotations

import numpy as np

from ._base import Array, Form, Score, Stats


def mean(stats: Stats) -> Array:
    """(L + R) / 2, zero where either is zero."""
    return Form.SUM.of(stats.ligand.mean, stats.receptor.mean)


SCORE = Score(
    name="mean",
    function=mean,
    summary="mean of ligand and receptor expression, zero where either is absent",
    doi="10.1038/s41596-020-0292-x",
    lowest=0.0,
    highest=np.inf,
    measures="magnitude",
    form=Form.SUM,
    aliases=("lr_means", "cellphone_pvals"),
)
