"""From ``obs`` to samples: which cells, groups, samples and conditions take part, checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from .. import _labels
from .._validate import listed, warn
from ..get._columns import has_order, label_codes, labels_of
from .cells import obs_column
from .levels import choose_levels, levels_taking_part, refuse_values

if TYPE_CHECKING:
    from anndata import AnnData

    from ..arrays import Bools, Ints
    from .levels import LevelChoice

    PatientDesign = Literal["none", "within", "between", "mixed"]

Note = tuple[str, str, str]
MOST_NUMBERS = 6
"""Different numbers of a covariate up to which they may be labels."""


@dataclass(frozen=True)
class StudyKeys:
    """Names of the columns of ``obs`` that are read, as the caller gave them."""

    groupby: str
    condition: str
    sample: str | None = None
    patient: str | None = None
    covariates: tuple[str, ...] = ()
    factor: str | None = None


@dataclass(frozen=True)
class Study:
    """The cells that take part, their groups and samples, and what is known of each sample.

    ``cells`` are positions in ``adata``, ``group`` and ``sample`` the codes of each; ``condition`` the code of
    each sample into ``levels`` (the reference first). ``frame`` has one row per sample: the covariates, the
    patient and the second factor. ``notes`` are rows for the table of what was not tested. ``pairs`` are the
    (reference, level) that are contrasted; ``reference`` is that of all of them, ``None`` where each has its own, and
    ``reference_by`` says which rule chose it. ``patient_design`` says how conditions lie in patients. ``members`` are
    the samples of ``obs`` in each sample, where those of one patient and condition were added up. ``cautions`` were
    said of them, in words.
    """

    cells: Ints
    group: Ints
    groups: tuple[str, ...]
    sample: Ints
    samples: tuple[str, ...]
    condition: Ints
    levels: tuple[str, ...]
    frame: pd.DataFrame
    notes: list[Note] = field(default_factory=list)
    pairs: tuple[tuple[str, str], ...] = ()
    reference: str | None = None
    reference_by: str = ""
    patient_design: PatientDesign = "none"
    members: tuple[tuple[str, ...], ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def samples_of_obs(self) -> tuple[str, ...]:
        """Names in ``obs`` of all samples that take part."""
        return tuple(name for inside in self.members for name in inside) or self.samples

    @property
    def replicates(self) -> Ints:
        """Samples per level."""
        return np.bincount(self.condition, minlength=len(self.levels))

    def of_cells(self, usable: Bools | None) -> Study:
        """Keep the cells that are ``usable`` (all cells of the data, by position); all where nothing is said."""
        if usable is None:
            return self
        inside = usable[self.cells]
        return replace(self, cells=self.cells[inside], group=self.group[inside], sample=self.sample[inside])

    def of_samples(self, kept: Bools, notes: list[Note]) -> Study:
        """Keep these samples and their cells; levels stay as they are."""
        number = np.cumsum(kept) - 1
        inside = kept[self.sample]
        return replace(
            self,
            cells=self.cells[inside],
            group=self.group[inside],
            sample=number[self.sample[inside]],
            samples=tuple(s for s, k in zip(self.samples, kept, strict=True) if k),
            condition=self.condition[kept],
            frame=self.frame.loc[kept],
            notes=self.notes + notes,
            members=tuple(m for m, k in zip(self.members, kept, strict=True) if k) if self.members else (),
        )

    def recorded(self) -> dict[str, Any]:
        """Return what goes into ``params``."""
        return {
            "reference": self.reference,
            "reference_by": self.reference_by,
            "levels": np.asarray(self.levels, object),
            "n_samples": self.replicates,
            "patient_design": self.patient_design,
        }

    @property
    def codes(self) -> list[tuple[int, int]]:
        """Codes of the levels of every pair."""
        return [(self.levels.index(ref), self.levels.index(alt)) for ref, alt in self.pairs]


def study_of_conditions(
    adata: AnnData, keys: StudyKeys, choice: LevelChoice, *, groups_were_read: bool = False
) -> Study:
    """Read the samples of all conditions that are compared."""
    if adata.n_obs == 0:
        msg = f"adata is empty: {adata.n_obs} cells × {adata.n_vars} variables"
        raise ValueError(msg)
    _different(keys)
    group, groups = label_column(adata, "groupby", keys.groupby, is_quiet=groups_were_read)
    code, conditions = label_column(adata, "condition_key", keys.condition)
    sample, samples = (code, conditions) if keys.sample is None else label_column(adata, "sample_key", keys.sample)
    compared = levels_taking_part(conditions, keys.condition, choice)
    if keys.sample is not None and not choice.by_cells:
        refuse_values([name if name in compared else "" for name in conditions], code, sample, key=keys.condition)
    is_ordered = has_order(obs_column(adata, "condition_key", keys.condition))
    chosen = choose_levels(compared, keys.condition, choice, is_ordered=is_ordered)
    levels = chosen.names
    number = {level: i for i, level in enumerate(levels)}
    level_of = np.asarray([number.get(name, -1) for name in conditions], np.int64)[code]
    cells = np.flatnonzero(level_of >= 0)
    left_out = [name for name in conditions if name not in number]
    notes = [("*", "condition not compared", f"{keys.condition} {name}: not in order=") for name in left_out]
    present, sample = np.unique(sample[cells], return_inverse=True)
    frame = _frame(adata, keys, cells=cells, sample=sample, samples=[samples[s] for s in present])
    condition = _one_condition(level_of[cells], sample, levels, names=list(frame.index), keys=keys)
    return Study(
        cells,
        group[cells],
        tuple(groups),
        sample,
        tuple(frame.index),
        condition,
        levels,
        frame,
        notes,
        chosen.pairs,
        chosen.reference,
        chosen.chosen_by,
    )


def label_column(adata: AnnData, argument: str, key: str, *, is_quiet: bool = False) -> tuple[Ints, list[str]]:
    """Codes and names of a column of labels; missing ones are an error. ``is_quiet`` where it was read before."""
    codes, names = label_codes(obs_column(adata, argument, key))
    missing = int((codes < 0).sum())
    if missing:
        msg = (
            f"adata.obs[{key!r}] ({argument}) has {missing} missing labels (NaN) among {codes.size} cells; "
            f"leave these cells out (adata[adata.obs[{key!r}].notna()]) or give them a label"
        )
        raise ValueError(msg)
    if not is_quiet:
        _labels.warn_of_white_space(names, where=f"adata.obs[{key!r}]")
    return codes, names


def _different(keys: StudyKeys) -> None:
    """Raise if one column is asked to play two parts that exclude each other."""
    parts = {"groupby": keys.groupby, "condition_key": keys.condition, "sample_key": keys.sample}
    parts |= {"patient_key": keys.patient, "factor_key": keys.factor}
    argument_of: dict[str, str] = {}
    for argument, key in parts.items():
        if key is None:
            continue
        if key in argument_of:
            msg = (
                f"{argument}={key!r} is the same column as {argument_of[key]}; they must be different columns of "
                "adata.obs"
            )
            raise ValueError(msg)
        argument_of[key] = argument
    for key in keys.covariates:
        if key in argument_of:
            msg = f"covariates has {key!r}, which is also {argument_of[key]}; leave it out of covariates"
            raise ValueError(msg)


def _one_condition(level: Ints, sample: Ints, levels: tuple[str, ...], *, names: list[str], keys: StudyKeys) -> Ints:
    table = np.zeros((len(names), len(levels)), bool)
    table[sample, level] = True
    several = np.flatnonzero(table.sum(axis=1) > 1)
    if several.size:
        inside = listed([levels[i] for i in np.flatnonzero(table[several[0]])])
        msg = (
            f"condition_key={keys.condition!r} varies within {several.size} of {len(names)} samples of sample_key="
            f"{keys.sample!r} (sample {names[several[0]]!r} has {inside}); a sample has one condition: use a column "
            f"with a value per sample, for example adata.obs[{keys.sample!r}].astype(str) + '_' + "
            f"adata.obs[{keys.condition!r}].astype(str), and patient_key={keys.sample!r}"
        )
        raise ValueError(msg)
    return np.asarray(table.argmax(axis=1), np.int64)


def _frame(adata: AnnData, keys: StudyKeys, *, cells: Ints, sample: Ints, samples: list[str]) -> pd.DataFrame:
    """One row per sample with its covariates, its patient and its second factor, each checked to be constant."""
    frame = pd.DataFrame(index=pd.Index(samples))
    columns = [("covariates", k) for k in keys.covariates]
    columns += [(a, k) for a, k in (("patient_key", keys.patient), ("factor_key", keys.factor)) if k is not None]
    if columns and keys.sample is None:
        msg = f"{columns[0][0]}={columns[0][1]!r} needs sample_key=: it describes samples, not cells"
        raise ValueError(msg)
    if len(set(keys.covariates)) < len(keys.covariates):
        msg = f"covariates must be different columns, found {list(keys.covariates)!r}"
        raise ValueError(msg)
    _, first = np.unique(sample, return_index=True)
    for argument, key in columns:
        values = obs_column(adata, argument, key).iloc[cells]
        if values.isna().any():
            msg = (
                f"{argument}: adata.obs[{key!r}] has {int(values.isna().sum())} missing values (NaN); "
                "fill them or leave these cells out"
            )
            raise ValueError(msg)
        _constant(argument, key, pd.factorize(values)[0], sample=sample, samples=samples, values=values)
        column = values.iloc[first]
        is_number = argument == "covariates" and _is_number(column)
        frame[key] = column.astype(np.float64).to_numpy() if is_number else labels_of(column)
    for key in keys.covariates:
        _warn_of_labels(frame[key], frame[keys.patient] if keys.patient else frame.index)
    return frame


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _warn_of_labels(values: pd.Series, owner: Any) -> None:
    """Warn of whole numbers that several samples (or patients) share, as batches do; of two, slope and labels agree."""
    if values.dtype != np.float64:
        return
    once = pd.DataFrame({"owner": np.asarray(owner), "number": values.to_numpy()}).drop_duplicates()
    different, n = np.unique(once["number"], return_counts=True)
    if 3 <= different.size <= MOST_NUMBERS and (n > 1).all() and (different == np.round(different)).all():
        key = values.name
        warn(
            f"covariates: {key!r} holds {different.size} different numbers ({listed(map(_labels.text, different))}), "
            "each in several samples: it enters as a slope, the same step from each to the next. If they are labels, "
            f"such as batches, make them text: adata.obs[{key!r}] = adata.obs[{key!r}].astype(str)"
        )


def _constant(argument: str, key: str, codes: Any, *, sample: Ints, samples: list[str], values: pd.Series) -> None:
    low = np.full(len(samples), np.iinfo(np.int64).max)
    high = np.full(len(samples), -1)
    np.minimum.at(low, sample, codes)
    np.maximum.at(high, sample, codes)
    varying = np.flatnonzero(low != high)
    if varying.size:
        some = pd.unique(values.to_numpy()[sample == varying[0]])[:4]
        msg = (
            f"{argument}: adata.obs[{key!r}] varies within {varying.size} of {len(samples)} samples (sample "
            f"{samples[varying[0]]!r} has {', '.join(map(str, some))}); it must have one value per sample: "
            "use a finer sample_key, or a summary such as the sample's mean"
        )
        raise ValueError(msg)


def drop_empty_levels(study: Study, keys: StudyKeys) -> Study:
    """Leave out levels that have lost all their samples, and the contrasts with them."""
    n = study.replicates
    if (n > 0).all():
        return study
    lost = [level for level, m in zip(study.levels, n, strict=True) if m == 0]
    pairs = tuple(pair for pair in study.pairs if not set(pair) & set(lost))
    if study.reference in lost or not pairs:
        msg = (
            f"patient_key={keys.patient!r} leaves no sample of condition {lost[0]!r}: its patients have no other "
            "condition; leave out patient_key only if samples of one patient are as different as those of two"
        )
        raise ValueError(msg)
    number = np.cumsum(n > 0) - 1
    notes = [
        ("*", "condition not compared", f"{keys.condition} {level}: no patient with another condition")
        for level in lost
    ]
    levels = tuple(level for level in study.levels if level not in lost)
    return replace(study, condition=number[study.condition], levels=levels, notes=study.notes + notes, pairs=pairs)


def study_of_samples(adata: AnnData, groupby: str, sample_key: str, *, groups_were_read: bool = False) -> Study:
    """Read cells, groups and samples where no condition is compared; one level holds all samples."""
    if adata.n_obs == 0:
        msg = f"adata is empty: {adata.n_obs} cells × {adata.n_vars} variables"
        raise ValueError(msg)
    if groupby == sample_key:
        msg = f"sample_key={sample_key!r} is the same column as groupby; they must be different columns of adata.obs"
        raise ValueError(msg)
    group, groups = label_column(adata, "groupby", groupby, is_quiet=groups_were_read)
    sample, samples = label_column(adata, "sample_key", sample_key)
    condition = np.zeros(len(samples), np.int64)
    return Study(
        np.arange(adata.n_obs),
        group,
        tuple(groups),
        sample,
        tuple(samples),
        condition,
        ("all",),
        pd.DataFrame(index=pd.Index(samples)),
    )


def covariate_names(covariates: Any) -> tuple[str, ...]:
    """Return the columns that are named; raise unless they are a list."""
    if isinstance(covariates, str) or not hasattr(covariates, "__iter__"):
        msg = f"covariates must be a list of columns of adata.obs, found {covariates!r}; write [{covariates!r}]"
        raise TypeError(msg)
    return tuple(covariates)
