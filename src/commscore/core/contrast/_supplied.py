"""Interactions whose ligand was measured beside the cells: its level by sample, the receptor in the target's cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities, Tests
from ...stats import combine
from ...stats.sample_rows import fit_rows
from ...tables.vocabulary import Status, UntestableReason
from . import _columns, _finish
from ._change import Change
from ._compare import compare

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ._columns import Columns
    from ._model import Model
    from ._types import Cohort, Contrast, Settings

_FEWEST = 2
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SuppliedLigands:
    """Log2 levels (n_samples, n_molecules), NaN where missing, and the molecule of every test."""

    level: Floats
    molecule: Ints


def compare_supplied(
    cohort: Cohort,
    entities: Entities,
    tests: Tests,
    *,
    ligands: SuppliedLigands,
    contrast: Contrast,
    settings: Settings,
    model: Model,
) -> Columns:
    """Test every interaction of a supplied ligand for one contrast of two levels.

    The ligand is fitted by least squares on the samples that have a level, variances moderated over molecules; the
    receptor as in :func:`compare`. Their p-values are combined as there. What both sides' errors have in common is not
    known: the standard error of the effect is their sum, its largest value. ``source`` and ``ligand`` of the tests are
    not read.
    """
    alone = Tests(tests.target, tests.target, tests.receptor, tests.receptor)
    plain = replace(settings, max_enumeration=0, test="samples")
    receptor = compare(cohort, entities, alone, contrast=contrast, settings=plain, model=model).columns
    level = ligands.level
    fit = fit_rows(
        _varying(level, cohort.design), design=cohort.design, vectors=contrast.vectors[:1], unit=np.zeros_like(level)
    )
    estimate, se, pvalue, reach = (a[0, ligands.molecule] for a in (fit.estimate, fit.se, fit.pvalue, fit.reach))
    out = _columns.allocate(tests.n, interaction=False)
    _count(out, cohort, tests, ligands=ligands, contrast=contrast)
    out["status"] = _status(out, receptor, pvalue)
    out["reason"] = np.where(out["status"] == Status.TESTED.code, -1, receptor["reason"]).astype(np.int8)
    few = (out["status"] == Status.TOO_FEW_SAMPLES.code) & (out["reason"] < 0)
    out["reason"][few] = UntestableReason.ONE_SAMPLE.code
    parts = np.stack([estimate, receptor["ligand_effect"], np.zeros(tests.n), receptor["d_target"]])
    halves = np.stack([reach, receptor["ligand_ci_high"] - receptor["ligand_effect"]])
    both = se + receptor["ligand_se"]
    with np.errstate(invalid="ignore", divide="ignore"):
        change = Change(parts, both, halves.sum(axis=0) / both)
    change.write(out, at=slice(None))
    unknown = np.full(tests.n, np.inf)
    change.write_intervals(
        out, at=slice(None), reach=np.stack([*halves, unknown, unknown]), same_group=np.zeros(tests.n, bool)
    )
    out["within_margin"] = change.within(settings.margin)
    out["ligand_se"], out["receptor_se"] = se, receptor["ligand_se"]
    out["ligand_pvalue"], out["receptor_pvalue"] = pvalue, receptor["ligand_pvalue"]
    tested = out["status"] == Status.TESTED.code
    out["pvalue"] = np.where(tested, _either(pvalue, receptor["ligand_pvalue"], how=settings.combine), np.nan)
    out["both_pvalue"] = np.where(tested, np.maximum(pvalue, receptor["ligand_pvalue"]), np.nan)
    for name in (
        "receptor_prop_ref",
        "receptor_prop_alt",
        "receptor_subunit_ref",
        "receptor_subunit_alt",
        "low_counts",
    ):
        out[name] = receptor[name]
    out["rewired"] = np.zeros(tests.n, bool)
    _finish.finish(out, contrast=contrast, settings=plain)
    return _columns.shown(out)


def _varying(level: Floats, design: Floats) -> Floats:
    """Return the levels, none of a molecule that the design explains to the last digit: that is no measurement."""
    there = np.isfinite(level)
    left = np.full(level.shape[1], np.nan)
    for i, keep in enumerate(there.T):
        known = level[keep, i]
        fitted = design[keep] @ np.linalg.lstsq(design[keep], known, rcond=None)[0]
        left[i] = np.abs(known - fitted).max(initial=0.0)
    return np.where(left > _ROUNDING * np.abs(np.where(there, level, 0.0)).max(axis=0, initial=1.0), level, np.nan)


def _count(out: Columns, cohort: Cohort, tests: Tests, *, ligands: SuppliedLigands, contrast: Contrast) -> None:
    """Count the samples of both levels that have the target's cells and a level of the ligand."""
    both = cohort.present[:, tests.target] & np.isfinite(ligands.level)[:, ligands.molecule]
    for name, codes in (("n_ref", contrast.ref), ("n_alt", contrast.alt)):
        out[name] = both[np.isin(cohort.condition, codes)].sum(axis=0).astype(np.int32)


def _status(out: Columns, receptor: Columns, pvalue: Floats) -> Ints:
    """Take over why the receptor was not tested; a receptor of one side only has no change to join."""
    few = (np.minimum(out["n_ref"], out["n_alt"]) < _FEWEST) | np.isnan(pvalue)
    status = np.where(receptor["status"] == Status.DETECTION.code, Status.NOT_EXPRESSED.code, receptor["status"])
    return np.where((status == Status.TESTED.code) & few, Status.TOO_FEW_SAMPLES.code, status).astype(np.int8)


def _either(first: Floats, second: Floats, *, how: str) -> Floats:
    """Combine the p-values of both sides."""
    if how == "fisher":
        return np.asarray(combine.fisher(np.stack([first, second]), axis=0), np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(combine.cauchy_tail(0.5 * (combine.cauchy(first) + combine.cauchy(second))), np.float64)
