"""Intercellular score of scSeqComm."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from ._base import LEVEL, MEAN, SPREAD, Array, Score, Side, Stats


def probability(side: Side) -> Array:
    """Φ((m − μ) √n / σ): that the mean of n random values of the group is below m; 0 where m is 0.

    μ and σ are the mean and standard deviation of all genes in the group's n cells.
    """
    spread = np.where(side[SPREAD] > 0, side[SPREAD], np.inf)
    return np.where(side.mean > 0, ndtr((side.mean - side[LEVEL]) * np.sqrt(side.cells) / spread), 0.0)


def inter_score(stats: Stats) -> Array:
    """Smaller of the ligand's and the receptor's probability."""
    return np.minimum(probability(stats.ligand), probability(stats.receptor))


SCORE = Score(
    name="inter_score",
    function=inter_score,
    summary="smaller of the probabilities that ligand and receptor exceed random genes of their group",
    doi="10.1093/bioinformatics/btac036",
    lowest=0.0,
    highest=1.0,
    measures="magnitude",
    needs=(MEAN, LEVEL, SPREAD),
    background=True,
    aliases=("inter_score", None),
)
