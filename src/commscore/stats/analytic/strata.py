"""The analytic null when labels are permuted within strata: cumulants, means and covariances add over strata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...arrays import Bools, Entities, Floats, Ints
from .domain import ExpressingCells
from .marginals import (
    LEAST_P_ZERO,
    TINY,
    Marginals,
    NullInputs,
    absent,
    avoided,
    binned_moments,
    build_tables,
    neither_zero,
    without_atom,
)
from .null import AnalyticNull
from .pairs import Pairs
from .problem import ScoreThresholds
from .summary import Run, Summary, serial


@dataclass(frozen=True, kw_only=True)
class StratifiedNull(AnalyticNull):
    """Null distribution of group means when labels are permuted within strata.

    Parameters
    ----------
    summary, sizes
        Of all cells together.
    summaries
        Summary of the cells of every stratum.
    own
        Cells of each stratum and group, (n_strata, n_groups).
    of_strata
        Gives the correlations of the pairs with these keys in every stratum.
    """

    summaries: tuple[Summary, ...]
    own: Ints
    of_strata: Callable[[Ints], tuple[Pairs, ...]]

    def expressing(self) -> ExpressingCells:
        """Count the cells that express what, in strata in which the gene varies and the group is a part."""
        shape = (len(self.summary.counts), self.sizes.size)
        number, expected = np.zeros(shape), np.zeros(shape)
        free = np.zeros(self.sizes.size, bool)
        for summary, n in zip(self.summaries, self.own, strict=True):
            part = (n > 0) & (n < summary.n_cells)
            cells = np.where(summary.deviance > 0.0, summary.n_nonzero, 0.0)
            number += cells[:, None] * part
            expected += (cells / max(summary.n_cells, 1))[:, None] * (n * part)
            free |= part
        return ExpressingCells(number, expected, free, self.summary.smooth)

    def prepare(self, cases: ScoreThresholds, entities: Entities, *, run: Run = serial) -> NullInputs:
        """Tables of every gene × group and correlations of every gene pair that the cases touch."""
        needed, keys = self.touched(cases, entities)
        pairs = self.of_strata(keys)
        spread = np.stack([s.deviance / max(s.n_cells - 1, 1) for s in self.summaries], axis=1)
        return StratifiedInputs(
            summary=self.summary,
            marginals=tabulate_strata(self.summaries, self.own, needed, run=run),
            pairs=_within(self.summaries, pairs),
            sizes=self.sizes,
            run=run,
            summaries=self.summaries,
            own=self.own.astype(np.float64),
            of_strata=pairs,
            spread=spread,
        )


def _within(summaries: tuple[Summary, ...], pairs: tuple[Pairs, ...]) -> Pairs:
    """Correlations over all cells of the deviations from the means of their strata."""
    first = pairs[0]
    low, high = first.keys // first.n_genes, first.keys % first.n_genes
    deviance = np.stack([s.deviance for s in summaries])
    product = sum(
        (p.correlation * np.sqrt(d[low] * d[high]) for p, d in zip(pairs, deviance, strict=True)), np.zeros(low.size)
    )
    scale = np.sqrt(deviance.sum(axis=0)[low] * deviance.sum(axis=0)[high])
    correlation = np.where(scale > 0.0, product / np.maximum(scale, TINY), 0.0)
    return Pairs(n_genes=first.n_genes, keys=first.keys, correlation=correlation, shared=first.shared)


@dataclass(frozen=True, kw_only=True)
class StratifiedInputs(NullInputs):
    """Inputs of the stratified null; ``pairs`` are the correlations within strata, all strata together.

    ``own`` (n_strata, n_groups) cells, ``spread`` (n_genes, n_strata) variances over n − 1.
    """

    summaries: tuple[Summary, ...]
    own: Floats
    of_strata: tuple[Pairs, ...]
    spread: Floats

    @property
    def _cells(self) -> Floats:
        return np.asarray(self.own.sum(axis=1))

    def covariance(self, genes: tuple[Ints, Ints], groups: tuple[Ints, Ints]) -> Floats:
        """Exact covariance of the sums of two genes in two groups, or in one."""
        (first, second), (source, target) = genes, groups
        same = source == target
        out, at = np.zeros(first.size), self._find(first, second)
        for s, (pairs, n_cells) in enumerate(zip(self.of_strata, self._cells, strict=True)):
            n, m = self.own[s, source], self.own[s, target]
            r = np.ones(first.size)
            other = first != second
            r[other] = pairs.correlation[at[other]]
            product = r * np.sqrt(self.spread[first, s] * self.spread[second, s])
            out += product * np.where(same, n * (1.0 - n / n_cells), -n * m / n_cells)
        return out

    def _find(self, first: Ints, second: Ints) -> Ints:
        pairs = self.of_strata[0]
        if not pairs.keys.size:
            return np.zeros(first.size, np.int64)
        return np.minimum(pairs.find(first, second), pairs.keys.size - 1)

    def between(self, genes: tuple[Ints, Ints], groups: tuple[Ints, Ints]) -> Floats:
        """Correlation of the means of two genes in two groups, or in one."""
        parts = self.own * (1.0 - self.own / self._cells[:, None])
        variance = self.spread @ parts
        scale = np.sqrt(variance[genes[0], groups[0]] * variance[genes[1], groups[1]])
        r = self.covariance(genes, groups) / np.maximum(scale, TINY)
        return np.asarray(np.clip(np.where(scale > 0.0, r, 0.0), -1.0, 1.0), np.float64)

    def correlation(self, source: Ints, target: Ints) -> Floats:  # noqa: ARG002
        """One: :meth:`between` knows the groups."""
        return np.ones(source.size)

    def same_group(
        self, genes: tuple[Ints, Ints], group: Ints, zeros: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats, Floats]:
        """Moments given that neither side is zero, both sides being means of the same cells."""
        size, at = self.sizes[group].astype(np.float64), self._find(*genes)
        means, alone = [np.zeros(group.size) for _ in range(2)], [np.zeros(group.size) for _ in range(2)]
        neither, low = np.ones(group.size), np.minimum(*genes)
        for s, (summary, pairs) in enumerate(zip(self.summaries, self.of_strata, strict=True)):
            n, n_cells, nonzero = self.own[s, group], summary.n_cells, summary.n_nonzero
            shared = pairs.shared[at]
            union = nonzero[genes[0]] + nonzero[genes[1]] - shared[:, 0] * n_cells
            neither *= np.where(n > 0, avoided(n_cells, union, n), 1.0)
            for side in range(2):
                own = summary.mean[genes[side]]
                common = np.where(genes[side] == low, shared[:, 1], shared[:, 2])
                free = np.maximum(1.0 - nonzero[genes[1 - side]] / n_cells, 1e-12)
                means[side] += n / size * own
                alone[side] += n / size * np.maximum(own - common, 0.0) / free
        both = neither_zero(zeros, neither)
        product = self.covariance(genes, (group, group)) / size**2 + means[0] * means[1]
        centre = [np.maximum(means[i] - zeros[1 - i] * alone[i], 0.0) / both for i in range(2)]
        return both, centre[0] + centre[1], product / both - centre[0] * centre[1]


@dataclass(frozen=True)
class _Sums:
    """Moments of a gene's sum over a group, added up over strata, (n_rows,); ``parts`` as in ``saddle.build``.

    ``constant`` is what strata give in which nothing is drawn: the group has all cells, or they are all the same.
    """

    parts: Floats
    mean: Floats
    variance: Floats
    exact: Floats
    third: Floats
    constant: Floats
    log_absent: Floats


def _sums(summaries: tuple[Summary, ...], own: Ints, genes: Ints, *, groups: Ints) -> _Sums:
    parts = np.zeros((genes.size, len(summaries), 4))
    mean, variance, exact, third, constant, log_absent = (np.zeros(genes.size) for _ in range(6))
    for s, summary in enumerate(summaries):
        n, n_cells = own[s, groups].astype(np.float64), summary.n_cells
        f, nonzero = n / max(n_cells, 1), summary.n_nonzero[genes]
        second, cube = (m[genes] for m in binned_moments(summary))
        mean += n * summary.mean[genes]
        moves = (n > 0) & (n < n_cells) & (summary.deviance[genes] > 0.0)
        constant += np.where(moves, 0.0, n * summary.mean[genes])
        inside = np.where(moves, n, 0.5)  # what is not asked for, too, has a logarithm
        p_zero = np.where(moves, absent(n_cells, nonzero, inside), ((n == 0) | (nonzero == 0)).astype(np.float64))
        with np.errstate(divide="ignore"):
            log_absent += np.log(p_zero)
        drawn = np.where(moves, n * (1.0 - f), 0.0)
        variance += drawn * second
        third += drawn * (1.0 - 2.0 * f) * cube
        exact += drawn * summary.deviance[genes] / max(n_cells - 1, 1)
        parts[:, s] = np.stack([f, np.where(moves, n, 0.0), n_cells - nonzero, p_zero], axis=1)
    return _Sums(parts, mean, variance, exact, third, constant, log_absent)


def tabulate_strata(summaries: tuple[Summary, ...], own: Ints, needed: Bools, *, run: Run = serial) -> Marginals:
    """Build the tables of the gene × group entries marked in ``needed`` (bool, n_genes × n_groups).

    As :func:`~commscore.stats.analytic.marginals.tabulate`, on one grid of tilts for all strata.
    """
    genes, groups = (np.ascontiguousarray(a) for a in np.nonzero(needed))
    index = np.full(needed.shape, -1, np.int64)
    index[genes, groups] = np.arange(genes.size)
    n = own.sum(axis=0)[groups].astype(np.float64)
    sums = _sums(summaries, own, genes, groups=groups)
    p_zero = np.exp(sums.log_absent)
    p_zero = np.where(p_zero < LEAST_P_ZERO, 0.0, np.minimum(p_zero, 1.0 - 1e-12))
    sigma = np.sqrt(np.maximum(sums.variance, TINY))
    tilt = 1.0 / (sigma * (1.0 + np.abs(sums.third) / np.maximum(sigma**3, TINY)))
    scale = np.sqrt(without_atom(sums.variance, sums.mean, p_zero))
    centre = sums.mean / (1.0 - p_zero)
    rows = np.stack([p_zero, tilt, centre, scale, sums.constant], axis=1)
    return Marginals(
        index=index,
        tables=build_tables(summaries, genes, sums.parts, rows=rows, run=run),
        p_zero=p_zero,
        mean=centre / n,
        sd=np.sqrt(without_atom(sums.exact / n**2, sums.mean / n, p_zero)),
        unit=tilt * scale,
    )
