"""Null distribution of one gene's mean in one group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from commscore.kernels import saddle

from ...arrays import Bools, Floats, Ints
from .pairs import Pairs
from .summary import Run, Summary, serial

LEAST_P_ZERO = 1e-8
TINY = 1e-300


@dataclass(frozen=True, kw_only=True)
class Marginals:
    """Saddlepoint tables of the gene × group rows that are needed.

    Parameters
    ----------
    index
        Row of each gene × group, -1 where there is none, (n_genes, n_groups).
    tables
        (n_rows, 41, 4), see :mod:`commscore.kernels.saddle`.
    p_zero
        Probability that no cell of the group expresses the gene, 0 where it is below 1e-8, (n_rows,).
    mean, sd
        Of the group mean, given that it is not zero, (n_rows,).
    unit
        Tilt of one unit of the tables' grid, in 1 / sd, (n_rows,).
    """

    index: Ints
    tables: Floats
    p_zero: Floats
    mean: Floats
    sd: Floats
    unit: Floats


def absent(n_cells: int, n_nonzero: Floats, n: Floats) -> Floats:
    """Probability that ``n`` cells drawn without replacement miss all expressing ones: exp C at τ = −∞.

    From the same saddlepoint as the tables, so that what they have left is never negative.
    """
    zero = n_cells - n_nonzero
    f, w = n / n_cells, np.minimum(n / np.maximum(zero, 1.0), 1.0 - 1e-16)
    u = np.log(w) - np.log1p(-w) - np.log(f) + np.log1p(-f)
    log_p = zero * (np.log1p(-f) - np.log1p(-w)) + n_nonzero * np.log1p(-f) - u * n
    p = np.where(n < zero, np.exp(np.minimum(log_p, 0.0)), 0.0)
    return np.asarray(np.where(p < LEAST_P_ZERO, 0.0, p))


def binned_moments(summary: Summary) -> tuple[Floats, Floats]:
    """Variance and third central moment of the histogram over all cells, (n_genes,)."""
    values = summary.sums / np.maximum(summary.counts, 1.0)
    mean, zero = summary.mean, summary.n_cells - summary.n_nonzero
    apart = values - mean[:, None]
    second = (summary.counts * apart * apart).sum(axis=1) + zero * mean**2
    third = (summary.counts * apart * apart * apart).sum(axis=1) - zero * mean**3
    return second / summary.n_cells, third / summary.n_cells


def without_atom(variance: Floats, mean: Floats, p_zero: Floats) -> Floats:
    """Variance given that the variable is not zero."""
    return np.asarray(np.maximum((variance - p_zero * mean**2 / (1.0 - p_zero)) / (1.0 - p_zero), TINY))


def tabulate(summary: Summary, sizes: Ints, needed: Bools, *, run: Run = serial) -> Marginals:
    """Build the tables of the gene × group entries marked in ``needed`` (bool, n_genes × n_groups)."""
    genes, groups = (np.ascontiguousarray(a) for a in np.nonzero(needed))
    index = np.full(needed.shape, -1, np.int64)
    index[genes, groups] = np.arange(genes.size)
    n_cells, n = summary.n_cells, sizes[groups].astype(np.float64)
    f, mean = n / n_cells, summary.mean[genes]
    second, third = (m[genes] for m in binned_moments(summary))
    spread = n * (1.0 - f)
    sigma = np.sqrt(np.maximum(spread * second, TINY))
    skew = third * (1.0 - 2.0 * f) / (np.maximum(second, TINY) ** 1.5 * np.sqrt(spread))
    p_zero = absent(n_cells, summary.n_nonzero[genes], n)
    scale = np.sqrt(without_atom(sigma**2, n * mean, p_zero))
    exact = summary.deviance[genes] / n_cells * (n_cells - n) / (n * max(n_cells - 1, 1))
    tilt = 1.0 / (sigma * (1.0 + np.abs(skew)))
    centre = mean / (1.0 - p_zero)
    parts = np.stack([f, n, n_cells - summary.n_nonzero[genes], p_zero], axis=1)[:, None]
    rows = np.stack([p_zero, tilt, n * centre, scale, np.zeros(n.size)], axis=1)
    return Marginals(
        index=index,
        tables=build_tables((summary,), genes, parts, rows=rows, run=run),
        p_zero=p_zero,
        mean=centre,
        sd=np.sqrt(without_atom(exact, mean, p_zero)),
        unit=tilt * scale,
    )


def build_tables(summaries: tuple[Summary, ...], genes: Ints, parts: Floats, *, rows: Floats, run: Run) -> Floats:
    """Tables of the rows, from the occupied bins of their genes in every stratum; arrays as in ``saddle.build``."""
    counts, values, indptr, first = [], [], [], 0
    for summary in summaries:
        gene, slot = np.nonzero(summary.counts)
        counts.append(summary.counts[gene, slot])
        values.append(summary.sums[gene, slot] / counts[-1])
        indptr.append(first + np.searchsorted(gene, np.arange(len(summary.counts) + 1)))
        first += gene.size
    ends, most = np.stack(indptr), max(s.counts.shape[1] for s in summaries)
    c, x = np.concatenate(counts), np.concatenate(values)
    tables = np.empty((genes.size, saddle.N_NODES, 4))

    def kernel(start: int, stop: int) -> None:
        scratch, one, raw = np.empty((4, most)), np.empty((saddle.N_NODES, 4)), np.empty((saddle.N_NODES, 4))
        saddle.build(genes, ends, c, x, parts, rows, start, stop, scratch, one, raw, tables)

    run(kernel, genes.size)
    return tables


@dataclass(frozen=True, kw_only=True)
class NullInputs:
    """Inputs of every analytic null: the summary of the data, the tables, the correlations, and how to run a kernel."""

    summary: Summary
    marginals: Marginals
    pairs: Pairs
    sizes: Ints
    run: Run

    def between(self, genes: tuple[Ints, Ints], groups: tuple[Ints, Ints]) -> Floats:  # noqa: ARG002
        """Correlation of two genes' means in one group, wherever that is; :meth:`correlation` has the groups' part."""
        return self.pairs.between(*genes)

    def correlation(self, source: Ints, target: Ints) -> Floats:
        """Correlation of a gene's means in two groups: 1 in the same one.

        In disjoint ones it is −√(n m / ((N − n)(N − m))), because sampling is without replacement.
        """
        n, m = self.sizes[source].astype(np.float64), self.sizes[target].astype(np.float64)
        rest = np.maximum((self.summary.n_cells - n) * (self.summary.n_cells - m), 1.0)
        return np.asarray(np.where(source == target, 1.0, -np.sqrt(n * m / rest)))

    def same_group(
        self, genes: tuple[Ints, Ints], group: Ints, zeros: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats, Floats]:
        """Moments given that neither side is zero, both sides being means of the same cells.

        Returns the probability of that event, the sum of the conditional means, and the conditional covariance,
        exact up to the sampling of the cells behind ``pairs``.
        """
        summary, pairs, n = self.summary, self.pairs, self.sizes[group].astype(np.float64)
        size, at = summary.n_cells, pairs.find(*genes)
        mean, deviance, nonzero = summary.mean, summary.deviance, summary.n_nonzero
        finite = (size - n) / (n * max(size - 1.0, 1.0)) / size
        low = np.minimum(*genes)
        means = [mean[g] for g in genes]
        product = pairs.correlation[at] * np.sqrt(deviance[genes[0]] * deviance[genes[1]]) * finite
        product += means[0] * means[1]
        union = nonzero[genes[0]] + nonzero[genes[1]] - pairs.shared[at, 0] * size
        both = neither_zero(zeros, avoided(size, union, n))
        centre = []
        for side in range(2):
            common = np.where(genes[side] == low, pairs.shared[at, 1], pairs.shared[at, 2])
            other = genes[1 - side]
            alone = np.maximum(means[side] - common, 0.0) / np.maximum(1.0 - nonzero[other] / size, 1e-12)
            centre.append(np.maximum(means[side] - zeros[1 - side] * alone, 0.0) / both)
        return both, centre[0] + centre[1], product / both - centre[0] * centre[1]


def avoided(n_cells: int, n_marked: Floats, n: Floats) -> Floats:
    """Probability that ``n`` of ``n_cells`` cells drawn without replacement avoid all ``n_marked`` ones."""
    rest = np.maximum(n_cells - n_marked - n, 0.0)
    log_p = gammaln(n_cells - n_marked + 1) - gammaln(rest + 1) - gammaln(n_cells + 1) + gammaln(n_cells - n + 1)
    return np.where(n_cells - n_marked < n, 0.0, np.exp(np.minimum(log_p, 0.0)))


def neither_zero(zeros: tuple[Floats, Floats], both_zero: Floats) -> Floats:
    """Probability that neither side is zero, from those that each is and that both are, within what is possible."""
    both = 1.0 - zeros[0] - zeros[1] + both_zero
    both = np.clip(both, 1.0 - zeros[0] - zeros[1], 1.0 - np.maximum(*zeros))
    return np.asarray(np.maximum(both, (1.0 - zeros[0]) * (1.0 - zeros[1]) * 1e-3))
