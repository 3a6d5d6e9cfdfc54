"""Ambient RNA: how much of what cells hold is of the sample as a whole, told by genes that only few groups express.

A droplet holds transcripts of its cell and of the solution around it, whose mixture is about that of all cells of the
sample together. A gene that one group of cells expresses and the others do not shows in the others at the sample's
share of the gene, times the share of ambient RNA. Cells in the wrong group and doublets do the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..arrays import Floats, Ints

_AT_HOME = 0.25  # of a gene's highest rate among groups, from which a group counts as expressing it itself
_LEAST_EXPECTED, _MOST_SAMPLES = 5.0, 0.75  # counts, if all were ambient, in this share of the samples
_SURELY = 2.0  # standard errors that are added to a gene's counts before the lowest are chosen
_AS_LOW = 2.0  # times the median of the first ten, up to which genes serve
_FIRST, _MOST, _FEWEST = 10, 100, 5
_HEAVIEST = 3.0  # times the median weight of a sample's genes


@dataclass(frozen=True)
class AmbientShares:
    """``share`` (n_samples,) of ambient counts, NaN without genes to tell it by; ``genes`` that served."""

    share: Floats
    genes: Ints


def ambient_shares(profile: Floats, library: Floats) -> AmbientShares:
    """Estimate the ambient share of each sample from the groups that do not express a gene.

    For a gene, groups below a quarter of its highest rate (over all samples) are those that do not express it
    themselves; if all their counts were ambient they would hold it at its share of the whole sample. The genes of which
    surely the lowest part was found there serve, up to :data:`_MOST`; labels of the samples have no say. The share is
    what was found over what was expected, all genes together, with the weight of the heaviest capped. Without any
    ambient RNA the genes' own low expression remains, so differences between samples say more than the level.

    Parameters
    ----------
    profile
        (n_samples, n_groups, n_genes) counts of all genes.
    library
        (n_samples, n_groups) total counts.
    """
    elsewhere = _elsewhere(profile.sum(axis=0), library.sum(axis=0))
    whole = profile.sum(axis=1) / np.maximum(library.sum(axis=1), 1.0)[:, None]
    expected = whole * (library @ elsewhere)
    elsewhere_counts = np.einsum("skg,kg->g", profile, elsewhere)
    genes = _surely_lowest(elsewhere_counts, expected)
    if genes.size < _FEWEST:
        return AmbientShares(np.full(profile.shape[0], np.nan), genes[:0])
    counts = np.einsum("skg,kg->sg", profile[:, :, genes], elsewhere[:, genes])
    expected = expected[:, genes]
    heaviest = _HEAVIEST * np.median(expected, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(expected > 0, np.minimum(1.0, heaviest / expected), 0.0)
        share = (weight * counts).sum(axis=1) / (weight * expected).sum(axis=1)
    return AmbientShares(np.asarray(share, np.float64), genes)


def _elsewhere(counts: Floats, library: Floats) -> Floats:
    """Mark with 1 the groups (groups × genes) that do not express a gene themselves."""
    rate = counts / np.maximum(library, 1.0)[:, None]
    return np.asarray((rate < _AT_HOME * rate.max(axis=0)) & (library > 0)[:, None], np.float64)


def _surely_lowest(observed: Floats, expected: Floats) -> Ints:
    """Choose genes by the upper end of the part that was found of what was expected, the lowest first."""
    seen = (expected >= _LEAST_EXPECTED).mean(axis=0) >= _MOST_SAMPLES
    some = np.flatnonzero(seen)
    upper = (observed + _SURELY * np.sqrt(observed + 1.0))[some] / expected[:, some].sum(axis=0)
    order = np.lexsort((some, upper))[:_MOST]
    if order.size == 0:
        return some
    as_low = upper[order] <= _AS_LOW * np.median(upper[order[:_FIRST]])
    return np.asarray(some[order[: max(int(as_low.sum()), _FIRST)]], np.int64)
