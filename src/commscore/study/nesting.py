"""Columns of ``obs`` that nobody named and that matter: patients with several samples, batches of one condition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..get._columns import in_memory

if TYPE_CHECKING:
    from anndata import AnnData

    from ..arrays import Bools, Floats, Ints
    from .samples import Study, StudyKeys

OWNER = re.compile(
    r"(?:.*[^a-z])?(?:patient|donor|subject|individual|participant|volunteer|person|animal|mouse)s?"
    r"[^a-z]*(?:id|identifier|no|nr|num|number|name|code|label)?[^a-z]*"
)
"""Names of columns with those whom samples were taken from: ``patient``, ``donor_id``, ``orig.patient``; not
``patient_age``."""
SPECIMEN = re.compile(
    r"(?:.*[^a-z])?(?:bio)?(?:sample|specimen|biopsy|biopsie)s?"
    r"[^a-z]*(?:id|identifier|no|nr|num|number|name|code|label)?[^a-z]*"
)
"""Names of columns with what was sampled: several of its values are no pieces of another such value."""
_BATCH = re.compile(
    r".*(?:batch|run|lane|plate|pool|chip|librar|chemistry|site|cent(?:er|re)|hospital|date|sequencing|protocol|assay"
    r"|technology|study|dataset|cohort).*"
)
_ATTRIBUTE = re.compile(r".*(?:sex|gender|age|ethnicity|race|tissue|organ|subtype|stage|grade|treatment|therapy).*")
_INFLATION, _INFLATION_OF_ANSWERS = 1.1, 1.5
"""Variance of a difference of conditions if samples of one value were the same, over that of unrelated samples; the
same of those of one value and condition."""
_FEWEST_CROSSED, _LEAST_OWNERS, _LEAST_VALUES = 2, 4, 5
_BY_CHANCE = 0.01
_MANY = 1000
NESTING_SAYS = "looks like patients"


@dataclass(frozen=True)
class NestedPatients:
    """A column that looks like patients, its codes per sample, and whether each has one condition."""

    key: str
    code: Ints
    is_constant: bool


def nested_patients(adata: AnnData, study: Study, keys: StudyKeys) -> NestedPatients | None:
    """Find the column of ``obs`` whose values own several samples of one condition, as patients with biopsies do.

    It is constant within samples, named nowhere in the call, and repeats within conditions. A column that is called
    patient, donor, subject, … needs 4 values, or 2 if some are in several conditions. Any other column of text needs 5,
    each in one condition only, at least half of them with several samples, so that labels that have nothing to do with
    the condition lie so in at most 1 % of such cohorts; the name of a batch or of a characteristic (sex, stage, …), or
    a crossing of the condition with another column, is none.
    """
    columns = sample_labels(adata, study, keys)
    owners = [(key, code) for key, code in columns.items() if OWNER.fullmatch(key.lower())]
    others = [(key, code) for key, code in columns.items() if not OWNER.fullmatch(key.lower()) and _is_text(adata, key)]
    nested = [key for key, code in owners if _owns_several(code, study)]
    if not nested and not any(_n(code) < code.size for _, code in owners):
        nested = [key for key, code in others if _like_patients(key, code, study)]
        nested = [key for key in nested if not _crosses(columns[key], columns, study)]
    if not nested:
        return None
    key = min(nested, key=lambda k: _n(columns[k]))
    return NestedPatients(key, columns[key], _is_pure(columns[key], study.condition))


def nesting_in_words(adata: AnnData, study: Study, keys: StudyKeys) -> str:
    """Say that samples of one patient, or pieces of one sample, are counted as independent, and what to do."""
    patients = nested_patients(adata, study, keys)
    if patients is None:
        return _cut_samples(adata, study, keys)
    key, n, k = patients.key, len(study.samples), _n(patients.code)
    what_follows = (
        "counted as independent ones they make false positives (p ≤ 0.05 in a quarter to a third of the rows with "
        "three samples of each patient)"
        if patients.is_constant
        else "counted as independent ones they find too much where patients answer differently (p ≤ 0.05 in up to a "
        "third of the rows), and too little where they do not"
    )
    return (
        f"adata.obs[{key!r}] {NESTING_SAYS}: {k} values for {n} samples, several of one condition each. Samples of one "
        f"patient are alike; {what_follows}. Give patient_key={key!r}, which counts patients; if these are not "
        "patients or other blocks of like samples, this does not apply"
    )


def _cut_samples(adata: AnnData, study: Study, keys: StudyKeys) -> str:
    for key, code in sample_labels(adata, study, keys).items():
        if is_whole(key, keys.sample) and _n(code) < code.size:
            return pieces_in_words(key, _n(code), sample_key=keys.sample, n_pieces=code.size)
    return ""


def is_whole(key: str, sample_key: str | None) -> bool:
    """Whether a column is called sample, specimen or biopsy, so that samples inside its values are pieces of them.

    Donors may share a sample, if it was multiplexed: they are no pieces of it.
    """
    return bool(SPECIMEN.fullmatch(key.lower())) and not OWNER.fullmatch(str(sample_key).lower())


def pieces_in_words(key: str, n: int, *, sample_key: str | None, n_pieces: int) -> str:
    """Say that samples are pieces of samples, which are no replicates."""
    return (
        f"sample_key={sample_key!r} cuts the {n} values of adata.obs[{key!r}] into pieces: {n_pieces} of them. Pieces "
        "of one sample have the same donor, so they agree with each other, whatever the next donor would show, and "
        f"p-values over them are far too small. Give sample_key={key!r}; if that column does not name what was "
        "sampled, this does not apply"
    )


def confounded_batches(adata: AnnData, study: Study, keys: StudyKeys) -> list[str]:
    """Return the columns that are called like batches and whose values have one condition each."""
    columns = sample_labels(adata, study, keys)
    return [
        key
        for key, code in columns.items()
        if _BATCH.fullmatch(key.lower()) and 2 <= _n(code) < code.size and _is_pure(code, study.condition)
    ]


def sample_labels(adata: AnnData, study: Study, keys: StudyKeys) -> dict[str, Ints]:
    """Return a code per sample of the columns of labels that are constant within samples and that nobody named.

    Of an object that is read lazily only columns with the name of an owner or a batch are read.
    """
    named = {keys.groupby, keys.condition, keys.sample, keys.patient, keys.factor, *keys.covariates}
    present, first = np.unique(study.sample, return_index=True)
    last = study.sample.size - 1 - np.unique(study.sample[::-1], return_index=True)[1]
    is_lazy = not isinstance(adata.obs, pd.DataFrame)
    codes = {}
    for key in map(str, adata.obs.columns):
        if key in named or (is_lazy and not (OWNER.fullmatch(key.lower()) or _BATCH.fullmatch(key.lower()))):
            continue
        code = _code_of_samples(in_memory(adata, key), study, present=present, ends=(first, last))
        if code is not None:
            codes[key] = code
    return codes


def _code_of_samples(column: pd.Series, study: Study, *, present: Ints, ends: tuple[Ints, Ints]) -> Ints | None:
    """Code of the samples, unless it is missing somewhere or varies within a sample.

    Samples beside those ``present``, whose cells are all of groups that take no part, have a value of their own.
    """
    first, last = ends
    try:
        both = pd.factorize(column.iloc[study.cells[np.concatenate([first, last])]])[0]
        if (both < 0).any() or (both[: first.size] != both[first.size :]).any():
            return None  # most columns of measured values go here
        codes = pd.factorize(column.iloc[study.cells])[0]
    except TypeError:  # values that cannot be labels
        return None
    per_sample = np.arange(codes.size, codes.size + len(study.samples))
    per_sample[present] = codes[first]
    if (codes < 0).any() or (codes != per_sample[study.sample]).any():
        return None
    return np.asarray(pd.factorize(per_sample)[0], np.int64)


def _is_text(adata: AnnData, key: str) -> bool:
    """Whether a column holds labels, not numbers or categories of numbers."""
    values = in_memory(adata, key)
    kind = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values
    return not pd.api.types.is_numeric_dtype(kind.dtype)


def _n(code: Ints) -> int:
    return int(code.max()) + 1


def _owns_several(code: Ints, study: Study) -> bool:
    """Whether values own several samples of one condition: of many, or of a few that are in several conditions."""
    if _is_pure(code, study.condition):
        return _n(code) >= _LEAST_OWNERS and _inflation(code, study) > _INFLATION
    answers = in_condition(code, study.condition)
    return _n(code) >= _FEWEST_CROSSED and (
        _inflation(code, study) > _INFLATION or _inflation(answers, study) > _INFLATION_OF_ANSWERS
    )


def in_condition(code: Ints, condition: Ints) -> Ints:
    """Return a code per sample that tells apart the samples of one value in different conditions."""
    both = np.stack([code, condition], axis=1)
    return np.asarray(np.unique(both, axis=0, return_inverse=True)[1], np.int64).ravel()


def _inflation(code: Ints, study: Study) -> float:
    """Return the largest factor, over the compared pairs, by which samples that repeat each other widen a difference.

    1 where every value has one sample of a condition at most; with k samples of each value in one condition, k. A
    ``code`` that names the condition, too, is that of patients who answer differently.
    """
    worst = 0.0
    for ref, alt in study.codes:
        inside = [study.condition == level for level in (ref, alt)]
        n_ref, n_alt = (int(m.sum()) for m in inside)
        if min(n_ref, n_alt) == 0:
            continue
        weight: Floats = inside[1] / n_alt - inside[0] / n_ref
        shared = np.bincount(code, weights=weight)
        worst = max(worst, float((shared**2).sum() / (1.0 / n_ref + 1.0 / n_alt)))
    return worst


def _is_pure(code: Ints, condition: Ints) -> bool:
    """Whether every value has one condition."""
    return _n(in_condition(code, condition)) == _n(code)


def _like_patients(key: str, code: Ints, study: Study) -> bool:
    """Whether a column of any name has what patients with several samples have."""
    if _BATCH.fullmatch(key.lower()) or _ATTRIBUTE.fullmatch(key.lower()):
        return False
    repeated: Bools = np.bincount(code) > 1
    return (
        _n(code) >= _LEAST_VALUES
        and bool(repeated.mean() >= 0.5)
        and _is_pure(code, study.condition)
        and _chance_of_purity(code, study) <= _BY_CHANCE
    )


def _chance_of_purity(code: Ints, study: Study) -> float:
    """Bound the chance that values have one condition each where conditions are dealt out to the samples at random.

    Of all choices of the samples of one condition, those that take or leave all samples of a value.
    """
    n = code.size
    if n > _MANY:
        return 0.0
    ways = np.zeros(n + 1, object)
    ways[0] = 1
    for size in np.bincount(code):
        ways[size:] = ways[size:] + ways[:-size]
    return float(min(ways[m] / comb(n, int(m)) for m in study.replicates))


def _crosses(code: Ints, columns: dict[str, Any], study: Study) -> bool:
    """Whether the condition and another column that has fewer values, in several conditions each, say it all."""
    for other in columns.values():
        if _n(other) < _n(code) and not _is_pure(other, study.condition):
            cells = set(zip(study.condition.tolist(), other.tolist(), strict=True))
            if len(set(zip(study.condition.tolist(), other.tolist(), code.tolist(), strict=True))) == len(cells):
                return True
    return False
