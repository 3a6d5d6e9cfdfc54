"""Whether a receptor follows the ligand that arrives, within blocks of a tissue, over blocks or over samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...kernels import space as kernels
from ...stats.blocks import ReplicateTest, replicate_t, sign_flips

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, GeneColumns, Ints, Tests
    from ..threads import Team
    from .design import Adjusted, Segments, SpatialDesign
    from .neighbours import Neighbours

LEAST_SAMPLES = 3
_VALUES_AT_ONCE = 1_000_000  # receptors × segments × sources


@dataclass(frozen=True)
class ReplicateRule:
    """What is a replicate: blocks, or samples where there are three or more; signs to flip where p is by flips."""

    by_samples: bool
    min_blocks: int
    signs: Floats | None = None


@dataclass(frozen=True)
class Coupling:
    """One value per test."""

    score: Floats
    ligand_near: Floats
    receptor_near: Floats
    correlation: Floats
    t: Floats
    n: Ints
    n_blocks: Ints
    pvalue: Floats
    pvalue_unadjusted: Floats

    @classmethod
    def empty(cls, n: int) -> Coupling:
        """No test is done yet."""
        levels, tested = ([np.full(n, np.nan) for _ in range(i)] for i in (5, 2))
        return cls(*levels, *(np.zeros(n, np.int64) for _ in range(2)), *tested)

    def put(self, at: Ints, values: dict[str, Floats | Ints]) -> None:
        """Write the values of some tests."""
        for name, value in values.items():
            getattr(self, name)[at] = value


@dataclass(frozen=True)
class CoupledTissue:
    """Cells in the order of their segments, with their group, their neighbours, and the design."""

    group: Ints
    n_groups: int
    neighbours: Neighbours
    reached: Floats
    design: SpatialDesign

    def weight(self) -> Floats:
        """Weight of all contacts of each two groups, (n_groups, n_groups)."""
        out = np.zeros((self.n_groups, self.n_groups))
        np.add.at(out.T, self.group, self.reached)
        return out


def couple(tissue: CoupledTissue, entities: GeneColumns, tests: Tests, *, rule: ReplicateRule, team: Team) -> Coupling:
    """Test every ligand in its source against its receptor in its target.

    z_js is what arrives at cell j of the target from source s; with z̃ what is left of it within the segment after the
    design is taken out, u_b = Σ_{j in b} r_j z̃_js has mean zero, in every block b, where the receptor does not follow
    z. Its mean over blocks is tested by Student's t. Over samples the values are partial correlations,
    Σ u / √(Σ z̃² Σ r̃²), one per sample. Unadjusted is the same with nothing but the mean of the segment taken out.

    Parameters
    ----------
    tissue
        Cells and their neighbours.
    entities
        Ligands and receptors as columns, cells in the order of ``tissue``.
    tests
        Which ligand and source, receptor and target.
    rule
        Over what is tested, and how.
    team
        Threads; they do not change the result.
    """
    out, weight = Coupling.empty(tests.n), tissue.weight()
    order = np.lexsort([tests.receptor, tests.ligand])
    starts = np.flatnonzero(np.diff(tests.ligand[order], prepend=-1))
    ends = np.append(starts[1:], order.size)

    def work(first: int, last: int) -> None:
        for a, b in zip(starts[first:last].tolist(), ends[first:last].tolist(), strict=True):
            some = order[a:b]
            _couple_ligand(tissue, entities, tests.take(some), rule=rule, weight=weight, out=(out, some))

    team.run(work, starts.size)
    return out


def _couple_ligand(
    tissue: CoupledTissue,
    entities: GeneColumns,
    tests: Tests,
    *,
    rule: ReplicateRule,
    weight: Floats,
    out: tuple[Coupling, Ints],
) -> None:
    """Do the tests of one ligand."""
    ligand = slice(entities.indptr[tests.ligand[0]], entities.indptr[tests.ligand[0] + 1])
    values, rows = entities.data[ligand], entities.rows[ligand]
    arrived = tissue.neighbours.arriving(values, rows, group=tissue.group, n_groups=tissue.n_groups)
    adjusted = tissue.design.adjust(arrived)
    receptors, which = np.unique(tests.receptor, return_inverse=True)
    step = max(1, _VALUES_AT_ONCE // adjusted.sums.size)
    for start in range(0, receptors.size, step):
        sums = _SegmentSums.of(tissue, entities, receptors[start : start + step], arrived=(arrived, adjusted))
        own = (which >= start) & (which < start + step)
        for t in np.unique(tests.target[own]).tolist():
            at = np.flatnonzero(own & (tests.target == t))
            facing = _Facing(which[at] - start, tests.source[at], np.flatnonzero(sums.segments.group == t))
            columns = _tested(facing, sums, rule)
            columns |= _levels(facing, sums, weight[tests.source[at], t])
            out[0].put(out[1][at], columns)


@dataclass(frozen=True)
class _SegmentSums:
    """Sums of some receptors, (n_receptors, n_segments[, n_sources]), beside what arrives."""

    segments: Segments
    adjusted: Adjusted
    used: Bools
    raw: Floats
    apart: Floats
    near: Floats
    total: Floats
    square: Floats

    @classmethod
    def of(
        cls, tissue: CoupledTissue, entities: GeneColumns, receptors: Ints, *, arrived: tuple[Floats, Adjusted]
    ) -> _SegmentSums:
        """Multiply the receptors with what arrives, as it is and freed of the design."""
        design, (raw, adjusted) = tissue.design, arrived
        n, shape = receptors.size, adjusted.sums.shape
        empty = [np.zeros((n, *shape)) for _ in range(3)] + [np.zeros((n, shape[0])) for _ in range(2)]
        sums = cls(design.segments, adjusted, design.used(adjusted), *empty)
        out = sums.raw, sums.apart, sums.near, sums.total, sums.square
        inputs = design.segments.of_cell, raw, adjusted.values, tissue.reached
        for x, receptor in enumerate(receptors.tolist()):
            some = slice(entities.indptr[receptor], entities.indptr[receptor + 1])
            kernels.receive(entities.data[some], entities.rows[some], *inputs, *(o[x] for o in out))
        return sums


@dataclass(frozen=True)
class _Facing:
    """Tests of one ligand in one target: the receptor and source of each, and the target's segments."""

    receptor: Ints
    source: Ints
    segments: Ints

    def of_both(self, sums: Floats) -> Floats:
        """Take (receptors, segments, sources) as (segments, tests)."""
        return sums[self.receptor[None, :], self.segments[:, None], self.source[None, :]]

    def of_receptor(self, sums: Floats) -> Floats:
        """Take (receptors, segments) as (segments, tests)."""
        return sums[self.receptor[None, :], self.segments[:, None]]

    def of_source(self, sums: Floats | Bools) -> Any:
        """Take (segments, sources) as (segments, tests)."""
        return sums[self.segments[:, None], self.source[None, :]]


def _levels(facing: _Facing, sums: _SegmentSums, weight: Floats) -> dict[str, Floats | Ints]:
    """Average ligand × receptor over pairs of neighbours, and either alone."""
    totals = facing.of_both(sums.raw), facing.of_source(sums.adjusted.sums), facing.of_both(sums.near)
    names = ("score", "ligand_near", "receptor_near")
    return {
        name: np.divide(t.sum(axis=0), weight, out=np.full(weight.shape, np.nan), where=weight > 0)
        for name, t in zip(names, totals, strict=True)
    }


def _tested(facing: _Facing, sums: _SegmentSums, rule: ReplicateRule) -> dict[str, Floats | Ints]:
    """Test over blocks or samples, adjusted and not."""
    segments, adjusted = sums.segments, sums.adjusted
    n_cells = segments.n_cells[facing.segments][:, None]
    block, sample = segments.block[facing.segments], segments.sample[facing.segments]
    total = facing.of_receptor(sums.total)
    used = facing.of_source(sums.used) & (total > 0)
    spread = facing.of_receptor(sums.square) - total**2 / n_cells
    apart = _Values(facing.of_both(sums.apart), used, block)
    together = facing.of_both(sums.raw) - total * facing.of_source(adjusted.sums) / n_cells
    plain = _Values(together, used, block)
    size = [facing.of_source(z) for z in (adjusted.squares, adjusted.plain)]
    whole = apart.correlations(size[0], spread, np.zeros_like(sample))
    if rule.by_samples:
        apart, plain = (v.correlations(z, spread, sample) for v, z in zip((apart, plain), size, strict=True))
    least = LEAST_SAMPLES if rule.by_samples else rule.min_blocks
    tested, unadjusted = (v.tested(rule, least=least) for v in (apart, plain))
    return {
        "correlation": np.where(whole.used[0], whole.values[0], np.nan),
        "t": tested.t,
        "n": tested.n,
        "n_blocks": used.sum(axis=0),
        "pvalue": tested.pvalue,
        "pvalue_unadjusted": unadjusted.pvalue,
    }


@dataclass(frozen=True)
class _Values:
    """Values of replicates × tests, those in use, and which replicate each is."""

    values: Floats
    used: Bools
    number: Ints

    def tested(self, rule: ReplicateRule, *, least: int) -> ReplicateTest:
        """Test their mean."""
        tested = replicate_t(self.values, self.used, least=least)
        if rule.signs is None:
            return tested
        pvalue = sign_flips(self.values, self.used, rule.signs[:, self.number], least=least)
        return ReplicateTest(tested.t, tested.n, np.where(np.isnan(tested.pvalue), np.nan, pvalue))

    def correlations(self, squares: Floats, spread: Floats, sample: Ints) -> _Values:
        """Sum blocks to samples and divide by the spread of both sides."""
        top, *under = (_by_sample(np.where(self.used, x, 0.0), sample) for x in (self.values, squares, spread))
        size = np.sqrt(np.maximum(under[0] * under[1], 0.0))
        fine = size > 0
        return _Values(np.divide(top, size, out=np.zeros(top.shape), where=fine), fine, np.arange(len(top)))


def _by_sample(values: Floats, sample: Ints) -> Floats:
    """Sum the rows of each sample; samples ascend."""
    out = np.zeros((int(sample.max()) + 1 if sample.size else 1, values.shape[1]))
    np.add.at(out, sample, values)
    return out
