"""From statements to interactions: one row per ligand and receptor."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from commscore._schema.resource import DIRECTIONS, DIRECTNESS, EFFECTS, EVIDENCE, INTERACTIONS, KINDS, MODES

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
    said = set(values)
    if "dual" in said or {"pro", "anti"} <= said:
        return "dual"
    return "pro" if "pro" in said else "anti" if "anti" in said else "unclear"


def _in_order(values: list[str], order: tuple[str, ...]) -> str:
    return ";".join(v for v in order if v in set(values))


def _summary(rows: dict[str, list[str]]) -> dict[str, Any]:
    known = [e for e in rows["effect"] if e != "unknown"]
    return {
        "ligand": rows["ligand"][0],
        "receptor": rows["receptor"][0],
        "kind": most_frequent(rows["kind"], KINDS),
        "mode": most_frequent(rows["mode"], MODES),
        "directness": most_frequent(rows["directness"], DIRECTNESS),
        # "unknown" is the absence of a statement: it does not outvote one
        "effect": most_frequent(known, EFFECTS) if known else "unknown",
        "stated": "both" in rows["stated"],
        "n_evidence": len(rows["mode"]),
        "sources": ";".join(sorted({s for cell in rows["source"] for s in cell.split(";") if s})),
        "direction": overall_direction(rows["direction"]),
        "directions": _in_order(rows["direction"], DIRECTIONS),
        "modes": _in_order(rows["mode"], MODES),
    }


def interactions_from_evidence(evidence: pd.DataFrame) -> pd.DataFrame:
    """Derive the interactions that a table of statements supports.

    Parameters
    ----------
    evidence
        Table with the columns of :data:`commscore._schema.resource.EVIDENCE`.

    Returns
    -------
    pandas.DataFrame
        One row per distinct ``interaction``, sorted by it, with the columns of
        :data:`commscore._schema.resource.INTERACTIONS`.
    """
    needed = ("ligand", "receptor", "kind", "mode", "directness", "effect", "source", "stated", "direction")
    columns = {name: evidence[name].tolist() for name in needed}
    groups: dict[str, dict[str, list[str]]] = {}
    for i, interaction in enumerate(evidence["interaction"].tolist()):
        rows = groups.setdefault(interaction, {name: [] for name in needed})
        for name in needed:
            rows[name].append(columns[name][i])
    table = [{"interaction": key, **_summary(groups[key])} for key in sorted(groups)]
    frame = pd.DataFrame(table, columns=list(INTERACTIONS.names))
    return frame.astype({"stated": bool, "n_evidence": "int64"})


def with_extras(interactions: pd.DataFrame, *before: pd.DataFrame) -> pd.DataFrame:
    """Carry over the columns of earlier interactions that the schema does not know.

    Where two earlier tables fill the same cell differently, the distinct values are joined by ``;``.
    """
    result = interactions
    for column in dict.fromkeys(c for frame in before for c in frame.columns):
        if column in INTERACTIONS.names:
            continue
        found = [frame.set_index("interaction")[column] for frame in before if column in frame.columns]
        series = found[0]
        for other in found[1:]:
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
    frame = pd.DataFrame(rows, dtype=object).reset_index(drop=True)
    for name in EVIDENCE.names:
        if name not in frame.columns:
            frame[name] = DEFAULTS.get(name, "")
    frame["interaction"] = frame["ligand"] + "^" + frame["receptor"]
    return frame[list(EVIDENCE.names)]
