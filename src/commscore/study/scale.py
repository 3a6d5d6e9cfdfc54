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
from ..core.read.tiles import Blocks, Take

if TYPE_CHECKING:
    from ..arrays import Bools, Floats


HIGHEST = 30.0
"""Log2 of 10⁹: no logarithm of normalised counts reaches it."""
LOGARITHM = 12.0
"""Natural logarithm of 160,000: that of counts scaled to 10,000 or 100,000 in all is less."""
CELLS = 200
"""Cells that are looked at."""
MOST_VALUES = 1 << 25
"""Values of a matrix by columns up to which its rows are taken: that turns the whole of it."""
LEVELS = 8
"""Lowest different values of a cell that are looked at."""
LEAST = 10
"""Cells that must have enough different values for anything to be said."""
FARTHEST = 20.0
"""Multiples up to this are told from chance."""
MOST, FEW = 0.7, 0.2
"""Fractions of the cells that speak for one scale and against the other."""
TOLD = 1000.0
"""Counts up to this come back whole from single precision."""
UNITS = 100.0
"""Multiples of a difference up to this are told from chance."""
NEARLY_ALL = 0.9
EVERYWHERE = 0.99
"""Fraction of values above zero that no counts have: the genes of some cells are always missed."""
EVEN = 0.01
"""Coefficient of variation of the cells' totals up to which they were brought to one total."""


def warn_of_scale(matrix: Any, name: str, *, highest: float) -> None:
    """Warn where values are not logarithms, are logarithms of logarithms or of unnormalised counts, or have no zeros.

    Parameters
    ----------
    matrix
        Cells × genes. Some cells are looked at: of a matrix in blocks, cells of the first block.
    name
        Of the matrix, for the message.
    highest
        Largest value of the genes that are used.
    """
    cells = _some_cells(matrix)
    rows = [v for v in _levels(cells) if v.size >= 3]
    _warn_if_no_zeros(cells, rows, name)
    plain, once, twice = _speak(rows)
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
    elif len(rows) >= LEAST:
        _warn_if_not_normalised(cells, rows, name)


def warn_of_base(matrix: Any, name: str) -> None:
    """Warn where values become multiples of one as powers of 2 or 10, not of e: their sums would be wrong."""
    rows = [v for v in _levels(_some_cells(matrix)) if v.size >= 3]
    natural = _share(rows, np.expm1)
    for base, back in (("2", _log2), ("10", _log10)):
        if _share(rows, back) >= MOST and natural <= FEW:
            warn(
                f"{name} looks like logarithms to the base {base}, and alternatives of a molecule's steps are added up "
                "as natural ones, which gives sums that are too "
                f"{'low' if base == '2' else 'high'}; give natural logarithms (sc.pp.log1p), or multiply by ln({base})"
            )


def against_counts(matrix: Any) -> str:
    """Say what speaks against values with fractions being counts (corrected ones); nothing if nothing does."""
    cells = _some_cells(matrix)
    if cells is None or not cells.nnz:
        return "is in blocks of genes, so that no cell can be looked at as a whole"
    if not np.isfinite(cells.data).all() or (cells.data < 0).any():
        return "holds negative values or none, as scaled data do"
    every = np.unique(cells.data[cells.data > 0].astype(np.float64))
    if every.size >= 3 and _of_counts(every):
        return ""  # counts times one number
    rows = [v for v in _levels(cells) if v.size >= 3]
    plain, once, _ = _speak(rows)
    if plain >= MOST:
        return "holds values that are multiples of another one in each cell, as normalised data do"
    if once >= MOST and plain <= FEW:
        return "holds values whose exponentials are multiples of one, as log-normalised data do"
    for of, back in (("", _same), (" of e^x − 1", np.expm1), (" of 2^x − 1", _log2), (" of 10^x − 1", _log10)):
        if _evened(cells, back):
            return f"has the same total{of} in every cell, as normalised data do"
    return "" if cells.data.max() > LOGARITHM else "holds no value that a logarithm could not have"


def _evened(cells: sparse.csr_matrix, back: Any) -> bool:
    """Whether the totals of the cells are one number, after a logarithm is undone."""
    with np.errstate(over="ignore", invalid="ignore"):
        totals = _totals(cells, back)
    if totals.size < LEAST or not np.isfinite(totals).all():
        return False
    relative = totals / totals.max()
    return bool(relative.std() <= EVEN * relative.mean())


def _totals(cells: sparse.csr_matrix, back: Any) -> Floats:
    values = sparse.csr_matrix((back(cells.data.astype(np.float64)), cells.indices, cells.indptr), cells.shape)
    totals = np.asarray(values.sum(axis=1), np.float64).ravel()
    return totals[totals > 0]


def _warn_if_no_zeros(cells: sparse.csr_matrix | None, rows: list[Floats], name: str) -> None:
    """Warn where nearly every gene is expressed in every cell, as after denoising; not for few genes of high counts."""
    if cells is None or cells.shape[0] < LEAST or (cells.data > 0).sum() < EVERYWHERE * np.prod(cells.shape):
        return
    if rows and np.mean([_of_counts(np.expm1(row)) or _of_counts(_log2(row)) for row in rows]) > NEARLY_ALL:
        return
    warn(
        f"{name} has no zeros, as denoised, imputed or smoothed data have none: every gene counts as expressed in "
        "every cell, so that expr_prop leaves nothing out, and cells are no longer independent; give the layer= that "
        "holds log-normalised measured counts"
    )


def _warn_if_not_normalised(cells: sparse.csr_matrix | None, rows: list[Floats], name: str) -> None:
    """Warn where exponentials are whole numbers, and the totals of the cells differ: logarithms of raw counts."""
    if cells is None:
        return
    for name_of, back in (("log1p", np.expm1), ("log2(x + 1)", _log2), ("log10(x + 1)", _log10)):
        with np.errstate(over="ignore", invalid="ignore"):
            whole = np.mean([_whole(back(row)) for row in rows])
            totals = _totals(cells, back)
        if whole >= MOST and totals.std() > EVEN * totals.mean():
            warn(
                f"{name} looks like {name_of} of raw counts that were not normalised (the counts come back as whole "
                "numbers), so that a group of deeply sequenced cells seems to communicate; "
                "sc.pp.normalize_total(adata, target_sum=1e4) before sc.pp.log1p(adata), or give the layer= that holds "
                "log-normalised expression"
            )
            return


def _whole(values: Floats) -> bool:
    """Whether the smaller values, at least three, are whole; of large ones single precision cannot tell."""
    small = values[values <= TOLD]
    return small.size >= 3 and bool((np.abs(small - np.rint(small)) <= 1e-3).all())


def _of_counts(values: Floats) -> bool:
    """Whether values (ascending) are multiples of their smallest difference, of its half or third, as counts are."""
    unit = np.diff(values).min()
    for part in (1, 2, 3):
        multiple = values[values <= UNITS * unit / part] * part / unit
        nearest = np.rint(multiple)
        if multiple.size >= 3 and nearest[0] >= 1 and (np.abs(multiple - nearest) <= 0.02).all():
            return True
    return False


def _speak(rows: list[Floats]) -> tuple[float, float, float]:
    """Return the fraction of cells in which the values, their exponentials, and those of these are multiples."""
    plain, natural, binary, twice = (_share(rows, back) for back in (_same, np.expm1, _log2, _twice))
    return plain, max(natural, binary), twice


def _share(rows: list[Floats], back: Any) -> float:
    """Return the fraction of cells whose values, after a logarithm is undone, are multiples of one; 0 of few cells."""
    if len(rows) < LEAST:
        return 0.0
    values = np.full((len(rows), LEVELS), np.nan)
    for at, row in zip(values, rows, strict=True):
        at[: row.size] = row
    with np.errstate(over="ignore", invalid="ignore"):
        return float(_multiples(back(values)).mean())


def _some_cells(matrix: Any) -> sparse.csr_matrix | None:
    """Return some cells in memory; None where a block does not hold all genes, or rows cannot be taken at once."""
    whole = matrix.shape[1]
    if isinstance(matrix, Blocks):
        matrix = _first_rows(matrix)
        if matrix.shape[1] != whole:
            return None
    elif not isinstance(matrix, np.ndarray) and getattr(matrix, "format", "") != "csr" and matrix.nnz > MOST_VALUES:
        return None
    at = np.unique(np.linspace(0, matrix.shape[0] - 1, CELLS).astype(np.int64))
    return sparse.csr_matrix(matrix[at] if isinstance(matrix, np.ndarray) else matrix.tocsr()[at])


def _first_rows(blocks: Blocks) -> Any:
    """Return the first rows of a matrix in blocks, whose columns may be apart; fewer columns where that is too much."""
    parts: list[Any] = []
    for tile, block in blocks.each(Take()):
        n_values = block.shape[0] * block.shape[1] * (len(parts) + 1)
        if tile.start or (parts and n_values > MOST_VALUES):
            break
        parts.append(block)
    if len(parts) == 1:
        return parts[0]
    rows = min(part.shape[0] for part in parts)
    return sparse.hstack([sparse.csr_matrix(part[:rows]) for part in parts], format="csr")


def _levels(cells: sparse.csr_matrix | None) -> list[Floats]:
    """Lowest different values above zero of each cell."""
    if cells is None:
        return []
    bounds = zip(cells.indptr[:-1], cells.indptr[1:], strict=True)
    rows = [cells.data[a:b].astype(np.float64) for a, b in bounds]
    return [np.unique(v[v > 0])[:LEVELS] for v in rows]


def _same(values: Floats) -> Floats:
    return values


def _log2(values: Floats) -> Floats:
    return np.asarray(np.exp2(values) - 1, np.float64)


def _log10(values: Floats) -> Floats:
    return np.asarray(np.power(10.0, values) - 1, np.float64)


def _twice(values: Floats) -> Floats:
    return np.asarray(np.expm1(np.expm1(values)), np.float64)


def _multiples(values: Floats) -> Bools:
    """Whether the values of a row (ascending, then NaN) are multiples of its first one."""
    ratio = values / values[:, :1]
    near = np.isfinite(ratio) & (ratio <= FARTHEST)
    whole = (np.abs(ratio - np.rint(ratio)) <= 1e-3 * ratio) | ~near
    several = (near.sum(axis=1) >= 3) & (np.where(near, ratio, 0.0).max(axis=1) > 1.5)
    return np.asarray(several & whole.all(axis=1))
