"""From statements to interactions: one row per ligand and receptor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from commscore.tables.resource import (
    BASES,
    DIRECTIONS,
    DIRECTNESS,
    EFFECTS,
    EVIDENCE,
    INTERACTIONS,
    KINDS,
    MODES,
    OUTCOMES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SUMMARISED = (
    "ligand",
    "receptor",
    "kind",
    "mode",
    "directness",
    "effect",
    "outcome",
    "outcome_of",
    "source",
    "stated",
    "inferred_from",
    "direction",
)

DERIVED = ("n_evidence", "sources", "direction", "directions", "modes", "outcomes", "disputed")
"""Columns of `interactions` that summarise statements and can always be derived again."""

DEFAULTS = {
    "kind": "protein",
    "mode": "unknown",
    "directness": "direct",
    "effect": "unknown",
    "outcome": "unknown",
    "stated": "inferred",
    "direction": "unclear",
    "certainty": "unstated",
    "model": "unstated",
}
"""What is assumed of a statement that does not say."""

LISTED = "listed in "
"""Begin of ``inferred_from`` where a table lists a pair and says nothing of the evidence."""

FAMILY = "family: "
"""Begin of ``inferred_from`` where a rule about a family of molecules gives the pair."""

BY_FAMILY = "; the rest by family: "
"""In ``inferred_from`` of a pair on a list: a rule about the family of its molecules says how they act."""

_SILENT = {"mode": "unknown", "effect": "unknown", "outcome": "unknown", "direction": "unclear"}
"""Values that are the absence of a statement, whoever gives them."""


def join_distinct(values: Any, sep: str = ";") -> str:
    """Join the distinct parts of cells that are themselves joined by ``sep``, in order of appearance."""
    parts = (part for value in values for part in str(value).split(sep))
    return sep.join(dict.fromkeys(part for part in parts if part))


def most_frequent(values: list[str], order: tuple[str, ...]) -> str:
    """Return the most frequent value; ties are decided by ``order``."""
    counts = Counter(values)
    return min(counts, key=lambda v: (-counts[v], order.index(v)))


def overall_direction(values: list[str]) -> str:
    """Summarise directions: ``dual`` if both pro and anti or any dual, else the one that is said."""
    directions = set(values)
    if "dual" in directions or {"pro", "anti"} <= directions:
        return "dual"
    return "pro" if "pro" in directions else "anti" if "anti" in directions else "unclear"


def processes_of(outcomes: list[str], processes: list[str], outcome: str) -> str:
    """Join what the statements with one outcome say it is of, the most frequent first."""
    cells = (cell for said, cell in zip(outcomes, processes, strict=True) if said == outcome)
    counts = Counter(process for cell in cells for process in cell.split(";") if process)
    return ";".join(sorted(counts, key=lambda process: (-counts[process], process)))


def disputed(outcomes: list[str], processes: list[str]) -> str:
    """Join what some statements call promoted and others suppressed."""
    words = ("promotes", "suppresses")
    promoted, suppressed = (set(processes_of(outcomes, processes, word).split(";")) for word in words)
    return ";".join(sorted(promoted & suppressed - {""}))


def _in_order(values: list[str], order: tuple[str, ...]) -> str:
    return ";".join(v for v in order if v in set(values))


def _values_that_count(rows: dict[str, list[str]], name: str) -> list[str]:
    """Return what the best founded statements say, of those that say anything: no list outvotes a curated one."""
    by_level: dict[str, list[str]] = {level: [] for level in BASES}
    for value, level in zip(rows[name], statement_levels(rows), strict=True):
        # what is only assumed of a pair on a list is the absence of a statement, too
        if value != (DEFAULTS[name] if level == "listed" else _SILENT.get(name)):
            by_level[level].append(value)
    return next(filter(None, by_level.values()), rows[name])


def statement_levels(rows: Mapping[str, Any]) -> list[str]:
    """Return what counts for each statement: ``stated``, ``family`` or ``listed``.

    Reviews count alike, whether they name both partners or not.
    """
    pairs = zip(rows["inferred_from"], statement_bases(rows), strict=True)
    bases = ("family" if basis == "listed" and BY_FAMILY in how else basis for how, basis in pairs)
    return ["stated" if basis == "inferred" else basis for basis in bases]


def _modes(values: list[str]) -> str:
    return _in_order(values, MODES[:-1]) or "unknown"


def statement_basis(stated: str, inferred_from: str) -> str:
    """Return what one statement rests on, a word of :data:`commscore.tables.resource.BASES`."""
    if stated == "both":
        return "stated"
    if stated != "inferred":
        return "inferred"
    if inferred_from.startswith(FAMILY):
        return "family"
    return "listed" if inferred_from.startswith(LISTED) else "inferred"


def statement_bases(rows: Mapping[str, Any]) -> list[str]:
    """Return the basis of every statement of a table of evidence."""
    pairs = list(zip(rows["stated"], rows["inferred_from"], strict=True))
    basis_of = {pair: statement_basis(*pair) for pair in dict.fromkeys(pairs)}
    return [basis_of[pair] for pair in pairs]


def _sources(values: list[str]) -> str:
    return ";".join(sorted({s for cell in values for s in cell.split(";") if s}))


def _summary(rows: dict[str, list[str]]) -> dict[str, Any]:
    outcome = most_frequent(_values_that_count(rows, "outcome"), OUTCOMES)
    return {
        "ligand": rows["ligand"][0],
        "receptor": rows["receptor"][0],
        "kind": most_frequent(_values_that_count(rows, "kind"), KINDS),
        "mode": most_frequent(_values_that_count(rows, "mode"), MODES),
        "directness": most_frequent(_values_that_count(rows, "directness"), DIRECTNESS),
        "effect": most_frequent(_values_that_count(rows, "effect"), EFFECTS),
        "outcome": outcome,
        "outcome_of": processes_of(rows["outcome"], rows["outcome_of"], outcome),
        "basis": min(statement_bases(rows), key=BASES.index),
        "n_evidence": len(rows["mode"]),
        "sources": _sources(rows["source"]),
        "direction": overall_direction(_values_that_count(rows, "direction")),
        "directions": _in_order(rows["direction"], DIRECTIONS),
        "modes": _modes(rows["mode"]),
        "outcomes": _in_order(rows["outcome"], OUTCOMES[:-1]) or "unknown",
        "disputed": disputed(rows["outcome"], rows["outcome_of"]),
        "pathway": "",
    }


def interactions_from_evidence(evidence: pd.DataFrame) -> pd.DataFrame:
    """Derive the interactions that a table of statements supports.

    Parameters
    ----------
    evidence
        Table with the columns of :data:`commscore.tables.resource.EVIDENCE`.

    Returns
    -------
    pandas.DataFrame
        One row per distinct ``interaction``, sorted by it, with the columns of
        :data:`commscore.tables.resource.INTERACTIONS`.
    """
    columns = {name: evidence[name].to_numpy(object) for name in _SUMMARISED}
    codes, keys = pd.factorize(evidence["interaction"].to_numpy(object), sort=True)
    counts = np.bincount(codes, minlength=keys.size)
    starts, rows = np.cumsum(counts) - counts, np.argsort(codes, kind="stable")
    first = rows[starts]
    table = _summaries_of_one({name: values[first].tolist() for name, values in columns.items()})
    for k in np.flatnonzero(counts > 1):
        several = rows[starts[k] : starts[k] + counts[k]]
        for name, value in _summary({name: values[several].tolist() for name, values in columns.items()}).items():
            table[name][k] = value
    arrays = {name: np.asarray(values, np.int64 if name == "n_evidence" else object) for name, values in table.items()}
    return pd.DataFrame({"interaction": keys} | arrays, columns=list(INTERACTIONS.names))


def _summaries_of_one(rows: dict[str, list[str]]) -> dict[str, list[Any]]:
    """Summarise interactions with one statement each, as columns; each distinct value is looked at once."""

    def each(name: str, function: Callable[[list[str]], Any]) -> list[Any]:
        summary_of = {v: function([v]) for v in dict.fromkeys(rows[name])}
        return [summary_of[v] for v in rows[name]]

    return {
        "ligand": list(rows["ligand"]),
        "receptor": list(rows["receptor"]),
        "kind": list(rows["kind"]),
        "mode": list(rows["mode"]),
        "directness": list(rows["directness"]),
        "effect": list(rows["effect"]),
        "outcome": list(rows["outcome"]),
        "outcome_of": list(rows["outcome_of"]),
        "basis": statement_bases(rows),
        "n_evidence": [1] * len(rows["mode"]),
        "sources": each("source", _sources),
        "direction": each("direction", overall_direction),
        "directions": each("direction", lambda v: _in_order(v, DIRECTIONS)),
        "modes": list(rows["mode"]),
        "outcomes": list(rows["outcome"]),
        "disputed": [""] * len(rows["mode"]),
        "pathway": [""] * len(rows["mode"]),
    }


def with_extras(interactions: pd.DataFrame, *before: pd.DataFrame) -> pd.DataFrame:
    """Carry over the pathway and the columns of earlier interactions that the schema does not know.

    Where two earlier tables fill the same cell differently, the distinct values are joined by ``;``.
    """
    result = interactions
    for column in dict.fromkeys(c for frame in before for c in frame.columns):
        if column in INTERACTIONS.names and column != "pathway":
            continue
        parts = [frame.set_index("interaction")[column] for frame in before if column in frame.columns]
        series = parts[0]
        for other in parts[1:]:
            series = _combine(series, other)
        values = series.reindex(result["interaction"])
        if values.dtype == object:
            values = values.where(values.notna(), "")
        result = result.assign(**{column: values.to_numpy()})
    return result


def _combine(a: pd.Series, b: pd.Series) -> pd.Series:
    both = a.index.intersection(b.index)
    joined = {i: a[i] if a[i] == b[i] else join_distinct([a[i], b[i]]) for i in both}
    rest = pd.concat([a.drop(both), b.drop(both)])
    result: pd.Series = pd.concat([rest, pd.Series(joined, dtype=object)]) if joined else rest
    return result


def evidence_frame(rows: dict[str, Any]) -> pd.DataFrame:
    """Build an evidence table from columns, filling what is not given with :data:`DEFAULTS` or ``""``."""
    pairs = [f"{ligand}^{receptor}" for ligand, receptor in zip(rows["ligand"], rows["receptor"], strict=True)]
    block = np.empty((len(EVIDENCE.names), len(pairs)), object)
    for values, name in zip(block, EVIDENCE.names, strict=True):
        values[:] = pairs if name == "interaction" else rows.get(name, DEFAULTS.get(name, ""))
    return pd.DataFrame(block.T, columns=list(EVIDENCE.names), dtype=object)
