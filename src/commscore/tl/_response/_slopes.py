"""Does the response of a group follow an edge across samples, and with the same sign in every context? Arrays only.

Within each context (condition) the activity is regressed on log2(ligand × receptor) of the same samples; the
residual variance is shared by the contexts of a row and moderated over the rows.
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
    """Rows × contexts: ``slope``, ``n``, ``edge`` (mean); rows × contexts × contexts: ``inverse``; per row the rest."""

    slope: Floats
    edge: Floats
    n: npt.NDArray[np.int64]
    inverse: Floats
    variance: Floats
    df: Floats


def slopes(
    edge: Floats, response: Floats, *, context: npt.NDArray[np.int64], n_contexts: int, nuisance: Floats
) -> Slopes:
    """Fit all rows that share their samples.

    Parameters
    ----------
    edge, response
        (n_rows, n_samples), finite.
    context
        (n_samples,) codes below ``n_contexts``.
    nuisance
        (n_samples, p): means of the contexts and covariates.
    """
    m = edge.shape[0]
    shape = (m, n_contexts)
    out = Slopes(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.int64),
                 np.full((*shape, n_contexts), np.nan), np.full(m, np.nan), np.zeros(m))  # fmt: skip
    sizes = np.bincount(context, minlength=n_contexts)
    out.n[:] = sizes
    for c in np.flatnonzero(sizes):
        out.edge[:, c] = edge[:, context == c].mean(axis=1)
    kept = np.flatnonzero(sizes >= LEAST)
    inside = np.isin(context, kept)
    if kept.size == 0:
        return out
    basis = _basis(nuisance[inside])
    x = np.stack([edge[:, inside] * (context[inside] == c) for c in kept], axis=1)
    x = x - (x @ basis) @ basis.T
    y = response[:, inside] - (response[:, inside] @ basis) @ basis.T
    df = int(inside.sum()) - basis.shape[1] - kept.size
    gram = np.einsum("icn,idn->icd", x, x)
    varied = (np.einsum("icc->ic", gram) > _FLAT * sizes[kept]).all(axis=1)
    rows = np.flatnonzero(varied & (np.linalg.cond(np.where(varied[:, None, None], gram, np.eye(kept.size))) < 1e8))
    if rows.size == 0 or df < 1:
        return out
    inverse = np.linalg.inv(gram[rows])
    slope = np.einsum("icd,idn,in->ic", inverse, x[rows], y[rows])
    residual = y[rows] - np.einsum("icn,ic->in", x[rows], slope)
    out.slope[np.ix_(rows, kept)] = slope
    out.inverse[np.ix_(rows, kept, kept)] = inverse
    out.variance[rows] = (residual**2).sum(axis=1) / df
    out.df[rows] = df
    return out


def _basis(nuisance: Floats) -> Floats:
    u, s, _ = np.linalg.svd(nuisance, full_matrices=False)
    return np.asarray(u[:, s > 1e-9 * s[0]], np.float64)


def joined(parts: list[Slopes]) -> Slopes:
    """All rows of several fits, with moderated variances and their degrees of freedom."""
    whole = Slopes(*(np.concatenate([getattr(p, f) for p in parts]) for f in Slopes.__dataclass_fields__))
    prior = _fit.shared_prior(whole.variance, whole.df)
    # rows share samples and responses, so together they know no more than their samples: no ceiling of all rows
    ceiling = 4.0 * float(whole.df.max(initial=1.0))
    variance, df = _fit.moderated(whole.variance, whole.df, prior=prior, ceiling=ceiling)
    variance = np.where(whole.df > 0, variance, np.nan)
    return Slopes(whole.slope, whole.edge, whole.n, whole.inverse, variance, np.where(whole.df > 0, df, 0.0))


def single(s: Slopes, c: int, *, alpha: float) -> dict[str, Floats]:
    """Slope of one context with its standard error, interval and p."""
    return _tested(s.slope[:, c], s.inverse[:, c, c] * s.variance, s.df, alpha=alpha)


def contrast(s: Slopes, first: int, second: int, *, alpha: float) -> dict[str, Floats]:
    """Difference of the slopes of two contexts, and the p-value that they have opposite signs.

    The latter is the larger of the two one-sided p-values in the direction seen, 1 where the signs agree: the
    intersection–union test of a qualitative interaction (Gail & Simon 1985, doi:10.2307/2530862). It needs
    evidence in both contexts, so an edge that works in one only is no switch.
    """
    a, b = s.slope[:, first], s.slope[:, second]
    spread = s.inverse[:, first, first] + s.inverse[:, second, second] - 2.0 * s.inverse[:, first, second]
    made = _tested(b - a, spread * s.variance, s.df, alpha=alpha)
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
