"""Specificity weight of NATMI."""

from __future__ import annotations

from ._base import SHARE, Array, Form, Score, Stats


def specificity(stats: Stats) -> Array:
    """L · R / (ΣL · ΣR), sums over all groups: the share of this pair of groups in the interaction.

    Over all pairs of groups it adds up to 1. Zero where a sum is.
    """
    return stats.ligand[SHARE] * stats.receptor[SHARE]


SCORE = Score(
    name="specificity",
    function=specificity,
    summary="share of the pair of groups in the product of ligand and receptor over all pairs",
    doi="10.1038/s41467-020-18873-z",
    lowest=0.0,
    highest=1.0,
    measures="specificity",
    needs=(SHARE,),
    form=Form.PRODUCT,
    of=SHARE,
    aliases=("spec_weight", None),
)
