"""Scaled weight of Connectome."""

from __future__ import annotations

import numpy as np

from ._base import ZSCORE, Array, Form, Score, Stats


def scaled(stats: Stats) -> Array:
    """Mean of the two z-scores: group mean minus the gene's mean over all cells, by its standard deviation.

    A gene that is constant has z-score 0.
    """
    return 0.5 * (stats.ligand[ZSCORE] + stats.receptor[ZSCORE])


SCORE = Score(
    name="scaled",
    function=scaled,
    summary="mean of ligand and receptor expression, each z-scored over all cells",
    doi="10.1038/s41598-022-07959-x",
    lowest=-np.inf,
    highest=np.inf,
    measures="specificity",
    needs=(ZSCORE,),
    form=Form.PLAIN,
    of=ZSCORE,
    aliases=("scaled_weight", None),
)
