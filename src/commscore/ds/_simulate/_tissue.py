"""A tissue with planted truth: where cells lie, what is expressed where, and what follows what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from commscore._random import RNG, key, recorded

from ...check import MAY_BE_EMPTY, Count, CountOrZero, NonNegative, Positive, Proportion, checked
from ...core.space.neighbours import Reach, neighbours_of
from ...core.threads import Team
from . import _cohort, _counts, _model
from ._effects import TissueEffect, parse
from ._fields import FieldSource, place_groups

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ...core.space.neighbours import Neighbours
    from ._cohort import SimulatedCohort
    from ._model import ExpressionModel

GROUPS = {"tumour": 0.4, "CAF": 0.25, "macrophage": 0.15, "T cell": 0.2}
_CUT = 3.0
_ALONE = Team(1, None)


@checked
def simulate_tissue(  # noqa: PLR0913 - a simulator has many knobs; all by keyword, all with a default
    *,
    n_samples: Count | Mapping[str, Count] = 1,
    n_cells: Count | Mapping[str, Count | Sequence[Count]] = 2000,
    conditions: Sequence[str] = ("tissue",),
    groups: Sequence[str] | Mapping[str, Positive] | None = None,
    interactions: Any = None,
    expressed: Annotated[Mapping[str, Sequence[str] | Mapping[str, Positive]], MAY_BE_EMPTY] | None = None,
    effects: Annotated[Sequence[TissueEffect | Mapping[str, Any]], MAY_BE_EMPTY] = (),
    density: Positive = 1500.0,
    cluster_range: NonNegative = 80.0,
    clustering: NonNegative = 2.0,
    field_range: NonNegative = 60.0,
    field_sd: NonNegative = 0.7,
    coupling_range: Positive = 50.0,
    spill: Proportion = 0.0,
    spill_range: Positive = 10.0,
    spot_pitch: Positive | None = None,
    donor_sd: NonNegative = 0.25,
    n_background: CountOrZero = 100,
    n_counts: Positive = 1000.0,
    size_sd: NonNegative = 0.3,
    dispersion: NonNegative = 0.2,
    rng: RNG = 0,
) -> Any:
    """Simulate tissue sections in which who meets, and what follows what, is known.

    Cells lie at random in a square. Their groups cluster, and every gene of the interactions has, in every group, a
    smooth field of its own: neighbours are alike without any communication, which is what makes tests in space
    hard. The mean count of gene g in a cell of group k of sample s at x is

    ``level[g, k] · donor[g, k, s] · exp(field_sd · field[g, k, s](x)) · planted · size[cell]``,

    of which ``spill`` is counted in neighbouring cells. Counts are negative binomial. The same ``rng`` gives the same
    bytes (with the same versions of NumPy and SciPy).

    Parameters
    ----------
    n_samples, n_cells, conditions
        As in :func:`commscore.ds.simulate`; every sample is one section of one donor.
    groups, interactions, expressed
        As in :func:`commscore.ds.simulate`; by default four groups of a tumour.
    effects
        :class:`TissueEffect` objects, or dicts of their fields.
    density
        Cells per mm²; the square of a section has room for its cells at this density.
    cluster_range
        Range, in µm, of the fields that groups cluster by: their correlation at distance d is exp(−d² / (4 range²)); 0
        mixes them.
    clustering
        Log odds of a group per standard deviation of its field; 0 mixes them.
    field_range, field_sd
        Range in µm (0: no correlation) and standard deviation, on the natural log, of the fields of genes.
    coupling_range
        Standard deviation in µm of the Gaussian within which a ligand arrives.
    spill
        Share of each cell's counts that are found in cells around it, 0 to 1 (segmentation, diffusion).
    spill_range
        Standard deviation in µm of the Gaussian over which it spills. A cell without a neighbour keeps its counts.
    spot_pitch
        If given, cells are added up to square spots with this distance in µm between centres; ``obs`` then has the
        share ``prop_GROUP`` of each group, and no ``cell_type``.
    donor_sd, n_background, n_counts, size_sd, dispersion, rng
        As in :func:`commscore.ds.simulate`; background genes have no field.

    Returns
    -------
    anndata.AnnData
        ``X`` and ``layers["counts"]``: integer counts, float32 CSR; normalise ``X`` before use. ``obs``: ``sample``,
        ``condition``, ``donor``, and ``cell_type`` (of spots: ``n_cells`` and ``prop_GROUP``). ``obsm["spatial"]``:
        positions in µm. ``uns["truth"]``: one row per planted effect: ``interaction, source, target, part, strength,
        condition`` (``all`` where all have it). ``uns["interactions"]``: the pairs. ``uns["simulation"]``: parameters.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind or out of range, or an effect names an unknown interaction, group, part or
        condition.

    Examples
    --------
    >>> import commscore as cs
    >>> effect = cs.ds.TissueEffect(interaction="CXCL12^CXCR4", source="CAF", target="T cell", strength=0.5)
    >>> adata = cs.ds.simulate_tissue(n_cells=300, effects=[effect])
    >>> adata.obsm["spatial"].shape
    (300, 2)
    >>> adata.uns["truth"]["part"].tolist()
    ['coordination']
    """
    cohort = _cohort.build(conditions=conditions, n_samples=n_samples, n_cells=n_cells, depth=1.0, paired=False)
    seed = key(rng)
    streams = np.random.SeedSequence(seed).spawn(4)
    model = _model.build(
        conditions=cohort.conditions,
        groups=GROUPS if groups is None else groups,
        interactions=interactions,
        shifts=(),
        expressed=expressed,
        n_background=int(n_background),
        n_counts=float(n_counts),
        seeds=(np.random.default_rng(streams[0]), np.random.default_rng(streams[1])),
    )
    planted = parse(effects, pairs=model.interactions, groups=model.groups, conditions=cohort.conditions)
    settings = TissueSettings(
        density=float(density),
        cluster_range=float(cluster_range),
        clustering=float(clustering),
        field_range=float(field_range),
        field_sd=float(field_sd),
        coupling_range=float(coupling_range),
        spill=float(spill),
        spill_range=float(spill_range),
        size_sd=float(size_sd),
        dispersion=float(dispersion),
    )
    donors = [np.random.default_rng(streams[2])] * 2
    rates = _counts.sample_rates(model.rate, cohort, donor_sd=donor_sd, patient_sd=0.0, generators=donors)
    section = partial(_section, model=model, planted=planted, settings=settings)
    sections = [
        section(rates[s], int(cohort.n_cells[s]), condition=cohort.conditions[c], stream=stream)
        for s, (c, stream) in enumerate(zip(cohort.condition, streams[3].spawn(len(cohort.samples)), strict=True))
    ]
    params = vars(settings) | {"spot_pitch": spot_pitch, "donor_sd": float(donor_sd), "seed": recorded(rng, seed)}
    pitch = None if spot_pitch is None else float(spot_pitch)
    return _assemble(sections, cohort=cohort, model=model, planted=planted, params=params, pitch=pitch)


@dataclass(frozen=True)
class TissueSettings:
    """How cells lie, how genes vary, how far signals go, and how counts are drawn."""

    density: float
    cluster_range: float
    clustering: float
    field_range: float
    field_sd: float
    coupling_range: float
    spill: float
    spill_range: float
    size_sd: float
    dispersion: float


@dataclass(frozen=True)
class TissueSection:
    """Cells of one sample: positions in µm, groups and counts (CSR)."""

    points: Floats
    group: Ints
    counts: Any


def _section(
    rates: Floats,
    n: int,
    *,
    model: ExpressionModel,
    planted: Sequence[TissueEffect],
    settings: TissueSettings,
    condition: str,
    stream: np.random.SeedSequence,
) -> TissueSection:
    """Draw one section; places, fields and counts have streams of their own."""
    where, what, how_many = (np.random.default_rng(s) for s in stream.spawn(3))
    width = 1000.0 * float(np.sqrt(n / settings.density))
    points = where.uniform(0.0, width, (n, 2))
    here = [e for e in planted if e.condition in (None, condition)]
    source = partial(FieldSource, points, width=width)
    group = place_groups(
        model.proportion[0],
        correlation=_correlation(here, model.groups),
        clustering=settings.clustering,
        fields=source(range_um=settings.cluster_range),
        generator=where,
    )
    mean = rates[group]
    fields = source(range_um=settings.field_range)
    for gene in range(len(_model.ligand_receptor_genes(model.interactions))):
        for k in range(len(model.groups)):
            field = fields.draw(what)
            own = group == k
            mean[own, gene] *= np.exp(settings.field_sd * field[own] - settings.field_sd**2 / 2)
    around = partial(neighbours_of, points, np.zeros(n, np.int64), team=_ALONE)
    if here:
        _plant(mean, group, here, model=model, neighbours=around(Reach("gaussian", settings.coupling_range)))
    if settings.spill > 0:
        mean = _spilled(mean, around(Reach("gaussian", settings.spill_range)), settings.spill)
    return TissueSection(points, group, _draw(mean, settings, how_many))


def _correlation(effects: Sequence[TissueEffect], groups: tuple[str, ...]) -> Floats:
    """Correlation of the fields by which groups cluster."""
    out = np.eye(len(groups))
    for e in effects:
        if e.part == "proximity":
            s, t = groups.index(e.source), groups.index(e.target)
            out[s, t] = out[t, s] = e.strength
    return out


def _plant(
    mean: Floats, group: Ints, effects: Sequence[TissueEffect], *, model: ExpressionModel, neighbours: Neighbours
) -> None:
    """Multiply means by what is planted, in place; what the ligand does comes before what follows it."""
    order = ("ligand", "ligand_near", "receptor", "receptor_near", "coordination")
    k = len(model.groups)
    for effect in sorted((e for e in effects if e.part in order), key=lambda e: order.index(e.part)):
        source, target = model.groups.index(effect.source), model.groups.index(effect.target)
        side = 0 if effect.part.startswith("ligand") else 1
        own, other = (source, target) if side == 0 else (target, source)
        genes = [np.array([model.genes.index(g) for g in _model.members(m)]) for m in effect.interaction or ()]
        cells = np.flatnonzero(group == own)
        if effect.part == "coordination":
            ligand = mean[:, genes[0]].min(axis=1)
            every = np.arange(group.size, dtype=np.uint32)
            arrived = neighbours.arriving(ligand, every, group=group, n_groups=k)[cells, source]
            mean[np.ix_(cells, genes[1])] *= np.exp(effect.strength * _standardised(arrived))[:, None]
            continue
        if effect.part.endswith("near"):
            around = neighbours.reached(group, k)[cells, other]
            cells = cells[around > np.median(around)]
        mean[np.ix_(cells, genes[side])] *= np.exp2(effect.strength)


def _standardised(values: Floats) -> Floats:
    spread = values.std()
    away = (values - values.mean()) / spread if spread > 0 else np.zeros(values.shape)
    return np.clip(away, -_CUT, _CUT)


def _spilled(mean: Floats, neighbours: Neighbours, share: float) -> Floats:
    """Give a share of every cell's mean counts to the cells around it, by weight."""
    n = len(mean)
    lengths = np.diff(neighbours.indptr)
    total = np.bincount(np.repeat(np.arange(n), lengths), neighbours.weights, n)
    spilling = np.where(total > 0, share, 0.0)
    parts = neighbours.weights * np.repeat(np.divide(spilling, total, out=np.zeros(n), where=total > 0), lengths)
    out = sparse.csr_matrix((parts, neighbours.indices, neighbours.indptr), shape=(n, n))
    return np.asarray(mean * (1 - spilling)[:, None] + out.T @ mean)


def _draw(mean: Floats, settings: TissueSettings, generator: np.random.Generator) -> Any:
    """Draw counts as float32 CSR."""
    size = np.exp(settings.size_sd * generator.standard_normal(len(mean)) - settings.size_sd**2 / 2)
    mean = mean * size[:, None]
    if settings.dispersion > 0:
        mean *= generator.standard_gamma(1.0 / settings.dispersion, size=mean.shape) * settings.dispersion
    return sparse.csr_matrix(generator.poisson(mean).astype(np.float32))


def _assemble(
    sections: Sequence[TissueSection],
    *,
    cohort: SimulatedCohort,
    model: ExpressionModel,
    planted: Sequence[TissueEffect],
    params: dict[str, Any],
    pitch: float | None,
) -> Any:
    parts = [_cells(s, model.groups) if pitch is None else _spots(s, model.groups, pitch) for s in sections]
    sample = np.repeat(np.arange(len(parts)), [len(obs) for _, obs, _ in parts])
    obs = pd.DataFrame(
        {
            "sample": pd.Categorical.from_codes(sample, pd.Index(cohort.samples)),
            "condition": pd.Categorical.from_codes(cohort.condition[sample], pd.Index(cohort.conditions), ordered=True),
            "donor": pd.Categorical.from_codes(sample, pd.Index([f"donor_{i + 1}" for i in range(len(parts))])),
        }
    )
    obs = pd.concat([obs, pd.concat([o for _, o, _ in parts], ignore_index=True)], axis=1)
    obs.index = pd.Index([f"{'cell' if pitch is None else 'spot'}_{i}" for i in range(len(obs))])
    counts = sparse.vstack([c for _, _, c in parts], format="csr")
    genes = {g for pair in model.interactions for side in pair for g in _model.members(side)}
    role = pd.Categorical(["signal" if g in genes else "background" for g in model.genes])
    adata = ad.AnnData(X=counts, obs=obs, var=pd.DataFrame({"role": role}, index=list(model.genes)))
    adata.layers["counts"] = counts.copy()
    adata.obsm["spatial"] = np.concatenate([p for p, _, _ in parts])
    pairs = pd.DataFrame(model.interactions, columns=["ligand", "receptor"])
    pairs.insert(0, "interaction", pairs["ligand"] + "^" + pairs["receptor"])
    pairs.index = pairs.index.astype(str)
    adata.uns["interactions"], adata.uns["truth"], adata.uns["simulation"] = pairs, _truth(planted), params
    return adata


def _truth(planted: Sequence[TissueEffect]) -> pd.DataFrame:
    columns = ("interaction", "source", "target", "part", "strength", "condition")
    rows = [
        ("^".join(e.interaction or ()), e.source, e.target, e.part, float(e.strength), e.condition or "all")
        for e in planted
    ]
    table = pd.DataFrame(rows, columns=list(columns))
    table.index = table.index.astype(str)
    return table


def _cells(section: TissueSection, groups: tuple[str, ...]) -> tuple[Floats, pd.DataFrame, Any]:
    obs = pd.DataFrame({"cell_type": pd.Categorical.from_codes(section.group, pd.Index(groups))})
    return section.points, obs, section.counts


def _spots(section: TissueSection, groups: tuple[str, ...], pitch: float) -> tuple[Floats, pd.DataFrame, Any]:
    """Add cells up to square spots; those without a cell are left out."""
    place = (section.points // pitch).astype(np.int64)
    at, spot = np.unique(place, axis=0, return_inverse=True)
    spot = spot.ravel()
    member = sparse.csr_matrix((np.ones(spot.size, np.float32), (spot, np.arange(spot.size))))
    number = np.zeros((len(at), len(groups)))
    np.add.at(number, (spot, section.group), 1.0)
    n = number.sum(axis=1)
    obs = pd.DataFrame({"n_cells": n.astype(np.int64)})
    for k, name in enumerate(groups):
        obs[f"prop_{name}"] = number[:, k] / n
    counts = sparse.csr_matrix(member @ section.counts)
    counts.sort_indices()
    return np.asarray((at + 0.5) * pitch, np.float64), obs, counts
