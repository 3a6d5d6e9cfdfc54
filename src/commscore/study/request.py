"""What the caller of a comparison asked for, beside the columns of ``obs``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import Label, text
from .._validate import one_of
from ..core.composition import NORMALIZATIONS
from .levels import LevelChoice
from .lognorm import SCALES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True)
class ComparisonRequest:
    """What the caller asked for, beside the columns of ``obs``."""

    resource: Any
    counts_layer: str | None
    use_raw: bool
    min_cells: int
    reference: Label | None = None
    order: Sequence[Label] | None = None
    contrast: Any = None
    by_cells: bool = False
    normalization: str = "tmm"
    library_key: str | None = None
    gene_symbols: str | None = None
    scale: str = "counts"
    molecules: str = "none"
    supply: pd.DataFrame | None = None
    supply_of_expectations: bool = False  # besides ligands, what expectations name
    sample_key: str = ""  # only to name it where the supply has other samples
    keep_profile: bool = False  # the counts of all genes, for groups that are joined or nets of genes
    keep_incomplete: bool = False  # patients of one condition beside others of several

    def __post_init__(self) -> None:
        one_of("normalization", self.normalization, NORMALIZATIONS)
        one_of("scale", self.scale, SCALES)

    @property
    def choice(self) -> LevelChoice:
        """What the caller said of the levels."""
        return LevelChoice(self.reference, self.order, self.contrast, self.by_cells)

    def recorded(self) -> dict[str, Any]:
        """Return what was asked for as ``params`` can hold it; of order and contrast a label, several, or None."""
        return {
            "order": _texts(self.order),
            "contrast": _texts(self.contrast),
            "normalization": self.normalization,
            "library_key": self.library_key,
            "scale": self.scale,
        }


def _texts(labels: Any) -> Any:
    if labels is None or np.ndim(labels) == 0:
        return None if labels is None else text(labels)
    return np.asarray([text(label) for label in labels], object)
