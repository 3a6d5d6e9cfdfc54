"""Levels of molecules that come with the blood or from outside: a table of samples × molecules, on the log2 scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._labels import text
from .._validate import listed, suggest, warn
from ..rs._match import METABOLITE
from ..tables.vocabulary import ExpectationLevel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..arrays import Floats, Ints
    from ..rs import Resource
    from .samples import Study

_GAP = 2.5
"""Difference of log10 levels of one molecule, between neighbours, that looks like two units (ng and µg: 3)."""

_LEAST = 1e-9
"""Difference of log2 levels that is rounding."""
_WITH_LEVELS = (ExpectationLevel.LIGAND, ExpectationLevel.GENE, ExpectationLevel.COMPOSITION)


@dataclass(frozen=True)
class Supply:
    """``level`` (n_samples, n_molecules): log2, centred, NaN where a sample has none."""

    molecules: tuple[str, ...]
    level: Floats

    def number(self, name: str) -> int:
        """Return the column of a molecule, -1 if it is not supplied."""
        return self.molecules.index(name) if name in self.molecules else -1


def read_supply(
    table: pd.DataFrame, study: Study, resource: Resource, *, sample_key: str, of_expectations: bool = False
) -> Supply:
    """Check a table of levels and bring it to the samples of a study; samples that were added up get the mean.

    Its molecules are ligands; with ``of_expectations``, what expectations name, too.

    Raises
    ------
    ValueError
        If it names a molecule that the resource does not know, names one twice, holds no number or one that is not
        above zero, has none of the samples, or gives all samples of each condition one level.

    Warns
    -----
    UserWarning
        Once each, if samples are in one of both only, levels of a molecule lie apart as those in different units, or
        a molecule has no levels to compare.
    """
    frame = _with_samples(table, sample_key)
    molecules = _known_molecules(frame.columns, resource, of_expectations=of_expectations)
    values = _positive(frame, molecules)
    members = study.members or tuple((name,) for name in study.samples)
    row = {name: i for i, name in enumerate(frame.index)}
    missing = [name for inside in members for name in inside if name not in row]
    unknown = [name for name in frame.index if name not in {m for inside in members for m in inside}]
    if len(missing) == sum(map(len, members)):
        msg = (
            f"supply has none of the samples of adata.obs[{sample_key!r}] ({listed(missing)}); its rows are "
            f"{listed(frame.index)}. Give one row per sample, named as there"
        )
        raise ValueError(msg)
    _warn_of_samples(missing, unknown)
    with np.errstate(invalid="ignore"):
        logs = np.log2(values)
    level = np.full((len(members), len(molecules)), np.nan)
    for i, inside in enumerate(members):
        rows = [row[name] for name in inside if name in row]
        known = np.isfinite(logs[rows])
        level[i] = np.where(known.any(axis=0), np.nansum(logs[rows], axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)
    _refuse_means(level, molecules, study.condition)
    n = np.isfinite(level).sum(axis=0)
    return Supply(tuple(molecules), level - np.nansum(level, axis=0) / np.maximum(n, 1))


def supplied_molecules(table: pd.DataFrame | None, resource: Resource, *, sample_key: str) -> frozenset[str]:
    """Return the molecules that a table has levels of, as the resource names them; none without a table."""
    if table is None:
        return frozenset()
    columns = _with_samples(table, sample_key).columns
    return frozenset(_known_molecules(columns, resource, of_expectations=True))


def _refuse_means(level: Floats, molecules: list[str], condition: Ints) -> None:
    """Raise where all samples of each condition have one level; warn where there is nothing to compare."""
    inside = [level[condition == code] for code in np.unique(condition)]
    spread = np.max([_spread(part) for part in inside], axis=0)
    several = np.max([np.isfinite(part).sum(axis=0) for part in inside], axis=0) > 1
    everywhere = np.sum([np.isfinite(part).any(axis=0) for part in inside], axis=0) > 1
    varies = _spread(level) > _LEAST
    typed = [m for m, wrong in zip(molecules, several & (spread <= _LEAST) & varies, strict=True) if wrong]
    if typed:
        msg = (
            f"supply: levels of {listed(map(repr, typed))} are the same in all samples of each condition, as means of "
            "groups are; give the level of each sample, or leave these columns out"
        )
        raise ValueError(msg)
    nothing = [m for m, fine in zip(molecules, varies & everywhere, strict=True) if not fine]
    if nothing:
        warn(
            f"supply: levels of {listed(map(repr, nothing))} do not vary, or are of one condition only, so that "
            "nothing is compared with them"
        )


def _spread(level: Floats) -> Floats:
    """Return highest − lowest of every column; 0 where there is none."""
    there = np.isfinite(level)
    high = np.where(there, level, -np.inf).max(axis=0)
    return np.where(there.any(axis=0), high - np.where(there, level, np.inf).min(axis=0), 0.0)


def _with_samples(table: pd.DataFrame, sample_key: str) -> pd.DataFrame:
    """Return the table with the names of the samples as its index; a file has them in a column."""
    frame = table
    if sample_key in frame.columns:
        frame = frame.set_index(sample_key)
    elif isinstance(frame.index, pd.RangeIndex) and len(frame.columns) and not _is_number(frame.iloc[:, 0]):
        frame = frame.set_index(frame.columns[0])
    frame = frame.set_axis([text(name) for name in frame.index], axis=0)
    if frame.empty:
        msg = f"supply is empty: {len(frame)} samples × {frame.shape[1]} molecules; give samples × molecules"
        raise ValueError(msg)
    for what, names in (("sample", frame.index), ("molecule", frame.columns)):
        twice = list(dict.fromkeys(names[names.duplicated()]))
        if twice:
            msg = f"supply has the {what} {listed(map(repr, twice))} twice; give every {what} once"
            raise ValueError(msg)
    return frame


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column.dtype))


def _known_molecules(names: Iterable[Any], resource: Resource, *, of_expectations: bool) -> list[str]:
    """Return the names of the resource for the columns; ``met:`` may be left out."""
    known = {*resource.interactions["ligand"], *resource.molecules["molecule"]}
    if of_expectations:
        known |= _whats(resource)
    columns = [str(name) for name in names]
    molecules = [n if n in known else METABOLITE + n if METABOLITE + n in known else "" for n in columns]
    unknown = [n for n, molecule in zip(columns, molecules, strict=True) if not molecule]
    if unknown:
        short = {k.removeprefix(METABOLITE) for k in known}
        nor = ", and in none of its expectations" if of_expectations else ""
        msg = (
            f"supply has {listed(map(repr, unknown))}: no ligand of resource {resource.name!r}"
            f"{nor}{suggest(unknown[0], short)}. Name columns as the resource does (met:estradiol, PRL)"
        )
        raise ValueError(msg)
    if len(set(molecules)) < len(molecules):
        twice = sorted({m for m in molecules if molecules.count(m) > 1})
        msg = f"supply has {listed(map(repr, twice))} twice, with and without met:; give every molecule once"
        raise ValueError(msg)
    return molecules


def _whats(resource: Resource) -> set[str]:
    """Return what expectations name that can have a level: ligands, genes and bacteria; no pairs, no roles."""
    table = resource.expectations
    measured = table.loc[table["level"].isin(_WITH_LEVELS), "what"]
    whats = {w.strip() for cell in measured for w in cell.split(";")}
    return {w for w in whats if "^" not in w} - set(resource.roles["role"])


def _positive(frame: pd.DataFrame, molecules: list[str]) -> Floats:
    """Return the levels, (n_samples, n_molecules); missing ones are NaN."""
    try:
        values = frame.to_numpy(np.float64)
    except (TypeError, ValueError):
        wrong = [str(c) for c in frame.columns if not _is_number(frame[c])]
        msg = f"supply holds no numbers in {listed(map(repr, wrong))}; give levels above zero, NaN where there is none"
        raise ValueError(msg) from None
    wrong = [m for m, column in zip(molecules, values.T, strict=True) if (column <= 0).any() or np.isinf(column).any()]
    if wrong:
        msg = (
            f"supply holds levels of {listed(map(repr, wrong))} that are zero, negative or infinite, which have no "
            "logarithm; give half the limit of detection for what was below it, NaN where nothing was measured, and "
            "levels themselves, not their logarithms"
        )
        raise ValueError(msg)
    apart = [m for m, column in zip(molecules, values.T, strict=True) if _largest_gap(column) > _GAP]
    if apart:
        warn(
            f"supply: levels of {listed(map(repr, apart))} fall into parts that differ by a factor of several "
            "hundred, as where samples are in different units; a molecule needs one unit in all samples"
        )
    return np.asarray(values, np.float64)


def _largest_gap(column: Floats) -> float:
    logs = np.sort(np.log10(column[np.isfinite(column)]))
    return float(np.diff(logs).max(initial=0.0))


def _warn_of_samples(missing: list[str], unknown: list[str]) -> None:
    parts = []
    if missing:
        parts.append(f"{len(missing)} samples of the study are not in supply ({listed(missing)}) and have no level")
    if unknown:
        parts.append(
            f"{len(unknown)} rows of supply are no sample that takes part ({listed(unknown)}) and are not used"
        )
    if parts:
        warn("; ".join(parts))
