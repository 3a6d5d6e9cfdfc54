"""Joining two resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commscore.tables.resource import BASES

from ._carried import COLUMN, with_carried
from ._derive import interactions_from_evidence, with_extras
from ._pairs import with_one_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _stack(a: pd.DataFrame, b: pd.DataFrame, key: list[str] | None = None) -> pd.DataFrame:
    if a.empty or b.empty:
        return (a if b.empty else b).copy()
    return pd.concat([a, b]).drop_duplicates(key).reset_index(drop=True)


def merge_tables(a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame], species: str) -> dict[str, pd.DataFrame]:
    """Join tables: exact duplicates once, interactions derived from all statements."""
    keys = {"symbols": ["symbol"]}
    tables = {name: _stack(a[name], b[name], keys.get(name)) for name in a if name != "interactions"}
    before = tables["evidence"]
    named = with_one_name(before)
    name_of = dict(zip(before["interaction"], named["interaction"], strict=True))
    evidence = named.drop_duplicates().sort_values("interaction", kind="stable").reset_index(drop=True)
    earlier = [part for t in (a, b) for part in _renamed(t["interactions"], name_of)]
    interactions = with_extras(interactions_from_evidence(evidence), *earlier)
    interactions["pathway"] = _pathways(interactions["interaction"], earlier)
    return tables | {"evidence": evidence, "interactions": with_carried(interactions, species)}


def _renamed(interactions: pd.DataFrame, name_of: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    """Yield the interactions under their new names, in as many parts as it takes for each to name them once."""
    name = interactions["interaction"].map(name_of)
    # with its sides exchanged a pair may be of another pathway
    pathway = interactions["pathway"].where(name == interactions["interaction"], "")
    result = interactions.assign(interaction=name, pathway=pathway)
    result = result.drop(columns=COLUMN, errors="ignore")  # it follows again from what is known now
    times = result.groupby("interaction").cumcount()
    for _, part in result.groupby(times):
        yield part


def _pathways(names: pd.Series, frames: list[pd.DataFrame]) -> list[str]:
    """Return for each interaction the pathway that its best founded row gives."""
    rows = pd.concat([frame[["interaction", "pathway", "basis"]] for frame in frames], ignore_index=True)
    rows = rows[rows["pathway"] != ""]
    rows = rows.assign(rank=rows["basis"].map(BASES.index)).sort_values(["rank", "pathway"])
    best = rows.drop_duplicates("interaction")
    pathway_of = dict(zip(best["interaction"], best["pathway"], strict=True))
    return [pathway_of.get(name, "") for name in names]
