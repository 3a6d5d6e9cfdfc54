"""Levels of molecules that come with the blood or from outside: a table of samples × molecules, on the log2 scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._labels import text
from .._validate import listed, suggest, warn
from ..rs._match import METABOLITE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..arrays import Floats
    from ..rs import Resource
    from .samples import Study

_GAP = 2.5
"""Difference of log10 levels of one molecule, between neighbours, that looks like two units (ng and µg: 3)."""


@dataclass(frozen=True)
class Supply:
    """``level`` (n_samples, n_molecules): log2, centred, NaN where a sample has none."""

    molecules: tuple[str, ...]
    level: Floats

    def number(self, name: str) -> int:
        """Return the column of a molecule, -1 if it is not supplied."""
        return self.molecules.index(name) if name in self.molecules else -1


def read_supply(table: pd.DataFrame, study: Study, resource: Resource, *, sample_key: str) -> Supply:
    """Check a table of levels and bring it to the samples of a study; samples that were added up get the mean.

    Raises
    ------
    ValueError
        If it names a molecule that the resource does not know as ligand or expectation, names one twice, holds no
        number or one that is not above zero, or has none of the samples.

    Warns
    -----
    UserWarning
        Once, if samples are in one of both only, or levels of a molecule lie apart as those in different units.
    """
    frame = _with_samples(table, sample_key)
    molecules = _known_molecules(frame.columns, resource)
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
    n = np.isfinite(level).sum(axis=0)
    return Supply(tuple(molecules), level - np.nansum(level, axis=0) / np.maximum(n, 1))


def supplied_molecules(table: pd.DataFrame | None, resource: Resource, *, sample_key: str) -> frozenset[str]:
    """Return the molecules that a table has levels of, as the resource names them; none without a table."""
    if table is None:
        return frozenset()
    return frozenset(_known_molecules(_with_samples(table, sample_key).columns, resource))


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


def _known_molecules(names: Iterable[Any], resource: Resource) -> list[str]:
    """Return the names of the resource for the columns; ``met:`` may be left out."""
    whats = {w.strip() for cell in resource.expectations["what"] for w in cell.split(";")}
    known = {*resource.interactions["ligand"], *resource.molecules["molecule"], *whats}
    columns = [str(name) for name in names]
    molecules = [n if n in known else METABOLITE + n if METABOLITE + n in known else "" for n in columns]
    unknown = [n for n, molecule in zip(columns, molecules, strict=True) if not molecule]
    if unknown:
        short = {k.removeprefix(METABOLITE) for k in known}
        msg = (
            f"supply has {listed(map(repr, unknown))}: no ligand of resource {resource.name!r}, and in none of "
            f"its expectations{suggest(unknown[0], short)}. Name columns as the resource does (met:estradiol, PRL)"
        )
        raise ValueError(msg)
    if len(set(molecules)) < len(molecules):
        twice = sorted({m for m in molecules if molecules.count(m) > 1})
        msg = f"supply has {listed(map(repr, twice))} twice, with and without met:; give every molecule once"
        raise ValueError(msg)
    return molecules


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
