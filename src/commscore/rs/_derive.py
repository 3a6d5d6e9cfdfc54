"""From statements to interactions: one row per ligand and receptor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from commscore.tables.resource import BASES, DIRECTIONS, DIRECTNESS, EFFECTS, EVIDENCE, INTERACTIONS, KINDS, MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SUMMARISED = (
    "ligand",
    "receptor",
    "kind",
    "mode",
    "directness",
    "effect",
    "source",
    "stated",
    "inferred_from",
    "direction",
)

DERIVED = ("n_evidence", "sources", "direction", "directions", "modes")
"""Columns of `interactions` that summarise statements and can always be derived again."""

DEFAULTS = {
    "kind": "protein",
    "mode": "paracrine",
    "directness": "direct",
    "effect": "unknown",
    "stated": "inferred",
    "direction": "unclear",
}
"""What is assumed of a statement that does not say."""

LISTED = "listed in "
"""Begin of ``inferred_from`` where a table lists a pair and says nothing of the evidence."""

FAMILY = "family: "
"""Begin of ``inferred_from`` where a rule about a family of molecules gives the pair."""


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


def _in_order(values: list[str], order: tuple[str, ...]) -> str:
    return ";".join(v for v in order if v in set(values))


def _effect(values: list[str]) -> str:
    # "unknown" is the absence of a statement: it does not outvote one
    effects = [e for e in values if e != "unknown"]
    return most_frequent(effects, EFFECTS) if effects else "unknown"


def _stated_values(rows: dict[str, list[str]], name: str) -> list[str]:
    # what is only assumed of a pair on a list is the absence of a statement, too
    pairs = zip(rows[name], rows["inferred_from"], strict=True)
    stated = [value for value, how in pairs if value != DEFAULTS[name] or not how.startswith(LISTED)]
    return stated or rows[name]


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
    modes = _stated_values(rows, "mode")
    return {
        "ligand": rows["ligand"][0],
        "receptor": rows["receptor"][0],
        "kind": most_frequent(_stated_values(rows, "kind"), KINDS),
        "mode": most_frequent(modes, MODES),
        "directness": most_frequent(_stated_values(rows, "directness"), DIRECTNESS),
        "effect": _effect(rows["effect"]),
        "basis": min(statement_bases(rows), key=BASES.index),
        "n_evidence": len(rows["mode"]),
        "sources": _sources(rows["source"]),
        "direction": overall_direction(rows["direction"]),
        "directions": _in_order(rows["direction"], DIRECTIONS),
        "modes": _in_order(modes, MODES),
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
        "kind": each("kind", lambda v: most_frequent(v, KINDS)),
        "mode": each("mode", lambda v: most_frequent(v, MODES)),
        "directness": each("directness", lambda v: most_frequent(v, DIRECTNESS)),
        "effect": each("effect", _effect),
        "basis": statement_bases(rows),
        "n_evidence": [1] * len(rows["mode"]),
        "sources": each("source", _sources),
        "direction": each("direction", overall_direction),
        "directions": each("direction", lambda v: _in_order(v, DIRECTIONS)),
        "modes": each("mode", lambda v: _in_order(v, MODES)),
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
