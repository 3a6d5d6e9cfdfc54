"""The change of an interaction and its parts, written into the columns of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...stats.decompose import driver

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ._columns import Columns

_PARTS = ("d_ligand", "d_receptor", "d_source", "d_target")


@dataclass(frozen=True)
class Change:
    """Change of m rows in log2.

    Attributes
    ----------
    parts
        (4, m): ligand, receptor, abundance of the source, of the target; the first two alone say what the effect is.
    se
        (m,) standard error of the effect.
    wide
        (m,) or a number: quantile of the intervals of the effect.
    """

    parts: Floats
    se: Floats
    wide: Floats | float

    @property
    def effect(self) -> Floats:
        """Change of ligand × receptor."""
        return np.asarray(self.parts[0] + self.parts[1], np.float64)

    def within(self, margin: float) -> Bools:
        """Whether the interval of the effect lies within the margin, and no side moves further to be outweighed."""
        largest = np.maximum(*np.abs(self.parts[:2]))
        return np.asarray((np.abs(self.effect) + self.wide * self.se <= margin) & (largest <= margin), np.bool_)

    def write(self, out: Columns, *, at: Ints | slice) -> None:
        """Write the effects and the parts of the rows ``at``."""
        out["ligand_effect"][at], out["receptor_effect"][at] = self.parts[:2]
        out["effect"][at] = self.effect
        for name, part in zip(_PARTS, self.parts, strict=True):
            out[name][at] = part

    def write_intervals(self, out: Columns, *, at: Ints | slice, reach: Floats, same_group: Bools) -> None:
        """Write intervals and the driver; ``reach`` (4, m) is half the width of the interval of every part."""
        out["se"][at] = self.se
        out["ci_low"][at], out["ci_high"][at] = self.effect - self.wide * self.se, self.effect + self.wide * self.se
        for side, part, half in zip(("ligand", "receptor"), self.parts[:2], reach[:2], strict=True):
            out[f"{side}_ci_low"][at], out[f"{side}_ci_high"][at] = part - half, part + half
        out["driver"][at] = driver(self.parts, np.abs(self.parts) > reach, same_group=same_group)
