"""Does the response of a group follow an edge across samples, and with the same sign in every context? Arrays only.

Within each context (condition) the activity is regressed on log2(ligand × receptor) of the same samples, with a
residual variance of its own that is moderated over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from . import _fit

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

LEAST = 4  # samples of a context: two for the line, two that can disagree with it
_FLAT = 1e-4  # variance of an edge within a context, log2², below which there is no slope


@dataclass(frozen=True)
class Slopes:
    """Rows × contexts: ``slope``, ``edge`` (mean), ``n``, ``spread`` (unscaled variance), ``variance``, ``df``."""

    slope: Floats
    edge: Floats
    n: npt.NDArray[np.int64]
    spread: Floats
    variance: Floats
    df: Floats


def slopes(
    edge: Floats, response: Floats, *, context: npt.NDArray[np.int64], n_contexts: int, nuisance: Floats
) -> Slopes:  # fmt: skip
    """Fit all rows that share their samples, every context by itself.

    A context has its own residual variance, so that one read at a lower depth does not borrow the precision of
    another (no change planted, 5 samples per context: 0.054 ± 0.007 of the slopes have p ≤ 0.05, 0.056 ± 0.009 where
    one has half the depth).

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
    out = Slopes(*(np.full(shape, fill) for fill in (np.nan, np.nan, 0, np.nan, np.nan, 0.0)))
    for c, size in enumerate(np.bincount(context, minlength=n_contexts)):
        inside = context == c
        out.n[:, c] = size
        if size:
            out.edge[:, c] = edge[:, inside].mean(axis=1)
        if size >= LEAST:
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
    slope = (x[rows] * y[rows]).sum(axis=1) / power[rows]
    residual = y[rows] - slope[:, None] * x[rows]
    out.slope[rows, c], out.spread[rows, c] = slope, 1.0 / power[rows]
    out.variance[rows, c], out.df[rows, c] = (residual**2).sum(axis=1) / df, df


def _basis(nuisance: Floats) -> Floats:
    u, s, _ = np.linalg.svd(nuisance, full_matrices=False)
    return np.asarray(u[:, s > 1e-9 * s[0]], np.float64)


def joined(parts: list[Slopes]) -> Slopes:
    """All rows of several fits, with variances moderated within each context, and their degrees of freedom."""
    whole = Slopes(*(np.concatenate([getattr(p, f) for p in parts]) for f in Slopes.__dataclass_fields__))
    for c in range(whole.slope.shape[1]):
        own, df = whole.variance[:, c].copy(), whole.df[:, c].copy()
        prior = _fit.shared_prior(own, df)
        # rows share samples and responses, so that many rows know little more than one: a low ceiling
        made = _fit.moderated(own, df, prior=prior, ceiling=4.0 * float(df.max(initial=1.0)))
        whole.variance[:, c] = np.where(df > 0, made[0], np.nan)
        whole.df[:, c] = np.where(df > 0, made[1], 0.0)
    return whole


def single(s: Slopes, c: int, *, alpha: float) -> dict[str, Floats]:
    """Slope of one context with its standard error, interval and p."""
    return _tested(s.slope[:, c], s.spread[:, c] * s.variance[:, c], s.df[:, c], alpha=alpha)


def contrast(s: Slopes, first: int, second: int, *, alpha: float) -> dict[str, Floats]:
    """Difference of the slopes of two contexts (Welch), and the p-value that they have opposite signs.

    The latter is the larger of the two one-sided p-values in the direction seen, 1 where the signs agree: the
    intersection–union test of a qualitative interaction (Gail & Simon 1985, doi:10.2307/2530862). It needs
    evidence in both contexts, so an edge that works in one only is no switch.
    """
    a, b = s.slope[:, first], s.slope[:, second]
    va, vb = (s.spread[:, c] * s.variance[:, c] for c in (first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (va + vb) ** 2 / (va**2 / s.df[:, first] + vb**2 / s.df[:, second])
    made = _tested(b - a, va + vb, np.nan_to_num(df), alpha=alpha)
    sides = [single(s, c, alpha=alpha)["pvalue"] / 2.0 for c in (first, second)]
    opposite = np.where(a * b < 0, np.maximum(*sides), 1.0)
    made["switch"] = np.where(np.isfinite(made["pvalue"]), opposite, np.nan)
    return made


def _tested(estimate: Floats, variance: Floats, df: Floats, *, alpha: float) -> dict[str, Floats]:
    se = np.sqrt(variance)
    safe = np.maximum(df, 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        pvalue = 2.0 * stdtr(safe, -np.abs(estimate / se))
        reach = np.where(df > 0, -stdtrit(np.maximum(df, 1.0), alpha / 2.0), np.nan) * se
    return {"estimate": estimate, "se": se, "pvalue": pvalue, "low": estimate - reach, "high": estimate + reach}
