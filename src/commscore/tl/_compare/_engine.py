"""Runs the contrasts of one study, by samples or by cells."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..._names import write_list
from ...arrays import Tests
from ...core import contrast as engine
from ...core.threads import team
from ...study.contrasts import contrast_facts, cross_factors, pairs_and_stages, pairwise_contrasts, two_factor_contrasts
from ...study.counts import cell_totals
from ...study.design import StudyDesign, build_design
from ...study.samples import label_column
from ._supply import SuppliedRows

if TYPE_CHECKING:
    import numpy.typing as npt
    from anndata import AnnData

    from ...arrays import Ints
    from ...core.contrast import Comparison, Contrast, Settings
    from ...study.comparison import ComparisonData
    from ...study.samples import StudyKeys

    Columns = dict[str, npt.NDArray[Any]]


OTHER_CELLS = "cells of other groups"
"""Name of the cells of the groups that take no part, where they count as one more group."""


@dataclass(frozen=True)
class ComparisonPlan:
    """What is run; ``staged`` asks for the contrast of ordered stages."""

    prepared: ComparisonData
    keys: StudyKeys
    settings: Settings
    min_cells: int
    n_perms: int
    staged: bool


@dataclass(frozen=True)
class ContrastColumns:
    """Columns of every contrast by name, in the order of ``tests``, and what was learnt on the way."""

    prepared: ComparisonData
    tests: Tests
    which: Ints
    parts: list[tuple[str, Columns]]
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    supplied: SuppliedRows | None = None
    info: list[dict[str, Any]] = field(default_factory=list)


def by_samples(plan: ComparisonPlan, adata: AnnData) -> ContrastColumns:
    """Run the contrasts with samples as the replicates."""
    prepared, keys = plan.prepared, plan.keys
    crossed = None
    if keys.factor is not None:
        crossed = cross_factors(prepared.study, keys, label_column(adata, "factor_key", keys.factor)[1])
        prepared = replace(prepared, study=crossed.study)
    design = build_design(prepared.study, keys)
    n = design.matrix.shape[1]
    if crossed is None:
        contrasts = pairs_and_stages(prepared.study, prepared.order if plan.staged else (), n)
    else:
        contrasts = two_factor_contrasts(crossed, n_coefficients=n, keys=keys)
    tests, which = prepared.tests()
    supplied = SuppliedRows.of(prepared)
    parts, info = run(prepared, tests, contrasts, design=design, plan=plan, supplied=supplied)
    notes = [] if supplied is None else supplied.notes
    return ContrastColumns(prepared, tests, which, parts, notes, supplied, info)


def run(
    prepared: ComparisonData,
    tests: Tests,
    contrasts: list[Contrast],
    *,
    design: StudyDesign,
    plan: ComparisonPlan,
    supplied: SuppliedRows | None = None,
) -> tuple[list[tuple[str, Columns]], list[dict[str, Any]]]:
    """Give every contrast to the engine."""
    cohort = prepared.cohort(design, min_cells=plan.min_cells)
    entities, settings = prepared.interactions.entities, plan.settings
    model = engine.fit(cohort, entities)
    parts, info = [], []
    for contrast in contrasts:
        result = engine.compare(cohort, entities, tests, contrast=contrast, settings=settings, model=model)
        parts.append((contrast.name, result.columns))
        info.append(_facts(result, prepared) | {k: float(v) for k, v in result.info.items()})
        if supplied is not None:
            own = replace(settings, abundance_reference=tuple(result.abundance_reference.tolist()))
            supplied.add(prepared, cohort, contrast=contrast, settings=own, model=model)
    return parts, info


def _facts(comparison: Comparison, prepared: ComparisonData) -> dict[str, Any]:
    """Return what was compared, and what abundances are relative to."""
    groups = (*prepared.study.groups, OTHER_CELLS)
    reference = write_list(groups[code] for code in comparison.abundance_reference)
    return contrast_facts(comparison.contrast) | {"abundance_reference": reference}


def by_cells(plan: ComparisonPlan, adata: AnnData) -> ContrastColumns:
    """Run the pairwise contrasts with cells as the replicates; stages need samples."""
    prepared = plan.prepared
    study = prepared.study
    tests, which = prepared.tests()
    totals = cell_totals(adata, prepared.request.library_key, fractional=prepared.source.fractional)
    cohort = prepared.cells(min_cells=plan.min_cells, totals=totals)
    contrasts, parts, info = pairwise_contrasts(study, len(study.levels)), [], []
    with team(None) as threads:
        for contrast in contrasts:
            compared = engine.compare_cells(
                cohort,
                prepared.interactions.entities,
                tests,
                contrast=contrast,
                settings=plan.settings,
                n_perms=plan.n_perms,
                team=threads,
            )
            parts.append((contrast.name, compared.columns))
            info.append(_facts(compared, prepared))
    notes = []
    if plan.staged:
        notes.append(("*", "too few samples", "stages: the course over stages needs samples as replicates"))
    return ContrastColumns(prepared, tests, which, parts, notes, info=info)
