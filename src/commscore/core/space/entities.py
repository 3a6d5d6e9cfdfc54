"""Ligands and receptors cell by cell: the values of complexes from those of their subunits."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import GeneColumns

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Entities


def entity_columns(columns: GeneColumns, entities: Entities, rule: str) -> GeneColumns:
    """Return one column per entity; a complex has, in every cell, the least, the geometric or the plain mean.

    For the first two, a cell that lacks a subunit has nothing of the complex.
    """
    parts = [_joined(columns, entities.genes[a:b], rule) for a, b in _bounds(entities.indptr)]
    indptr = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([rows.size for _, rows in parts], out=indptr[1:])
    data = np.concatenate([d for d, _ in parts])
    return GeneColumns(data, np.concatenate([r for _, r in parts]), indptr, columns.n_cells, columns.seen)


def _bounds(indptr: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    return list(zip(indptr[:-1].tolist(), indptr[1:].tolist(), strict=True))


def _joined(
    columns: GeneColumns, genes: npt.NDArray[np.int64], rule: str
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint32]]:
    """Return values and cells of one entity."""
    some = [slice(columns.indptr[g], columns.indptr[g + 1]) for g in genes.tolist()]
    if len(some) == 1:
        return columns.data[some[0]], columns.rows[some[0]]
    every = [columns.rows[s] for s in some]
    rows = reduce(np.union1d if rule == "mean" else np.intersect1d, every)
    values = np.zeros((len(some), rows.size))
    for i, s in enumerate(some):
        shared = np.isin(columns.rows[s], rows, assume_unique=True)
        values[i, np.searchsorted(rows, columns.rows[s][shared])] = columns.data[s][shared]
    if rule == "geometric":
        joined = np.exp(np.log(values).mean(axis=0))
    else:
        joined = values.mean(axis=0) if rule == "mean" else values.min(axis=0)
    return joined.astype(columns.data.dtype), rows.astype(np.uint32)
