"""Patients with several samples: what varies within them, and the units that are compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from .._names import distinct
from .._validate import listed, warn
from .contrasts import AND

if TYPE_CHECKING:
    from ..arrays import Ints
    from .samples import PatientDesign, Study, StudyKeys


def patients_as_units(study: Study, keys: StudyKeys, *, keep_incomplete: bool = False) -> Study:
    """Make the samples of one patient and condition one unit, and say how conditions lie in patients.

    ``"between"``: the condition is constant within patients, so that these are the replicates. ``"within"``: patients
    have several conditions and serve as their own controls; those with one condition are left out. ``"mixed"``: they
    stay, with ``keep_incomplete``, and so do patients whom no chain of conditions connects with others.

    Raises
    ------
    ValueError
        If fewer than two patients have two conditions and the others cannot stay, the second factor alone varies within
        patients, or a label among the covariates varies within what is added up.
    """
    if keys.patient is None:
        return study
    patient = pd.factorize(study.frame[keys.patient])[0]
    if _is_constant(study.condition, patient):
        _refuse_varying_factor(study, patient, keys)
        return replace(_added_up(study, patient, keys, design="between"), patient_design="between")
    if keep_incomplete and not _is_within(study, patient, keys):
        return replace(_added_up(study, patient, keys, design="mixed"), patient_design="mixed")
    study = _complete_patients(study, keys)
    patient = pd.factorize(study.frame[keys.patient])[0]
    return replace(_added_up(study, patient, keys, design="within"), patient_design="within")


def _is_constant(values: Any, owner: Ints) -> bool:
    """Whether values are the same wherever their owner is."""
    pairs = pd.DataFrame({"owner": owner, "value": values}).drop_duplicates()
    return bool(len(pairs) == pairs["owner"].nunique())


def _is_within(study: Study, patient: Ints, keys: StudyKeys) -> bool:
    """Whether every patient has several conditions and chains of patients connect them all.

    With a second factor that is constant within patients each of its levels is compared within itself.
    """
    table = pd.crosstab(patient, study.condition).to_numpy() > 0
    if (table.sum(axis=1) < 2).any():
        return False
    return keys.factor is not None or connected_components(table.astype(int) @ table.T)[0] == 1


def _refuse_varying_factor(study: Study, patient: Ints, keys: StudyKeys) -> None:
    if keys.factor is not None and not _is_constant(study.frame[keys.factor].to_numpy(), patient):
        msg = (
            f"condition_key={keys.condition!r} is constant within the patients of patient_key={keys.patient!r} while "
            f"factor_key={keys.factor!r} varies within them: exchange the two (condition_key={keys.factor!r}, "
            f"factor_key={keys.condition!r}), which tests the same difference of differences within patients"
        )
        raise ValueError(msg)


def _added_up(study: Study, patient: Ints, keys: StudyKeys, *, design: PatientDesign) -> Study:
    """Make one unit of the samples of a patient that share their condition (and second factor)."""
    parts = {"patient": patient, "condition": study.condition}
    if keys.factor is not None:
        parts["factor"] = pd.factorize(study.frame[keys.factor])[0]
    unit = pd.factorize(pd.MultiIndex.from_frame(pd.DataFrame(parts)))[0].astype(np.int64)
    if unit.max() + 1 == unit.size:
        if design == "between":
            _warn_of_single_samples(unit.size, keys)
        return study
    _, first = np.unique(unit, return_index=True)
    members = [tuple(np.asarray(study.samples, object)[unit == u]) for u in range(first.size)]
    names = []
    for inside, at in zip(members, first, strict=True):
        owner = str(study.frame[keys.patient].iloc[at])
        several = owner if design == "between" else f"{owner}{AND}{study.levels[study.condition[at]]}"
        names.append(inside[0] if len(inside) == 1 else several)
    names = distinct(names)
    return replace(
        study,
        sample=unit[study.sample],
        samples=tuple(names),
        condition=study.condition[first],
        frame=_frame_of_units(study.frame, unit, keys).set_axis(names),
        members=tuple(members),
    )


def _warn_of_single_samples(n: int, keys: StudyKeys) -> None:
    warn(
        f"patient_key={keys.patient!r}: each of the {n} patients has one sample, so the comparison is the one without "
        "patient_key; check the column if patients have several samples"
    )


def _frame_of_units(frame: pd.DataFrame, unit: Ints, keys: StudyKeys) -> pd.DataFrame:
    """Numbers as the mean over the samples of a unit; labels must be the same in all of them."""
    units = frame.groupby(unit, sort=True).first()
    for key in keys.covariates:
        if frame[key].dtype == np.float64:
            units[key] = frame[key].groupby(unit, sort=True).mean()
        elif not _is_constant(frame[key].to_numpy(), unit):
            varying = frame[key].groupby(unit).nunique()
            some = frame[keys.patient].to_numpy()[unit == int(varying.idxmax())][0]
            msg = (
                f"covariates: {key!r} varies within patients ({keys.patient} {some}: "
                f"{listed(frame[key][unit == int(varying.idxmax())].unique())}), whose samples of one condition are "
                "added up and count once; leave it out of covariates"
            )
            raise ValueError(msg)
    return units


def _complete_patients(study: Study, keys: StudyKeys) -> Study:
    """Leave out samples whose patient has only one condition; they say nothing about a change within a patient."""
    patient: Any = study.frame[keys.patient].to_numpy()
    table = pd.crosstab(patient, study.condition)
    full = table.index[(table > 0).sum(axis=1) > 1]
    if len(full) < 2:
        alone = [str(p) for p in table.index if p not in full]
        partners = f" (without partner: {', '.join(alone[:6])})" if alone else ""
        msg = (
            f"patient_key={keys.patient!r}: {len(full)} of {len(table)} patients have samples of two conditions, at "
            f"least 2 are needed{partners}; check the column, or leave out patient_key"
        )
        raise ValueError(msg)
    kept = np.isin(patient, full)
    if kept.all():
        return study
    notes = [
        ("*", "patient without partner", f"sample {s}: {keys.patient} {p} has no sample of another condition")
        for s, p, k in zip(study.samples, patient, kept, strict=True)
        if not k
    ]
    warn(
        f"patient_key={keys.patient!r}: {len(notes)} of {len(study.samples)} samples have no partner in another "
        "condition and are left out (cs.get.untested lists them)"
    )
    return study.of_samples(kept, notes)
