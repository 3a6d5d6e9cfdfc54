"""Regularised product of SingleCellSignalR."""

from __future__ import annotations

import numpy as np

from .._validate import in_range
from ._base import Array, Form, Score, Stats


def regularised(*, mu: float | None = None) -> Score:
    """√(LR) / (√(LR) + μ), 0 to 1.

    Parameters
    ----------
    mu
        Above 0; by default the mean of all genes in all cells that take part, zeros included.
    """
    if mu is not None:
        in_range("mu", mu, low=0, above=True)

    def function(stats: Stats) -> Array:
        root = np.sqrt(stats.ligand.mean * stats.receptor.mean)
        return np.asarray(root / (root + (stats.background.mean if mu is None else mu)))

    return Score(
        name="regularised",
        function=function,
        summary="root of the product of ligand and receptor, regularised by the mean of the data",
        doi="10.1093/nar/gkaa183",
        lowest=0.0,
        highest=1.0,
        measures="magnitude",
        form=Form.PRODUCT,
        background=mu is None,
        aliases=("lrscore", None),
        make=regularised,
        parameters={"mu": mu},
    )


SCORE = regularised()
