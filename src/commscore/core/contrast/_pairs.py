"""All interactions of one source with one target: evidence, effects, intervals, parts, stability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...stats import combine, courses, exact
from ...stats.variance import Tail
from ...tables.vocabulary import Status, UntestableReason
from . import _exact, _rows, _sides
from ._change import Change
from ._types import OUTSIDE

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Floats, Ints
    from ._columns import Columns
    from ._context import FittedContrast
    from ._sides import GroupFit, SideCovariance


_FEW = 1.0
"""Expected count per sample below which estimates of effects depend on the depth, if that differs."""


def fill(context: FittedContrast, out: Columns, *, at: Ints, groups: tuple[int, int], sides: Any) -> None:
    """Write the rows ``at`` of ``out``: interactions of ``groups`` (source, target), ``sides`` (ligand, receptor)."""
    ligand, receptor = sides
    ref, alt = context.compared()
    out["n_ref"][at], out["n_alt"][at] = ref.sum(), alt.sum()
    reason = _untestable(context, groups)
    absent = reason in (UntestableReason.GROUP_ABSENT, UntestableReason.BELOW_MIN_CELLS)
    if absent or not context.projection.estimable[0]:
        out["status"][at] = Status.TOO_FEW_SAMPLES.code
        out["reason"][at] = (reason or UntestableReason.NOT_ESTIMABLE).code
        _describe(context, out, at=at, groups=groups, sides=sides)
        return
    source, target = context.side(groups[0]), context.side(groups[1])
    joint = _sides.joint(source, target, ligand=ligand, receptor=receptor)
    block = _GroupPair(context, source, target, joint, ligand, receptor, groups)
    status, detection, gaining = _status(context, groups, ligand=ligand, receptor=receptor)
    if reason is not None:
        status[:] = Status.TOO_FEW_SAMPLES.code
    out["status"][at] = status
    out["reason"][at] = -1 if reason is None else reason.code
    out["reason"][at[status == Status.NOT_EXPRESSED.code]] = UntestableReason.NOT_EXPRESSED.code
    out["gaining"][at] = gaining
    best, out["certain"][at] = block.best()
    block.effects(out, at=at, best=best, tested=reason is None)
    out["low_counts"][at] = block.low_counts()
    if reason is None:
        block.evidence(out, at=at, status=status, detection=detection)
        block.relabel(out, at=at, tested=status == Status.TESTED.code)
    if context.contrast.kind == "interaction":
        block.simple(out, at=at)
    _describe(context, out, at=at, groups=groups, sides=sides)


def _untestable(context: FittedContrast, groups: tuple[int, int]) -> UntestableReason | None:
    """Return why the samples do not suffice, None where they do."""
    least = context.settings.min_samples
    cohort, lowest = context.cohort, np.inf
    for code in (*context.contrast.ref, *context.contrast.alt):
        n = int(context.level((code,)).sum())
        lowest = min(lowest, n)
        if n == 0:
            there = cohort.n_cells[cohort.condition == code][:, list(groups)] > 0
            return UntestableReason.BELOW_MIN_CELLS if there.any(axis=0).all() else UntestableReason.GROUP_ABSENT
    if lowest < least:
        return UntestableReason.ONE_SAMPLE
    if not context.projection.estimable.all() or context.projection.df < 1:
        return UntestableReason.NOT_ESTIMABLE
    return None


def _status(
    context: FittedContrast, groups: tuple[int, int], *, ligand: Ints, receptor: Ints
) -> tuple[npt.NDArray[np.int8], Floats, Bools]:
    """Status per row if the samples suffice, the detection p where that is the question, and where it appears."""
    rows, contrast = context.model.rows, context.contrast
    levels = [np.flatnonzero(context.level((c,))) for c in (*contrast.ref, *contrast.alt)]
    involved = np.concatenate(levels)
    s, t = groups
    prop = np.minimum(rows.prop[s][involved][:, ligand], rows.prop[t][involved][:, receptor])
    least = min(level.size for level in levels)
    enough = _rows.expressed_in_enough(
        np.ascontiguousarray(prop.T), n_least=least, threshold=context.settings.expr_prop
    )
    status = np.where(enough, Status.TESTED.code, Status.NOT_EXPRESSED.code).astype(np.int8)
    detection, gaining = np.full(ligand.size, np.nan), np.zeros(ligand.size, bool)
    if contrast.kind == "pair":
        seen = [(rows.seen[s][level][:, ligand] & rows.seen[t][level][:, receptor]).sum(axis=0) for level in levels]
        sizes = levels[0].size, levels[1].size
        absent = enough & ((seen[0] == 0) != (seen[1] == 0))
        status[absent] = Status.DETECTION.code
        detection[absent] = exact.detection_pvalues(*sizes)[seen[0][absent], seen[1][absent]]
        gaining = seen[0] == 0
    return status, detection, gaining


def _describe(context: FittedContrast, out: Columns, *, at: Ints, groups: Any, sides: Any) -> None:
    """Fractions expressing and limiting subunits at both ends."""
    for end, (name, samples) in enumerate(zip(("ref", "alt"), context.compared(), strict=True)):
        for part, group, entity in zip(("ligand", "receptor"), groups, sides, strict=True):
            if samples.any():
                out[f"{part}_prop_{name}"][at] = context.model.rows.prop[group][samples].mean(axis=0)[entity]
            out[f"{part}_subunit_{name}"][at] = context.limiting(group, end=end)[entity]


@dataclass
class _GroupPair:
    """The rows of one pair of groups, with both fitted sides."""

    context: FittedContrast
    source: GroupFit
    target: GroupFit
    joint: SideCovariance
    ligand: Ints
    receptor: Ints
    groups: tuple[int, int]

    def best(self) -> tuple[Ints, Bools]:
        """Contrast that describes each row (among stages, its course), and whether its name is certain."""
        context = self.context
        if context.contrast.kind != "stages":
            return np.zeros(self.ligand.size, np.int64), np.ones(self.ligand.size, bool)
        q = context.n_tested
        both = combine.cauchy(self.source.pvalue[:q])[:, self.ligand]
        both += combine.cauchy(self.target.pvalue[:q])[:, self.receptor]
        if self.source.courses is None or self.target.courses is None:
            strongest = np.asarray(np.nan_to_num(both, nan=-np.inf).argmax(axis=0), np.int64)
            return strongest, np.full(strongest.size, context.n_stages < 3)
        sides = (self.source.courses, self.ligand), (self.target.courses, self.receptor)
        return courses.choose(both, sides, n_stages=context.n_stages, alpha=context.settings.alpha)

    def low_counts(self) -> Bools:
        """Whether a side is expected to have less than one count per sample in a level that is compared."""
        levels = [*self.context.contrast.ref, *self.context.contrast.alt]
        expected = self.context.model.rows.expected[levels].min(axis=0)
        sides = expected[self.groups[0], self.ligand], expected[self.groups[1], self.receptor]
        return np.asarray(np.minimum(*sides) < _FEW, np.bool_)

    def sum(self, c: int, rows: Any, *, sign: float = 1.0) -> tuple[Floats, Floats]:
        """Effect on log2(L·R) along contrast ``c`` and its standard error; of log2(L/R) with ``sign`` −1."""
        left, right = self.ligand[rows], self.receptor[rows]
        s, t = self.source, self.target
        se = _sides.SideCovariance(self.joint.correlation[rows]).se(s.se[c, left], t.se[c, right], sign=sign)
        return s.estimate[c, left] + sign * t.estimate[c, right], se

    def wide(self, c: int, rows: Any) -> Floats:
        """Quantile of the intervals of both sides together."""
        wide = np.maximum(self.source.wide[c, self.ligand[rows]], self.target.wide[c, self.receptor[rows]])
        return np.asarray(wide, np.float64)

    def effects(self, out: Columns, *, at: Ints, best: Ints, tested: bool) -> None:
        """Effects along the best contrast, their intervals, parts of the flow, stability, equivalence."""
        out["best"][at] = best
        stable, same_sign = np.ones(at.size, bool), np.zeros(at.size, bool)
        for c in np.unique(best):
            rows = np.flatnonzero(best == c)
            self._along(out, at=at[rows], rows=rows, c=int(c), tested=tested)
            same_sign[rows] = self._sign_stable(int(c), rows)
        for c in range(self.context.n_tested):
            stable &= self._within_margin(c)
        if tested:
            out["sign_stable"][at], out["within_margin"][at] = same_sign, stable

    def _along(self, out: Columns, *, at: Ints, rows: Ints, c: int, tested: bool) -> None:
        left, right = self.ligand[rows], self.receptor[rows]
        (d_source, _, p_source), (d_target, _, p_target) = (self.context.abundance(g) for g in self.groups)
        parts = np.empty((4, rows.size))
        parts[0], parts[1] = self.source.estimate[c, left], self.target.estimate[c, right]
        parts[2], parts[3] = d_source[c], d_target[c]
        change = Change(parts, self.sum(c, rows)[1], self.wide(c, rows))
        change.write(out, at=at)
        if not tested:
            return
        out["source_pvalue"][at], out["target_pvalue"][at] = p_source[c], p_target[c]
        reach = np.empty_like(parts)
        out["ligand_se"][at], out["receptor_se"][at] = self.source.se[c, left], self.target.se[c, right]
        out["ligand_df"][at], out["receptor_df"][at] = self.source.tail.df[left], self.target.tail.df[right]
        reach[0] = self.source.wide[c, left] * self.source.se[c, left]
        reach[1] = self.target.wide[c, right] * self.target.se[c, right]
        same = self.groups[0] == self.groups[1]
        level = OUTSIDE / (self.context.n_tested * (1 if same else 2))  # either of two abundances may be the driver
        reach[2], reach[3] = (self.context.abundance_reach(g, level)[c] for g in self.groups)
        change.write_intervals(out, at=at, reach=reach, same_group=np.full(rows.size, same))

    def _within_margin(self, c: int) -> Bools:
        sides = np.stack([self.source.estimate[c, self.ligand], self.target.estimate[c, self.receptor]])
        everything = slice(None)
        return Change(sides, self.sum(c, everything)[1], self.wide(c, everything)).within(self.context.settings.margin)

    def _sign_stable(self, c: int, rows: Ints) -> Bools:
        """Whether the effect keeps its sign without any one sample."""
        context, (source, target) = self.context, self.groups
        moved = context.shift_without(source, c)[self.ligand[rows]]
        moved = moved + context.shift_without(target, c)[self.receptor[rows]]
        effect = self.source.estimate[c, self.ligand[rows]] + self.target.estimate[c, self.receptor[rows]]
        return np.asarray(((effect[:, None] + moved) * np.sign(effect)[:, None] > 0).all(axis=1), np.bool_)

    def evidence(self, out: Columns, *, at: Ints, status: npt.NDArray[np.int8], detection: Floats) -> None:
        """P-values of both sides and of either having moved."""
        left, right = self.source.evidence[self.ligand], self.target.evidence[self.receptor]
        tested = status == Status.TESTED.code
        ligand = combine.cauchy_tail(self.source.evidence)[self.ligand]
        receptor = combine.cauchy_tail(self.target.evidence)[self.receptor]
        how = self.context.settings.combine
        if how == "fisher":
            either = combine.fisher(np.stack([ligand, receptor]), axis=0)
        elif how == "acat4":
            either = combine.cauchy_tail(0.25 * (left + right + self._together(1.0) + self._together(-1.0)))
        else:
            either = combine.cauchy_tail(0.5 * (left + right))
        shown = tested | (status == Status.DETECTION.code)
        out["ligand_pvalue"][at] = np.where(shown, ligand, np.nan)
        out["receptor_pvalue"][at] = np.where(shown, receptor, np.nan)
        out["both_pvalue"][at] = np.where(tested, np.maximum(ligand, receptor), np.nan)
        # that a sample shows nothing may be its depth: the change of the rate must be seen too
        appeared = np.where(np.isnan(detection), np.nan, np.fmax(detection, either))
        out["pvalue"][at] = np.where(tested, either, appeared)

    def _together(self, sign: float) -> Floats:
        """Cauchy deviate of the sum of both sides, of their difference with ``sign`` −1, over the contrasts."""
        left, right = self.source.tail.take(self.ligand), self.target.tail.take(self.receptor)
        # that of the side with fewer degrees of freedom, and as heavy far out as either side's
        tail = Tail(np.minimum(left.df, right.df), np.minimum(left.own, right.own), max(left.doubt, right.doubt))
        deviates = []
        for c in range(self.context.n_tested):
            effect, se = self.sum(c, slice(None), sign=sign)
            with np.errstate(divide="ignore", invalid="ignore"):
                deviates.append(combine.cauchy(tail.pvalue(effect / se)))
        return np.asarray(np.mean(deviates, axis=0), np.float64)

    def relabel(self, out: Columns, *, at: Ints, tested: Bools) -> None:
        """P-value over relabellings of the samples, and the smallest it can be."""
        context = self.context
        relabelled = context.relabelling() if context.settings.max_enumeration > 0 and tested.any() else None
        if relabelled is None:
            return
        ligand, receptor = self.ligand[tested], self.receptor[tested]
        s_where, s_table = context.exact_evidence(relabelled, group=self.groups[0], entities=ligand)
        t_where, t_table = context.exact_evidence(relabelled, group=self.groups[1], entities=receptor)
        if self.groups[0] == self.groups[1]:  # one table, which has grown
            s_where, s_table = t_where, t_table
        reached = _exact.count(s_table, t_table, ligand=s_where[ligand], receptor=t_where[receptor])
        out["exact_pvalue"][at[tested]] = exact.exact_pvalue(reached, relabelled.n)
        out["exact_floor"][at[tested]] = relabelled.floor

    def simple(self, out: Columns, *, at: Ints) -> None:
        """Both simple effects with intervals, and the differences between the arms before and after."""
        for c, name in ((1, "simple_first"), (2, "simple_second")):
            effect, se = self.sum(c, slice(None))
            wide = self.wide(c, slice(None))
            out[name][at], out[f"{name}_low"][at], out[f"{name}_high"][at] = (
                effect,
                effect - wide * se,
                effect + wide * se,
            )
        source, target = (self.context.arms(g) for g in self.groups)
        for end, name in enumerate(("arms_before", "arms_after")):
            out[name][at] = source[end, self.ligand] + target[end, self.receptor]
