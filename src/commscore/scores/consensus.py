"""Consensus of several methods by their ranks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.special import betainc
from scipy.stats import rankdata

from .._validate import one_of
from ._base import Array, Combination

MAGNITUDE = ("mean", "product", "hill", "inter_score")
SPECIFICITY = ("specificity", "scaled", "logfc")
PVALUES = ("mean",)


def robust_rank(lists: Array, *, ties: str = "max") -> Array:
    """Robust rank aggregation (Kolde et al. 2012, doi:10.1093/bioinformatics/btr709).

    Parameters
    ----------
    lists
        m lists × n items; the smallest value is the best. Not written to.
    ties
        The rank that tied items share: ``"max"``, the last of them, or ``"average"``. Ranks divided by n are
        uniform under the null hypothesis without ties; with ties the last one is the only choice that makes
        no item look better than that.

    Returns
    -------
    n values ρ, above 0 to 1: m · min over k of P(the k-th smallest of m uniform numbers <= the k-th smallest
    normalised rank of the item), at most 1. Small is good.

    Examples
    --------
    >>> robust_rank(np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 3.0]])).round(4).tolist()
    [0.125, 0.5, 1.0, 1.0]
    """
    one_of("ties", ties, ("max", "average"))
    m, n = lists.shape
    ranks = np.sort(rankdata(lists, method=ties, axis=1) / max(n, 1), axis=0)
    k = np.arange(1, m + 1)[:, None]
    return np.asarray(np.minimum(m * betainc(k, m - k + 1, ranks).min(axis=0, initial=1.0), 1.0))


def mean_rank(lists: Array) -> Array:
    """Mean over the lists of the normalised rank, tied items sharing their average; above 0 to 1."""
    n = max(lists.shape[1], 1)
    return np.asarray((rankdata(lists, method="average", axis=1) / n).mean(axis=0))


def consensus(
    *,
    how: str = "rra",
    ties: str = "max",
    magnitude: Sequence[str] = MAGNITUDE,
    specificity: Sequence[str] = SPECIFICITY,
    pvalues: Sequence[str] = PVALUES,
) -> Combination:
    """Aggregate ranks into ``magnitude_rank`` and ``specificity_rank``, 0 to 1, small is strong.

    The lists are correlated and the ranks therefore order interactions; they are not p-values. Methods that
    order tests alike (product, geometric, regularised) are one opinion and by default counted once.

    Parameters
    ----------
    how
        ``"rra"``, robust rank aggregation, or ``"mean"``, the mean normalised rank.
    ties
        See :func:`robust_rank`.
    magnitude, specificity
        Names of the methods whose scores are ranked.
    pvalues
        Names of methods whose p-values, if there are any, are ranked as one more specificity each.
    """
    one_of("how", how, ("rra", "mean"))
    one_of("ties", ties, ("max", "average"))
    chosen = {"magnitude": tuple(magnitude), "specificity": tuple(specificity), "pvalues": tuple(pvalues)}
    if not magnitude or not specificity:
        msg = "magnitude and specificity must each name at least one method"
        raise ValueError(msg)
    return Combination(
        name="consensus",
        rank=mean_rank if how == "mean" else partial(robust_rank, ties=ties),
        summary="robust rank aggregation of the other methods, over magnitude and over specificity",
        doi="10.1093/bioinformatics/btr709",
        make=consensus,
        parameters={"how": how, "ties": ties} | {k: ",".join(v) for k, v in chosen.items()},
        magnitude=chosen["magnitude"],
        specificity=chosen["specificity"],
        pvalues=chosen["pvalues"],
    )


SCORE = consensus()
