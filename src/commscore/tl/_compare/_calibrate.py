"""The calibration card of the user's own data: what the comparison finds when the labels mean nothing."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._random import RNG
from ..._random import key as seed_of
from ..._validate import listed, warn
from ...arrays import Entities, Tests
from ...check import Label, Repeats, checked
from ...core import contrast as engine
from ...core.contrast import Settings
from ...core.progress import progress_bar
from ...study.design import build_design, design_rank
from ...study.nesting import NESTING_SAYS, confounded_batches, in_condition, nested_patients
from ...study.stored_comparison import stored_comparison
from . import _compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData

    from ...arrays import Floats, Ints
    from ...core.contrast import Cohort, Contrast
    from ...rs import Resource
    from ...study.comparison import ComparisonData
    from ...study.nesting import NestedPatients
    from ...study.samples import Study, StudyKeys
    from ...study.stored_comparison import StoredComparison


LEVELS = (0.1, 0.05, 0.01, 0.001)
_TRIES = 50
_FEWEST_PAIRS = 3  # patients with both conditions; two have one other relabelling and its mirror image
_SETTINGS = ("test", "combine", "margin", "alpha", "expr_prop", "n_perms", "rng")


@checked
def calibrate(
    adata: AnnData,
    key: str = "commscore_compare",
    *,
    contrast: Label | None = None,
    resource: str | Resource | pd.DataFrame | None = None,
    n_shuffles: Repeats = 100,
    rng: RNG = 0,
) -> pd.DataFrame:
    """Show how often a comparison of these data finds something when the sample labels are shuffled.

    A stored comparison is made again, with its own parameters, for the samples of two levels that are relabelled at
    random, within patients who have both, never as they are nor with both labels swapped. A calibrated comparison has
    p ≤ 0.05 in 5 % of the rows. Where a column looks like patients with several samples of one condition and no
    ``patient_key`` was given, all samples of a patient and condition are relabelled together, so that the card shows
    what their likeness does; a warning says so, and another one which columns called like batches no relabelling can
    tell from the condition.
    Where the true labels make a large difference, a shuffle mixes it into the variance, so the card can only err
    towards fewer findings.

    Parameters
    ----------
    adata : comparison
    key : comparison
    contrast : one
    resource : comparison
    n_shuffles
        Number of relabellings; all of them, where there are fewer.
    rng
        Seed, Generator or SeedSequence of the shuffles.

    Returns
    -------
    DataFrame
        One row per level ``alpha``: ``observed`` (fraction of the tested rows with p ≤ alpha, mean over the shuffles),
        ``low`` and ``high`` (5th and 95th percentile over the shuffles), ``any_padj`` (fraction of the shuffles with a
        row of padj ≤ alpha), ``true_labels`` (fraction with the true labels), ``n_shuffles``, ``n_rows`` (mean
        number of tested rows), ``relabelled`` (the column of ``obs`` whose values were relabelled: samples or
        patients), ``confounded`` (columns called like batches with one condition in each of their values, or empty).

    Raises
    ------
    KeyError
        If no comparison is stored under ``key``, or a column or layer does not exist any more.
    ValueError
        If cells were compared, its samples, cells or labels have changed, its counts would be read from elsewhere,
        ``resource`` is needed or is another than the one that was used, ``contrast`` was not compared, or there is no
        other relabelling.

    Warns
    -----
    UserWarning
        If a column looks like patients that ``patient_key`` did not name, or one called like a batch is confounded with
        the condition.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=0)
    >>> cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample")
    >>> card = cs.tl.calibrate(adata, n_shuffles=20)
    >>> card.columns[:2].tolist()
    ['alpha', 'observed']
    """
    stored = stored_comparison(adata, key, resource=resource)
    settings, seed = _settings_of(stored.options), seed_of(rng)
    prepared = _prepared(stored, adata)
    confounded = _confounded(adata, prepared.study, stored.keys)
    design = build_design(prepared.study, stored.keys)
    cohort = prepared.cohort(design, min_cells=stored.options["min_cells"])
    tests, _ = prepared.tests()
    one = stored.one_contrast(prepared, contrast, n_coefficients=design.matrix.shape[1])
    owners = _nested(adata, prepared.study, stored.keys, contrast=one)
    units, owner = _units(cohort, owners)
    shuffles = relabellings(units, one, n=int(n_shuffles), rng=np.random.default_rng(seed), owner=owner)
    unit = _relabelled_column(prepared.study, stored.keys, owners)
    if not shuffles:
        msg = (
            f"key={key!r}: the {unit!r} of this comparison have no relabelling but the true one and its mirror image; "
            "more are needed"
        )
        raise ValueError(msg)
    entities, shuffled = prepared.interactions.entities, []
    with progress_bar(1 + len(shuffles), "comparisons of shuffled labels") as progress:
        true = _pvalues(cohort, entities, tests, contrast=one, settings=settings)
        progress(1)
        for labels in shuffles:
            shuffled.append(_pvalues(relabelled(cohort, labels), entities, tests, contrast=one, settings=settings))
            progress(1)
    return _card(true, shuffled).assign(relabelled=unit, confounded=", ".join(confounded))


def _prepared(stored: StoredComparison, adata: AnnData) -> ComparisonData:
    """Read the comparison again; the card says itself what looks like patients."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=f"(?s).* {NESTING_SAYS}", category=UserWarning)
        return stored.prepare(adata)


def _nested(adata: AnnData, study: Study, keys: StudyKeys, *, contrast: Contrast) -> NestedPatients | None:
    """Find patients with several samples of one condition that the comparison took for independent."""
    patients = nested_patients(adata, study, keys) if keys.patient is None else None
    if patients is None:
        return None
    looks = f"adata.obs[{patients.key!r}] {NESTING_SAYS} with several samples of one condition"
    way_out = f"Compare with patient_key={patients.key!r}"
    if not patients.is_constant and _with_both(patients, study, contrast) < _FEWEST_PAIRS:
        warn(
            f"{looks}: samples are relabelled as if they were independent, so that the card cannot show what their "
            f"likeness does. {way_out}"
        )
        return None
    warn(
        f"{looks}, which were compared as if they were independent: all samples of a patient and condition are "
        f"relabelled together here, and the card shows what their likeness does. {way_out}"
    )
    return patients


def _with_both(patients: NestedPatients, study: Study, contrast: Contrast) -> int:
    """Return how many patients have samples of both conditions of a contrast."""
    ref, alt = (set(patients.code[np.isin(study.condition, codes)].tolist()) for codes in (contrast.ref, contrast.alt))
    return len(ref & alt)


def _units(cohort: Cohort, owners: NestedPatients | None) -> tuple[Cohort, Ints | None]:
    """Return what is relabelled: samples, whole patients, or within patients the conditions they have."""
    if owners is None:
        return cohort, None
    if owners.is_constant:
        return cohort, owners.code
    return replace(cohort, block=owners.code), in_condition(owners.code, cohort.condition)


def _confounded(adata: AnnData, study: Study, keys: StudyKeys) -> list[str]:
    """Return the batches that no relabelling can tell from the condition, and say so."""
    batches = confounded_batches(adata, study, keys)
    if batches:
        warn(
            f"condition_key={keys.condition!r} is confounded with {listed(f'adata.obs[{k!r}]' for k in batches)}: each "
            "of its values has one condition, so that what it does looks like a change of the condition. Relabelling "
            "mixes the two and cannot show this; a card at 5 % says nothing about it"
        )
    return batches


def _relabelled_column(study: Study, keys: StudyKeys, owners: NestedPatients | None) -> str:
    if owners is not None:
        return owners.key
    return str(keys.patient if study.patient_design == "between" else keys.sample)


def _settings_of(options: Mapping[str, Any]) -> Settings:
    """Return the settings of a stored comparison; relabellings are needed only where they are the test."""
    settings = _compare._settings(**{name: options[name] for name in _SETTINGS})
    return settings if settings.test == "permutation" else replace(settings, max_enumeration=0)


def relabellings(
    cohort: Cohort, contrast: Contrast, *, n: int, rng: np.random.Generator, owner: Ints | None = None
) -> list[Ints]:
    """Draw up to ``n`` labellings of the compared samples, within blocks; never the true one or its mirror.

    Samples of one ``owner`` have one condition and get the same label.
    """
    codes = (*contrast.ref, *contrast.alt)
    at = np.flatnonzero(np.isin(cohort.condition, codes))
    block = np.zeros(at.size, np.int64) if cohort.block is None else cohort.block[at]
    owner = np.arange(cohort.n_samples) if owner is None else owner
    blocks = [_owned(at[block == b], owner) for b in np.unique(block)]
    true = cohort.condition
    mirror = true.copy()
    mirror[at] = sum(codes) - true[at]
    patterns, out = {true.tobytes(), mirror.tobytes()}, []
    for _ in range(_TRIES * n):
        labels = true.copy()
        for rows, first, which in blocks:
            labels[rows] = rng.permutation(true[first])[which]
        if labels.tobytes() not in patterns:
            patterns.add(labels.tobytes())
            out.append(labels)
        if len(out) == n:
            break
    n_columns, levels = cohort.design.shape[1], len(cohort.levels)
    return [
        labels
        for labels in out
        if design_rank(np.hstack([np.eye(levels)[labels], cohort.design[:, levels:]])) == n_columns
    ]


def _owned(rows: Ints, owner: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the rows, the first row of every owner, and the number of the owner of every row."""
    _, first, which = np.unique(owner[rows], return_index=True, return_inverse=True)
    return rows, rows[first], which


def relabelled(cohort: Cohort, labels: Ints) -> Cohort:
    """Return the cohort with other conditions."""
    levels = len(cohort.levels)
    return replace(cohort, condition=labels, design=np.hstack([np.eye(levels)[labels], cohort.design[:, levels:]]))


def _pvalues(
    cohort: Cohort, entities: Entities, tests: Tests, *, contrast: Contrast, settings: Settings
) -> tuple[Floats, Floats]:
    columns = engine.compare(cohort, entities, tests, contrast=contrast, settings=settings).columns
    tested = np.isfinite(columns["pvalue"])
    return columns["pvalue"][tested], columns["padj"][tested]


def _card(true: tuple[Floats, Floats], shuffled: list[tuple[Floats, Floats]]) -> pd.DataFrame:
    rows = []
    shuffled = [f for f in shuffled if f[0].size]
    for alpha in LEVELS:
        rates = np.asarray([(p <= alpha).mean() for p, _ in shuffled]) if shuffled else np.full(1, np.nan)
        rows.append(
            {
                "alpha": alpha,
                "observed": float(rates.mean()),
                "low": float(np.quantile(rates, 0.05)),
                "high": float(np.quantile(rates, 0.95)),
                "any_padj": float(np.mean([(q <= alpha).any() for _, q in shuffled])) if shuffled else np.nan,
                "true_labels": float((true[0] <= alpha).mean()) if true[0].size else np.nan,
                "n_shuffles": len(shuffled),
                "n_rows": float(np.mean([p.size for p, _ in shuffled])) if shuffled else 0.0,
            }
        )
    return pd.DataFrame(rows)
