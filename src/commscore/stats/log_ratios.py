"""Log-ratios of compositions: numbers of cells, which say how much of a group there is only relative to others.

A sequenced sample holds as many cells as were loaded; of the groups' abundances it shows the ratios. A group that
expands lowers the shares of all others. Changes are therefore taken from centred log-ratios, whose centre is that of
the groups that changed together: the mode of the changes, as LinDA corrects regressions of centred log-ratios
(doi:10.1186/s13059-022-02655-5), and as scCODA sets all types against a reference (doi:10.1038/s41467-021-27150-6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays import Bools, Floats

_TIES = 1e-9


def log_cells(n_cells: npt.ArrayLike, total: npt.ArrayLike | None = None) -> Floats:
    """Return log2 numbers of cells, half a cell added.

    Parameters
    ----------
    n_cells
        (n_samples, n_groups) cells.
    total
        (n_samples,) cells of the sample. Where it is larger than the sum of the groups, the cells outside make one more
        group, the last column.

    Examples
    --------
    >>> log_cells([[31.5, 7.5]], [42.5]).tolist()
    [[5.0, 3.0, 2.0]]
    """
    known = np.asarray(n_cells, np.float64)
    if total is not None:
        outside = np.maximum(np.asarray(total, np.float64) - known.sum(axis=1), 0.0)
        known = np.column_stack([known, outside]) if outside.any() else known
    return np.asarray(np.log2(known + 0.5), np.float64)


def majority(changes: Floats) -> Bools:
    """Mark the groups whose changes lie closest together, just more than half of all.

    No other majority of the groups spans less (ties are all marked). Two groups are both marked: which of them changed,
    their ratio does not tell. What is minimised comes from the estimates alone, which are independent of the residuals
    that the tests are made of.

    Parameters
    ----------
    changes
        (q, n_groups) change of the log abundance of every group along q contrasts, each in units of its own standard
        error at equal variances, up to a number common to all groups (the unknown change of the whole). Groups are as
        far apart as in the contrast that tells them apart best. Contrasts with missing values do not count.

    Returns
    -------
    ndarray
        (n_groups,).

    Examples
    --------
    >>> import numpy as np
    >>> majority(np.array([[0.1, 2.1, -0.1, 0.0, -1.0]])).tolist()
    [True, False, True, True, False]
    """
    known = changes[np.isfinite(changes).all(axis=1)]
    n = changes.shape[1]
    if known.shape[0] == 0:
        return np.ones(n, bool)
    apart = np.abs(known[:, :, None] - known[:, None, :]).max(axis=0)
    most = apart * (1.0 + _TIES) + _TIES
    between = [np.maximum(apart[i], apart) <= most[i][:, None] for i in range(n)]  # of i and each j: which lie between
    width = np.where(np.stack([inside.sum(axis=1) for inside in between]) > n // 2, apart, np.inf)
    narrowest = width <= width.min() * (1.0 + _TIES) + _TIES
    marked = [inside[chosen].any(axis=0) for inside, chosen in zip(between, narrowest, strict=True)]
    return np.asarray(np.any(marked, axis=0), np.bool_)


def centred(logs: Floats, reference: Bools) -> Floats:
    """Return log2 ratios (n_samples, n_groups) to the geometric mean of the groups of the reference."""
    return np.asarray(logs - logs[:, reference].mean(axis=1, keepdims=True), np.float64)


def noise_scale(reference: Bools) -> Floats:
    """Return the variance (n_groups,) of every group's log-ratio where all groups vary alike, by 1, and alone.

    1 + 1/h outside a reference of h groups and 1 − 1/h inside; 0 for a reference of one group itself.
    """
    h = reference.sum()
    return np.asarray(1.0 + np.where(reference, -1.0, 1.0) / h, np.float64)


def counting_errors(n_cells: Floats, reference: Bools) -> Floats:
    """Return standard errors of the differences of two samples' log2 ratios, of counting alone.

    By the delta method for multinomial counts n: the weights w of a log-ratio sum to zero, so that its variance is
    Σ w²/n / ln²2.

    Parameters
    ----------
    n_cells
        (2, n_groups) cells, half a cell added where there are none.
    reference
        (n_groups,) groups whose geometric mean is the reference.
    """
    weight = np.eye(reference.size) - reference / reference.sum()
    return np.asarray(np.sqrt(weight**2 @ (1.0 / n_cells).sum(axis=0)) / np.log(2.0), np.float64)
