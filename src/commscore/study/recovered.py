"""Raw counts out of scaled counts and their logarithms: exact, cell by cell, and only where nothing contradicts it.

log1p of counts that were divided by one number per cell (and multiplied by another) hides nothing: its exponential has
one count as the smallest value of a cell, and whole multiples of it as all others. Values that were corrected, imputed,
or measured otherwise are none, which every cell of some values tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ..core.read.tiles import Blocks

if TYPE_CHECKING:
    from ..arrays import Bools, Floats

LEAST = 0.9
"""Fraction of the cells that must come back whole; the others are left out."""
NEAR = 0.02
"""How far, in counts, a multiple may lie from a whole number; single precision adds a millionth of it."""
_RELATIVE = 2e-6
_LOOKED_AT = 500
_ROWS = 1 << 13
_FEWEST_CELLS, _FEWEST_VALUES = 10, 3
"""Cells that must tell, and values, not all of one count, with which a cell does."""
_PARTS = (1, 2, 3)
"""Counts that the smallest value of a cell may be; tried in this order."""
_LN = {"": 0.0, "log1p": 1.0, "log2(x + 1)": float(np.log(2.0)), "log10(x + 1)": float(np.log(10.0))}
"""Names of what was done to the scaled counts, nothing first, and the natural logarithm of the base."""


@dataclass(frozen=True)
class RecoveredCounts:
    """Counts as a CSR matrix, which cells came back whole, which could tell, and of which logarithm (none: empty)."""

    matrix: sparse.csr_matrix
    whole: Bools
    telling: Bools
    logarithm: str = ""

    @property
    def share(self) -> float:
        """Fraction that came back whole of the cells that could tell."""
        return float(self.whole[self.telling].mean()) if self.telling.sum() >= _FEWEST_CELLS else 0.0


def recover_counts(matrix: Any) -> RecoveredCounts | None:
    """Return the counts behind a matrix in memory, or None where most of its cells hold no such thing."""
    if isinstance(matrix, Blocks) or matrix.dtype.kind != "f":
        return None
    rows = sparse.csr_matrix(matrix)
    if not np.isfinite(rows.data).all() or (rows.data < 0).any():
        return None
    some = rows[np.unique(np.linspace(0, rows.shape[0] - 1, _LOOKED_AT).astype(np.int64))]
    shares = {name: _undone(some, scale).share for name, scale in _LN.items()}
    best = max(shares, key=lambda name: shares[name])
    if shares[best] < LEAST:
        return None
    counts = replace(_undone(rows, _LN[best]), logarithm=best)
    return counts if counts.share >= LEAST else None


def _undone(rows: sparse.csr_matrix, scale: float) -> RecoveredCounts:
    """Return all cells in counts; those that are not whole are 0."""
    counts, whole, telling = np.zeros(rows.data.size, np.float32), *np.ones((2, rows.shape[0]), bool)
    for start in range(0, rows.shape[0], _ROWS):
        bounds = rows.indptr[start : start + _ROWS + 1]
        inside, cells = slice(int(bounds[0]), int(bounds[-1])), slice(start, start + _ROWS)
        counts[inside], whole[cells], telling[cells] = _counts_of(rows.data[inside], np.diff(bounds), scale)
    return RecoveredCounts(sparse.csr_matrix((counts, rows.indices, rows.indptr), rows.shape), whole, telling)


def _counts_of(data: Any, sizes: Any, scale: float) -> tuple[Floats, Bools, Bools]:
    """Return the values of cells of these numbers of values in counts, which cells are whole, and which tell."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.expm1(data.astype(np.float64) * scale) if scale else data.astype(np.float64)
    cell = np.repeat(np.arange(sizes.size), sizes)
    smallest = np.full(sizes.size, np.inf)
    np.minimum.at(smallest, cell, np.where(values > 0, values, np.inf))
    out, whole = np.zeros(values.size), ~np.isfinite(smallest)  # a cell without any value has no count
    for part in _PARTS:
        with np.errstate(over="ignore", invalid="ignore"):
            multiples = values / smallest[cell] * part
            nearest = np.rint(multiples)
            off = ~(np.abs(multiples - nearest) <= NEAR + _RELATIVE * multiples)
        fits = (np.bincount(cell[off], minlength=sizes.size) == 0) & ~whole
        out = np.where(fits[cell], nearest, out)
        whole |= fits
    largest = np.zeros(sizes.size)
    np.maximum.at(largest, cell, np.where(values > 0, values, 0.0))
    telling = (np.bincount(cell, values > 0, minlength=sizes.size) >= _FEWEST_VALUES) & (largest / 1.5 > smallest)
    return out, whole, telling
