"""The noise-free model: expected counts per condition × group × gene and proportions of the groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _check, _defaults, _shifts

if TYPE_CHECKING:
    from ...arrays import Bools, Floats


LOW = 1 / 50
"""Level in the groups that do not express a gene, relative to those that do."""
LEVELS = (0.5, 4.0)
"""Range of the mean count per cell in an expressing group (log-uniform), at 1000 background counts."""
UNIT = 1000.0
GENE_SD, GROUP_SD = 1.0, 0.5  # spread of the background: between genes, and of a gene between groups


@dataclasses.dataclass(frozen=True)
class ExpressionModel:
    """Expected values; T conditions, K groups, G genes (those of the interactions come first)."""

    conditions: tuple[str, ...]
    groups: tuple[str, ...]
    genes: tuple[str, ...]
    interactions: tuple[tuple[str, str], ...]
    shifts: tuple[_shifts.Shift, ...]
    high: Bools  # K × G: the gene is expressed in the group
    rate: Floats  # T × K × G: mean count per cell at depth 1
    weight: Floats  # T × K: relative numbers of cells

    @property
    def proportion(self) -> Floats:
        """T × K expected proportions of the groups, which sum to 1."""
        return np.asarray(self.weight / self.weight.sum(axis=1, keepdims=True), np.float64)


def members(molecule: str) -> list[str]:
    """Return the subunits of a molecule."""
    return molecule.split("_")


def ligand_receptor_genes(pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the genes of the interactions in order of first appearance."""
    return tuple(dict.fromkeys(g for pair in pairs for side in pair for g in members(side)))


def build(
    *,
    conditions: tuple[str, ...],
    groups: Any,
    interactions: Any,
    shifts: Any,
    expressed: Any,
    n_background: int,
    n_counts: float,
    seeds: tuple[np.random.Generator, np.random.Generator],
) -> ExpressionModel:
    """Check the ingredients and return the model; ``seeds`` draw pairs' genes and background."""
    weights = _check.proportions(_defaults.GROUPS if groups is None else groups)
    names = tuple(weights)
    pairs = _shifts.interactions(_defaults.INTERACTIONS if interactions is None else interactions)
    planted = _shifts.parse(shifts, pairs=pairs, groups=names, conditions=conditions)
    genes = ligand_receptor_genes(pairs)
    expressing: dict[str, Any] = {}
    if groups is None:
        expressing |= {g: who for g, who in _defaults.EXPRESSED.items() if g in genes}
    expressing |= _overrides(expressed, genes=genes, groups=names)
    high, level = _draw_levels(len(names), len(genes), seeds[0])
    _apply(expressing, high=high, level=level, genes=genes, groups=names)
    _express_planted(planted, high=high, genes=genes, groups=names, fixed=expressed or {})
    base = np.where(high, level, LOW * _reference_level(high, level)) * (n_counts / UNIT)
    background = _background(len(names), n_background, n_counts=n_counts, generator=seeds[1])
    base = np.concatenate([base, background], axis=1)
    rate, weight = _plant(planted, conditions=conditions, base=base, weights=weights, genes=genes)
    return ExpressionModel(
        conditions=conditions,
        groups=names,
        genes=genes + _background_names(n_background, genes),
        interactions=pairs,
        shifts=planted,
        high=np.concatenate([high, np.ones_like(background, dtype=bool)], axis=1),
        rate=rate,
        weight=weight,
    )


def _draw_levels(n_groups: int, n_genes: int, generator: np.random.Generator) -> tuple[Bools, Floats]:
    """Draw one or two expressing groups and one level for every gene."""
    order = np.argsort(generator.random((n_genes, n_groups)), axis=1)
    rank = np.argsort(order, axis=1)
    n_high = generator.integers(1, 3, size=n_genes)
    level = np.exp(generator.uniform(np.log(LEVELS[0]), np.log(LEVELS[1]), size=n_genes))
    return (rank < n_high[:, None]).T.copy(), np.tile(level, (n_groups, 1))


def _reference_level(high: Bools, level: Floats) -> Floats:
    """Return the highest level of each gene among its groups (its drawn level if it has none)."""
    top = np.where(high, level, 0.0).max(axis=0)
    return np.asarray(np.where(top > 0, top, level[0]), dtype=np.float64)


def _overrides(expressed: Any, *, genes: Sequence[str], groups: Sequence[str]) -> dict[str, Any]:
    if expressed is None:
        return {}
    if not isinstance(expressed, Mapping):
        msg = f"expressed must map gene -> groups, found {type(expressed).__name__}"
        raise TypeError(msg)
    for gene, who in expressed.items():
        _check.member("expressed", gene, genes, what="a gene of the interactions")
        where = f"expressed[{gene!r}]"
        if isinstance(who, str) or not isinstance(who, Iterable):
            msg = f"{where} must be a sequence of groups or group -> mean count, found {who!r}"
            raise TypeError(msg)
        for group in who:
            _check.member(where, group, groups, what="a group")
    return dict(expressed)


def _apply(
    expressing: Mapping[str, Any], *, high: Bools, level: Floats, genes: Sequence[str], groups: Sequence[str]
) -> None:
    column = {gene: j for j, gene in enumerate(genes)}
    row = {group: k for k, group in enumerate(groups)}
    for gene, who in expressing.items():
        j = column[gene]
        high[:, j] = False
        for group in who:
            high[row[group], j] = True
            if isinstance(who, Mapping):
                level[row[group], j] = float(who[group])


def _express_planted(
    planted: Iterable[_shifts.Shift],
    *,
    high: Bools,
    genes: Sequence[str],
    groups: Sequence[str],
    fixed: Mapping[str, Any],
) -> None:
    """Express the molecules of a planted edge in its source and target, unless the caller said who does."""
    for shift in planted:
        for molecule, group in zip(shift.interaction, (shift.source, shift.target), strict=True):
            for gene in members(molecule):
                if gene not in fixed:
                    high[groups.index(group), genes.index(gene)] = True


def _background(n_groups: int, n_genes: int, *, n_counts: float, generator: np.random.Generator) -> Floats:
    """Return log-normal levels, K × n_genes, scaled to a sum of ``n_counts`` in each group."""
    gene = generator.normal(0.0, GENE_SD, size=n_genes)
    level = np.exp(gene + generator.normal(0.0, GROUP_SD, size=(n_groups, n_genes)))
    if n_genes == 0:
        return level
    scaled: Floats = n_counts * level / level.sum(axis=1, keepdims=True)
    return scaled


def _background_names(n: int, genes: Sequence[str]) -> tuple[str, ...]:
    names = tuple(f"BG{i + 1:04d}" for i in range(n))
    clash = sorted(set(names) & set(genes))
    if clash:
        msg = f"interactions name a background gene, {clash[0]}; rename it or lower n_background"
        raise ValueError(msg)
    return names


def _plant(
    planted: Iterable[_shifts.Shift],
    *,
    conditions: Sequence[str],
    base: Floats,
    weights: Mapping[str, float],
    genes: Sequence[str],
) -> tuple[Floats, Floats]:
    """Return rates T × K × G and weights T × K with every shift in place."""
    groups = list(weights)
    log_rate = np.zeros((len(conditions), *base.shape))
    log_weight = np.zeros((len(conditions), len(groups)))
    for shift in planted:
        change = _shifts.effect(shift, conditions)
        side = 0 if shift.driver in {"ligand", "source_abundance"} else 1
        k = groups.index((shift.source, shift.target)[side])
        if shift.driver.endswith("abundance"):
            log_weight[:, k] += change
            continue
        for gene in members(shift.interaction[side]):
            log_rate[:, k, genes.index(gene)] += change
    return base * np.exp2(log_rate), np.array(list(weights.values())) * np.exp2(log_weight)
