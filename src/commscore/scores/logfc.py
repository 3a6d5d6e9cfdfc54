"""Mean log fold change."""

from __future__ import annotations

import numpy as np

from ._base import LOGFC, Array, Form, Score, Stats


def logfc(stats: Stats) -> Array:
    """Mean of the two log2 fold changes of a group against all other cells.

    Each is log2((m + 1) / (r + 1)), m and r being the means of exp(x) − 1 in the group and in the rest.
    """
    return 0.5 * (stats.ligand[LOGFC] + stats.receptor[LOGFC])


SCORE = Score(
    name="logfc",
    function=logfc,
    summary="mean of the log2 fold changes of ligand and receptor against all other groups",
    doi="10.1038/s41467-022-30755-0",
    lowest=-np.inf,
    highest=np.inf,
    measures="specificity",
    needs=(LOGFC,),
    form=Form.PLAIN,
    of=LOGFC,
    aliases=("lr_logfc", None),
)
