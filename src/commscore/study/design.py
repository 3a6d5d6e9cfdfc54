"""The design of the comparison: condition means, then centred covariates and patients; and what makes it impossible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from .._validate import listed

if TYPE_CHECKING:
    from ..arrays import Floats, Ints
    from .samples import Study, StudyKeys


_TOLERANCE = 1e-8


@dataclass(frozen=True)
class StudyDesign:
    """Full-rank design ``matrix`` (n_samples × p), ``block`` within which labels may be exchanged, and ``patient``.

    The first ``len(levels)`` columns are the means of the levels (cell-means coding); the other columns are
    centred, so that these means are those of an average sample. ``block`` and ``patient`` are codes per sample, or
    None; with ``patient`` the design has no columns of patients, whose likeness is estimated.
    """

    matrix: Floats
    block: Ints | None
    names: tuple[str, ...]
    patient: Ints | None = None


def build_design(study: Study, keys: StudyKeys) -> StudyDesign:
    """Build the design and check that the contrasts of conditions can be estimated.

    Raises
    ------
    ValueError
        If a covariate or the patient is confounded with the condition or with one another, or no sample is
        left to estimate the variance from.
    """
    n_levels = len(study.levels)
    matrix = np.zeros((len(study.samples), n_levels))
    matrix[np.arange(len(study.samples)), study.condition] = 1.0
    names = list(study.levels)
    for key in keys.covariates:
        columns, labels = _columns(study.frame[key])
        _no_confounding(matrix, columns, key=key, study=study, keys=keys)
        matrix, names = np.hstack([matrix, columns]), names + [f"{key}{label}" for label in labels]
    block = patient = None
    if study.patient_design == "mixed":
        patient = pd.factorize(study.frame[keys.patient])[0].astype(np.int64)
        block = _exchangeable(patient)
    elif study.patient_design == "within":
        block = pd.factorize(study.frame[keys.patient])[0].astype(np.int64)
        columns = _block_columns(block, _components(block, study, keys=keys))
        _no_nesting(matrix, columns, keys=keys)
        matrix = np.hstack([matrix, columns])
        names += [f"{keys.patient} {i + 1}" for i in range(columns.shape[1])]
    if matrix.shape[0] <= matrix.shape[1]:
        msg = (
            f"the design has {matrix.shape[1]} coefficients ({', '.join(names[:12])}) for {matrix.shape[0]} samples, "
            "so nothing is left to estimate the variance from; leave out covariates or patient_key, or add samples"
        )
        raise ValueError(msg)
    return StudyDesign(matrix, block, tuple(names), patient)


def _exchangeable(patient: Ints) -> Ints:
    """Code the samples that may exchange labels: those of one patient, and the single ones of all other patients."""
    several = np.bincount(patient)[patient] > 1
    return np.where(several, patient + 1, 0)


def _columns(values: pd.Series) -> tuple[Floats, list[str]]:
    """Centred columns of one term, by formulaic: a number as it is, text as dummies without the first level."""
    from formulaic import model_matrix

    frame = pd.DataFrame({"x": values.to_numpy()})
    if not pd.api.types.is_numeric_dtype(frame["x"]):
        frame["x"] = pd.Categorical(frame["x"])
        if len(frame["x"].cat.categories) < 2:
            return np.zeros((len(frame), 1)), [f"[{frame['x'].cat.categories[0]}]"]
    dummies = model_matrix("1 + x", frame)
    columns = np.asarray(dummies, np.float64)[:, 1:]
    columns = columns - columns.mean(axis=0)
    if pd.api.types.is_numeric_dtype(frame["x"]):  # one unit for all, so that ranks do not depend on the user's
        columns = columns / (np.abs(columns).max() or 1.0)
    return columns, [str(c).removeprefix("x") for c in dummies.columns[1:]]


def design_rank(matrix: Floats) -> int:
    """Rank, with a tolerance for columns of unit size."""
    return int(np.linalg.matrix_rank(matrix, tol=_TOLERANCE * max(matrix.shape)))


def _no_confounding(matrix: Floats, columns: Floats, *, key: str, study: Study, keys: StudyKeys) -> None:
    if design_rank(np.hstack([matrix, columns])) == matrix.shape[1] + columns.shape[1]:
        return
    if np.abs(columns).max() < _TOLERANCE:
        msg = f"covariates: {key!r} has the same value in all samples; leave it out"
        raise ValueError(msg)
    conditions = matrix[:, : len(study.levels)]
    if design_rank(np.hstack([conditions, columns])) < conditions.shape[1] + columns.shape[1]:
        shown = "; ".join(
            f"{level}: {', '.join(sorted(set(study.frame[key][study.condition == i].astype(str))))}"
            for i, level in enumerate(study.levels)
        )
        msg = (
            f"covariates: {key!r} is confounded with condition_key={keys.condition!r} ({shown}): the samples cannot "
            "tell one from the other; leave the covariate out and say so, or compare samples that share its values"
        )
        raise ValueError(msg)
    earlier = ", ".join(repr(k) for k in keys.covariates[: keys.covariates.index(key)])
    msg = f"covariates: {key!r} adds nothing that {earlier} and the condition do not determine; leave one of them out"
    raise ValueError(msg)


def _components(block: Ints, study: Study, *, keys: StudyKeys) -> Ints:
    """Return which samples are connected by chains of conditions and patients, as a code per sample.

    One component is needed, unless a second factor is constant within patients (response × time): then each of its
    levels is one, and changes are compared within them.
    """
    n = len(study.levels)
    edges = sparse.coo_matrix((np.ones(block.size), (study.condition, n + block)), shape=(n + block.max() + 1,) * 2)
    component = connected_components(edges, directed=False)[1][study.condition]
    if keys.factor is None and component.max() > 0:
        msg = (
            f"patient_key={keys.patient!r} is confounded with condition_key={keys.condition!r}: no chain of patients "
            f"connects all of {listed(study.levels)}; compare conditions that share patients (order=), or leave out "
            "patient_key"
        )
        raise ValueError(msg)
    return np.asarray(component, np.int64)


def _block_columns(block: Ints, component: Ints) -> Floats:
    """Code each patient against the last of its component, centred: condition means stay those of its patients."""
    parts = []
    for c in np.unique(component):
        inside = component == c
        *others, last = np.unique(block[inside])
        columns = (block[:, None] == np.asarray(others, np.int64)) - 1.0 * (block == last)[:, None]
        columns = columns * inside[:, None]
        parts.append((columns - columns[inside].mean(axis=0)) * inside[:, None])
    return np.hstack(parts)


def _no_nesting(matrix: Floats, columns: Floats, *, keys: StudyKeys) -> None:
    if design_rank(np.hstack([matrix, columns])) == matrix.shape[1] + columns.shape[1]:
        return
    msg = (
        f"patient_key={keys.patient!r} already accounts for what is constant within a patient: leave "
        f"{', '.join(map(repr, keys.covariates))} out of covariates, or leave out patient_key"
    )
    raise ValueError(msg)
