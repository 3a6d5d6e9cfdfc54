"""From arrays to the tables that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._names import read_names
from ...arrays import Tests
from ...core.contrast import LABELS
from ...get._frames import taken_categories
from ...get._left_out import split
from ...study.production import claims
from ...tables import compare as schema
from ...tables.vocabulary import Status, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ...study.comparison import ComparisonData

    Columns = dict[str, npt.NDArray[Any]]

_OF_MOLECULES = ("consumed", "claim")
_MADE_HERE = (
    "contrast",
    "source",
    "target",
    "interaction",
    "ligand_complex",
    "receptor_complex",
    "mode",
    "unit",
    "scale",
    *_OF_MOLECULES,
)
_DETAIL = {
    "group_absent": "the source or the target group has no cells in these samples",
    "below_min_cells": "the source or the target group has fewer than min_cells cells in too many samples",
    "one_sample": "a condition or stage has fewer than 2 samples with both groups; leave it out, or add samples",
    "not_estimable": "the samples with both groups do not determine the contrast",
    "not_expressed": "fewer samples than the smaller condition has reach expr_prop on both sides",
}


def compare_table(
    prepared: ComparisonData, tests: Tests, which: Ints, *, parts: Sequence[tuple[str, Columns]], unit: str
) -> pd.DataFrame:
    """One row per contrast × source × target × interaction, in the order of the schema."""
    n, m = tests.n, len(parts)
    groups = list(prepared.study.groups)
    frame: dict[str, Any] = {
        "contrast": pd.Categorical.from_codes(np.repeat(np.arange(m), n), [name for name, _ in parts]),
        "source": pd.Categorical.from_codes(np.tile(tests.source, m), groups),
        "target": pd.Categorical.from_codes(np.tile(tests.target, m), groups),
    }
    facts = prepared.interactions.frame
    for name, column in (
        ("interaction", "interaction"),
        ("ligand_complex", "ligand"),
        ("receptor_complex", "receptor"),
        ("mode", "mode"),
    ):
        frame[name] = taken_categories(facts[column], np.tile(which, m))
    frame["unit"] = pd.Categorical.from_codes(np.full(n * m, Unit(unit).code), list(schema.UNITS))
    frame["scale"] = pd.Categorical.from_codes(
        np.full(n * m, schema.SCALES.index(prepared.request.scale)), list(schema.SCALES)
    )
    joined = {name: np.concatenate([columns[name] for _, columns in parts]) for name in _taken_over()}
    for end in ("ref", "alt"):
        frame[f"subunit_{end}"] = _subunits(prepared, joined, end)
    if prepared.production.is_asked:
        consumed = _mean_of_samples(prepared.consumed())[tests.source, which]
        frame |= {"consumed": np.tile(consumed, m), "claim": claims(frame["ligand_complex"])}
    names = [n for n in schema.COMPARE.names if n in frame or n not in _OF_MOLECULES]
    for name in names:
        if name not in frame:
            frame[name] = _as_stored(name, joined[name])
    return pd.DataFrame({name: frame[name] for name in names})


def _mean_of_samples(values: Floats) -> Floats:
    """Mean over the samples that have a value."""
    n = np.isfinite(values).sum(axis=0)
    return np.where(n > 0, np.nansum(values, axis=0) / np.maximum(n, 1), np.nan)


def split_rows(
    table: pd.DataFrame, *, parts: Sequence[tuple[str, Columns]], expr_prop: float
) -> dict[str, pd.DataFrame]:
    """Return the rows for the table, and what is stored of the others.

    Rows without enough samples stay where both sides are expressed at one end: their numbers tell something.
    """
    few = (table["status"] == Status.TOO_FEW_SAMPLES).to_numpy()
    props = [np.fmax(table[f"{s}_prop_ref"], table[f"{s}_prop_alt"]).to_numpy() for s in ("ligand", "receptor")]
    expressed = np.logical_and(*(prop >= expr_prop for prop in props))
    keep = table["status"].isin((Status.TESTED, Status.DETECTION)).to_numpy() | (few & expressed)
    details = np.asarray([*(_DETAIL[word] for word in LABELS["reason"]), ""], object)
    reasons = [columns.get("reason", np.full(len(columns["status"]), -1)) for _, columns in parts]
    return split(table, keep, details[np.concatenate(reasons)])


def _taken_over() -> list[str]:
    """Columns that the engine gives as they are, and those that become the names of the subunits."""
    names = [name for name in schema.COMPARE.names if name not in _MADE_HERE and not name.startswith("subunit_")]
    return names + [f"{side}_subunit_{end}" for side in ("ligand", "receptor") for end in ("ref", "alt")]


def _as_stored(name: str, values: npt.NDArray[Any]) -> Any:
    kind = schema.COMPARE[name].kind
    if name in LABELS:
        return pd.Categorical.from_codes(values, list(LABELS[name]))
    return values.astype({"int": np.int64, "float": np.float64, "bool": np.bool_}[kind])


def _subunits(prepared: ComparisonData, columns: Columns, end: str) -> pd.Categorical:
    """Names ``LIGAND^RECEPTOR`` of the limiting subunits at one end (``ref`` or ``alt``); missing without samples."""
    genes = prepared.interactions.genes.astype(str)
    ligand, receptor = (columns[f"{side}_subunit_{end}"].astype(np.int64) for side in ("ligand", "receptor"))
    both_known = (ligand >= 0) & (receptor >= 0)
    pairs, inverse = np.unique(ligand[both_known] * genes.size + receptor[both_known], return_inverse=True)
    codes = np.full(ligand.size, -1, np.int64)
    codes[both_known] = inverse
    return pd.Categorical.from_codes(codes, [f"{genes[c // genes.size]}^{genes[c % genes.size]}" for c in pairs])


def abundance_references(info: Sequence[Mapping[str, Any]], *, chosen: bool) -> dict[str, Any]:
    """Return what abundances are relative to, for ``params``: the groups that were named, or those of each contrast."""
    groups = [read_names(facts["abundance_reference"]) for facts in info]
    texts = groups[0] if chosen else [f"{f['contrast']}: {', '.join(g)}" for f, g in zip(info, groups, strict=True)]
    by = "named" if chosen else "more than half of the groups, changing most alike"
    return {"abundance_reference": np.asarray(texts, object), "abundance_reference_by": by}


def untested_table(
    prepared: ComparisonData, which: Ints, *, parts: Sequence[tuple[str, Columns]], notes: Sequence[Any] = ()
) -> pd.DataFrame:
    """List what was not tested, and why: interactions, groups, samples, levels, and contrasts in part."""
    rows: list[Any] = [*prepared.interactions.untested, *prepared.study.notes, *notes]
    status = np.stack([columns["status"] for _, columns in parts])
    expressed = np.zeros(len(prepared.interactions.frame), bool)
    never = Status.NOT_EXPRESSED.code
    np.logical_or.at(expressed, which, (status != never).any(axis=0))
    names = prepared.interactions.frame["interaction"].to_numpy()
    rows += [
        (names[i], "not expressed", "in no source and target group of any contrast (expr_prop in too few samples)")
        for i in np.flatnonzero(~expressed)
    ]
    for name, columns in parts:
        rows += _few_samples(name, columns, prepared=prepared)
    frame = pd.DataFrame(rows, columns=list(schema.UNTESTED.names), dtype=object)
    frame["interaction"] = frame["interaction"].astype("category")
    frame["reason"] = pd.Categorical(frame["reason"], categories=list(schema.REASONS))
    return frame


def _few_samples(name: str, columns: Columns, *, prepared: ComparisonData) -> list[tuple[str, str, str]]:
    """One row per source → target pair that has too few samples in this contrast."""
    groups, n = prepared.study.groups, len(prepared.interactions.frame)
    if not n:
        return []
    status = columns["status"].reshape(-1, n)
    few = (status == Status.TOO_FEW_SAMPLES.code).all(axis=1)
    rows = []
    for pair in np.flatnonzero(few).tolist():
        source, target = groups[pair // len(groups)], groups[pair % len(groups)]
        first = pair * n
        n_ref, n_alt = int(columns["n_ref"][first]), int(columns["n_alt"][first])
        why = _why(columns, first)
        rows.append(
            ("*", "too few samples", f"{name}, {source} → {target}: {n_ref} and {n_alt} samples with both groups{why}")
        )
    return rows


def _why(columns: Columns, row: int) -> str:
    if "reason" not in columns or columns["reason"][row] < 0:
        return ""
    return f"; {_DETAIL[LABELS['reason'][columns['reason'][row]]]}"
