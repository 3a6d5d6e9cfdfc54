"""On which scale expression is: a warning where it cannot be the logarithm, taken once, of normalised counts.

In counts of molecules that were divided by one number per cell, the values of a cell are multiples of the smallest one.
So they are before the logarithm; after it, their exponentials are; after two, the exponentials of these. Values without
this pattern (full-length protocols, corrected or imputed data) say nothing and give no warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from .._validate import warn

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

HIGHEST = 30.0
"""Log2 of 10⁹: no logarithm of normalised counts reaches it."""
CELLS = 200
LEVELS = 8
LEAST = 10
"""Cells that are looked at; their lowest values; and how many cells must say something."""
FARTHEST = 20.0
"""Multiples up to this are told from chance."""
MOST, FEW = 0.7, 0.2
"""Fractions of the cells that speak for one scale and against the other."""


def warn_of_scale(matrix: Any, name: str, *, highest: float) -> None:
    """Warn where values are not logarithms, or logarithms of logarithms.

    Parameters
    ----------
    matrix
        Cells × genes. Looked into where rows can be taken from it at once: CSR or dense, in memory.
    name
        Of the matrix, for the message.
    highest
        Largest value of the genes that are used.
    """
    plain, once, twice = _speak(matrix)
    if highest > HIGHEST or (plain >= MOST and once <= FEW):
        why = f"its values reach {highest:.4g}" if highest > HIGHEST else "a cell's values are multiples of one"
        warn(
            f"{name} looks normalised, but not log-transformed ({why}), so that few cells with high values decide the "
            "means; if so, sc.pp.log1p(adata) first, or give the layer= that holds log-normalised expression"
        )
    elif twice >= MOST and once <= FEW:
        warn(
            f"{name} looks log-transformed twice (the values of a cell become multiples of another only after two "
            "exponentials); call sc.pp.log1p once, or give the layer= that holds log-normalised expression"
        )


def _speak(matrix: Any) -> tuple[float, float, float]:
    """Return the fraction of cells in which the values, their exponentials, and those of these are multiples."""
    rows = [v for v in _levels(matrix) if v.size >= 3]
    if len(rows) < LEAST:
        return 0.0, 0.0, 0.0
    values = np.full((len(rows), LEVELS), np.nan)
    for at, row in zip(values, rows, strict=True):
        at[: row.size] = row
    with np.errstate(over="ignore", invalid="ignore"):
        plain, natural, binary, twice = (_multiples(f(values)).mean() for f in (_same, np.expm1, _log2, _twice))
    return float(plain), float(max(natural, binary)), float(twice)


def _levels(matrix: Any) -> list[Floats]:
    """Lowest different values above zero of some cells."""
    if not isinstance(matrix, np.ndarray) and getattr(matrix, "format", "") != "csr":
        return []
    at = np.unique(np.linspace(0, matrix.shape[0] - 1, CELLS).astype(np.int64))
    part = sparse.csr_matrix(matrix[at])
    rows = [part.data[a:b].astype(np.float64) for a, b in zip(part.indptr[:-1], part.indptr[1:], strict=True)]
    return [np.unique(v[v > 0])[:LEVELS] for v in rows]


def _same(values: Floats) -> Floats:
    return values


def _log2(values: Floats) -> Floats:
    return np.asarray(np.exp2(values) - 1, np.float64)


def _twice(values: Floats) -> Floats:
    return np.asarray(np.expm1(np.expm1(values)), np.float64)


def _multiples(values: Floats) -> npt.NDArray[np.bool_]:
    """Whether the values of a row (ascending, then NaN) are multiples of its first one."""
    ratio = values / values[:, :1]
    near = np.isfinite(ratio) & (ratio <= FARTHEST)
    whole = (np.abs(ratio - np.rint(ratio)) <= 1e-3 * ratio) | ~near
    several = (near.sum(axis=1) >= 3) & (np.where(near, ratio, 0.0).max(axis=1) > 1.5)
    return np.asarray(several & whole.all(axis=1))
