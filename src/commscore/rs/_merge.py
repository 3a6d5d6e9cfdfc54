"""Joining two resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ._derive import interactions_from_evidence, with_extras

if TYPE_CHECKING:
    from collections.abc import Mapping


def both(a: str, b: str, sep: str) -> str:
    """Join two texts, or keep one if they are the same."""
    return a if a == b else f"{a}{sep}{b}"


def _stack(a: pd.DataFrame, b: pd.DataFrame, key: list[str] | None = None) -> pd.DataFrame:
    if a.empty or b.empty:
        return (a if b.empty else b).copy()
    return pd.concat([a, b]).drop_duplicates(key).reset_index(drop=True)


def merge_tables(a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Join tables: exact duplicates once, interactions derived from all statements."""
    keys = {"symbols": ["symbol"]}
    tables = {name: _stack(a[name], b[name], keys.get(name)) for name in a if name != "interactions"}
    evidence = tables["evidence"].sort_values("interaction", kind="stable").reset_index(drop=True)
    interactions = interactions_from_evidence(evidence)
    tables["evidence"] = evidence
    tables["interactions"] = with_extras(interactions, a["interactions"], b["interactions"])
    return tables
