"""Where the approximation holds: which cases get an analytic p-value and which must be permuted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Bools, Entities, Floats, Ints
from .problem import ScoreThresholds, crossed

if TYPE_CHECKING:
    from .pairs import Pairs
    from .summary import Summary

MIN_NONZERO = 10
MIN_EXPECTED = 1.0
MOST_SAME_GROUP = 0.1
MOST_SUBUNITS = 0.2


@dataclass(frozen=True)
class ExpressingCells:
    """How many cells express what, where labels move: 0 for a gene that is the same in all cells.

    ``number`` of cells that express each gene and may fall into each group or not, and how many of them are
    ``expected`` in it, both (n_genes, n_groups); ``free`` says of each group whether it has some cells of those it is
    drawn from and not all; ``smooth`` of each gene whether its sums take many values, none of which stands out.
    """

    number: Floats
    expected: Floats
    free: Bools
    smooth: Bools

    @classmethod
    def of(cls, summary: Summary, sizes: Ints) -> ExpressingCells:
        """Count the cells of one pool."""
        number = np.where(summary.deviance > 0.0, summary.n_nonzero, 0.0)
        expected = (number / summary.n_cells)[:, None] * sizes
        shape = expected.shape
        return cls(np.broadcast_to(number[:, None], shape), expected, sizes < summary.n_cells, summary.smooth)

    def least(self, entities: Entities, of_genes: Floats) -> Floats:
        """Smallest value of any subunit, (n_entities, n_groups)."""
        return np.asarray(np.minimum.reduceat(of_genes[entities.genes], entities.indptr[:-1], axis=0))


def overlapping(cases: ScoreThresholds, entities: Entities) -> Bools:
    """Which cases have a gene on both sides."""
    n = entities.n
    key, inverse = np.unique(cases.ligand * n + cases.receptor, return_inverse=True)
    i, j, owner = crossed(entities.indptr, key // n, key % n)
    shared = np.bincount(owner, entities.genes[i] == entities.genes[j], minlength=key.size) > 0
    return np.asarray(shared[inverse])


def countable(cells: ExpressingCells, cases: ScoreThresholds, *, entities: Entities, min_expected: float) -> Bools:
    """Which cases have enough cells.

    Each gene of both sides is expressed in at least 10 cells and not the same in all, and smooth; no gene is on both
    sides; no group has all cells; and where a complex takes part, at least ``min_expected`` expressing cells of the
    rarest subunit are expected in each group, because the copula of the subunits says little about which of
    them are absent together.
    """
    number, expected = (cells.least(entities, of) for of in (cells.number, cells.expected))
    smooth = np.logical_and.reduceat(cells.smooth[entities.genes], entities.indptr[:-1])
    single = (entities.n_subunits[cases.ligand] == 1) & (entities.n_subunits[cases.receptor] == 1)
    left, right = (cases.ligand, cases.source), (cases.receptor, cases.target)
    valid = np.minimum(number[left], number[right]) >= MIN_NONZERO
    valid &= single | (np.minimum(expected[left], expected[right]) >= min_expected)
    valid &= cells.free[cases.source] & cells.free[cases.target] & smooth[cases.ligand] & smooth[cases.receptor]
    return np.asarray(valid & ~overlapping(cases, entities))


def loosely_bound(cells: ExpressingCells, cases: ScoreThresholds, *, entities: Entities, pairs: Pairs) -> Bools:
    """Which cases have no strong correlation between rarely expressed genes in one group.

    Two genes expressed in the same few cells are either both in a sample or both not: a correlation alone does
    not describe that. *Measured*, the error of the tail grows with |ρ| / √λ, λ being the expected number of
    expressing cells: 10 % at 1e-4 for 0.1 between the two sides, for 0.2 between subunits of a complex.
    """
    root = np.sqrt(cells.least(entities, cells.expected))
    left, right = root[cases.ligand, cases.source], root[cases.receptor, cases.target]
    every = np.arange(entities.n)
    within = np.zeros(every.size)
    used = np.unique(np.concatenate([cases.ligand, cases.receptor]))
    within[used] = _strongest(entities, pairs, left=used, right=used)
    key, inverse = np.unique(cases.ligand * every.size + cases.receptor, return_inverse=True)
    between = _strongest(entities, pairs, left=key // every.size, right=key % every.size)[inverse]
    loose = (within[cases.ligand] <= MOST_SUBUNITS * left) & (within[cases.receptor] <= MOST_SUBUNITS * right)
    return np.asarray(loose & ((cases.source != cases.target) | (between <= MOST_SAME_GROUP * np.minimum(left, right))))


def _strongest(entities: Entities, pairs: Pairs, *, left: Ints, right: Ints) -> Floats:
    """Largest absolute correlation between a gene of ``left`` and another of ``right``, per row."""
    i, j, owner = crossed(entities.indptr, left, right)
    first, second = entities.genes[i], entities.genes[j]
    r = np.where(first == second, 0.0, np.abs(pairs.between(first, second)))
    out = np.zeros(left.size)
    np.maximum.at(out, owner, r)
    return out
