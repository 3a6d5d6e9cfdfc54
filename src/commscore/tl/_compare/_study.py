"""From ``obs`` to samples: which cells, groups, samples and conditions take part, checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._validate import listed, suggest
from .. import _edge

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from anndata import AnnData

    Codes = npt.NDArray[np.int64]

Note = tuple[str, str, str]


@dataclass(frozen=True)
class Keys:
    """Names of the columns of ``obs`` that are read, as the caller gave them."""

    groupby: str
    condition: str
    sample: str | None = None
    pair: str | None = None
    covariates: tuple[str, ...] = ()
    factor: str | None = None


@dataclass(frozen=True)
class Study:
    """The cells that take part, their groups and samples, and what is known of each sample.

    ``cells`` are positions in ``adata``, ``group`` and ``sample`` the codes of each; ``condition`` the code of
    each sample into ``levels`` (the reference first). ``frame`` has one row per sample: the covariates, the
    pairing and the second factor. ``notes`` are rows for the table of what was not tested.
    """

    cells: Codes
    group: Codes
    groups: tuple[str, ...]
    sample: Codes
    samples: tuple[str, ...]
    condition: Codes
    levels: tuple[str, ...]
    frame: pd.DataFrame
    notes: list[Note] = field(default_factory=list)

    @property
    def replicates(self) -> Codes:
        """Samples per level."""
        return np.bincount(self.condition, minlength=len(self.levels))

    def of_samples(self, kept: npt.NDArray[np.bool_], notes: list[Note]) -> Study:
        """Keep these samples and their cells; levels stay as they are."""
        number = np.cumsum(kept) - 1
        inside = kept[self.sample]
        return Study(
            self.cells[inside], self.group[inside], self.groups, number[self.sample[inside]],
            tuple(s for s, k in zip(self.samples, kept, strict=True) if k), self.condition[kept], self.levels,
            self.frame.loc[kept], self.notes + notes,
        )  # fmt: skip


def read(
    adata: AnnData, keys: Keys, *, reference: str | None, order: Sequence[str] | None, contrast: Any
) -> tuple[Study, list[str]]:
    """Read the samples of all conditions that are compared; return them and the levels to contrast."""
    if adata.n_obs == 0:
        msg = f"adata is empty: {adata.n_obs} cells × {adata.n_vars} variables"
        raise ValueError(msg)
    _different(keys)
    group, groups = column(adata, "groupby", keys.groupby)
    code, found = column(adata, "condition_key", keys.condition)
    levels, wanted = _levels(found, keys.condition, reference=reference, order=order, contrast=contrast)
    sample, samples = (code, found) if keys.sample is None else column(adata, "sample_key", keys.sample)
    number = {level: i for i, level in enumerate(levels)}
    level_of = np.asarray([number.get(name, -1) for name in found], np.int64)[code]
    cells = np.flatnonzero(level_of >= 0)
    left_out = [name for name in found if name not in number]
    notes = [("*", "condition not compared", f"{keys.condition} {name}: not in order=") for name in left_out]
    present, sample = np.unique(sample[cells], return_inverse=True)
    frame = _frame(adata, keys, cells=cells, sample=sample, samples=[samples[s] for s in present])
    condition = _one_condition(level_of[cells], sample, levels, names=list(frame.index), keys=keys)
    study = Study(cells, group[cells], tuple(groups), sample, tuple(frame.index), condition, levels, frame, notes)
    return study, wanted


def column(adata: AnnData, argument: str, key: str) -> tuple[Codes, list[str]]:
    """Codes and names of a column of labels; missing ones are an error."""
    codes, names = _edge.codes(_edge.obs_column(adata, argument, key))
    missing = int((codes < 0).sum())
    if missing:
        msg = (
            f"adata.obs[{key!r}] ({argument}) has {missing} missing labels (NaN) among {codes.size} cells; "
            f"leave these cells out (adata[adata.obs[{key!r}].notna()]) or give them a label"
        )
        raise ValueError(msg)
    return codes, names


def _different(keys: Keys) -> None:
    """Raise if one column is asked to play two parts that exclude each other."""
    parts = {"groupby": keys.groupby, "condition_key": keys.condition, "sample_key": keys.sample}
    parts |= {"pair_key": keys.pair, "interaction": keys.factor}
    seen: dict[str, str] = {}
    for argument, key in parts.items():
        if key is None:
            continue
        if key in seen:
            msg = f"{argument}={key!r} is the same column as {seen[key]}; they must be different columns of adata.obs"
            raise ValueError(msg)
        seen[key] = argument
    for key in keys.covariates:
        if key in seen:
            msg = f"covariates has {key!r}, which is also {seen[key]}; leave it out of covariates"
            raise ValueError(msg)


def _levels(
    found: list[str], key: str, *, reference: str | None, order: Sequence[str] | None, contrast: Any
) -> tuple[tuple[str, ...], list[str]]:
    """All levels that take part, the reference first, and those that are contrasted with it."""
    stages = _listed("order", order, known=found, key=key)
    if len(found) < 2:
        msg = (
            f"condition_key={key!r} has {len(found)} level ({listed(found)}); at least two are needed to compare; "
            "check the column or the cells that were left out"
        )
        raise ValueError(msg)
    if order is not None and len(stages) < 2:
        msg = f"order must list at least two stages, found {list(order)!r}"
        raise ValueError(msg)
    known = stages or found
    if reference is not None and str(reference) not in known:
        where = "in order" if stages else f"a level of adata.obs[{key!r}]"
        msg = f"reference={reference!r} is not {where} ({listed(known)}){suggest(reference, known)}"
        raise ValueError(msg)
    baseline = known[0] if reference is None else str(reference)
    wanted = _listed("contrast", [contrast] if np.isscalar(contrast) else contrast, known=known, key=key)
    if baseline in wanted:
        msg = f"contrast has {baseline!r}, which is the reference; name other levels, or another reference="
        raise ValueError(msg)
    others = [level for level in known if level != baseline]
    return (baseline, *others), wanted or others


def _listed(argument: str, names: Any, *, known: list[str], key: str) -> list[str]:
    if names is None:
        return []
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        msg = f"{argument} must be a list of levels of adata.obs[{key!r}], found {names!r}"
        raise TypeError(msg)
    asked = [str(n) for n in names]
    absent = [n for n in asked if n not in known]
    if absent:
        msg = (
            f"{argument} names {', '.join(map(repr, absent))}, absent from adata.obs[{key!r}] "
            f"(it has {listed(known)}){suggest(absent[0], known)}"
        )
        raise ValueError(msg)
    if len(set(asked)) < len(asked) or not asked:
        msg = f"{argument} must list different levels, at least one, found {asked!r}"
        raise ValueError(msg)
    return asked


def _one_condition(level: Codes, sample: Codes, levels: tuple[str, ...], *, names: list[str], keys: Keys) -> Codes:
    table = np.zeros((len(names), len(levels)), bool)
    table[sample, level] = True
    several = np.flatnonzero(table.sum(axis=1) > 1)
    if several.size:
        inside = listed([levels[i] for i in np.flatnonzero(table[several[0]])])
        msg = (
            f"condition_key={keys.condition!r} varies within {several.size} of {len(names)} samples of sample_key="
            f"{keys.sample!r} (sample {names[several[0]]!r} has {inside}); a sample has one condition: use a column "
            f"with a value per sample, for example adata.obs[{keys.sample!r}].astype(str) + '_' + "
            f"adata.obs[{keys.condition!r}].astype(str), and pair_key={keys.sample!r}"
        )
        raise ValueError(msg)
    return np.asarray(table.argmax(axis=1), np.int64)


def _frame(adata: AnnData, keys: Keys, *, cells: Codes, sample: Codes, samples: list[str]) -> pd.DataFrame:
    """One row per sample with its covariates, its pair and its second factor, each checked to be constant."""
    frame = pd.DataFrame(index=pd.Index(samples))
    named = [("covariates", k) for k in keys.covariates]
    named += [(a, k) for a, k in (("pair_key", keys.pair), ("interaction", keys.factor)) if k is not None]
    if named and keys.sample is None:
        msg = f"{named[0][0]}={named[0][1]!r} needs sample_key=: it describes samples, not cells"
        raise ValueError(msg)
    if len(set(keys.covariates)) < len(keys.covariates):
        msg = f"covariates must be different columns, found {list(keys.covariates)!r}"
        raise ValueError(msg)
    _, first = np.unique(sample, return_index=True)
    for argument, key in named:
        values = _edge.obs_column(adata, argument, key).iloc[cells]
        if values.isna().any():
            msg = (
                f"{argument}: adata.obs[{key!r}] has {int(values.isna().sum())} missing values (NaN); "
                "fill them or leave these cells out"
            )
            raise ValueError(msg)
        _constant(argument, key, pd.factorize(values)[0], sample=sample, samples=samples, values=values)
        column = values.iloc[first]
        frame[key] = _plain(column).to_numpy() if argument == "covariates" else column.astype(str).to_numpy()
    return frame


def _plain(values: pd.Series) -> pd.Series:
    """Numbers as float64, everything else as text."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values.astype(np.float64)
    return values.astype(str)


def _constant(argument: str, key: str, codes: Any, *, sample: Codes, samples: list[str], values: pd.Series) -> None:
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


def drop_empty_levels(study: Study, wanted: list[str], keys: Keys) -> Study:
    """Leave out levels that have lost all their samples."""
    n = study.replicates
    if (n > 0).all():
        return study
    lost = [level for level, m in zip(study.levels, n, strict=True) if m == 0]
    if study.levels[0] in lost or not set(wanted) - set(lost):
        msg = (
            f"pair_key={keys.pair!r} leaves no sample of condition {lost[0]!r}: its pairs have no other condition; "
            "leave out pair_key to compare unpaired"
        )
        raise ValueError(msg)
    number = np.cumsum(n > 0) - 1
    notes = [("*", "condition not compared", f"{keys.condition} {level}: no complete pair") for level in lost]
    levels = tuple(level for level in study.levels if level not in lost)
    return replace(study, condition=number[study.condition], levels=levels, notes=study.notes + notes)


def of_samples(adata: AnnData, groupby: str, sample_key: str) -> Study:
    """Read cells, groups and samples where no condition is compared; one level holds all samples."""
    if adata.n_obs == 0:
        msg = f"adata is empty: {adata.n_obs} cells × {adata.n_vars} variables"
        raise ValueError(msg)
    if groupby == sample_key:
        msg = f"sample_key={sample_key!r} is the same column as groupby; they must be different columns of adata.obs"
        raise ValueError(msg)
    group, groups = column(adata, "groupby", groupby)
    sample, samples = column(adata, "sample_key", sample_key)
    condition = np.zeros(len(samples), np.int64)
    return Study(
        np.arange(adata.n_obs), group, tuple(groups), sample, tuple(samples), condition, ("all",),
        pd.DataFrame(index=pd.Index(samples)),
    )  # fmt: skip
