"""Does the response of a group follow an edge across samples, and with the same sign in every context? Arrays only.

Within each context (condition) the activity is regressed on log2(ligand × receptor) of the same samples. A slope is a
description: samples that share anything, from an age to a depth, share it in edge and response. Only opposite slopes of
two contexts are tested, with residual variances of their own that are moderated over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .variance import OUTSIDE, Tail, moderate_rows

if TYPE_CHECKING:
    from ..arrays import Floats, Ints


LEAST_SAMPLES = 4  # samples of a context: two for the line, two that can disagree with it
_LEAST_DF = 1e-9
_FLAT = 1e-4  # variance of an edge within a context, log2², below which there is no slope


@dataclass(frozen=True)
class Slopes:
    """Rows × contexts.

    ``slope``, ``correlation`` (of edge and response, without what context and covariates explain), ``edge`` (mean),
    ``n``, ``spread`` (variance of the slope at unit residual variance), ``variance``, ``df``.
    """

    slope: Floats
    correlation: Floats
    edge: Floats
    n: Ints
    spread: Floats
    variance: Floats
    df: Floats


def fit_slopes(edge: Floats, response: Floats, *, context: Ints, n_contexts: int, nuisance: Floats) -> Slopes:
    """Fit all rows that share their samples, every context by itself.

    A context has its own residual variance, so that one read at a lower depth does not borrow the precision of
    another.

    Parameters
    ----------
    edge, response
        (n_rows, n_samples), finite.
    context
        (n_samples,) codes below ``n_contexts``.
    nuisance
        (n_samples, p): means of the contexts and covariates.
    """
    shape = (edge.shape[0], n_contexts)
    out = Slopes(*(np.full(shape, fill) for fill in (np.nan, np.nan, np.nan, 0, np.nan, np.nan, 0.0)))
    for c, size in enumerate(np.bincount(context, minlength=n_contexts)):
        inside = context == c
        out.n[:, c] = size
        if size:
            out.edge[:, c] = edge[:, inside].mean(axis=1)
        if size >= LEAST_SAMPLES:
            _one_context(out, c, x=edge[:, inside], y=response[:, inside], nuisance=nuisance[inside])
    return out


def _one_context(out: Slopes, c: int, *, x: Floats, y: Floats, nuisance: Floats) -> None:
    basis = _basis(nuisance)
    x, y = (a - (a @ basis) @ basis.T for a in (x, y))
    df = x.shape[1] - basis.shape[1] - 1
    power = (x**2).sum(axis=1)
    rows = np.flatnonzero(power > _FLAT * x.shape[1])
    if df < 1 or rows.size == 0:
        return
    x, y, power = x[rows], y[rows], power[rows]
    together = (x * y).sum(axis=1)
    slope = together / power
    residual = y - slope[:, None] * x
    out.slope[rows, c], out.spread[rows, c] = slope, 1.0 / power
    with np.errstate(divide="ignore", invalid="ignore"):
        out.correlation[rows, c] = together / np.sqrt(power * (y**2).sum(axis=1))
    out.variance[rows, c], out.df[rows, c] = (residual**2).sum(axis=1) / df, df


def _basis(nuisance: Floats) -> Floats:
    u, s, _ = np.linalg.svd(nuisance, full_matrices=False)
    return np.asarray(u[:, s > 1e-9 * s[0]], np.float64)


def join_slopes(parts: list[Slopes]) -> Slopes:
    """All rows of several fits."""
    return Slopes(*(np.concatenate([getattr(p, f) for p in parts]) for f in Slopes.__dataclass_fields__))


def contrast_slopes(s: Slopes, first: int, second: int) -> dict[str, Floats]:
    """Difference of the slopes of two contexts (Welch), and the p-value that they have opposite signs.

    The latter is the larger of the two one-sided p-values in the direction seen, 1 where the signs agree: the
    intersection–union test of a qualitative interaction (Gail & Simon 1985, doi:10.2307/2530862). It needs
    evidence in both contexts, so an edge that works in one only is no switch; and a factor of the donors that edge
    and response share gives slopes of one sign in both, which is none either.
    """
    ends = [_moderated(s, c) for c in (first, second)]
    difference, total = s.slope[:, second] - s.slope[:, first], ends[0].variance + ends[1].variance
    tail = Tail(_welch(ends, "df"), _welch(ends, "own"), min(sum(e.tail.doubt for e in ends), 1.0))
    se = np.sqrt(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        pvalue = tail.pvalue(difference / se)
        sides = [e.tail.pvalue(s.slope[:, c] / np.sqrt(e.variance)) / 2.0 for c, e in zip((first, second), ends)]
    reach = tail.quantile(OUTSIDE) * se
    opposite = np.where(s.slope[:, first] * s.slope[:, second] < 0, np.maximum(*sides), 1.0)
    switch = np.where(np.isfinite(pvalue), opposite, np.nan)
    low, high = difference - reach, difference + reach
    return {"estimate": difference, "se": se, "pvalue": pvalue, "low": low, "high": high, "switch": switch}


@dataclass(frozen=True)
class _Context:
    """Moderated variances of the slopes of a context, and what their t-statistics are compared with."""

    variance: Floats
    tail: Tail


def _moderated(s: Slopes, c: int) -> _Context:
    variance, df = s.variance[:, c], s.df[:, c]
    # rows share samples and responses, so that many rows know little more than one: a low ceiling
    moderated, tail = moderate_rows(variance, df, ceiling=4.0 * float(df.max(initial=1.0)))
    return _Context(s.spread[:, c] * np.where(df > 0, moderated, np.nan), tail)


def _welch(ends: list[_Context], kind: str) -> Floats:
    """Degrees of freedom of a difference of two means with unequal variances."""
    squares = sum(e.variance**2 / getattr(e.tail, kind) for e in ends)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (ends[0].variance + ends[1].variance) ** 2 / squares
    return np.asarray(np.where(np.isfinite(df), np.maximum(df, _LEAST_DF), _LEAST_DF), np.float64)
