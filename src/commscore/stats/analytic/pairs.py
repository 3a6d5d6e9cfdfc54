"""Correlation and co-expression of the gene pairs that are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commscore.kernels.histogram import cross_products

from .summary import Columns, Floats, Integers, Run, Summary, serial


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Gene pairs, each once, with what their cells have in common.

    Parameters
    ----------
    n_genes
        Number of genes; the key of a pair is ``low * n_genes + high``.
    keys
        int64, ascending, (n_pairs,).
    correlation
        Pearson correlation over the cells, zeros included, (n_pairs,).
    shared
        Fraction of cells that express both genes; and over those, the mean over all cells of the low and of
        the high gene, (n_pairs, 3).
    """

    n_genes: int
    keys: Integers
    correlation: Floats
    shared: Floats

    def find(self, first: Integers, second: Integers) -> Integers:
        """Position of each pair; every pair must be known."""
        key = np.minimum(first, second) * self.n_genes + np.maximum(first, second)
        return np.asarray(np.searchsorted(self.keys, key))

    def between(self, first: Integers, second: Integers) -> Floats:
        """Correlation of each pair, 1 where both genes are the same."""
        same = first == second
        if self.keys.size == 0:
            return np.asarray(same, np.float64)
        at = np.minimum(self.find(first, second), self.keys.size - 1)
        return np.asarray(np.where(same, 1.0, self.correlation[at]))


def correlate(columns: Columns, summary: Summary, *, first: Integers, second: Integers, run: Run = serial) -> Pairs:
    """Correlations of the pairs (``first``, ``second``) over the cells of ``columns``.

    Parameters
    ----------
    columns
        The cells, or a sample of them (:func:`~commscore.stats.analytic.summary.thin`).
    summary
        Summary of the same cells.
    first, second
        Genes of each pair, int64, (n,); duplicates and pairs of a gene with itself are allowed.
    run
        Runs a kernel over ranges, see :func:`~commscore.stats.analytic.summary.summarise`.
    """
    g, n = columns.n_genes, columns.n_cells
    low, high = np.minimum(first, second), np.maximum(first, second)
    keys = np.unique((low * g + high)[low != high])
    low, high = keys // g, keys % g
    sums = np.empty((keys.size, 4))

    def kernel(start: int, stop: int) -> None:
        cross_products(columns.data, columns.rows, columns.indptr, np.zeros(n), low, high, start, stop, sums)

    run(kernel, keys.size)
    mean, deviance = summary.mean, summary.deviance
    scale = np.sqrt(deviance[low] * deviance[high])
    r = (sums[:, 3] - n * mean[low] * mean[high]) / np.maximum(scale, 1e-300)
    r = np.where(scale > 0.0, np.clip(r, -1.0, 1.0), 0.0)
    return Pairs(n_genes=g, keys=keys, correlation=r, shared=sums[:, :3] / n)
