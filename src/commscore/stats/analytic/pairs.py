"""Correlation and co-expression of the gene pairs that are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commscore.kernels.products import cross_products, powers

from ...arrays import Floats, GeneColumns, Ints
from .summary import Run, serial

_CONSTANT = 1e-12  # of the sum of squares: what rounding leaves of no variance


def keys_of(n_genes: int, first: Ints, second: Ints) -> Ints:
    """Ascending keys ``low * n_genes + high`` of the pairs of different genes, each once.

    Examples
    --------
    >>> import numpy as np
    >>> keys_of(10, np.array([3, 1, 4]), np.array([1, 3, 4]))
    array([13])
    """
    low, high = np.minimum(first, second), np.maximum(first, second)
    return np.unique((low * n_genes + high)[low != high])


@dataclass(frozen=True, kw_only=True)
class Products:
    """Sums over cells from which correlations come; those of disjoint sets of cells add up (``a + b``).

    Parameters
    ----------
    n_cells
        Number of cells, those without any value included.
    sums
        Sum and sum of squares of each gene, (n_genes, 2).
    keys
        Pairs, see :func:`keys_of`, (n_pairs,).
    shared
        Number of cells that express both genes of a pair; and over those the sums of the low gene, of the high
        gene and of their product, (n_pairs, 4).
    """

    n_cells: int
    sums: Floats
    keys: Ints
    shared: Floats

    @classmethod
    def of(cls, columns: GeneColumns, keys: Ints, *, run: Run = serial) -> Products:
        """Read the pairs ``keys`` of ``columns``; ``run`` as in :func:`~commscore.stats.analytic.summary.summarise`."""
        c, n_genes = columns, columns.n_genes
        low, high = keys // n_genes, keys % n_genes
        shared = np.empty((keys.size, 4))

        def kernel(start: int, stop: int) -> None:
            dense = np.zeros(c.n_cells)
            cross_products(c.data, c.rows, c.indptr, dense, low, high, start, stop, shared)

        run(kernel, keys.size)
        sums = np.zeros((n_genes, 2))
        run(lambda start, stop: powers(c.data, c.indptr, start, stop, sums), n_genes)
        return cls(n_cells=c.n_cells, sums=sums, keys=keys, shared=shared)

    def __add__(self, other: Products) -> Products:
        """Add up both sets of cells.

        Raises
        ------
        ValueError
            If they are not of the same genes and pairs.
        """
        if self.sums.shape != other.sums.shape or not np.array_equal(self.keys, other.keys):
            msg = "cross-products must be of the same genes and pairs; pass the same `keys` for every chunk"
            raise ValueError(msg)
        return Products(
            n_cells=self.n_cells + other.n_cells,
            sums=self.sums + other.sums,
            keys=self.keys,
            shared=self.shared + other.shared,
        )


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
    keys: Ints
    correlation: Floats
    shared: Floats

    def find(self, first: Ints, second: Ints) -> Ints:
        """Position of each pair; every pair must be known."""
        key = np.minimum(first, second) * self.n_genes + np.maximum(first, second)
        return np.asarray(np.searchsorted(self.keys, key))

    def between(self, first: Ints, second: Ints) -> Floats:
        """Correlation of each pair, 1 where both genes are the same."""
        same = first == second
        if self.keys.size == 0:
            return np.asarray(same, np.float64)
        at = np.minimum(self.find(first, second), self.keys.size - 1)
        return np.asarray(np.where(same, 1.0, self.correlation[at]))

    @classmethod
    def of(cls, products: Products) -> Pairs:
        """Correlations from sums; a gene that is the same in all cells correlates with nothing."""
        g, n = len(products.sums), max(products.n_cells, 1)
        low, high = products.keys // g, products.keys % g
        mean = products.sums[:, 0] / n
        deviance = products.sums[:, 1] - n * mean**2
        deviance[deviance <= _CONSTANT * products.sums[:, 1]] = 0.0
        scale = np.sqrt(deviance[low] * deviance[high])
        r = (products.shared[:, 3] - n * mean[low] * mean[high]) / np.maximum(scale, 1e-300)
        r = np.where(scale > 0.0, np.clip(r, -1.0, 1.0), 0.0)
        return cls(n_genes=g, keys=products.keys, correlation=r, shared=products.shared[:, :3] / n)
