"""Whether conditions differ in ambient RNA: the shares of the samples, the rule, and the warning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._validate import listed
from ..get._frames import typed_frame
from ..stats.ambient import ambient_shares
from ..stats.composition import difference_of_means
from ..tables.compare import AMBIENT

if TYPE_CHECKING:
    from ..arrays import Floats
    from ..core.read.pseudobulk import Pseudobulk
    from .samples import Study

LEAST_DIFFERENCE, LEVEL = 0.02, 0.01
"""Difference of the mean shares of two conditions, and level of the t-test of their logarithms, to be told."""
_OFFSET = 0.01  # added to a share before the logarithm: below it differences do not matter


@dataclass(frozen=True)
class Ambient:
    """Ambient share of each sample, the names of the genes that tell it, and the conditions that differ, in words."""

    share: Floats
    genes: tuple[str, ...]
    differing: tuple[str, ...]

    def table(self, study: Study) -> pd.DataFrame:
        """One row per sample."""
        frame = pd.DataFrame(
            {
                "sample": pd.Categorical(study.samples, categories=list(study.samples)),
                "condition": pd.Categorical.from_codes(study.condition, list(study.levels)),
                "share": self.share,
                "n_genes": len(self.genes),
            }
        )
        return typed_frame(frame, AMBIENT)

    def in_words(self) -> str:
        """Say that conditions differ, and what follows; nothing where they do not."""
        if not self.differing:
            return ""
        return (
            f"ambient RNA (or cells in the wrong group, or doublets) differs between conditions: "
            f"{listed(self.differing)} of the counts, judged by {len(self.genes)} genes that few groups express "
            f"({listed(self.genes, most=5)}). Genes of other groups then seem to change where they are not "
            "expressed; take ambient RNA off before (SoupX, CellBender, decontX), or read such rows with care"
        )


def read_ambient(study: Study, bulk: Pseudobulk, names: pd.Index) -> Ambient:
    """Estimate the shares and compare the conditions that are contrasted; ``bulk`` as it was counted."""
    shares = ambient_shares(bulk.all_counts, bulk.library)
    differing = []
    for ref, alt in study.codes:
        sides = [shares.share[(study.condition == c) & np.isfinite(shares.share)] for c in (ref, alt)]
        _, pvalue = difference_of_means(*(np.log2(side + _OFFSET) for side in sides))
        if pvalue * len(study.codes) <= LEVEL and abs(sides[1].mean() - sides[0].mean()) >= LEAST_DIFFERENCE:
            low, high = sides[0].mean(), sides[1].mean()
            differing.append(f"{study.levels[ref]} {low:.0%} and {study.levels[alt]} {high:.0%}")
    return Ambient(shares.share, tuple(map(str, names[shares.genes])), tuple(differing))
