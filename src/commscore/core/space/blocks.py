"""Blocks of a tissue: squares of one side, nested in samples (and regions), that stand for replicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...arrays import Floats, Ints

PER_SAMPLE = 100
"""Blocks that a sample is cut into where the range allows."""
RANGES = 6.0
"""Least side of a block in standard deviations of where a signal goes."""


@dataclass(frozen=True)
class TissueBlocks:
    """``of_cell`` is the number of the block of every cell; blocks are numbered sample by sample."""

    of_cell: Ints
    sample: Ints
    side: float

    @property
    def n(self) -> int:
        """Number of blocks that hold a cell."""
        return self.sample.size


def tissue_blocks(points: Floats, sample: Ints, side: float, *, region: Ints | None = None) -> TissueBlocks:
    """Cut every sample into blocks of this side; a block that lies in several regions is one for each.

    Parameters
    ----------
    points
        Positions in µm, (n_cells, 2 or 3).
    sample
        Number of the sample of every cell, ascending.
    side
        Length of the sides of a block.
    region
        Number of the region of every cell.
    """
    place = np.empty(points.shape, np.int64)
    for a, b in _samples(sample):
        place[a:b] = (points[a:b] - points[a:b].min(axis=0)) // side
    apart = [sample, *([] if region is None else [region]), *place.T]
    codes, of_cell = np.unique(np.stack(apart, axis=1), axis=0, return_inverse=True)
    return TissueBlocks(of_cell.ravel().astype(np.int64), codes[:, 0].astype(np.int64), float(side))


def default_side(points: Floats, sample: Ints, sd: float) -> float:
    """Return the side that cuts the median sample into about 100 blocks, and no less than 6 standard deviations."""
    areas = [_area(points[a:b]) for a, b in _samples(sample)]
    return float(max(RANGES * sd, np.sqrt(np.median(areas) / PER_SAMPLE)))


def _samples(sample: Ints) -> list[tuple[int, int]]:
    ends = np.flatnonzero(np.diff(sample, prepend=-1, append=-1))
    return list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def _area(points: Floats) -> float:
    """Area of the box around the cells, in the plane."""
    extent = points[:, :2].max(axis=0) - points[:, :2].min(axis=0)
    return float(np.prod(np.maximum(extent, extent.max() / 1000)))
