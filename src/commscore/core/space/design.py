"""What is taken out of the ligand that arrives before it meets the receptor: position, contacts, composition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...kernels import space as kernels

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from .blocks import TissueBlocks

LEAST_CELLS = 8
"""Cells of the target in a block that counts."""
_RANK = 1e-8
_NOTHING = 1e-10


@dataclass(frozen=True)
class Segments:
    """The cells of each group in each block, one after the other: ``first[g]`` to ``first[g + 1]``."""

    first: Ints
    group: Ints
    block: Ints
    sample: Ints
    of_cell: Ints

    @property
    def n_cells(self) -> Ints:
        """Cells of each segment."""
        return np.diff(self.first)

    @classmethod
    def of(cls, group: Ints, blocks: TissueBlocks) -> Segments:
        """Find the segments of cells that are ordered by block, then by group."""
        starts = np.flatnonzero((np.diff(group, prepend=-1) != 0) | (np.diff(blocks.of_cell, prepend=-1) != 0))
        first = np.append(starts, group.size).astype(np.int64)
        block = blocks.of_cell[starts]
        of_cell = np.repeat(np.arange(starts.size), np.diff(first))
        return cls(first, group[starts], block, blocks.sample[block], of_cell)


@dataclass(frozen=True)
class Adjusted:
    """What arrives, freed of the design, cells × sources; by segment, its sums before and its squares after.

    ``plain``: squares of what arrives about its mean.
    """

    values: Floats
    sums: Floats
    squares: Floats
    plain: Floats


@dataclass(frozen=True)
class SpatialDesign:
    """Within every segment: a mean, positions, and the weight of the source's cells around.

    ``composition`` (n_cells, n): further columns, freed of the others, whose slopes are those of a whole sample.
    """

    segments: Segments
    design: Floats
    reached: Floats
    inverse: Floats
    composition: Floats

    @classmethod
    def of(
        cls, segments: Segments, points: Floats, reached: Floats, *, adjust: tuple[str, ...], composition: Floats | None
    ) -> SpatialDesign:
        """Prepare the design; ``adjust`` names what is taken out beside the mean: position, contacts."""
        ones = np.ones((len(points), 1))
        design = np.hstack([ones, _centred(points, segments)]) if "position" in adjust else ones
        scaled = reached / max(float(reached.mean()), 1e-300)
        inverse = _inverses(segments, design, scaled, with_contacts="contacts" in adjust)
        plain = cls(segments, design, scaled, inverse, np.empty((len(points), 0)))
        if composition is None:
            return plain
        apart = np.hstack([plain.adjust(np.ascontiguousarray(c[:, None])).values for c in composition.T])
        return cls(segments, design, scaled, inverse, apart)

    def adjust(self, arrived: Floats) -> Adjusted:
        """Free what arrives of the design."""
        n, k = self.segments.first.size - 1, arrived.shape[1]
        out = Adjusted(np.empty(arrived.shape), *(np.empty((n, k)) for _ in range(3)))
        inputs = self.design, self.reached, self.inverse, self.segments.first
        kernels.adjust(arrived, *inputs, out.values, out.sums, out.squares, out.plain)
        return self._without_composition(out) if self.composition.shape[1] else out

    def _without_composition(self, adjusted: Adjusted) -> Adjusted:
        sample, values = self.segments.sample[self.segments.of_cell], adjusted.values
        for s in range(int(sample.max()) + 1):
            a, b = np.searchsorted(sample, [s, s + 1])
            c = self.composition[a:b]
            values[a:b] -= c @ (np.linalg.pinv(c.T @ c, rcond=_RANK, hermitian=True) @ (c.T @ values[a:b]))
        squares = np.add.reduceat(values**2, self.segments.first[:-1], axis=0)
        return replace(adjusted, squares=squares)

    def used(self, adjusted: Adjusted) -> Bools:
        """Tell the segments (and sources) that have enough cells, and in which something is left of what arrives."""
        n = self.segments.n_cells[:, None]
        left = adjusted.squares > _NOTHING * adjusted.sums**2 / n
        return np.asarray((n >= LEAST_CELLS) & (adjusted.sums > 0) & left)


def _centred(points: Floats, segments: Segments) -> Floats:
    """Positions about the middle of their segment, in standard deviations."""
    first = segments.first
    middle = np.add.reduceat(points, first[:-1], axis=0) / segments.n_cells[:, None]
    away = points - middle[segments.of_cell]
    return np.asarray(away / max(float(away.std()), 1e-300))


def _inverses(segments: Segments, design: Floats, reached: Floats, *, with_contacts: bool) -> Floats:
    """Inverses of the cross products of the design in every segment, for every source."""
    p, k = design.shape[1], reached.shape[1]
    inverse = np.zeros((segments.group.size, k, p + 1, p + 1))
    for s in range(k):
        columns = np.hstack([design, reached[:, s : s + 1] if with_contacts else np.zeros((len(design), 1))])
        cross = np.stack([columns[:, c, None] * columns for c in range(p + 1)], axis=1)
        inverse[:, s] = np.linalg.pinv(np.add.reduceat(cross, segments.first[:-1], axis=0), rcond=_RANK, hermitian=True)
    return inverse
