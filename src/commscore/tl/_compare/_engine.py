"""Runs the contrasts of one study, by samples or by cells."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...arrays import Tests
from ...core import contrast as engine
from ...core.threads import team
from . import _contrasts, _design
from ._study import column

if TYPE_CHECKING:
    import numpy.typing as npt
    from anndata import AnnData

    from ...arrays import Ints
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
    which: Ints
    parts: list[tuple[str, Columns]]
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    info: list[dict[str, Any]] = field(default_factory=list)


def by_samples(plan: Plan, adata: AnnData) -> Made:
    """Run the contrasts with samples as the replicates."""
    prepared, keys = plan.prepared, plan.keys
    crossed = None
    if keys.factor is not None:
        crossed = _contrasts.cross(prepared.study, keys, column(adata, "interaction", keys.factor)[1])
        prepared = replace(prepared, study=crossed.study)
    design = _design.build(prepared.study, keys)
    n = design.matrix.shape[1]
    if crossed is None:
        contrasts = _contrasts.pairwise(prepared.study, n)
        contrasts += _contrasts.stages(prepared.study, plan.prepared.order, n) if plan.staged else []
    else:
        contrasts = _contrasts.two_factors(crossed, n_coefficients=n, keys=keys)
    tests, which = prepared.tests()
    parts, info = run(prepared, tests, contrasts, design=design, plan=plan)
    return Made(prepared, tests, which, parts, info=info)


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
        info.append(_contrasts.facts(contrast) | {k: float(v) for k, v in made.info.items()})
    return parts, info


def by_cells(plan: Plan) -> Made:
    """Run the pairwise contrasts with cells as the replicates; stages need samples."""
    prepared = plan.prepared
    study = prepared.study
    tests, which = prepared.tests()
    cohort = prepared.cells(min_cells=plan.min_cells)
    contrasts, parts = _contrasts.pairwise(study, len(study.levels)), []
    with team(None) as threads:
        for contrast in contrasts:
            compared = engine.compare_cells(
                cohort,
                prepared.found.entities,
                tests,
                contrast=contrast,
                settings=plan.settings,
                n_perms=plan.n_perms,
                team=threads,
            )
            parts.append((contrast.name, compared.columns))
    notes = []
    if plan.staged:
        notes.append(("*", "too few samples", "stages: the course over stages needs samples as replicates"))
    return Made(prepared, tests, which, parts, notes, [_contrasts.facts(c) for c in contrasts])
