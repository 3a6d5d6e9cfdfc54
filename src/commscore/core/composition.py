"""Effective libraries of a pseudobulk: the counted ones, times the composition factor of each sample × group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..stats.composition import LEAST_COUNTS, pooled_factors

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints
    from .read.pseudobulk import Pseudobulk

NORMALIZATIONS = ("tmm", "library")
MOST_BACKGROUND = 2500


@dataclass(frozen=True)
class Composition:
    """Arrays (n_samples, n_groups): the ``library`` as counted, and log2 factors of :mod:`commscore.stats.composition`.

    ``shrunk`` is what is in the libraries: 0 where nothing is known of a sample × group, where ``unshrunk`` is NaN.
    """

    library: Floats
    shrunk: Floats
    unshrunk: Floats

    def of_groups(self, kept: Bools) -> Composition:
        """Keep some groups."""
        return Composition(self.library[:, kept], self.shrunk[:, kept], self.unshrunk[:, kept])


def compose(bulk: Pseudobulk, *, method: str, min_cells: int) -> tuple[Pseudobulk, Composition]:
    """Return the pseudobulk with effective libraries, and what made them; ``library`` is that which was counted.

    Each group of cells has factors of its own, over all genes of the matrix, from its samples with ``min_cells``
    cells. With ``method="library"`` libraries stay as they are, and ``unshrunk`` says what was not taken into account.
    """
    shrunk, unshrunk = np.zeros(bulk.library.shape), np.full(bulk.library.shape, np.nan)
    used = (bulk.n_cells >= min_cells) & (bulk.library > 0)
    for group in np.flatnonzero(used.any(axis=0)):
        inside = np.flatnonzero(used[:, group])
        factors = pooled_factors(bulk.all_counts[inside, group], bulk.library[inside, group])
        shrunk[inside, group] = factors.shrunk if method == "tmm" else 0.0
        unshrunk[inside, group] = np.where(np.isfinite(factors.se), factors.unshrunk, np.nan)
    return replace(bulk, library=bulk.library * 2.0**shrunk), Composition(bulk.library, shrunk, unshrunk)


def background_genes(total: Floats, *, besides: Ints, names: Any, most: int = MOST_BACKGROUND) -> Ints:
    """Choose up to ``most`` genes evenly over the ranking by total count; those with hardly any tell nothing.

    ``names`` settle ties, so that the order of the genes does not matter; labels have no say.
    """
    enough = total >= LEAST_COUNTS
    enough[besides] = False
    some = np.flatnonzero(enough)
    ranked = some[np.lexsort((np.asarray(names)[some], total[some]))]
    if ranked.size <= most:
        return np.sort(ranked)
    return np.sort(ranked[np.linspace(0, ranked.size - 1, most).round().astype(np.int64)])
