"""Geometric mean of ligand and receptor."""

from __future__ import annotations

import numpy as np

from ._base import Array, Form, Score, Stats


def geometric(stats: Stats) -> Array:
    """√(L · R); as expression is on a log scale, a mean that both sides must support."""
    return np.sqrt(stats.ligand.mean * stats.receptor.mean)


SCORE = Score(
    name="geometric",
    function=geometric,
    summary="geometric mean of ligand and receptor expression",
    doi="10.1038/s41467-022-30755-0",
    lowest=0.0,
    highest=np.inf,
    measures="magnitude",
    form=Form.PRODUCT,
    aliases=("lr_gmeans", "gmean_pvals"),
)
