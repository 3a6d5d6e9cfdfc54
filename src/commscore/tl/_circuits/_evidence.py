"""Evidence for steps and circuits: permuted labels, and with samples that within them and over them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core import circuits as core
from ...core.permute import permute
from ...core.permute.strata import StrataOfCells
from ...core.progress import progress_bar
from ...core.scoring.sampled import MIN_SAMPLES
from ...stats.multiple import permutation_pvalue
from ...stats.over_samples import SampleExcess, test_excess
from ...tables.vocabulary import Unit

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ...core.permute import Draws
    from ...core.read.cells import LabelledCells


@dataclass(frozen=True)
class RowEvidence:
    """Of every step, or circuit: ``pvalue``, and with samples that ``within`` them and what is known over them."""

    pvalue: Floats
    within: Floats
    excess: Floats
    se: Floats
    n_samples: Ints
    n_positive: Ints

    @classmethod
    def of_cells(cls, pvalue: Floats) -> RowEvidence:
        """Without samples."""
        nothing, none = np.full(pvalue.size, np.nan), np.zeros(pvalue.size, np.int64)
        return cls(pvalue, nothing, nothing, nothing, none, none)

    @classmethod
    def of_samples(cls, rows: SampleExcess, within: Floats, *, replicated: bool) -> RowEvidence:
        """With samples: ``pvalue`` is that over them where the data have enough, NaN in rows that have not."""
        fit = test_excess(rows)
        over = np.where((rows.n >= MIN_SAMPLES) & ~np.isnan(within), fit.pvalue, np.nan)
        return cls(over if replicated else within, within, fit.mean, fit.se, rows.n, rows.n_positive)

    def where(self, there: Bools) -> RowEvidence:
        """Return no p-values but where ``there``."""
        return replace(self, pvalue=np.where(there, self.pvalue, np.nan), within=np.where(there, self.within, np.nan))

    def row(self, at: int, *, expressed: bool) -> tuple[Any, ...]:
        """Return what the table has of a row, in its order; p-values of what is expressed only."""
        if at < 0:
            return (np.nan, np.nan, 0, 0, np.nan, np.nan)
        pvalues = (self.pvalue[at], self.within[at]) if expressed else (np.nan, np.nan)
        return (self.excess[at], self.se[at], int(self.n_samples[at]), int(self.n_positive[at]), *pvalues)


@dataclass(frozen=True)
class CircuitEvidence:
    """Of steps, of circuits, and of their lowest scores."""

    steps: RowEvidence
    circuits: RowEvidence
    lowest: RowEvidence
    unit: Unit


def circuit_evidence(
    graph: core.CircuitGraph, cells: LabelledCells, *, means: Floats, draws: Draws, rule: str
) -> CircuitEvidence:
    """Return what permuted labels and, where these are drawn within samples, the samples say."""
    counter = core.CircuitCounter(graph, cells, means=means, rule=rule)
    with progress_bar(draws.n, "permutations") as progress:
        permute(cells, counter, draws, progress=progress)
    steps, circuits, lowest = (permutation_pvalue(c, draws.n) for c in (counter.steps, counter.mean, counter.lowest))
    if draws.strata is None:
        of_cells = RowEvidence.of_cells
        return CircuitEvidence(of_cells(steps), of_cells(circuits), of_cells(lowest), Unit.CELLS)
    own = StrataOfCells.of(cells.groups, draws.strata.sizes).own
    excess = core.circuit_excess(graph, cells, own, draws=draws, rule=rule)
    replicated = draws.strata.n >= MIN_SAMPLES
    first, second, third = (
        RowEvidence.of_samples(e, p, replicated=replicated)
        for e, p in zip(excess, (steps, circuits, lowest), strict=True)
    )
    return CircuitEvidence(first, second, third, Unit.SAMPLES if replicated else Unit.CELLS)
