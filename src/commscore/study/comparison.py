"""Data of a comparison: the study, its counts added up, and the interactions whose genes are measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rs
from .._labels import find
from .._validate import as_written, listed, warn
from ..arrays import Tests
from ..core.composition import Composition, background_genes, compose
from ..core.contrast import CellCohort, Cohort
from ..core.log_rates import log_cpm
from ..core.read.matrix import cell_sums
from ..core.read.pseudobulk import Pseudobulk, joined
from ..core.threads import team
from .ambient import Ambient, read_ambient
from .cautions import cautions_of_counts
from .composition import CompositionShift, composition_shifts, factors_table
from .contrasts import pairs_and_stages
from .counts import add_up_counts, cell_totals, raw_counts, say_of_counts
from .design import StudyDesign, build_design
from .interactions import TestableInteractions, interactions_and_receptors, with_consumers
from .lognorm import LogNormalised, add_up_lognorm, refuse_unequal_depth
from .nesting import nesting_in_words
from .patients import patients_as_units
from .production import Production, consumed_share, read_production
from .samples import Study, drop_empty_levels, label_column, study_of_conditions, study_of_samples
from .supply import Supply, read_supply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anndata import AnnData

    from ..arrays import Bools, Floats, Ints
    from ..core.contrast import Contrast
    from ..core.threads import Team
    from ..rs import Resource
    from .expression import Expression
    from .request import ComparisonRequest
    from .samples import StudyKeys

ALL = "all"
"""Name of the one level, or the one sample, where nothing is told apart."""


@dataclass(frozen=True)
class ComparisonData:
    """Study, sums and interactions; groups without any usable sample are left out of all three.

    The libraries of ``bulk`` are effective ones; ``composition`` has those that were counted and the factors.
    ``background`` (n_samples × n_groups × n_more) are counts of genes beyond those of the interactions.
    """

    study: Study
    order: tuple[str, ...]
    source: Expression
    resource: Resource
    interactions: TestableInteractions
    production: Production
    bulk: Pseudobulk
    total_cells: Ints
    composition: Composition
    background: Floats
    request: ComparisonRequest
    shifts: list[CompositionShift]
    ambient: Ambient
    supply: Supply | None = None

    def tests(self) -> tuple[Tests, Ints]:
        """Every source × target × interaction, in this order, and the interaction of each test."""
        k, n = len(self.study.groups), len(self.interactions.frame)
        source, target, which = (a.ravel() for a in np.indices((k, k, n)))
        return Tests(source, target, self.interactions.ligand[which], self.interactions.receptor[which]), which

    @property
    def factors(self) -> pd.DataFrame:
        """The table of composition factors."""
        return factors_table(
            self.study.samples, self.study.groups, n_cells=self.bulk.n_cells, composition=self.composition
        )

    def cautions(self) -> list[str]:
        """Say what lies in the samples themselves: patients that nobody named, composition, ambient RNA."""
        return [*self.study.cautions, *self._of_counts()]

    def warn(self) -> None:
        """Warn of composition and ambient RNA; of patients the study warned when it was read."""
        for caution in self._of_counts():
            warn(caution)

    def _of_counts(self) -> list[str]:
        return cautions_of_counts(self.shifts, self.ambient, normalization=self.request.normalization)

    def pooled(self, members: Sequence[Sequence[int]]) -> ComparisonData:
        """Join groups (the numbers of those in each pool), with factors anew; the study keeps its groups."""
        request = self.request
        counted = replace(self.bulk, library=self.composition.library).joined(members)
        bulk, composition = compose(counted, method=request.normalization, min_cells=request.min_cells)
        return replace(self, bulk=bulk, composition=composition, background=joined(self.background, members))

    def consumed(self) -> Floats:
        """Share of consumers in consumers and producers of every ligand, by sample: samples × groups × interactions.

        Missing where no consumer is known, or nobody asked.
        """
        of, entities = self.interactions.consumers, self.interactions.entities
        if of is None:
            return np.full((*self.bulk.library.shape, len(self.interactions.frame)), np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = self.bulk.counts / self.bulk.library[:, :, None]
        produced = np.minimum.reduceat(rate[:, :, entities.genes], entities.indptr[:-1], axis=2)
        return consumed_share(
            produced[:, :, self.interactions.ligand], np.where(of >= 0, rate[:, :, np.maximum(of, 0)], np.nan)
        )

    def cohort(self, design: StudyDesign, *, min_cells: int) -> Cohort:
        """Arrays for the engine."""
        return Cohort(
            logcpm=log_cpm(self.bulk, min_cells=min_cells),
            counts=self.bulk.counts,
            library=self.bulk.library,
            n_cells=self.bulk.n_cells,
            prop=self.bulk.prop,
            condition=self.study.condition,
            levels=self.study.levels,
            design=design.matrix,
            block=design.block,
            patient=design.patient,
            total_cells=self.total_cells,
            factors=self.composition.shrunk,
            background=self.background,
            counted=self.request.scale == "counts",
        )

    def cells(self, *, min_cells: int, totals: Floats | None) -> CellCohort:
        """Arrays for the engine where cells are the replicates; ``totals`` as :func:`cell_totals` gives them."""
        study = self.study
        library = np.zeros(self.source.matrix.shape[0])
        counted = cell_sums(self.source.matrix, study.cells)[0] if totals is None else totals[study.cells]
        library[study.cells] = counted * 2.0 ** self.composition.shrunk[study.sample, study.group]
        return CellCohort(
            matrix=self.source.reading,
            columns=self.interactions.columns,
            cells=self.study.cells,
            sample=self.study.sample,
            group=self.study.group,
            bulk=self.bulk,
            condition=self.study.condition,
            total_cells=self.total_cells,
            min_cells=min_cells,
            library=library,
        )


@dataclass(frozen=True)
class SampleValues:
    """What is added up by sample: where it is, of which cells, and how."""

    source: Expression
    study: Study
    add_up: Callable[[Expression, Ints, Team], Pseudobulk]


def read_counts(adata: AnnData, study: Study, request: ComparisonRequest) -> SampleValues:
    """Find the raw counts."""
    source = raw_counts(
        adata, counts_layer=request.counts_layer, use_raw=request.use_raw, gene_symbols=request.gene_symbols
    )
    say_of_counts(source)
    study = study.of_cells(source.usable)
    totals = cell_totals(adata, request.library_key, fractional=source.fractional)
    return SampleValues(
        source, study, lambda s, columns, team: add_up_counts(s, study, columns, team=team, totals=totals)
    )


def read_lognorm(adata: AnnData, study: Study, request: ComparisonRequest) -> SampleValues:
    """Read log-normalised values in place of counts; depth must not follow the condition."""
    values = LogNormalised.read(
        adata, layer=request.counts_layer, use_raw=request.use_raw, gene_symbols=request.gene_symbols
    )
    refuse_unequal_depth(values, study)
    return SampleValues(
        values.source,
        study,
        lambda s, columns, team: add_up_lognorm(replace(values, source=s), study, columns, team=team),
    )


def prepare_comparison(adata: AnnData, keys: StudyKeys, request: ComparisonRequest) -> ComparisonData:
    """Read, check and add up; nothing is written."""
    study = read_study(adata, keys, request)
    return add_up_study(adata, study, request, groupby=keys.groupby, order=stages_with_samples(study, request))


def read_study(adata: AnnData, keys: StudyKeys, request: ComparisonRequest, *, groups_were_read: bool = False) -> Study:
    """Read the samples of all conditions; those of one patient and condition become one (``patient_key``)."""
    study = study_of_conditions(adata, keys, request.choice, groups_were_read=groups_were_read)
    if keys.patient is None and keys.sample is not None and not request.by_cells:
        nesting = nesting_in_words(adata, study, keys)
        if nesting:
            warn(nesting)
            study = replace(study, cautions=(nesting,))
    return drop_empty_levels(patients_as_units(study, keys, keep_incomplete=request.keep_incomplete), keys)


def stages_with_samples(study: Study, request: ComparisonRequest) -> tuple[str, ...]:
    """Return the stages of ``order=`` that have samples."""
    stages = [find(stage, study.levels) for stage in (() if request.order is None else request.order)]
    return tuple(stage for stage in stages if stage is not None)


def add_up_study(
    adata: AnnData, study: Study, request: ComparisonRequest, *, groupby: str, order: tuple[str, ...] = ()
) -> ComparisonData:
    """Find counts and interactions of a study that has been read, and add up."""
    read = read_lognorm if request.scale == "lognorm" else read_counts
    values = read(adata, study, request)
    study, resource = values.study, rs.as_resource(request.resource)
    source, production = read_production(values.source, resource, request.molecules, is_log=False)
    supply = None if request.supply is None else _read_supply(request, study, resource)
    interactions = interactions_and_receptors(
        resource, source.names, production=production, ligands=() if supply is None else supply.molecules
    )
    interactions = with_consumers(interactions, production, source.names)
    with team(None) as threads:
        bulk = values.add_up(source, interactions.columns, threads)
    total_cells = bulk.n_cells.sum(axis=1)
    ambient = read_ambient(study, bulk, source.var_names)
    bulk, composition = compose(bulk, method=request.normalization, min_cells=request.min_cells)
    total = bulk.all_counts.sum(axis=(0, 1))
    own = interactions.columns[interactions.columns < source.var_names.size]
    more = background_genes(total, besides=own, names=source.var_names.to_numpy(str))
    background = bulk.all_counts[:, :, more]
    shifts = composition_shifts(study, study.groups, bulk=bulk, composition=composition, names=source.var_names)
    study, usable = _usable_groups(study, bulk, min_cells=request.min_cells, groupby=groupby)
    bulk = (bulk if request.keep_profile else bulk.without_profile()).of_groups(usable)
    return ComparisonData(
        study,
        order,
        source,
        resource,
        interactions,
        production,
        bulk,
        total_cells,
        composition.of_groups(usable),
        background[:, usable],
        request,
        shifts,
        ambient,
        supply,
    )


def _read_supply(request: ComparisonRequest, study: Study, resource: Resource) -> Supply:
    return read_supply(
        request.supply,
        study,
        resource,
        sample_key=request.sample_key,
        of_expectations=request.supply_of_expectations,
    )


def _usable_groups(study: Study, bulk: Pseudobulk, *, min_cells: int, groupby: str) -> tuple[Study, Bools]:
    """Leave out groups that no sample has enough cells of; return which are kept."""
    most = bulk.n_cells.max(axis=0)
    usable = most >= min_cells
    if not usable.any():
        msg = (
            f"no group of groupby={groupby!r} has min_cells={min_cells} cells in any sample "
            f"(largest: {int(most.max())}); lower min_cells or join groups"
        )
        if int(most.max()) == 1 and len(bulk.n_cells) > 1:
            msg += f"; {len(bulk.n_cells)} samples with one cell each: does sample_key name the samples?"
        raise ValueError(msg)
    notes = [
        ("*", "too few cells", f"group {name}: at most {n} cells in a sample, min_cells {min_cells}")
        for name, n, k in zip(study.groups, most, usable, strict=True)
        if not k
    ]
    number = np.cumsum(usable) - 1
    inside = usable[study.group]
    study = replace(
        study,
        cells=study.cells[inside],
        group=number[study.group[inside]],
        sample=study.sample[inside],
        groups=tuple(g for g, k in zip(study.groups, usable, strict=True) if k),
        notes=study.notes + notes,
    )
    return study, usable


def refuse_without_conditions(keys: StudyKeys, request: ComparisonRequest) -> None:
    """Raise if what describes a comparison is given where no conditions are."""
    arguments = [
        n
        for n, v in (
            ("covariates", keys.covariates or None),
            ("patient_key", keys.patient),
            ("reference", request.reference),
            ("order", request.order),
            ("contrast", request.contrast),
        )
        if v is not None
    ]
    if arguments and not keys.condition:
        msg = f"{' and '.join(arguments)} needs condition_key=: nothing is compared without conditions"
        raise ValueError(msg)


def prepare_study(adata: AnnData, keys: StudyKeys, request: ComparisonRequest) -> ComparisonData:
    """Read the study with or without conditions and samples, and add up."""
    if keys.condition:
        return prepare_comparison(adata, keys, request)
    refuse_without_conditions(keys, request)
    if keys.sample is not None:
        study = study_of_samples(adata, keys.groupby, keys.sample)
    else:
        group, groups = label_column(adata, "groupby", keys.groupby)
        zero = np.zeros(group.size, np.int64)
        study = Study(
            np.arange(group.size),
            group,
            tuple(groups),
            zero,
            (ALL,),
            np.zeros(1, np.int64),
            (ALL,),
            pd.DataFrame(index=pd.Index([ALL])),
        )
    return add_up_study(adata, study, request, groupby=keys.groupby)


def contrasts_and_design(
    study: Study, keys: StudyKeys, *, order: Sequence[str] = ()
) -> tuple[list[Contrast], StudyDesign]:
    """Contrasts (of the stages, too, if there is an ``order``) and design; without replicates there are only means."""
    has_terms = bool(keys.covariates) or keys.patient is not None
    if study.pairs and (has_terms or len(study.samples) > len(study.levels)):
        design = build_design(study, keys)
    else:
        design = StudyDesign(np.eye(len(study.levels))[study.condition], None, tuple(study.levels))
    return pairs_and_stages(study, order, design.matrix.shape[1]), design


def require_replicates(prepared: ComparisonData, keys: StudyKeys, *, test: str) -> None:
    """Raise unless the reference and a contrasted level have at least two samples."""
    problem = _unreplicated(prepared.study, keys)
    if problem is not None:
        raise ValueError(no_replicates(test, problem, is_named=True))


def no_replicates(test: str, problem: str, *, is_named: bool = False) -> str:
    """Say what a comparison of samples needs, where the column of samples is named or is not."""
    way_out = "Merge levels that belong together or add samples" if is_named else "Name their column with sample_key="
    return (
        f"test={test!r} needs at least two samples in the reference and in a contrasted level; {problem}. {way_out}, "
        "or use test='cells', which says only whether these cells differ, not whether the conditions do"
    )


def _unreplicated(study: Study, keys: StudyKeys) -> str | None:
    n = study.replicates
    if any(min(n[ref], n[alt]) >= 2 for ref, alt in study.codes):
        return None
    counts = [f"{m} of {as_written(level)}" for level, m in zip(study.levels, n, strict=True)]
    units = (
        f"patient_key={keys.patient!r} gives patients:"
        if study.patient_design == "between"
        else f"sample_key={keys.sample!r} gives"
    )
    return f"{units} {listed(counts)}"
