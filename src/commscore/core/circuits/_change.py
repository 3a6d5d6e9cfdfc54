"""Change between conditions, samples as replicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ...stats import linear, moderation

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """Each contrast of each item, n_contrasts × n_items.

    ``tested`` where both sides have two samples; elsewhere there may still be an effect, without an error.
    """

    effect: Floats
    se: Floats
    low: Floats
    high: Floats
    pvalue: Floats
    n_ref: Ints
    n_alt: Ints
    tested: npt.NDArray[np.bool_]


def contrast_samples(values: Floats, condition: Ints, *, n_levels: int, level: float = 0.95) -> Change:
    """Set every level against level 0, item by item, with moderated variances.

    One mean per level is fitted by least squares; residual variances of all items lend each other strength
    (Smyth 2004, doi:10.2202/1544-6115.1027). Items are correlated (steps share genes), which moderation tolerates.

    Parameters
    ----------
    values
        (n_samples, n_items); NaN is missing.
    condition
        (n_samples,) level of each sample, 0 to n_levels - 1.
    n_levels
        Number of levels, at least 2.
    level
        Of the intervals.
    """
    n_items = values.shape[1]
    shape = (n_levels - 1, n_items)
    contrasts = np.column_stack([-np.ones(n_levels - 1), np.eye(n_levels - 1)])
    effect, unscaled = np.full(shape, np.nan), np.full(shape, np.nan)
    variance, df = np.full(n_items, np.nan), np.zeros(n_items)
    design = np.eye(n_levels)[condition]
    there = np.isfinite(values)
    patterns, of = np.unique(there.T, axis=0, return_inverse=True)
    for i, kept in enumerate(patterns):
        which = np.flatnonzero(of.ravel() == i)
        if not kept.any():
            continue
        fit = linear.fit(values[kept][:, which], linear.project(design[kept], contrasts))
        effect[:, which], unscaled[:, which] = fit.estimate, fit.unscaled
        variance[which], df[which] = fit.variance, fit.df
    n = np.stack([there[condition == k].sum(axis=0) for k in range(n_levels)])
    tested = (n[0] >= 2) & (n[1:] >= 2)
    se, total = _moderated(variance, df, unscaled)
    se = np.where(tested, se, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = effect / se
    half = stats.t.ppf(0.5 + level / 2, total) * se
    pvalue = np.where(tested, 2 * stats.t.sf(np.abs(t), total), np.nan)
    n_ref = np.broadcast_to(n[0], shape)
    return Change(effect, se, effect - half, effect + half, pvalue, n_ref, n[1:], tested)


def _moderated(variance: Floats, df: Floats, unscaled: Floats) -> tuple[Floats, Floats]:
    usable = np.isfinite(variance) & (df > 0)
    if usable.sum() < 3:
        return np.sqrt(variance * unscaled), np.maximum(df, 1.0)
    prior = moderation.fit_prior(variance, df)
    # no moderated item may claim more than all of them have together
    total = np.minimum(df + prior.df, max(float(df[usable].sum()), 1.0))
    return np.sqrt(prior.posterior(variance, df) * unscaled), np.maximum(total, 1.0)
