"""The statistics that scores declare, of genes in groups: columns made ready for them, and their constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import HIGH, LOW, Entities, GeneColumns, Groups
from ...kernels import ranked
from ...scores import Background
from ..read.columns import snap
from ..read.totals import GeneSummary, group_totals, standard_deviations
from ..summary import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ...scores import Score, Statistic
    from ...stats.analytic import Pairs
    from ..read.cells import LabelledCells
    from ..read.statistics import CellStatistics
    from ..threads import Team
    from .moments import SampleStatistics


@dataclass(frozen=True)
class CellTotals:
    """Of every cell, in the order of the columns, the ``mean`` and ``square`` (mean square) of all its genes."""

    mean: Floats
    square: Floats


@dataclass(frozen=True)
class GeneSetsOfTests:
    """Sets of genes as entities, and the set of each test, ``sets.n`` where it has none."""

    sets: Entities
    of_test: Ints


@dataclass(frozen=True, eq=False)
class Problem:
    """What statistics are computed from.

    ``genes`` are totals of genes in groups of ``sizes``; ``read`` gives the cells they are of, with at least the
    genes asked for, when something needs columns: ``only`` these genes if it is not None. ``known`` is what one
    pass over the data gave, ``pairs`` gives correlations of gene pairs, ``totals`` those of all genes; ``sets`` are
    by column of the resource. Where the cells have exact sums, as permutations need them, values derived from them
    are rounded, too, and what is known is left aside. ``samples`` are statistics by sample, where labels are permuted
    within samples. ``described`` reads the statistics in a pass of their own, if something needs them after all.
    """

    read: Callable[[Ints | None], LabelledCells]
    sizes: Ints
    genes: GeneSummary
    entities: Entities
    rule: str
    team: Team
    statistics: CellStatistics | None = None
    pairs: Callable[[Ints], Pairs] | None = None
    totals: Callable[[], CellTotals] | None = None
    sets: dict[str, GeneSetsOfTests] = field(default_factory=dict)
    only: Ints | None = None
    exact: bool = False
    samples: SampleStatistics | None = None
    described: Callable[[], CellStatistics] | None = None

    @cached_property
    def cells(self) -> LabelledCells:
        """The cells, gene-major, in the order of a scheme."""
        return self.read(self.only)

    @property
    def columns(self) -> GeneColumns:
        """Gene-major columns."""
        return self.cells.columns

    @property
    def groups(self) -> Groups:
        """Groups of the cells, in the order of the columns."""
        return self.cells.groups

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return self.sizes.size

    def with_exact_sums(self) -> Problem:
        """Return the problem with exact sums; its columns are rounded in place, so observe before."""
        cells = self.cells.with_exact_sums()
        return replace(self, read=lambda _: cells, genes=cells.observe() if cells.rounded else self.genes, exact=True)

    @property
    def entity_means(self) -> Floats:
        """Entity × group means, subunits joined by the rule."""
        return join(self.genes.mean, self.entities, self.rule)

    def of(self, values: str) -> GeneColumns:
        """Columns of the values that a statistic reduces."""
        if values == "value":
            return self.columns
        return self._linear if values == "linear" else self._expressed

    @cached_property
    def _linear(self) -> GeneColumns:
        return self._derived(np.expm1(self.columns.data.astype(np.float64)))

    @cached_property
    def _expressed(self) -> GeneColumns:
        return self._derived(np.ones(self.columns.data.size, np.float32))

    def _derived(self, data: npt.NDArray[Any], **changes: Any) -> GeneColumns:
        seen = self.columns.seen.copy()
        if data.size:
            seen[LOW], seen[HIGH] = data.min(), data.max()
        columns = replace(self.columns, data=data, seen=seen, **changes)
        if self.exact:
            snap(columns, self.team)
        return columns

    @cached_property
    def ranked(self) -> GeneColumns:
        """Values of each gene in descending order."""
        c = self.columns
        data, rows = np.empty_like(c.data), np.empty_like(c.rows)
        self.team.run(lambda a, b: ranked.sort_columns(c.data, c.rows, c.indptr, a, b, data, rows), c.n_genes, step=64)
        return replace(c, data=data, rows=rows)

    @cached_property
    def _cell_totals(self) -> CellTotals:
        if self.totals is None:
            msg = "a score uses all genes' values and must declare background=True"
            raise RuntimeError(msg)
        return self.totals()

    @cached_property
    def cell_columns(self) -> GeneColumns:
        """Mean and mean square of every cell as two genes; a cell without any value is left out."""
        parts = [self._cell_totals.mean, self._cell_totals.square]
        rows = [np.flatnonzero(p).astype(np.uint32) for p in parts]
        data = np.concatenate([p[r] for p, r in zip(parts, rows, strict=True)])
        indptr = np.array([0, rows[0].size, rows[0].size + rows[1].size], np.int64)
        return self._derived(data, rows=np.concatenate(rows), indptr=indptr)

    @cached_property
    def background(self) -> Background:
        """Mean of everything and highest value of the problem's genes."""
        highest = (self.columns if self.statistics is None else self.statistics).extent[1]
        if self.statistics is not None and self.statistics.level is not None:
            return Background(mean=float(self.statistics.level[0].sum() / self.statistics.n_cells), highest=highest)
        mean = float("nan") if self.totals is None else float(self._cell_totals.mean.mean())
        return Background(mean=mean, highest=highest)

    def summary(self, values: str) -> GeneSummary:
        """Totals per gene and group of these values; of ``all``, of every cell's mean and mean square."""
        genes, statistics = self.genes, None if self.exact else self.statistics
        if values == "value":
            return genes
        if values == "expressed":
            return replace(genes, total=genes.expressed.astype(np.float64))
        if statistics is not None and values == "linear" and statistics.linear is not None:
            return replace(genes, total=statistics.linear)
        if statistics is not None and values == "all" and statistics.level is not None:
            return replace(genes, total=statistics.level)
        return group_totals(self.cell_columns if values == "all" else self.of(values), self.groups, self.team)

    @cached_property
    def overall(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation (n − 1; 1 where it is 0) of each gene over all cells."""
        n_cells = int(self.sizes.sum())
        mean = self.genes.total.sum(axis=1) / n_cells
        if self.statistics is not None and not self.exact:
            deviance = self.statistics.bins.summary(n_cells).deviance
            sd = np.sqrt(deviance / max(n_cells - 1, 1))
        else:
            everyone = Groups.of(np.zeros(n_cells, np.int64), 1)
            total = self.genes.total.sum(axis=1, keepdims=True)
            genes = GeneSummary(total, self.genes.expressed.sum(axis=1, keepdims=True), everyone.sizes)
            sd = standard_deviations(self.columns, everyone, genes, team=self.team)[:, 0]
        return mean, np.where(sd > 0, sd, 1.0)

    @cached_property
    def overall_linear(self) -> Floats:
        """Mean of each gene over all cells on the linear scale."""
        mean: Floats = self.summary("linear").total.sum(axis=1) / self.sizes.sum()
        return mean


def plain(statistic: Statistic) -> Statistic:
    """Return what a relative statistic is made from."""
    return replace(statistic, relative="nothing")


def tables_of(scores: Iterable[Score]) -> set[Statistic]:
    """Return the statistics that are tabulated: what the scores need, and what that is made from."""
    needs = {s for score in scores for s in (*score.needs, *(g.statistic for g in score.sets))}
    return needs | {plain(s) for s in needs}


def rank_weights(statistic: Statistic, sizes: Ints) -> Floats:
    """Weights of the values of each group, largest first, one group after the other.

    The trimean is (Q1 + 2 Q2 + Q3)/4 with quartiles interpolated linearly between ranks (R's type 7); the
    truncated mean leaves out ⌊n · trim⌋ values at either end, and is the median at 0.5, as R's ``mean``.
    """
    one = _trimean if statistic.reduce == "trimean" else _truncated
    return np.concatenate([one(int(n), statistic.trim)[::-1] for n in sizes])


def _quantile(n: int, q: float) -> Floats:
    weights = np.zeros(n)
    below = int(np.floor((n - 1) * q))
    rest = (n - 1) * q - below
    weights[below] += 1 - rest
    if rest > 0:
        weights[below + 1] += rest
    return weights


def _trimean(n: int, _: float) -> Floats:
    return 0.25 * (_quantile(n, 0.25) + 2 * _quantile(n, 0.5) + _quantile(n, 0.75))


def _truncated(n: int, trim: float) -> Floats:
    if trim >= 0.5:
        return _quantile(n, 0.5)
    out = int(np.floor(n * trim))
    weights = np.zeros(n)
    weights[out : n - out] = 1 / (n - 2 * out)
    return weights
