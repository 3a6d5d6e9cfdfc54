"""Filters: statements are chosen, everything else follows from them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore._validate import suggest
from commscore.tables.resource import BASES, EVIDENCE

from ._carried import FILLED, is_carried
from ._derive import interactions_from_evidence, with_extras

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARGUMENT = {"source": "sources"}
# roles are a vocabulary and molecules say how to measure: both serve whichever statements remain
_WITH_SOURCE = ("circuits", "expectations", "therapies", "references", "sources")


def _values(column: str, criterion: Any) -> list[Any]:
    # a set or an index is a list too; anything else is one value, and checked as such
    is_one = isinstance(criterion, str) or not hasattr(criterion, "__iter__")
    values = [criterion] if is_one else list(criterion)
    if not values:
        msg = f"{_ARGUMENT.get(column, column)} is empty; name at least one value or leave it out"
        raise ValueError(msg)
    return values


def _allowed_values(tables: Mapping[str, pd.DataFrame], column: str) -> list[Any]:
    if column == "source":
        cited = {s for cell in tables["evidence"]["source"] for s in cell.split(";") if s}
        return sorted(cited | set(tables["sources"]["source"]))
    return list(BASES if column == "basis" else EVIDENCE[column].values)


def _check(tables: Mapping[str, pd.DataFrame], column: str, criterion: Any) -> list[Any]:
    values, allowed = _values(column, criterion), _allowed_values(tables, column)
    for value in values:
        if value not in allowed:
            options = ", ".join(repr(k) for k in allowed)
            argument = _ARGUMENT.get(column, column)
            msg = f"{argument}={value!r} is not one of {options}{suggest(value, allowed)}"
            raise ValueError(msg)
    return values


def _matches(tables: Mapping[str, pd.DataFrame], column: str, values: list[Any]) -> pd.Series:
    evidence = tables["evidence"]
    if column == "source":
        return evidence["source"].map(lambda cell: any(v in cell.split(";") for v in values))
    keep = _said(tables, column).isin(values)
    if column == "direction" and "dual" in values:
        pairs = tables["interactions"]
        dual = pairs.loc[pairs["direction"] == "dual", "interaction"]
        keep |= evidence["interaction"].isin(dual)
    return keep


def _said(tables: Mapping[str, pd.DataFrame], column: str) -> pd.Series:
    """Return what statements say, and where they say nothing, what was carried to their pair."""
    evidence, pairs = tables["evidence"], tables["interactions"]
    if column not in FILLED:
        return evidence[column]
    carried = pairs[is_carried(pairs, column)]
    value_of = dict(zip(carried["interaction"], carried[column], strict=True))
    return evidence[column].where(~evidence["interaction"].isin(value_of), evidence["interaction"].map(value_of))


def _narrow(tables: dict[str, pd.DataFrame], keep: pd.Series) -> dict[str, pd.DataFrame]:
    """Keep some statements and the interactions that rest on them."""
    if keep.all():
        return tables
    evidence = tables["evidence"][keep].reset_index(drop=True)
    interactions = interactions_from_evidence(evidence)
    # an interaction that lost no statement keeps its row as it was
    before = tables["interactions"].set_index("interaction")
    whole = evidence["interaction"].value_counts(sort=False)
    all_of = tables["evidence"]["interaction"].value_counts(sort=False)
    intact = whole.index[whole == all_of.reindex(whole.index)]
    result = with_extras(interactions, tables["interactions"]).set_index("interaction")
    result.loc[intact] = before.loc[intact, result.columns]
    for column in FILLED:
        carried = before.index[is_carried(before, column)].intersection(result.index)
        result.loc[carried, column] = before.loc[carried, column]
    result = result.reset_index().astype({"n_evidence": "int64"})
    return tables | {"evidence": evidence, "interactions": result}


def _with_basis(tables: dict[str, pd.DataFrame], values: list[str]) -> dict[str, pd.DataFrame]:
    pairs = tables["interactions"]
    names = pairs.loc[pairs["basis"].isin(values), "interaction"]
    return _narrow(tables, tables["evidence"]["interaction"].isin(names))


def filter_tables(tables: Mapping[str, pd.DataFrame], criteria: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Apply every filter; see :meth:`Resource.filter`."""
    values = {column: _check(tables, column, value) for column, value in criteria.items()}
    bases = values.pop("basis", None)
    keep = pd.Series(data=True, index=tables["evidence"].index)
    for column, chosen in values.items():
        keep &= _matches(tables, column, chosen)
    result = _narrow(dict(tables), keep)
    result = result if bases is None else _with_basis(result, bases)
    if "source" in values:
        result = _of_sources(result, values["source"])
    return _follow(tables, result)


def _of_sources(tables: dict[str, pd.DataFrame], sources: list[str]) -> dict[str, pd.DataFrame]:
    result = dict(tables)
    for name in _WITH_SOURCE:
        frame = tables[name]
        keep = frame["source"].isin(sources)
        result[name] = frame[keep].reset_index(drop=True)
    circuits = result["circuits"]
    whole = tables["circuits"]["circuit"].value_counts(sort=False)
    left = circuits["circuit"].value_counts(sort=False)
    complete = left.index[left == whole.reindex(left.index)]
    result["circuits"] = circuits[circuits["circuit"].isin(complete)].reset_index(drop=True)
    return result


def _molecules(interactions: pd.DataFrame) -> set[str]:
    """Ligands, receptors and their subunits."""
    names = set(interactions["ligand"]) | set(interactions["receptor"])
    return names | {s for n in names if not n.startswith("met:") for s in n.split("_")}


def _follow(before: Mapping[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Remove facts that concern only interactions that are gone."""
    gone = set(before["interactions"]["interaction"]) - set(after["interactions"]["interaction"])
    if not gone:
        return after
    left = _molecules(after["interactions"])
    lost = _molecules(before["interactions"]) - left
    circuits, therapies = after["circuits"], after["therapies"]
    expectations, molecules = after["expectations"], after["molecules"]
    broken = circuits.loc[circuits["interaction"].isin(gone), "circuit"]
    circuits = circuits[~circuits["circuit"].isin(broken)]
    used = left | set(circuits["from"]) | set(circuits["to"])
    keep_expectation = [
        not _lost(level, what, gone=gone, lost=lost) for level, what in zip(expectations["level"], expectations["what"])
    ]
    keep_therapy = [not _all_lost(targets, lost) for targets in therapies["targets"]]
    return after | {
        "circuits": circuits.reset_index(drop=True),
        "expectations": expectations[pd.Series(keep_expectation, dtype=bool, index=expectations.index)].reset_index(
            drop=True
        ),
        "therapies": therapies[pd.Series(keep_therapy, dtype=bool, index=therapies.index)].reset_index(drop=True),
        "molecules": molecules[molecules["molecule"].isin(used)].reset_index(drop=True),
    }


def _all_lost(cell: str, lost: set[str]) -> bool:
    names = [n for n in re.split(r"[;^]", cell) if n]
    return bool(names) and all(n in lost for n in names)


def _lost(level: str, what: str, *, gone: set[str], lost: set[str]) -> bool:
    if level == "interaction":
        return what in gone
    return level in ("ligand", "receptor") and _all_lost(what, lost)
