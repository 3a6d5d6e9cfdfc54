"""Exact relabelling of the samples: the evidence of every entity under every relabelling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr

from ...stats import exact

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Floats, Ints
    from ._model import Model
    from ._types import Cohort, Contrast, Settings

    Floats32 = npt.NDArray[np.float32]

_TOLERANCE = 2e-6  # relative, of float32 sums that are equal in exact arithmetic
_BEND = 30.0  # −log p
_ENTITIES = 256  # at a time, so that relabellings × entities stays small
_ROWS = 1024
_RANK_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Relabelled:
    """Relabelled designs reduced to what a fit needs; r relabellings, the observed one first.

    ``influence`` (r, q, n), orthonormal ``basis`` (r, n, p) of each design, ``df`` residual degrees. ``white`` (n, n)
    makes samples of one patient uncorrelated, of values as of designs; None where they are.
    """

    influence: Floats
    basis: Floats
    df: int
    complete: bool
    white: Floats | None = None

    @property
    def floor(self) -> float:
        """Smallest p there can be: relabellings that no data can tell from the observed one, over all.

        Exchanging two levels of equal size turns every contrast into itself or its negative.
        """
        if not self.complete:
            return 1.0 / self.n
        observed = self.influence[0]
        signed = np.concatenate([observed, -observed])
        same = np.abs(self.influence[:, :, None, :] - signed[None, None]).max(axis=3) < 1e-9
        return float(same.any(axis=2).all(axis=1).mean())

    @property
    def n(self) -> int:
        """Number of relabellings, the observed one included."""
        return int(self.influence.shape[0])


def relabel(
    cohort: Cohort, contrast: Contrast, *, keep: Bools, n_tested: int, settings: Settings, white: Floats | None = None
) -> Relabelled | None:
    """Relabel the samples of the compared levels among ``keep``; others stay as they are.

    Within blocks; for an interaction, whole blocks (patients with their before and after) change arms, so that
    the main effect stays. None for an interaction without such blocks: nothing is exchangeable there.
    Covariates stay with their samples. With covariates the relabelling is approximate, without it is exact.
    """
    condition, design = cohort.condition[keep], cohort.design[keep]
    involved = np.flatnonzero(np.isin(condition, (*contrast.ref, *contrast.alt)))
    block = None if cohort.block is None else cohort.block[keep][involved]
    if contrast.kind == "interaction":
        relabellings = _relabel_arms(condition[involved], contrast, block=block, settings=settings)
    else:
        relabellings = exact.relabellings(
            condition[involved], block=block, limit=settings.max_enumeration, seed=settings.seed
        )
    if relabellings is None:
        return None
    labels, complete = relabellings
    vectors = contrast.vectors[:n_tested]
    designs = np.repeat(design[None], labels.shape[0], axis=0)
    designs[:, involved, : len(cohort.levels)] = labels[:, :, None] == np.arange(len(cohort.levels))
    if white is not None:
        designs = white @ designs
    u, s, vt = np.linalg.svd(designs, full_matrices=False)
    kept = s > _RANK_TOLERANCE * s[:, :1]
    rank = kept.sum(axis=1)
    inverse = np.where(kept, 1.0 / np.where(kept, s, 1.0), 0.0)
    influence = (np.einsum("qp,rkp->rqk", vectors, vt) * inverse[:, None]) @ (u * kept[:, None]).transpose(0, 2, 1)
    # a relabelling that is confounded with a covariate says nothing
    usable = rank == rank[0]
    return Relabelled(influence[usable], (u * kept[:, None])[usable], int(keep.sum() - rank[0]), complete, white)


def _relabel_arms(
    condition: Ints, contrast: Contrast, *, block: Ints | None, settings: Settings
) -> tuple[Ints, bool] | None:
    """Hand the arms of an interaction out to whole blocks."""
    if block is None:
        return None
    codes = np.array([contrast.ref, contrast.alt])  # before and after × arms
    after = np.isin(condition, contrast.alt).astype(np.int64)
    arm = np.isin(condition, codes[:, 1]).astype(np.int64)
    names, first, which = np.unique(block, return_index=True, return_inverse=True)
    if (arm != arm[first][which]).any() or names.size < 2:
        return None
    arms, complete = exact.relabellings(arm[first], limit=settings.max_enumeration, seed=settings.seed)
    return codes[after[None], arms[:, which]], complete


def evidence(
    model: Model, relabelled: Relabelled, *, group: int, keep: Bools, entities: Ints, settings: Settings
) -> Floats32:
    """Evidence (n_entities, r) that a side moved, under every relabelling; that of two sides is added.

    Like ACAT's deviate, 1/p to first order and so led by the smaller p, but without its saturation; log 1/p for
    Fisher's method. Any statistic is exact here: the two sides are relabelled together.
    """
    fitted = model.groups[group]
    inside = keep[fitted.keep]
    out = np.empty((entities.size, relabelled.n), np.float32)
    for start in range(0, entities.size, _ENTITIES):
        some = entities[start : start + _ENTITIES]
        y = model.rows.value[group][keep][:, some]
        y = y - y.mean(axis=0)
        if relabelled.white is not None:
            y = relabelled.white @ y
        noise = fitted.log_fit.noise[some][:, inside].T
        prior = RowPrior(model.prior[group][some], model.prior_df[group][some], float(model.largest_df[group]))
        out[start : start + some.size] = _evidence(y, noise, prior, relabelled=relabelled, settings=settings).T
    return out


@dataclass(frozen=True)
class RowPrior:
    """Prior variances of m rows, their degrees of freedom, and the most that any row may claim."""

    variance: Floats
    df: Floats
    largest: float


def _evidence(y: Floats, noise: Floats, prior: RowPrior, *, relabelled: Relabelled, settings: Settings) -> Floats:
    r, n, p = relabelled.basis.shape
    explained = ((relabelled.basis.transpose(0, 2, 1).reshape(r * p, n) @ y) ** 2).reshape(r, p, -1).sum(axis=1)
    free = 1.0 - (relabelled.basis**2).sum(axis=2)
    variance = np.maximum((y**2).sum(axis=0) - explained, 0.0) / np.maximum(free @ noise, 1e-12)
    d = float(relabelled.df)
    moderated = (prior.df * prior.variance + d * variance) / (prior.df + d)
    df = np.minimum(d + prior.df, max(prior.largest, 1.0))
    total = np.zeros(variance.shape)
    q = relabelled.influence.shape[1]
    for c in range(q):
        influence = relabelled.influence[:, c]
        with np.errstate(divide="ignore", invalid="ignore"):
            squared = np.nan_to_num((influence @ y) ** 2 / (influence**2 @ noise * moderated), posinf=1e12)
        total += np.exp(_compressed(_surprise(squared, df)))
    mean = total / q
    return np.asarray(np.log(mean) if settings.combine == "fisher" else mean, np.float64)


def _surprise(squared: Floats, df: Floats) -> Floats:
    """−log of the two-sided p of t² by Wallace's normal approximation; never saturates, however large t."""
    z = (8.0 * df + 1.0) / (8.0 * df + 3.0) * np.sqrt(df * np.log1p(squared / df))
    return np.asarray(-np.log(2.0) - log_ndtr(-z), np.float64)


def _compressed(surprise: Floats) -> Floats:
    """Slow the growth beyond p = 1e-13, keeping the order, so that 1/p fits into float32."""
    beyond = np.maximum(surprise - _BEND, 0.0)
    return np.asarray(np.minimum(surprise, _BEND) + 4.0 * np.log1p(beyond / 4.0), np.float64)


def count(source: Floats32, target: Floats32, *, ligand: Ints, receptor: Ints) -> Ints:
    """Count per row the relabellings whose evidence of both sides reaches the observed one (column 0)."""
    out = np.empty(ligand.size, np.int64)
    for start in range(0, ligand.size, _ROWS):
        rows = slice(start, start + _ROWS)
        both = source[ligand[rows]]
        both += target[receptor[rows]]
        observed = both[:, :1]
        out[rows] = (both >= observed * (1.0 - _TOLERANCE)).sum(axis=1)
    return out
