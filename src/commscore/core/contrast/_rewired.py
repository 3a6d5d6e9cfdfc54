"""Whether an interaction has another main source or main target at the other end of a contrast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.special import stdtr

from ...stats.multiple import benjamini_hochberg
from ._context import log_abundance

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints, Tests
    from ._model import Model
    from ._types import Cohort, Contrast, Settings

Leads: TypeAlias = "Callable[[Ints, Ints, Ints], Floats]"
"""(first leader, second leader, entity) -> p-value against both leading the other, each at its end."""


def rewired(cohort: Cohort, model: Model, tests: Tests, *, contrast: Contrast, settings: Settings) -> Bools:
    """Mark the rows of interactions whose main source or main target is surely another group at the other end.

    The main source has the highest abundance · ligand (log2 means over the samples of a level, among groups
    that express it there), the main target the highest abundance · receptor. Each of the two groups must lead the
    other at its end by more than the margin, and by a t-test of the paired differences between both groups over the
    samples; the larger p of both ends counts, adjusted over sides and interactions.
    """
    if contrast.kind == "interaction":
        return np.zeros(tests.n, bool)
    present = cohort.present.T
    flow = np.where(present[:, :, None], model.rows.value + log_abundance(cohort).T[:, :, None], np.nan)
    ends = [cohort.condition == contrast.ref[0], cohort.condition == contrast.alt[-1]]
    means = [mean_flows(flow, model.rows.prop, present & end, least=settings.expr_prop) for end in ends]

    def lead(first: Ints, second: Ints, entity: Ints) -> Floats:
        difference = flow[first, :, entity] - flow[second, :, entity]
        return _both_lead(difference, ends, settings=settings)

    return leaders_changed(means, tests, lead, alpha=settings.alpha)


def mean_flows(flow: Floats, prop: Floats, there: Bools, *, least: float) -> Floats:
    """Mean log2 (abundance · expression) per group × entity at one end; −inf where not expressed."""
    n = there.sum(axis=1)[:, None]
    value = np.where(there[:, :, None], flow, 0.0).sum(axis=1)
    expressed = np.where(there[:, :, None], prop, 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((n > 0) & (expressed / n >= least), value / n, -np.inf)


def _both_lead(difference: Floats, ends: list[Bools], *, settings: Settings) -> Floats:
    """P-value of paired differences (m, n_samples): positive at the first end and negative at the second.

    One variance for both ends: with three samples per end, two degrees of freedom each would say nothing.
    """
    sizes, means, squares = [], [], []
    for end in ends:
        values = difference[:, end]
        known = np.isfinite(values)
        n = known.sum(axis=1)
        mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(n, 1)
        sizes.append(n)
        means.append(mean)
        squares.append(np.where(known, values - mean[:, None], 0.0) ** 2)
    df = np.maximum(sizes[0] + sizes[1] - 2, 1)
    spread = np.sqrt((squares[0].sum(axis=1) + squares[1].sum(axis=1)) / df)
    leads = means[0], -means[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.minimum(*(lead / (spread / np.sqrt(n)) for lead, n in zip(leads, sizes, strict=True)))
    shown = (np.minimum(*sizes) >= settings.min_samples) & (np.minimum(*leads) > settings.margin)
    return np.where(shown, 2.0 * stdtr(df, -np.abs(t)), 1.0)


def leaders_changed(flows: list[Floats], tests: Tests, leads: Leads, *, alpha: float) -> Bools:
    """Mark rows whose interaction has another main source or main target at the second end; the same in all its rows.

    ``flows``: log2 (abundance · expression) of group × entity at both ends, −inf where it does not count.
    """
    if tests.n == 0:
        return np.zeros(0, bool)
    n_groups = flows[0].shape[0]
    pair = tests.ligand * (int(tests.receptor.max()) + 1) + tests.receptor
    _, first, interaction = np.unique(pair, return_index=True, return_inverse=True)
    pvalue = []
    for entity, group in ((tests.ligand, tests.source), (tests.receptor, tests.target)):
        which, where = np.divmod(np.unique(interaction * n_groups + group), n_groups)
        key = np.column_stack([which, where, entity[first[which]]])
        pvalue.append(_leader_changed(flows, key, leads))
    either = np.minimum(2.0 * np.fmin(*pvalue), 1.0)
    return np.asarray((np.nan_to_num(benjamini_hochberg(either), nan=1.0) <= alpha)[interaction], np.bool_)


def _leader_changed(flows: list[Floats], key: Ints, leads: Leads) -> Floats:
    """Per interaction: p-value that its leading group does not differ between the ends; NaN where there is none."""
    starts = np.flatnonzero(np.diff(key[:, 0], prepend=-1))
    values = [flow[key[:, 1], key[:, 2]] for flow in flows]
    leaders = [_first_of_largest(v, starts) for v in values]
    expressed = np.isfinite(values[0][leaders[0]]) & np.isfinite(values[1][leaders[1]])
    pvalue = np.where(expressed, 1.0, np.nan)
    at = np.flatnonzero(expressed & (leaders[0] != leaders[1]))
    one, other = (leader[at] for leader in leaders)
    pvalue[at] = leads(key[one, 1], key[other, 1], key[one, 2])
    return pvalue


def _first_of_largest(values: Floats, starts: Ints) -> Ints:
    """Position of the largest value of each run."""
    top = np.maximum.reduceat(values, starts)
    run = np.repeat(np.arange(starts.size), np.diff(np.append(starts, values.size)))
    hits = np.flatnonzero(values == top[run])
    return hits[np.searchsorted(run[hits], np.arange(starts.size))]
