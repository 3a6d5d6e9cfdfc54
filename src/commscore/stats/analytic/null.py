"""The analytic permutation null: fitted once, then asked for p-values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from commscore.kernels.permute import SUM

from ...arrays import Bools, Entities, Floats, GeneColumns, Ints
from .additive import additive
from .domain import MIN_EXPECTED, ExpressingCells, countable, loosely_bound
from .joint import joint
from .marginals import NullInputs, tabulate
from .pairs import Pairs, Products, keys_of
from .problem import ScoreThresholds, crossed
from .summary import Run, Summary, serial, summarise

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class AnalyticNull:
    """Null distribution of group means when the labels of all cells are permuted jointly.

    The permuted mean of a group is that of a simple random sample of the cells without replacement; its tail
    comes from a double saddlepoint (Skovgaard 1987, doi:10.2307/3214212). Data that are read in parts give
    :class:`~commscore.stats.analytic.Bins` and :class:`~commscore.stats.analytic.Products` that add up; call the
    class itself with what comes of them instead of :meth:`fit`.

    Parameters
    ----------
    summary
        Summary of all cells.
    correlate
        Gives the correlations of the pairs with these keys (or of more pairs), from all cells or a sample.
    sizes
        Number of cells of each group, int64, (n_groups,).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> rng = np.random.default_rng(0)
    >>> x = rng.exponential(size=(300, 2)) * (rng.random((300, 2)) < 0.4)
    >>> x = sparse.csc_array(x.astype(np.float32))
    >>> null = AnalyticNull.fit(
    ...     x.data, x.indices.astype(np.uint32), x.indptr.astype(np.int64),
    ...     n_cells=300, group_sizes=np.array([50, 250]),
    ... )
    >>> genes = Entities(indptr=np.array([0, 1, 2]), genes=np.array([0, 1]))
    >>> zero, one = np.array([0]), np.array([1])
    >>> p, valid = null.pvalues(
    ...     ScoreThresholds(source=zero, target=one, ligand=zero, receptor=one, threshold=np.array([0.5]), form=0),
    ...     genes,
    ... )
    >>> bool(valid[0]), 0.01 < float(p[0]) < 0.5
    (True, True)
    """

    summary: Summary
    correlate: Callable[[Ints], Pairs]
    sizes: Ints

    @classmethod
    def fit(
        cls,
        data: npt.NDArray[Any],
        rows: npt.NDArray[np.uint32],
        indptr: Ints,
        *,
        n_cells: int,
        group_sizes: Ints,
        run: Run = serial,
    ) -> AnalyticNull:
        """Read gene-major data once.

        Parameters
        ----------
        data, rows, indptr
            As :class:`~commscore.arrays.GeneColumns` has them; values above zero.
        n_cells
            Number of cells, those of all groups.
        group_sizes
            Number of cells of each group, (n_groups,).
        run
            See :meth:`pvalues`.

        Raises
        ------
        TypeError
            If ``data`` is neither float32 nor float64.
        """
        columns = GeneColumns.of(data, rows, indptr, n_cells=n_cells)
        return cls(
            summary=summarise(columns, run=run),
            correlate=lambda keys: Pairs.of(Products.of(columns, keys, run=run)),
            sizes=np.asarray(group_sizes, np.int64),
        )

    def pvalues(
        self, cases: ScoreThresholds, entities: Entities, *, run: Run = serial, min_expected: float = MIN_EXPECTED
    ) -> tuple[Floats, Bools]:
        """p-values and whether each is in the domain of the approximation (:mod:`~commscore.stats.analytic.domain`).

        Parameters
        ----------
        cases
            What is asked: groups, entities and thresholds.
        entities
            Ligands and receptors; a complex is the minimum of its subunits' group means.
        run
            Calls ``work(start, stop)`` over ranges that cover ``0 .. n``, in threads if it likes. The result
            does not depend on the ranges.
        min_expected
            Expected number of expressing cells, in each group, of the rarest subunit of a complex.

        Returns
        -------
        p
            In [1e-300, 1], NaN outside the domain, (n_cases,).
        valid
            bool, (n_cases,).
        """
        p = np.full(len(cases), np.nan)
        cells = self.expressing()
        valid = countable(cells, cases, entities=entities, min_expected=min_expected)
        at = np.nonzero(valid)[0]
        if at.size == 0:
            return p, valid
        cases_here = cases.take(at)
        setting = self.prepare(cases_here, entities, run=run)
        valid[at] = loosely_bound(cells, cases_here, entities=entities, pairs=setting.pairs)
        del cases_here
        single = entities.n_subunits == 1
        direct = single[cases.ligand] & single[cases.receptor] & (cases.form == SUM)
        for rows, method in ((valid & direct, additive), (valid & ~direct, joint)):
            at = np.nonzero(rows)[0]
            if at.size:
                p[at] = method(setting, cases.take(at), entities)
        p[valid & (cases.threshold <= 0.0)] = 1.0
        return p, valid

    def expressing(self) -> ExpressingCells:
        """Count the cells that express what."""
        return ExpressingCells.of(self.summary, self.sizes)

    def prepare(self, cases: ScoreThresholds, entities: Entities, *, run: Run = serial) -> NullInputs:
        """Tables of every gene × group and correlations of every gene pair that the cases touch."""
        needed, keys = self.touched(cases, entities)
        return NullInputs(
            summary=self.summary,
            marginals=tabulate(self.summary, self.sizes, needed, run=run),
            pairs=self.correlate(keys),
            sizes=self.sizes,
            run=run,
        )

    def touched(self, cases: ScoreThresholds, entities: Entities) -> tuple[Bools, Ints]:
        """Every gene × group and the keys of every gene pair that the cases touch."""
        of_entity = np.zeros((entities.n, self.sizes.size), bool)
        of_entity[cases.ligand, cases.source] = True
        of_entity[cases.receptor, cases.target] = True
        needed = np.zeros((self.summary.counts.shape[0], self.sizes.size), bool)
        np.logical_or.at(needed, entities.genes, np.repeat(of_entity, entities.n_subunits, axis=0))
        key = np.unique(cases.ligand * entities.n + cases.receptor)
        left, right = key // entities.n, key % entities.n
        used = np.unique(np.concatenate([left, right]))
        i, j, _ = crossed(entities.indptr, np.concatenate([left, used]), np.concatenate([right, used]))
        genes = entities.genes
        return needed, keys_of(len(self.summary.counts), genes[i], genes[j])
