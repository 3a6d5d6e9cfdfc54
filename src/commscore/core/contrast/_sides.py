"""One side of interactions: every entity of a group, fitted on the samples that an edge has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...stats import combine, linear
from ...stats.courses import Courses, of_side

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ._model import Model


@dataclass(frozen=True)
class GroupFit:
    """Fits of all entities of a group; q contrasts, E entities, n samples in common.

    Attributes
    ----------
    estimate, se, pvalue
        (q, E) effect, standard error with moderated variance, two-sided p.
    evidence
        (E,) Cauchy deviate of the contrasts together.
    wide
        (E,) t quantiles of the intervals, which hold for all contrasts together.
    sigma
        (E,) square root of the moderated variance, relative to the noise.
    root_noise
        (E, n) square root of the noise.
    direction
        (E, n) standardised residuals scaled to length 1: their products are residual correlations.
    residual
        (n, E).
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
    sigma: Floats
    root_noise: Floats
    direction: Floats
    residual: Floats
    free: int
    courses: Courses | None


def build(
    model: Model,
    projection: linear.Projection,
    *,
    group: int,
    keep: Bools,
    n_tested: int,
    outside: float,
    n_stages: int = 0,
) -> GroupFit:
    """Fit a group on the samples ``keep``; the first ``n_tested`` contrasts are evidence, the others shown."""
    y = model.rows.value[group][keep]
    noise = model.noise(model.rows.expected[group][keep])
    fitted = linear.fit(y, projection, noise=noise)
    variance, tail = model.moderate(fitted.variance, fitted.df, group=group)
    se = np.sqrt(fitted.unscaled * variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = fitted.estimate / se
    pvalue = tail.pvalue(t)
    wide = tail.quantile(outside / n_tested)
    courses = None
    if n_stages > 2 and projection.estimable.all():
        courses = of_side(fitted, projection, noise=noise, variance=variance, tail=tail, n_stages=n_stages, reach=wide)
    root = np.sqrt(noise)
    standard = (fitted.residual / root).T
    length = np.linalg.norm(standard, axis=1, keepdims=True)
    return GroupFit(
        estimate=fitted.estimate,
        se=se,
        pvalue=pvalue,
        evidence=combine.cauchy(pvalue[:n_tested]).mean(axis=0),
        wide=wide,
        sigma=np.sqrt(variance),
        root_noise=np.ascontiguousarray(root.T),
        direction=np.divide(standard, length, out=np.zeros_like(standard), where=length > 1e-9),
        residual=fitted.residual,
        free=projection.df,
        courses=courses,
    )


@dataclass(frozen=True)
class SideCovariance:
    """Covariance of the two sides of rows that share a source and a target."""

    correlation: Floats
    root_noise: Floats

    def se(self, left: Floats, right: Floats, *, sigma: Floats, influence: Floats) -> Floats:
        """Return the standard error of the sum of both sides for one contrast."""
        covariance = self.correlation * sigma * (self.root_noise @ influence**2)
        return np.asarray(np.sqrt(np.maximum(left**2 + right**2 + 2.0 * covariance, 0.0)), np.float64)


def joint(source: GroupFit, target: GroupFit, *, ligand: Ints, receptor: Ints) -> SideCovariance:
    """Correlate the residuals of both sides and shrink to the mean of the pair of groups.

    How far is read off the spread of the correlations beyond what their few degrees of freedom give. An
    entity with itself has correlation 1.
    """
    raw = np.einsum("ij,ij->i", source.direction[ligand], target.direction[receptor])
    itself = (ligand == receptor) if source is target else np.zeros(ligand.size, bool)
    root = source.root_noise[ligand] * target.root_noise[receptor]
    others = raw[~itself]
    if others.size < 2:
        return SideCovariance(raw, root)
    mean = float(others.mean())
    sampling = (1.0 - mean**2) ** 2 / max(source.free, 1)
    excess = max(float(others.var()) - sampling, 0.0)
    trust = excess / (excess + sampling) if excess > 0 else 0.0
    return SideCovariance(np.where(itself, 1.0, mean + trust * (raw - mean)), root)
