"""Product of ligand and receptor."""

from __future__ import annotations

import numpy as np

from ._base import Array, Form, Score, Stats


def product(stats: Stats) -> Array:
    """L · R."""
    return Form.PRODUCT.of(stats.ligand.mean, stats.receptor.mean)


SCORE = Score(
    name="product",
    function=product,
    summary="product of ligand and receptor expression",
    doi="10.1038/s41467-020-18873-z",
    lowest=0.0,
    highest=np.inf,
    measures="magnitude",
    form=Form.PRODUCT,
    aliases=("expr_prod", None),
)
