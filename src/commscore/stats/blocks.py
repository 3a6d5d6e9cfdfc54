"""Tests over blocks of a tissue, or over samples: sums that have mean zero where nothing is coupled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from ..arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class ReplicateTest:
    """``t`` of each row, the number ``n`` of its replicates, and a one-sided ``pvalue``."""

    t: Floats
    n: Ints
    pvalue: Floats

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> ReplicateTest:
        """Rows that are not tested."""
        return cls(np.full(shape, np.nan), np.zeros(shape, np.int64), np.full(shape, np.nan))


def replicate_t(values: Floats, used: Bools, *, least: int) -> ReplicateTest:
    """Test that the mean of the replicates in use is above zero, by Student's t; replicates are the first axis.

    Rows with fewer than ``least`` replicates, or whose replicates are all the same, have none.
    """
    n = used.sum(axis=0)
    some = np.maximum(n, 1)
    mean = np.where(used, values, 0.0).sum(axis=0) / some
    squares = np.where(used, (values - mean) ** 2, 0.0).sum(axis=0)
    variance = squares / np.maximum(n - 1, 1) / some
    # what is left of equal numbers by rounding is no variance
    floor = (np.where(used, np.abs(values), 0.0).max(axis=0, initial=0.0) * 1e-12) ** 2
    fine = (n >= max(least, 2)) & (variance > floor)
    t = np.divide(mean, np.sqrt(variance), out=np.full(mean.shape, np.nan), where=fine)
    pvalue = np.full(mean.shape, np.nan)
    pvalue[fine] = stats.t.sf(t[fine], n[fine] - 1)
    return ReplicateTest(t, n.astype(np.int64), pvalue)


def sign_flips(values: Floats, used: Bools, signs: Floats, *, least: int) -> Floats:
    """Return p = (1 + flips at least as high) / (flips + 1) of the sum of replicates under flipped signs.

    Exact where replicates are independent and symmetric about zero. ``signs`` (n_flips, n_replicates) are −1 or 1;
    sums that differ by rounding count as equal.
    """
    kept = np.where(used, values, 0.0)
    flat = kept.reshape(kept.shape[0], -1)
    tolerance = 1e-12 * np.abs(flat).sum(axis=0)
    higher = np.zeros(flat.shape[1], np.int64)
    for some in range(0, len(signs), 64):
        higher += (signs[some : some + 64] @ flat >= flat.sum(axis=0) - tolerance).sum(axis=0)
    pvalue = ((1 + higher) / (len(signs) + 1)).reshape(kept.shape[1:])
    return np.where(used.sum(axis=0) >= least, pvalue, np.nan)


def jackknife(whole: Floats, without: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the interval about ``whole`` from its values ``without`` each replicate (first axis), by Student's t.

    Replicates without which the value is not finite are not counted.
    """
    finite = np.isfinite(without)
    n = finite.sum(axis=0)
    some = np.maximum(n, 1)
    mean = np.where(finite, without, 0.0).sum(axis=0) / some
    squares = (np.where(finite, without - mean, 0.0) ** 2).sum(axis=0)
    half = np.sqrt(squares * (some - 1) / some) * stats.t.ppf(0.5 + level / 2, np.maximum(n - 1, 1))
    half = np.where((n > 1) & np.isfinite(whole), half, np.nan)
    return whole - half, whole + half
