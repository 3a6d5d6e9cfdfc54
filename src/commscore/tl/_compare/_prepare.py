"""What every tool of this room needs first: the study, its counts added up, and the interactions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import rs
from ..._labels import Label, find, text
from ...arrays import Tests
from ...core.contrast import CellCohort, Cohort
from ...core.log_rates import log_cpm
from ...core.read.pseudobulk import Pseudobulk
from ...core.threads import team
from .. import _interactions
from . import _counts, _design, _study
from ._levels import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from ...arrays import Ints
    from ...rs import Resource
    from .. import _edge
    from ._study import Keys, Study


@dataclass(frozen=True)
class Ask:
    """What the caller asked for, beside the columns of ``obs``."""

    resource: Any
    counts_layer: str | None
    use_raw: bool
    min_cells: int
    reference: Label | None = None
    order: Sequence[Label] | None = None
    contrast: Any = None
    by_cells: bool = False

    @property
    def choice(self) -> Choice:
        """What the caller said of the levels."""
        return Choice(self.reference, self.order, self.contrast, self.by_cells)

    def recorded(self) -> dict[str, Any]:
        """Return order and contrast as they were asked for, as ``params`` can hold them: a label, several, or None."""
        return {"order": _texts(self.order), "contrast": _texts(self.contrast)}


def _texts(labels: Any) -> Any:
    if labels is None or np.ndim(labels) == 0:
        return None if labels is None else text(labels)
    return np.asarray([text(label) for label in labels], object)


@dataclass(frozen=True)
class Prepared:
    """Study, sums and interactions; groups without any usable sample are left out of all three."""

    study: Study
    order: tuple[str, ...]
    source: _edge.Source
    resource: Resource
    found: _interactions.Testable
    bulk: Pseudobulk
    total_cells: Ints

    def tests(self) -> tuple[Tests, Ints]:
        """Every source × target × interaction, in this order, and the interaction of each test."""
        k, n = len(self.study.groups), len(self.found.frame)
        source, target, which = (a.ravel() for a in np.indices((k, k, n)))
        return Tests(source, target, self.found.ligand[which], self.found.receptor[which]), which

    def cohort(self, design: _design.Design, *, min_cells: int) -> Cohort:
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
            total_cells=self.total_cells,
        )

    def cells(self, *, min_cells: int) -> CellCohort:
        """Arrays for the engine where cells are the replicates."""
        return CellCohort(
            matrix=self.source.matrix,
            columns=self.found.columns,
            cells=self.study.cells,
            sample=self.study.sample,
            group=self.study.group,
            bulk=self.bulk,
            condition=self.study.condition,
            total_cells=self.total_cells,
            min_cells=min_cells,
        )


def prepare(adata: AnnData, keys: Keys, ask: Ask) -> Prepared:
    """Read, check and add up; nothing is written."""
    study = read_study(adata, keys, ask)
    return add_up(adata, study, ask, groupby=keys.groupby, order=stages(study, ask))


def read_study(adata: AnnData, keys: Keys, ask: Ask, *, groups_were_read: bool = False) -> Study:
    """Read the samples of all conditions; those without a partner are left out of a paired study."""
    study = _study.read(adata, keys, ask.choice, groups_were_read=groups_were_read)
    return _study.drop_empty_levels(_pairs(study, keys), keys)


def stages(study: Study, ask: Ask) -> tuple[str, ...]:
    """Return the stages of ``order=`` that have samples."""
    found = [find(stage, study.levels) for stage in ask.order or ()]
    return tuple(stage for stage in found if stage is not None)


def add_up(adata: AnnData, study: Study, ask: Ask, *, groupby: str, order: tuple[str, ...] = ()) -> Prepared:
    """Find counts and interactions of a study that has been read, and add up."""
    source = _counts.raw_counts(adata, counts_layer=ask.counts_layer, use_raw=ask.use_raw)
    resource = rs.as_resource(ask.resource)
    found = _interactions.testable(resource, source.var_names, missing_subunits="drop")
    with team(None) as threads:
        bulk = _counts.add_up(source, study, found.columns, team=threads)
    total_cells = bulk.n_cells.sum(axis=1)
    study, bulk = _usable_groups(study, bulk, min_cells=ask.min_cells, groupby=groupby)
    return Prepared(study, order, source, resource, found, bulk, total_cells)


def _pairs(study: Study, keys: Keys) -> Study:
    kept = _design.complete_pairs(study, keys)
    lost = len(study.samples) - len(kept.samples)
    if lost:
        msg = (
            f"pair_key={keys.pair!r}: {lost} of {len(study.samples)} samples have no partner in another condition and "
            "are left out (cs.get.untested lists them); leave out pair_key to use all samples, unpaired"
        )
        warnings.warn(msg, UserWarning, stacklevel=6)
    return kept


def _usable_groups(study: Study, bulk: Pseudobulk, *, min_cells: int, groupby: str) -> tuple[Study, Pseudobulk]:
    most = bulk.n_cells.max(axis=0)
    kept = most >= min_cells
    if not kept.any():
        msg = (
            f"no group of groupby={groupby!r} has min_cells={min_cells} cells in any sample "
            f"(largest: {int(most.max())}); lower min_cells or join groups"
        )
        raise ValueError(msg)
    notes = [
        ("*", "too few cells", f"group {name}: at most {n} cells in a sample, min_cells {min_cells}")
        for name, n, k in zip(study.groups, most, kept, strict=True)
        if not k
    ]
    number = np.cumsum(kept) - 1
    inside = kept[study.group]
    study = replace(
        study,
        cells=study.cells[inside],
        group=number[study.group[inside]],
        sample=study.sample[inside],
        groups=tuple(g for g, k in zip(study.groups, kept, strict=True) if k),
        notes=study.notes + notes,
    )
    bulk = Pseudobulk(bulk.counts[:, kept], bulk.library[:, kept], bulk.n_cells[:, kept], bulk.prop[:, kept], bulk.seen)
    return study, bulk
