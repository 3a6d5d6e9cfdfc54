"""One side of interactions: every entity of a group for one contrast, by log rates and by counts together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from ...stats import combine, linear, patients, quasi_likelihood
from ...stats.courses import Courses, of_side
from ...stats.variance import Tail

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ._model import CountFit, GroupModel

_LN2 = float(np.log(2.0))
_SMALLEST = 1e-300
_EVIDENCE = 3  # power of the share of counting that the fit by counts has in the evidence


@dataclass(frozen=True)
class GroupFit:
    """Fits of all entities of a group; q contrasts, E entities.

    Attributes
    ----------
    estimate, se, pvalue
        (q, E) effect in log2, standard error (at least that of half a count), two-sided p.
    evidence
        (E,) Cauchy deviate of the contrasts together.
    wide
        (q, E) quantiles of the intervals, which hold for all contrasts together.
    direction
        (E, n_samples) standardised residuals scaled to length 1: their products are residual correlations.
    tail
        (E,) null distribution of t-statistics, its degrees of freedom those of both fits averaged as these are.
    free
        Residual degrees of freedom of the design, the dimension of ``direction``.
    courses
        Fits of the courses over three or more stages; else None.
    """

    estimate: Floats
    se: Floats
    pvalue: Floats
    evidence: Floats
    wide: Floats
    direction: Floats
    tail: Tail
    free: float
    courses: Courses | None


@dataclass(frozen=True)
class _Estimates:
    """(q, E) each: effect, standard error, signed normal deviate, quantile of the interval."""

    effect: Floats
    se: Floats
    z: Floats
    wide: Floats


def build(
    model: GroupModel, vectors: Floats, *, design: Floats, n_tested: int, outside: float, n_stages: int = 0
) -> GroupFit:
    """Estimate the contrasts ``vectors`` of ``design``; the first ``n_tested`` are evidence, the others shown.

    The two fits answer the same question, each with its strengths: the log-linear one where donors make the variance,
    the one by counts where counting does. Their deviates are averaged by that share, which for deviates that are
    normal together cannot exceed the level of either; so are the effects and the widths of the intervals.
    """
    projection = linear.project(design[model.keep], vectors)
    coordinates = projection.influence @ model.basis
    logs = _by_logs(model, coordinates, outside=outside / n_tested)
    estimates = logs
    if model.count_fit is not None:
        estimates = _joined(logs, model, model.count_fit, coordinates=coordinates, outside=outside / n_tested)
    pvalue = 2.0 * ndtr(-np.abs(estimates.z))
    courses = None
    if n_stages > 2 and projection.estimable.all() and model.tail is not None:
        steps = coordinates[-(n_stages - 1) :]
        covariance = np.einsum("ir,mrs,js->mij", steps, model.log_fit.inverse, steps)
        courses = of_side(
            logs.effect[-(n_stages - 1) :],
            covariance,
            variance=model.variance,
            tail=model.tail,
            n_stages=n_stages,
            reach=logs.wide[0],
        )
    return GroupFit(
        estimate=estimates.effect,
        se=np.maximum(estimates.se, model.least_se(coordinates)),
        pvalue=pvalue,
        evidence=combine.cauchy(pvalue[:n_tested]).mean(axis=0),
        wide=estimates.wide,
        direction=model.direction,
        tail=_joined_tail(model),
        free=model.log_fit.df,
        courses=courses,
    )


def _joined_tail(model: GroupModel) -> Tail:
    """Tail with the degrees of freedom of both fits averaged as their effects are."""
    if model.tail is None:
        unknown = np.full(model.variance.size, np.nan)
        return Tail(unknown, unknown, 0.0)
    tail, counts = model.tail, model.count_fit
    if counts is None:
        return tail
    rows, share = counts.rows, _weight(counts.fitted.counting, model.lean)
    df, own = tail.df.copy(), tail.own.copy()
    df[rows] = (1.0 - share) * df[rows] + share * counts.tail.df
    own[rows] = (1.0 - share) * own[rows] + share * counts.tail.own
    return Tail(df, own, max(tail.doubt, counts.tail.doubt))


def _by_logs(model: GroupModel, coordinates: Floats, *, outside: float) -> _Estimates:
    fitted = model.log_fit
    effect = coordinates @ fitted.coefficient.T
    if model.tail is None:
        unknown = np.full(effect.shape, np.nan)
        return _Estimates(effect, unknown, unknown, unknown)
    unscaled = np.einsum("qr,mrs,qs->qm", coordinates, fitted.inverse, coordinates)
    se = np.sqrt(unscaled * model.variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = effect / se
    wide = np.broadcast_to(model.tail.quantile(outside), effect.shape)
    return _Estimates(effect, se, _deviate(model.tail.pvalue(t), effect), wide)


def _deviate(pvalue: Floats, sign: Floats) -> Floats:
    return np.asarray(np.sign(sign) * -ndtri(np.maximum(pvalue, _SMALLEST) / 2.0), np.float64)


def _joined(
    logs: _Estimates, model: GroupModel, count_fit: CountFit, *, coordinates: Floats, outside: float
) -> _Estimates:
    """Average both fits, row by row; rows without a count keep the log-linear one.

    Small counts pull log-linear effects to zero, so effects by counts count as much as counting does. Their evidence
    takes donors for gamma variables, and has a say only where donors are a small part of the variance.
    """
    effect, se, z, wide = (a.copy() for a in (logs.effect, logs.se, logs.z, logs.wide))
    quantile = count_fit.tail.quantile(outside)
    rows = count_fit.rows
    # of the full fit, and so the same for all contrasts: effects of contrasts that add up add up
    share = _weight(count_fit.fitted.counting, model.lean)
    own = 1.0 - share
    # where samples share patients, the fit by counts, which does not know it, is the more careful of the two
    power = 1 if model.log_fit.shared is not None else _EVIDENCE
    for c, direction in enumerate(coordinates):
        if not np.isfinite(direction).all() or not direction.any():
            continue
        (count_effect, count_se, count_z), null_counting = _by_counts(count_fit, model.basis, direction)
        evidence_share = _weight(null_counting**power, model.lean)
        z[c, rows] = (1.0 - evidence_share) * z[c, rows] + evidence_share * count_z
        half = own * wide[c, rows] * se[c, rows] + share * quantile * count_se
        effect[c, rows] = own * effect[c, rows] + share * count_effect
        se[c, rows] = own * se[c, rows] + share * count_se
        with np.errstate(divide="ignore", invalid="ignore"):
            wide[c, rows] = np.where(se[c, rows] > 0, half / se[c, rows], wide[c, rows])
    return _Estimates(effect, se, z, wide)


def _weight(counting: Floats, lean: float) -> Floats:
    """Weight of the fit by counts: a share of counting, and of the rest what the cohort leans to."""
    return counting + (1.0 - counting) * lean


def _by_counts(count_fit: CountFit, basis: Floats, direction: Floats) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    """Effect, standard error and deviate (m,) by counts, and the share of counting in the variance without a change."""
    fitted = count_fit.fitted
    ratio = quasi_likelihood.likelihood_ratio(
        count_fit.counts, fitted, basis, library=count_fit.library, direction=direction
    )
    effect = (fitted.bias_reduced - fitted.null_bias) @ direction / _LN2
    t = np.sqrt(ratio.statistic / count_fit.scale)
    unscaled = np.einsum("r,mrs,s->m", direction, fitted.inverse, direction)
    se = np.sqrt(unscaled * count_fit.scale) / _LN2
    sign = fitted.coefficient @ direction
    return (effect, se, _deviate(count_fit.tail.pvalue(t), sign)), ratio.counting


@dataclass(frozen=True)
class SideCovariance:
    """Correlation (m,) of the estimates of the two sides of rows that share a source and a target."""

    correlation: Floats

    def se(self, left: Floats, right: Floats, *, sign: float = 1.0) -> Floats:
        """Return the standard error of the sum of both sides, of their difference with ``sign`` −1."""
        squared = left**2 + right**2 + sign * 2.0 * self.correlation * left * right
        return np.asarray(np.sqrt(np.maximum(squared, 0.0)), np.float64)


def joint(source: GroupFit, target: GroupFit, *, ligand: Ints, receptor: Ints) -> SideCovariance:
    """Correlate the residuals of both sides and shrink to the mean of the pair of groups.

    How far is read off the spread of the correlations beyond what their few degrees of freedom give. An
    entity with itself has correlation 1. Samples that only one side has count as uncorrelated.
    """
    raw = np.einsum("ij,ij->i", source.direction[ligand], target.direction[receptor])
    itself = (ligand == receptor) if source is target else np.zeros(ligand.size, bool)
    others = raw[~itself]
    if others.size < 2:
        return SideCovariance(raw)
    mean = float(others.mean())
    sampling = (1.0 - mean**2) ** 2 / max(source.free, 1.0)
    excess = max(float(others.var()) - sampling, 0.0)
    trust = excess / (excess + sampling) if excess > 0 else 0.0
    return SideCovariance(np.where(itself, 1.0, mean + trust * (raw - mean)))


def loss_of_each(model: GroupModel, direction: Floats) -> Floats:
    """How much a contrast of the log-linear fit changes without each sample, (E, n_samples).

    NaN where nothing is left to estimate it from, 0 for samples without the group.
    """
    fitted = model.log_fit
    out = np.zeros((fitted.variance.size, model.keep.size))
    if fitted.shared is not None:
        out[:, model.keep] = patients.loss_of_each(fitted, model.basis, direction, shared=fitted.shared)
        return out
    weight = 1.0 / fitted.noise
    influence = np.einsum("r,mrs,ns->mn", direction, fitted.inverse, model.basis) * weight
    leverage = np.einsum("nr,mrs,ns->mn", model.basis, fitted.inverse, model.basis) * weight
    slack = 1.0 - leverage
    alone = slack < 1e-9
    change = -np.where(alone, 0.0, influence * fitted.residual / np.where(alone, 1.0, slack))
    out[:, model.keep] = np.where(alone & (np.abs(influence) > 1e-9), np.nan, change)
    return out
