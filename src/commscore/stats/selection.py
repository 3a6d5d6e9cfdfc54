"""The filter selects: how probable it is that a row is listed by chance, and p-values that take it into account.

A row is listed because enough cells of its groups express both sides. P(p ≤ α | listed) ≤ α / P(listed), so that
min(1, p / P(listed)) is valid among the listed rows. Where labels are permuted, P(listed) is exact: the number of
expressing cells that fall into a group is hypergeometric, and a sum of hypergeometrics where labels are permuted
within strata.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..kernels.hypergeometric import pass_probabilities
from .analytic.summary import serial

if TYPE_CHECKING:
    from ..arrays import Bools, Entities, Floats, Ints, Tests
    from .analytic.summary import Run

_LEAST = 1e-300


@dataclass(frozen=True)
class ExpressionFilter:
    """Which fractions of expressing cells pass: at least ``least``, or ``more`` than that.

    Examples
    --------
    >>> passes = ExpressionFilter(0.1)
    >>> passes(np.array([0.05, 0.1])).tolist(), passes.reach(np.array([0.05, 0.3])).tolist()
    ([False, True], [0.5, 1.0])
    """

    least: float
    more: bool = False

    def __call__(self, fraction: Floats) -> Bools:
        """Return what passes."""
        return np.asarray(fraction > self.least if self.more else fraction >= self.least)

    def reach(self, fraction: Floats) -> Floats:
        """Return how far fractions go towards ``least``, 0 to 1."""
        if not self.least:
            return np.ones(fraction.shape)
        out = fraction / self.least
        return np.minimum(out, 1.0, out=out)


def fewest_expressing(n: Ints, passes: Callable[[Floats], Bools]) -> Floats:
    """Smallest number of expressing cells with which a group of ``n`` cells passes; n + 1 if none does.

    Examples
    --------
    >>> fewest_expressing(np.array([7, 10]), lambda fraction: fraction >= 0.1)
    array([1., 1.])
    """
    return np.array([np.count_nonzero(~passes(np.arange(k + 1) / k)) for k in n.tolist()], np.float64)


def gene_pass_probability(
    expressed: Ints, cells: Ints, needed: Bools, *, passes: Callable[[Floats], Bools], run: Run = serial
) -> Floats:
    """Probability that a group whose cells are drawn at random within each stratum passes, NaN where not needed.

    Parameters
    ----------
    expressed
        Expressing cells of each gene in each stratum, all groups together, (n_genes, n_strata).
    cells
        Cells of each stratum and group, (n_strata, n_groups).
    needed
        Which genes in which groups, (n_genes, n_groups).
    passes
        Whether fractions of expressing cells pass; monotone.
    run
        Calls ``work(start, stop)`` over ranges; see :func:`~commscore.stats.analytic.summary.summarise`.
    """
    gene, group = np.nonzero(needed)
    out, drawn = np.empty(gene.size), np.ascontiguousarray(cells.T[group].astype(np.float64))
    marked = expressed[gene].astype(np.float64)
    threshold = fewest_expressing(cells.sum(axis=0), passes)[group]
    of_strata = cells.sum(axis=1).astype(np.float64)
    run(lambda a, b: pass_probabilities(of_strata, marked, drawn, threshold, a, b, out), gene.size)
    probability = np.full(needed.shape, np.nan)
    probability[gene, group] = out
    return probability


def pass_probability(
    tests: Tests, entities: Entities, *, expressed: Ints, cells: Ints, passes: Callable[[Floats], Bools], run: Run
) -> Floats:
    """Probability that a row is listed by chance: the product over the genes of both sides, (n_tests,).

    The sides are drawn without replacement from one pool, and genes of one group are correlated: *measured*, the
    product is right within 5 %. A gene that is on both sides in one group counts once. Parameters as in
    :func:`gene_pass_probability`.
    """
    of_entity = np.zeros((entities.n, cells.shape[1]), bool)
    of_entity[tests.ligand, tests.source] = True
    of_entity[tests.receptor, tests.target] = True
    needed = np.zeros((len(expressed), cells.shape[1]), bool)
    np.logical_or.at(needed, entities.genes, np.repeat(of_entity, entities.n_subunits, axis=0))
    genes = gene_pass_probability(expressed, cells, needed, passes=passes, run=run)
    log_p = np.log(np.maximum(np.nan_to_num(genes, nan=1.0), _LEAST))
    sides = np.add.reduceat(log_p[entities.genes], entities.indptr[:-1], axis=0)
    both = sides[tests.ligand, tests.source] + sides[tests.receptor, tests.target]
    both -= _counted_twice(tests, entities, log_p)
    return np.asarray(np.maximum(np.exp(both), _LEAST), np.float64)


def _counted_twice(tests: Tests, entities: Entities, log_p: Floats) -> Floats:
    """Sum of the logarithms of genes that are on both sides in one group."""
    out = np.zeros(tests.n)
    same = np.flatnonzero(tests.source == tests.target)
    key, which = np.unique(tests.ligand[same] * entities.n + tests.receptor[same], return_inverse=True)
    for k, one in enumerate(key.tolist()):
        left, right = divmod(one, entities.n)
        ends = [entities.genes[entities.indptr[e] : entities.indptr[e + 1]] for e in (left, right)]
        shared = np.intersect1d(ends[0], ends[1])
        if shared.size:
            at = same[which == k]
            out[at] = log_p[shared][:, tests.source[at]].sum(axis=0)
    return out


def corrected(pvalue: Floats, probability: Floats) -> Floats:
    """Return min(1, p / P(listed)); NaN stays NaN."""
    return np.asarray(np.minimum(1.0, pvalue / probability), np.float64)
