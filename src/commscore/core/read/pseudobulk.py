"""Pseudobulk: raw counts of the cells of each sample × group added up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ...kernels import pseudobulk as kernels
from .sums import WithSums
from .tiles import Blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...arrays import Bools, Floats, Ints
    from ..threads import Team
    from .tiles import Tile


@dataclass(frozen=True)
class Pseudobulk:
    """Sums over cells, samples × groups (× genes).

    ``counts`` (n_samples × n_groups × n_genes) of the genes of the problem, ``library`` (n_samples ×
    n_groups) over all genes of the matrix, ``n_cells`` (n_samples × n_groups), ``prop`` (as ``counts``) the
    fraction of cells with a count, NaN without cells. ``seen`` are the bits of
    :mod:`commscore.kernels.pseudobulk` over all values. ``profile`` (n_samples × n_groups × n_vars) are the counts
    of all genes of the matrix, None where they are not kept.
    """

    counts: Floats
    library: Floats
    n_cells: Ints
    prop: Floats
    seen: int
    profile: Floats | None = None

    @property
    def all_counts(self) -> Floats:
        """The profile, where it must be there."""
        if self.profile is None:
            msg = "the counts of all genes were not kept"
            raise ValueError(msg)
        return self.profile

    def of_groups(self, kept: Bools) -> Pseudobulk:
        """Keep some groups."""
        if kept.all():
            return self
        profile = None if self.profile is None else self.profile[:, kept]
        return Pseudobulk(
            self.counts[:, kept], self.library[:, kept], self.n_cells[:, kept], self.prop[:, kept], self.seen, profile
        )

    def joined(self, members: Sequence[Sequence[int]]) -> Pseudobulk:
        """Join groups: the numbers of those in each pool; pools may share groups."""
        n_cells = joined(self.n_cells, members)
        expressed: Any = np.nan_to_num(self.prop) * self.n_cells[:, :, None]
        with np.errstate(invalid="ignore"):
            prop = joined(expressed, members) / n_cells[:, :, None]
        profile = None if self.profile is None else joined(self.profile, members)
        return Pseudobulk(
            joined(self.counts, members), joined(self.library, members), n_cells, prop, self.seen, profile
        )

    def without_profile(self) -> Pseudobulk:
        """Let go of the counts of all genes, by far the largest part."""
        return replace(self, profile=None)


def joined(array: Any, members: Sequence[Sequence[int]]) -> Any:
    """Add up the groups of every pool, on the second axis."""
    return np.stack([array[:, list(m)].sum(axis=1) for m in members], axis=1)


def pseudobulk(
    matrix: Any,
    *,
    cells: Ints,
    sample: Ints,
    group: Ints,
    shape: tuple[int, int],
    columns: Ints,
    team: Team,
    totals: Floats | None = None,
) -> Pseudobulk:
    """Add up ``matrix[cells]`` by sample and group, in one pass, without densifying.

    Parameters
    ----------
    matrix
        n_obs × n_vars counts, CSR, CSC, another sparse format, or a 2-D array, of any numeric type;
        :class:`~commscore.core.read.tiles.Blocks` of them; or either
        :class:`~commscore.core.read.sums.WithSums`, which count in no library and no profile.
    cells, sample, group
        Positions of the cells in the matrix, and of each the number of its sample and its group.
    shape
        Number of samples and of groups.
    columns
        Positions of the genes of the problem; the library and the profile are over all columns.
    team
        Threads to use; they do not change the result.
    totals
        (n_obs,) total count of every cell where the matrix does not hold all genes that were counted: the library
        is their sum.
    """
    if isinstance(matrix, WithSums):
        where: dict[str, Any] = {"cells": cells, "sample": sample, "group": group, "shape": shape, "team": team}
        return _bulk_with_sums(matrix, columns, where, totals=totals)
    n_bins = shape[0] * shape[1]
    labels = sample * shape[1] + group
    gene_of = np.full(matrix.shape[1], -1, np.int64)
    gene_of[columns] = np.arange(columns.size)
    if isinstance(matrix, Blocks):
        label_of = np.full(matrix.shape[0], -1, np.int64)
        label_of[cells] = labels
        total, expressed, seen = np.zeros((n_bins, matrix.shape[1])), np.zeros((n_bins, columns.size)), 0
        for tile, part in matrix.each(_BulkTask(label_of, gene_of, columns.size), team):
            total[part.bins, tile.columns] += part.total
            expressed[part.bins] += part.expressed
            seen |= part.seen
    else:
        total, expressed, seen = _sums(matrix, cells, labels, gene_of=gene_of, size=(n_bins, columns.size), team=team)
    n_cells = np.bincount(labels, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        prop = expressed / n_cells[:, None]
        library: Any = total.sum(axis=1) if totals is None else np.bincount(labels, totals[cells], minlength=n_bins)
    return Pseudobulk(
        total[:, columns].reshape(*shape, -1),
        library.reshape(shape),
        n_cells.reshape(shape),
        prop.reshape(*shape, -1),
        seen,
        total.reshape(*shape, -1),
    )


def _bulk_with_sums(matrix: WithSums, columns: Ints, where: dict[str, Any], *, totals: Floats | None) -> Pseudobulk:
    """Add up columns of the matrix, then its sums, which are read in a pass of their own."""
    is_sum = columns >= matrix.shape[1]
    own = pseudobulk(matrix.matrix, columns=columns[~is_sum], totals=totals, **where)
    if not is_sum.any():
        return own
    sums = pseudobulk(matrix.only(columns[is_sum]), columns=np.arange(is_sum.sum()), **where)
    counts, prop = (np.empty((*own.library.shape, columns.size)) for _ in range(2))
    counts[:, :, ~is_sum], counts[:, :, is_sum] = own.counts, sums.counts
    prop[:, :, ~is_sum], prop[:, :, is_sum] = own.prop, sums.prop
    return replace(own, counts=counts, prop=prop, seen=own.seen | sums.seen)


@dataclass(frozen=True)
class _TileSums:
    """Of the bins that have cells in a tile: counts of the tile's columns, cells that express the genes."""

    bins: Ints
    total: Floats
    expressed: Floats
    seen: int


@dataclass(frozen=True)
class _BulkTask:
    """The sums of every tile; ``label_of`` (n_obs) is -1 where a cell takes no part."""

    label_of: Ints
    gene_of: Ints
    n_genes: int

    def on(self, tile: Tile) -> _BulkWork:
        cells = np.flatnonzero(self.label_of[tile.rows] >= 0)
        return _BulkWork(cells, self.label_of[tile.rows][cells], self.gene_of[tile.columns], self.n_genes)


@dataclass(frozen=True)
class _BulkWork:
    cells: Ints
    labels: Ints
    gene_of: Ints
    n_genes: int

    def __call__(self, block: Any, team: Team) -> _TileSums:
        bins, labels = np.unique(self.labels, return_inverse=True)
        size = bins.size, self.n_genes
        return _TileSums(bins, *_sums(block, self.cells, labels, gene_of=self.gene_of, size=size, team=team))


def _sums(
    matrix: Any, cells: Ints, labels: Ints, *, gene_of: Ints, size: tuple[int, int], team: Team
) -> tuple[Floats, Floats, int]:
    """Add up the cells of a matrix in memory: counts, cells that express, what was seen; ``size`` bins and genes.

    Threads share the sums: each has bins (of CSC: columns) of its own.
    """
    out = np.zeros((size[0], matrix.shape[1])), np.zeros(size)
    if sparse.issparse(matrix) and matrix.format == "csc":
        label_of = np.full(matrix.shape[0], -1, np.int64)
        label_of[cells] = labels

        def of_columns(a: int, b: int) -> Any:
            return kernels.add_csc(matrix.data, matrix.indices, matrix.indptr, a, b, label_of, gene_of, *out)

        seen: Any = team.run(of_columns, matrix.shape[1])
        return *out, _bits(seen)
    rows: Any = matrix.tocsr() if sparse.issparse(matrix) else np.asarray(matrix)
    order = np.argsort(labels, kind="stable")
    cells, labels = cells[order], labels[order]
    starts = np.searchsorted(labels, np.arange(size[0] + 1))

    def of_bins(a: int, b: int) -> Any:
        some = slice(starts[a], starts[b])
        if sparse.issparse(rows):
            return kernels.add_csr(rows.data, rows.indices, rows.indptr, cells[some], labels[some], gene_of, *out)
        return kernels.add_dense(rows, cells[some], labels[some], gene_of, *out)

    seen = team.run(of_bins, size[0])
    return *out, _bits(seen)


def _bits(seen: list[int]) -> int:
    return int(np.bitwise_or.reduce(np.asarray(seen, np.int64), initial=0))
