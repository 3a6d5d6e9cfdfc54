"""Runs the contrasts of one study, by samples or by cells."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Tests
from ...core import contrast as engine
from ...core.threads import team
from . import _cells, _contrasts, _design
from ._study import column

if TYPE_CHECKING:
    import numpy.typing as npt
    from anndata import AnnData

    from ...core.contrast import Contrast, Settings
    from ._prepare import Prepared
    from ._study import Keys

    Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Plan:
    """What is run; ``staged`` asks for the contrast of ordered stages."""

    prepared: Prepared
    keys: Keys
    settings: Settings
    min_cells: int
    n_perms: int
    staged: bool


@dataclass(frozen=True)
class Made:
    """Columns of every contrast by name, in the order of ``tests``, and what was learnt on the way."""

    prepared: Prepared
    tests: Tests
    which: npt.NDArray[np.int64]
    parts: list[tuple[str, Columns]]
    reference: str
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    info: list[dict[str, Any]] = field(default_factory=list)


def by_samples(plan: Plan, adata: AnnData) -> Made:
    """Run the contrasts with samples as the replicates."""
    prepared, keys = plan.prepared, plan.keys
    reference, wanted = prepared.study.levels[0], prepared.wanted
    if keys.factor is not None:
        factors = column(adata, "interaction", keys.factor)[1]
        study, factors = _contrasts.cross(prepared.study, keys, factors)
        prepared = replace(prepared, study=study)
    design = _design.build(prepared.study, keys)
    n = design.matrix.shape[1]
    if keys.factor is None:
        contrasts = _contrasts.pairwise(prepared.study, wanted, n)
        contrasts += _contrasts.stages(prepared.study, plan.prepared.order, n) if plan.staged else []
    else:
        contrasts = _contrasts.two_factors(
            prepared.study, (reference, *wanted), factors, n_coefficients=n, keys=keys
        )  # fmt: skip
    tests, which = prepared.tests()
    parts, info = run(prepared, tests, contrasts, design=design, plan=plan)
    return Made(prepared, tests, which, parts, reference, info=info)


def run(
    prepared: Prepared, tests: Tests, contrasts: list[Contrast], *, design: _design.Design, plan: Plan
) -> tuple[list[tuple[str, Columns]], list[dict[str, Any]]]:
    """Give every contrast to the engine."""
    cohort = prepared.cohort(design, min_cells=plan.min_cells)
    entities, settings = prepared.found.entities, plan.settings
    model = engine.fit(cohort, entities, tests, settings=settings)
    parts, info = [], []
    for contrast in contrasts:
        made = engine.compare(cohort, entities, tests, contrast=contrast, settings=settings, model=model)
        parts.append((contrast.name, made.columns))
        info.append({"contrast": contrast.name, "kind": contrast.kind} | {k: float(v) for k, v in made.info.items()})
    return parts, info


def by_cells(plan: Plan) -> Made:
    """Run the pairwise contrasts with cells as the replicates; stages need samples."""
    prepared = plan.prepared
    study = prepared.study
    tests, which = prepared.tests()
    parts = []
    with team(None) as threads:
        for level in prepared.wanted:
            columns = _cells.compare(
                prepared, tests, (0, study.levels.index(level)), settings=plan.settings, min_cells=plan.min_cells,
                n_perms=plan.n_perms, team=threads,
            )  # fmt: skip
            parts.append((f"{level} vs {study.levels[0]}", columns))
    notes = []
    if plan.staged:
        notes.append(("*", "too few samples", "stages: the course over stages needs samples as replicates"))
    return Made(prepared, tests, which, parts, study.levels[0], notes)
