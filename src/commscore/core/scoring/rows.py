"""Which rows the tables of a block have: only those that a surviving test needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities, Tests

if TYPE_CHECKING:
    from ...arrays import Ints


@dataclass(frozen=True)
class TableRows:
    """Which rows a block's table has: genes in groups first, then complexes in groups.

    ``slots`` (n_genes × n_groups) and ``entity`` (n_entities × n_groups) hold rows, or -1 if not needed;
    complex ``c`` is row ``first + c`` and joins the rows ``members[indptr[c]:indptr[c + 1]]``.
    """

    slots: Ints
    entity: Ints
    first: int
    indptr: Ints
    members: Ints

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.first + self.indptr.size - 1

    @property
    def genes(self) -> Ints:
        """Genes of which any row is needed."""
        return np.flatnonzero((self.slots >= 0).any(axis=1))


def plan(
    entities: Entities,
    tests: Tests,
    *,
    n_genes: int,
    n_groups: int,
    all_groups: bool = False,
    genes: Ints | None = None,
) -> TableRows:
    """Find the rows that the tests need; ``all_groups`` of their entities, and of further ``genes``, if asked."""
    need = np.zeros((entities.n, n_groups), bool)
    need[tests.ligand, tests.source] = True
    need[tests.receptor, tests.target] = True
    if all_groups:
        need[need.any(axis=1)] = True
    gene_need = np.zeros((n_genes, n_groups), bool)
    member_of = np.repeat(np.arange(entities.n), entities.n_subunits)
    np.logical_or.at(gene_need, entities.genes, need[member_of])
    if genes is not None:
        gene_need[genes] = True
    slots = np.full(gene_need.shape, -1, np.int64)
    slots[gene_need] = np.arange(gene_need.sum())
    first = int(gene_need.sum())

    rows = np.full(need.shape, -1, np.int64)
    single = entities.n_subunits == 1
    rows[single] = np.where(need[single], slots[entities.genes[entities.indptr[:-1][single]]], -1)
    which, group = np.nonzero(need & ~single[:, None])
    rows[which, group] = first + np.arange(which.size)
    sizes = entities.n_subunits[which]
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    inner = np.arange(indptr[-1]) - np.repeat(indptr[:-1], sizes)
    members = entities.genes[np.repeat(entities.indptr[which], sizes) + inner]
    return TableRows(slots, rows, first, indptr, slots[members, np.repeat(group, sizes)])
