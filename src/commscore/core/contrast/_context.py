"""One contrast of one cohort and what has been fitted for the samples in common, kept between pairs of groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities
from ...stats import linear, patients
from . import _abundance, _exact, _sides
from ._types import OUTSIDE

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Floats, Ints
    from ._model import GroupModel, Model
    from ._sides import GroupFit
    from ._types import Cohort, Contrast, Settings


@dataclass
class FittedContrast:
    """One contrast of one cohort, with what has been fitted so far.

    Sides are fitted on all samples that have the group; abundances and relabellings are those of the samples ``keep``,
    which have both groups of the rows at hand.
    """

    cohort: Cohort
    entities: Entities
    model: Model
    contrast: Contrast
    settings: Settings
    keep: Bools = field(default_factory=lambda: np.zeros(0, bool))
    projection: linear.Projection = field(default_factory=lambda: linear.project(np.zeros((0, 1)), np.zeros((1, 1))))
    sides: dict[int, GroupFit] = field(default_factory=dict)
    abundances: dict[int, _abundance.AbundanceFit] = field(default_factory=dict)
    shifts: dict[tuple[int, int], Floats] = field(default_factory=dict)
    relabelled: _exact.Relabelled | None = None
    evidence: dict[int, tuple[Ints, npt.NDArray[np.float32]]] = field(default_factory=dict)

    @property
    def n_tested(self) -> int:
        """Contrasts that are evidence; the simple effects of an interaction are shown only."""
        return 1 if self.contrast.kind == "interaction" else self.contrast.vectors.shape[0]

    @property
    def n_stages(self) -> int:
        """Number of ordered stages, 0 without."""
        return 1 + len(self.contrast.alt) if self.contrast.kind == "stages" else 0

    def start(self, keep: Bools) -> None:
        """Begin with another set of samples in common."""
        self.keep = keep
        self.projection = linear.project(self.cohort.design[keep], self.contrast.vectors)
        self.relabelled = None
        for store in (self.abundances, self.evidence):
            store.clear()

    def group_model(self, group: int) -> GroupModel:
        """Return what all contrasts share of a group that at least two samples have."""
        return self.model.groups[group]

    def level(self, codes: tuple[int, ...]) -> Bools:
        """Mark the samples in common that are of these levels."""
        return self.keep & np.isin(self.cohort.condition, codes)

    def compared(self) -> tuple[Bools, Bools]:
        """Mark the samples of the two ends: reference and alternative, first and last stage."""
        alt = self.contrast.alt[-1:] if self.contrast.kind == "stages" else self.contrast.alt
        return self.level(self.contrast.ref), self.level(alt)

    def side(self, group: int) -> GroupFit:
        """Fit of a group, kept."""
        if group not in self.sides:
            self.sides[group] = _sides.build(
                self.group_model(group),
                self.contrast.vectors,
                design=self.cohort.design,
                n_tested=self.n_tested,
                outside=OUTSIDE,
                n_stages=self.n_stages,
            )
        return self.sides[group]

    @cached_property
    def relative(self) -> _abundance.Abundances:
        """Abundances of all groups; one reference for all pairs of groups, whatever samples they have in common."""
        vectors = self.contrast.vectors[: self.n_tested]
        return _abundance.relative_to_reference(self.cohort, vectors, settings=self.settings)

    def _abundance(self, group: int) -> _abundance.AbundanceFit:
        if group not in self.abundances:
            self.abundances[group] = self.relative.fit(group, keep=self.keep, projection=self.projection)
        return self.abundances[group]

    def abundance(self, group: int) -> tuple[Floats, Floats, Floats]:
        """Estimate, standard error and p (q,) of the group's log2 ratio to the reference, with a moderated t-test."""
        fitted = self._abundance(group)
        return fitted.estimate, fitted.se, fitted.pvalue

    def abundance_reach(self, group: int, level: float) -> Floats:
        """Half width (q,) of the interval of the group's change that leaves out ``level``."""
        return self._abundance(group).reach(level)

    def shift_without(self, group: int, c: int) -> Floats:
        """How much contrast ``c`` changes without each sample, (E, n_samples); NaN where it cannot be estimated."""
        if (group, c) not in self.shifts:
            model = self.group_model(group)
            direction = linear.project(self.cohort.design[model.keep], self.contrast.vectors[c : c + 1]).influence
            self.shifts[group, c] = _sides.loss_of_each(model, (direction @ model.basis)[0])
        return self.shifts[group, c]

    def limiting(self, group: int, *, end: int) -> Ints:
        """Limiting subunit per entity at one end (0 or 1), of the later arm of an interaction; -1 without samples."""
        if not self.compared()[end].any():
            return np.full(self.entities.n, -1, np.int64)
        level = (self.contrast.ref, self.contrast.alt)[end][-1]
        return np.asarray(self.model.rows.subunit[level, group], np.int64)

    def arms(self, group: int) -> Floats:
        """Second arm minus first of every entity (2, n_entities), before and after, by plain means of the levels.

        Patients do not enter: those that are in one arm only say nothing else about the arms.
        """
        value = self.model.rows.value[group]
        ends = (self.contrast.ref, self.contrast.alt)
        return np.stack([value[self.level((b,))].mean(axis=0) - value[self.level((a,))].mean(axis=0) for a, b in ends])

    def relabelling(self) -> _exact.Relabelled | None:
        """Relabellings of the samples in common, kept; None where no relabelling keeps the null."""
        if self.relabelled is None:
            self.relabelled = _exact.relabel(
                self.cohort,
                self.contrast,
                keep=self.keep,
                n_tested=self.n_tested,
                settings=self.settings,
                white=self._whitening(),
            )
        return self.relabelled

    def _whitening(self) -> Floats | None:
        """Make samples of one patient uncorrelated, by what they share on average over the groups of cells."""
        fits = [g.log_fit for g in self.model.groups.values()]
        ratios = [f.shared.variance / float(f.noise.mean()) for f in fits if f.shared is not None]
        if self.cohort.patient is None or not ratios:
            return None
        return patients.whitening(patients.owners(self.cohort.patient[self.keep]), float(np.mean(ratios)))

    def exact_evidence(
        self, relabelled: _exact.Relabelled, *, group: int, entities: Ints
    ) -> tuple[Ints, npt.NDArray[np.float32]]:
        """Return where each entity lies in the table of evidence of a group, and the table; grown as needed."""
        where, table = self.evidence.get(group, (np.full(self.entities.n, -1, np.int64), None))
        new = np.unique(entities[where[entities] < 0])
        if new.size or table is None:
            more = _exact.evidence(
                self.model,
                relabelled,
                group=group,
                keep=self.keep,
                entities=new,
                settings=self.settings,
            )
            where[new] = np.arange(new.size) + (0 if table is None else table.shape[0])
            table = more if table is None else np.vstack([table, more])
            self.evidence[group] = where, table
        return where, table


def log_abundance(cohort: Cohort) -> Floats:
    """log2 proportion (n_samples, n_groups) of each group in the cells of its sample, half a cell added.

    For groups of one sample beside each other, whose ratio it gives; changes are taken from
    :meth:`FittedContrast.abundance`.
    """
    total = cohort.n_cells.sum(axis=1) if cohort.total_cells is None else cohort.total_cells
    return np.asarray(np.log2((cohort.n_cells + 0.5) / (total + 1.0)[:, None]), np.float64)
