"""Rows of ligands that come with the blood: their level from a table of samples, the receptor from RNA."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._validate import listed
from ...arrays import Tests
from ...core import contrast as engine
from ...core.contrast import LABELS
from ...get._frames import taken_categories
from ...study.coverage import BEYOND_RNA
from ...study.supply import Supply
from ...tables import compare as schema
from ...tables.roles import CIRCULATION
from ...tables.vocabulary import Status, Unit

if TYPE_CHECKING:
    from ...core.contrast import Cohort, Contrast, Model, Settings
    from ...study.comparison import ComparisonData

_OTHERS = "levels are compared two by two: stages and differences of differences have no rows of circulation"

_WHY = {
    "not expressed": "their cells do not express the receptor in enough samples",
    "too few samples": "fewer than two samples of a condition have them and a level, or the levels leave no error",
}


@dataclass
class SuppliedRows:
    """What a supply table adds to a comparison: rows, and notes on what was not tested."""

    supply: Supply
    frames: list[pd.DataFrame] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, prepared: ComparisonData) -> SuppliedRows | None:
        """Return what a comparison has; nothing without a table."""
        if prepared.supply is None:
            return None
        if CIRCULATION in prepared.study.groups:
            msg = f"supply: rows have the source {CIRCULATION!r}, which is a group of cells here; rename that group"
            raise ValueError(msg)
        return cls(prepared.supply)

    def add(
        self, prepared: ComparisonData, cohort: Cohort, *, contrast: Contrast, settings: Settings, model: Model
    ) -> None:
        """Compare the interactions of all supplied ligands with every group as the target."""
        if contrast.kind != "pair":
            self.notes.append(("*", "cannot be compared", f"{contrast.name}: {_OTHERS}"))
            return
        receptors = _Receptors.of(prepared, self.supply)
        self._note_lost(prepared, receptors.frame["ligand"])
        if not receptors.molecule.size:
            return
        k = len(prepared.study.groups)
        at = np.tile(np.arange(receptors.molecule.size), k)
        target = np.repeat(np.arange(k), receptors.molecule.size)
        entity = receptors.entity[at]
        columns = engine.compare_supplied(
            cohort,
            prepared.interactions.entities,
            Tests(target, target, entity, entity),
            ligands=engine.SuppliedLigands(self.supply.level, receptors.molecule[at]),
            contrast=contrast,
            settings=settings,
            model=model,
        )
        frame = _frame(prepared, receptors, columns, contrast=contrast.name, target=target, at=at)
        is_tested = (frame["status"] == Status.TESTED).to_numpy()
        self.frames.append(frame[is_tested])
        self._note(frame[~is_tested])

    def _note(self, left_out: pd.DataFrame) -> None:
        """Say once per contrast and interaction in how many groups it was not tested."""
        few = np.where(left_out["status"] == Status.NOT_EXPRESSED, "not expressed", "too few samples")
        by = left_out.groupby(["contrast", "interaction", few], observed=True, sort=False)["target"]
        self.notes += [
            (str(interaction), reason, f"{contrast}, {CIRCULATION} → {len(targets)} groups: {_WHY[reason]}")
            for (contrast, interaction, reason), targets in by
        ]

    def _note_lost(self, prepared: ComparisonData, tested: pd.Series) -> None:
        """Say once which supplied ligands have no receptor in the data."""
        frame = prepared.resource.interactions
        for name in [m for m in self.supply.molecules if not (tested == m).any()]:
            receptors = listed(frame.loc[frame["ligand"] == name, "receptor"].unique().tolist())
            why = f"none of its receptors ({receptors}) has its genes in var_names" if receptors else "no receptor"
            note = ("*", "gene missing", f"{CIRCULATION}: a level of {name}, and {why}")
            self.notes += [] if note in self.notes else [note]

    def beside(self, untested: pd.DataFrame) -> pd.DataFrame:
        """Return the table of what was not tested without what these rows test in place of RNA."""
        tested = {name for frame in self.frames for name in frame["interaction"]}
        instead = (untested["reason"] == BEYOND_RNA) & untested["interaction"].isin(tested)
        return untested[~instead.to_numpy()].reset_index(drop=True)

    def joined(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table of comparisons with these rows behind the others."""
        if not self.frames:
            return table
        more = pd.concat(self.frames, ignore_index=True)
        out = {}
        for name in table.columns:
            added = more[name] if name in more else pd.Series(np.nan, index=more.index)
            ends = [table[name], added] if len(table) else [added]
            if isinstance(table[name].dtype, pd.CategoricalDtype):
                words = list(dict.fromkeys([*table[name].cat.categories, *added.dropna().astype(str).unique()]))
                out[name] = pd.Categorical(pd.concat([e.astype(object) for e in ends]), categories=words)
            else:
                out[name] = pd.concat(ends).astype(table[name].dtype).to_numpy()
        return pd.DataFrame(out)


@dataclass(frozen=True)
class _Receptors:
    """Interactions of supplied ligands whose receptor is measured: places in the resource, molecules, receptors."""

    frame: pd.DataFrame
    molecule: Any
    entity: Any

    @classmethod
    def of(cls, prepared: ComparisonData, supply: Supply) -> _Receptors:
        """Find them; the ligand need not be measured in RNA."""
        entity_of = dict(prepared.interactions.receptors)
        frame = prepared.resource.interactions
        some = frame["ligand"].isin(supply.molecules) & frame["receptor"].isin(entity_of)
        frame = frame[some].reset_index(drop=True)
        molecule = np.asarray([supply.number(name) for name in frame["ligand"]], np.int64)
        return cls(frame, molecule, np.asarray([entity_of[r] for r in frame["receptor"]], np.int64))


def _frame(
    prepared: ComparisonData, receptors: _Receptors, columns: Any, *, contrast: str, target: Any, at: Any
) -> pd.DataFrame:
    """Rows in the columns of a comparison."""
    genes, facts, n = prepared.interactions.genes.astype(str), receptors.frame, target.size
    frame: dict[str, Any] = {
        "contrast": np.full(n, contrast, object),
        "source": np.full(n, CIRCULATION, object),
        "target": np.asarray(prepared.study.groups, object)[target],
    }
    for name, column in (
        ("interaction", "interaction"),
        ("ligand_complex", "ligand"),
        ("receptor_complex", "receptor"),
        ("mode", "mode"),
    ):
        frame[name] = taken_categories(facts[column], at)
    if prepared.production.is_asked:
        frame["claim"] = np.full(n, "", object)  # a level that was measured is no capacity
    frame["unit"], frame["scale"] = np.full(n, Unit.SAMPLES.value, object), np.full(n, prepared.request.scale, object)
    for end in ("ref", "alt"):
        limiting = columns[f"receptor_subunit_{end}"].astype(np.int64)
        pairs = [f"{ligand}^{genes[g]}" if g >= 0 else None for ligand, g in zip(frame["ligand_complex"], limiting)]
        frame[f"subunit_{end}"] = np.asarray(pairs, object)
    for name in schema.COMPARE.names:
        if name in LABELS and name in columns:
            frame[name] = pd.Categorical.from_codes(columns[name], list(LABELS[name]))
        elif name not in frame and name in columns:
            frame[name] = columns[name]
    return pd.DataFrame(frame)
