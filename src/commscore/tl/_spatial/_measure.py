"""One range after the other: neighbours, contacts, and the coupling of all tests that go so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...core.space.blocks import RANGES, TissueBlocks, default_side, tissue_blocks
from ...core.space.coupling import LEAST_SAMPLES, CoupledTissue, ReplicateRule, couple
from ...core.space.design import Segments, SpatialDesign
from ...core.space.neighbours import Neighbours, Reach, neighbours_of
from ...core.space.proximity import proximity_of

if TYPE_CHECKING:
    from ...arrays import Floats, Ints, Tests
    from ...core.space.coupling import Coupling
    from ...core.space.proximity import Proximity
    from ...core.threads import Team
    from ._interactions import ExpressedGenes
    from ._observations import Observations

COMPOSITION = "composition"
ADJUST = ("position", "contacts", COMPOSITION)


@dataclass(frozen=True)
class SpatialSettings:
    """What is taken out, over what is tested, and how."""

    adjust: tuple[str, ...]
    side: float | None
    min_blocks: int
    n_flips: int
    seed: int
    memory: int


@dataclass(frozen=True)
class WithinRange:
    """What was measured within one range: coupling of its tests, contacts and proximity of every two types."""

    reach: Reach
    coupling: Coupling
    contacts: Ints
    proximity: Proximity
    side: float
    n_blocks: int


def within_range(
    genes: ExpressedGenes, tests: Tests, reach: Reach, *, weights: Any, settings: SpatialSettings, team: Team
) -> WithinRange:
    """Measure one range; ``weights`` (n, n), sparse, stand for it where the caller brings a graph."""
    seen = genes.observations
    order, blocks = _blocks(seen, _sd(reach, weights, seen), settings.side)
    points, group = seen.points[order], seen.group[order]
    if weights is None:
        neighbours = neighbours_of(points, seen.sample[order], reach, team=team)
    else:
        neighbours = Neighbours.of_graph(weights[order][:, order])
    types = len(seen.types)
    contacts = neighbours.contacts(group, seen.cells.groups.n)
    if seen.is_spots and weights is None:
        neighbours = neighbours.with_themselves()
    shares = np.ones((len(group), 1)) if seen.shares is None else seen.shares[order]
    reached = neighbours.reached(group, seen.cells.groups.n)
    of_types = _arriving_shares(neighbours, shares) if seen.is_spots else reached
    composition = shares if seen.is_spots and types > 1 and COMPOSITION in settings.adjust else None
    segments = Segments.of(group, blocks)
    design = SpatialDesign.of(segments, points, reached, adjust=settings.adjust, composition=composition)
    tissue = CoupledTissue(group, seen.cells.groups.n, neighbours, reached, design)
    rule = _rule(seen, blocks, settings)
    coupling = couple(tissue, genes.columns(order, team), tests, rule=rule, team=team)
    proximity = proximity_of(shares, of_types, blocks, own_spot=seen.is_spots)
    return WithinRange(reach, coupling, contacts, proximity, blocks.side, blocks.n)


def _sd(reach: Reach, weights: Any, seen: Observations) -> float:
    """Return how far a signal goes, by which blocks are cut; of a graph, half of its longest edges."""
    if weights is None:
        return reach.sd
    edges = sparse.coo_matrix(weights)
    away = np.linalg.norm(seen.points[edges.row] - seen.points[edges.col], axis=1)
    return float(np.quantile(away, 0.99)) / 2 if away.size else reach.sd


def _blocks(seen: Observations, sd: float, side: float | None) -> tuple[Ints, TissueBlocks]:
    """Return the order of cells by sample, block and group, and the blocks in that order."""
    by_sample = np.argsort(seen.sample, kind="stable")
    points, sample = seen.points[by_sample], seen.sample[by_sample]
    if side is None:
        side = default_side(points, sample, sd) if not seen.is_spots else _spot_side(seen, points, sample)
    region = None if seen.region is None else seen.region[by_sample]
    blocks = tissue_blocks(points, sample, side, region=region)
    within = np.lexsort((seen.group[by_sample], blocks.of_cell))
    return by_sample[within], replace(blocks, of_cell=blocks.of_cell[within])


def _spot_side(seen: Observations, points: Floats, sample: Ints) -> float:
    """Return the side of blocks of spots: four spots, or more where a section has more than 1,600."""
    return default_side(points, sample, _SPOTS / RANGES * seen.positions.pitch)


_SPOTS = 4.0


def _arriving_shares(neighbours: Neighbours, shares: Floats) -> Floats:
    """Weight of every type around every spot."""
    every = np.arange(len(shares), dtype=np.uint32)
    one = np.zeros(len(shares), np.int64)
    columns = [neighbours.arriving(np.ascontiguousarray(s), every, group=one, n_groups=1) for s in shares.T]
    return np.hstack(columns)


def _rule(seen: Observations, blocks: TissueBlocks, settings: SpatialSettings) -> ReplicateRule:
    by_samples = seen.n_samples >= LEAST_SAMPLES
    signs = None
    if settings.n_flips:
        n = seen.n_samples if by_samples else blocks.n
        signs = np.random.default_rng([settings.seed, 1]).choice([-1.0, 1.0], (settings.n_flips, n))
    return ReplicateRule(by_samples, settings.min_blocks, signs)
