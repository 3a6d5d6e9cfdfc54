"""Who is sampled: samples, patients, cells per sample, groups per sample."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _check

if TYPE_CHECKING:
    from ...arrays import Floats, Ints


@dataclasses.dataclass(frozen=True)
class SimulatedCohort:
    """The samples in order; ``condition`` and ``patient`` are indices, one per sample."""

    conditions: tuple[str, ...]
    samples: tuple[str, ...]
    patients: tuple[str, ...]
    condition: Ints
    patient: Ints
    n_cells: Ints
    depth: Floats


def build(*, conditions: Any, n_samples: Any, n_cells: Any, depth: Any, paired: Any) -> SimulatedCohort:
    """Return the cohort; samples are ``CONDITION_1`` … in the order of the conditions."""
    levels = _check.names("conditions", conditions)
    if not isinstance(paired, bool | np.bool_):
        msg = f"paired must be True or False, found {paired!r}"
        raise TypeError(msg)
    sizes = _samples(n_samples, levels)
    if paired and len(set(sizes)) > 1:
        counts = dict(zip(levels, sizes, strict=True))
        msg = f"paired=True needs the same n_samples in every condition, found {counts}"
        raise ValueError(msg)
    condition = np.repeat(np.arange(len(levels)), sizes)
    within = np.concatenate([np.arange(n) for n in sizes])
    patient = within if paired else np.arange(len(condition))
    samples = tuple(f"{levels[c]}_{i + 1}" for c, i in zip(condition, within, strict=True))
    return SimulatedCohort(
        conditions=levels,
        samples=samples,
        patients=tuple(f"patient_{i + 1}" for i in range(int(patient.max()) + 1)),
        condition=condition,
        patient=patient,
        n_cells=_cells(n_cells, levels=levels, samples=samples, sizes=sizes),
        depth=_depth(depth, levels),
    )


def _samples(n_samples: Any, levels: Sequence[str]) -> list[int]:
    if not isinstance(n_samples, Mapping):
        return [int(n_samples)] * len(levels)
    _same_keys("n_samples", n_samples, levels, what="a condition")
    return [int(n_samples[c]) for c in levels]


def _same_keys(argument: str, mapping: Mapping[str, Any], names: Sequence[str], *, what: str) -> None:
    for name in mapping:
        _check.member(argument, name, names, what=what)
    missing = [n for n in names if n not in mapping]
    if missing:
        msg = f"{argument} says nothing about {', '.join(map(repr, missing))}; name every one"
        raise ValueError(msg)


def _cells(n_cells: Any, *, levels: Sequence[str], samples: Sequence[str], sizes: Sequence[int]) -> Ints:
    if not isinstance(n_cells, Mapping):
        return np.full(len(samples), int(n_cells), dtype=np.int64)
    if set(n_cells) & set(levels):
        _same_keys("n_cells", n_cells, levels, what="a condition")
        per = [_per_condition(c, n_cells[c], n) for c, n in zip(levels, sizes, strict=True)]
        return np.array([n for values in per for n in values], dtype=np.int64)
    _same_keys("n_cells", n_cells, samples, what="a condition or a sample")
    return np.array([int(n_cells[s]) for s in samples], dtype=np.int64)


def _per_condition(condition: str, value: Any, n: int) -> list[int]:
    where = f"n_cells[{condition!r}]"
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
        return [int(value)] * n
    if len(value) != n:
        msg = f"{where} holds {len(value)} numbers for {n} samples"
        raise ValueError(msg)
    return [int(x) for x in value]


def _depth(depth: Any, levels: Sequence[str]) -> Floats:
    if not isinstance(depth, Mapping):
        return np.full(len(levels), float(depth))
    for name in depth:
        _check.member("depth", name, levels, what="a condition")
    return np.array([float(depth.get(c, 1.0)) for c in levels])


def compose(
    cohort: SimulatedCohort, proportion: Floats, *, concentration: float | None, generator: np.random.Generator
) -> Ints:
    """Return cells per sample × group: Dirichlet proportions (or the exact ones), then multinomial counts."""
    counts = np.empty((len(cohort.samples), proportion.shape[1]), dtype=np.int64)
    for s, t in enumerate(cohort.condition):
        p = proportion[t]
        if concentration is not None:
            p = generator.dirichlet(concentration * p)
        counts[s] = generator.multinomial(cohort.n_cells[s], p)
    return counts
