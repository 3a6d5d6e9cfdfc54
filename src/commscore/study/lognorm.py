"""Log-normalised values in place of counts: their means over the cells of a sample, and what depth does to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from .._validate import as_written, warn
from ..core.read.pseudobulk import Pseudobulk, pseudobulk
from ..core.read.tiles import Blocks
from ..tables.compare import SCALES
from .expression import Expression, read_expression
from .scale import warn_of_scale

__all__ = ["SCALES", "LogNormalised", "add_up_lognorm", "refuse_unequal_depth"]

if TYPE_CHECKING:
    from anndata import AnnData

    from ..arrays import Floats, Ints
    from ..core.threads import Team
    from .samples import Study

MOST = 0.5
"""Difference of log2 depth between conditions from which nothing is compared: depth would be taken for change."""
_CAUTION = "scale='lognorm': means of normalised values are compared, whose noise of counting is not known"


@dataclass(frozen=True)
class LogNormalised:
    """The matrix with the values back on the scale of counts of a cell of typical depth, and the depth of each cell.

    ``depth`` is log2, up to a constant: of the inverse of the smallest value, which is one count where it is any.
    """

    source: Expression
    depth: Floats

    @classmethod
    def read(cls, adata: AnnData, *, layer: str | None, use_raw: bool, gene_symbols: str | None) -> LogNormalised:
        """Read the matrix; it must be in memory, and can be log-normalised expression.

        Raises
        ------
        ValueError
            If it is on disk, or holds negative values, NaN or whole numbers.
        """
        source = read_expression(
            adata, layer=layer, use_raw=use_raw, gene_symbols=gene_symbols, argument="counts_layer"
        )
        if isinstance(source.matrix, Blocks):
            msg = f"scale='lognorm' needs {source.name} in memory; call adata = adata.to_memory() first"
            raise ValueError(msg)  # noqa: TRY004
        rows = sparse.csr_matrix(source.matrix)
        if not np.isfinite(rows.data).all() or (rows.data < 0).any() or not (rows.data % 1).any():
            msg = (
                f"scale='lognorm' needs log-normalised values, and {source.name} holds negative ones, NaN, or whole "
                "numbers alone; name another layer with counts_layer=, or leave out scale= for raw counts"
            )
            raise ValueError(msg)
        warn_of_scale(source.matrix, source.name, highest=float(rows.data.max(initial=0.0)))
        values = np.expm1(rows.data.astype(np.float64))
        cell = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        smallest = np.full(rows.shape[0], np.inf)
        np.minimum.at(smallest, cell, np.where(values > 0, values, np.inf))
        depth = -np.log2(smallest)
        typical = 2.0 ** float(np.median(depth[np.isfinite(depth)]))
        matrix = sparse.csr_matrix((values * typical, rows.indices, rows.indptr), rows.shape)
        return cls(replace(source, matrix=matrix, fractional=True), depth)


def add_up_lognorm(values: LogNormalised, study: Study, columns: Ints, *, team: Team) -> Pseudobulk:
    """Add up the values by sample and group; a cell expresses a gene where its value is above zero."""
    matrix, source = values.source.matrix, values.source
    where: dict[str, Any] = {
        "cells": study.cells,
        "sample": study.sample,
        "group": study.group,
        "shape": (len(study.samples), len(study.groups)),
        "columns": columns,
        "team": team,
    }
    above = sparse.csr_matrix(((matrix.data > 0).astype(np.float32), matrix.indices, matrix.indptr), matrix.shape)
    prop = pseudobulk(replace(source, matrix=above).reading, **where).prop
    return replace(pseudobulk(source.reading, **where), prop=prop)


def refuse_unequal_depth(values: LogNormalised, study: Study) -> None:
    """Warn of what depth does to such a comparison; raise where it follows the condition.

    Raises
    ------
    ValueError
        If the samples of two levels that are contrasted differ in depth by half a log2 or more.
    """
    depth = values.depth[study.cells]
    there = np.isfinite(depth)
    of_samples = [depth[there & (study.sample == s)] for s in range(len(study.samples))]
    medians = np.array([np.median(d) if d.size else np.nan for d in of_samples])
    means = {level: np.nanmean(medians[study.condition == k]) for k, level in enumerate(study.levels)}
    largest = max(((abs(means[a] - means[b]), a, b) for a, b in study.pairs), default=(0.0, "", ""))
    apart = f"a factor of {2.0 ** largest[0]:.2g} between {as_written(largest[1])} and {as_written(largest[2])}"
    if largest[0] >= MOST:
        msg = (
            f"scale='lognorm': depth follows the condition ({apart}, by the smallest value of the cells), and would be "
            "taken for change: at half the depth and low counts 0.31 of unchanged rows had p ≤ 0.05. Give raw counts, "
            "or samples of equal depth"
        )
        raise ValueError(msg)
    warn(
        f"{_CAUTION}. Depth differs by {apart} here; at half the depth in one condition and low counts 0.31 of "
        "unchanged rows had p ≤ 0.05. Use raw counts if you can get them"
    )
