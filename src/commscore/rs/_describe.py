"""What a resource contains, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commscore._validate import suggest
from commscore.tables.resource import DESCRIPTION

from ._derive import statement_bases

if TYPE_CHECKING:
    from collections.abc import Mapping


def evidence_for(tables: Mapping[str, pd.DataFrame], interaction: str) -> pd.DataFrame:
    """Return the statements about one interaction."""
    names = tables["interactions"]["interaction"]
    if interaction not in set(names):
        others = "; cs.rs.as_resource('breast+general') holds the pairs of any tissue, too"
        close = suggest(interaction, names)
        msg = f"interaction={interaction!r} is not in this resource{close or others}"
        raise ValueError(msg)
    evidence = tables["evidence"]
    return evidence[evidence["interaction"] == interaction].reset_index(drop=True)


def describe(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count interactions and statements."""
    interactions, evidence = tables["interactions"], tables["evidence"]
    per_source = evidence.assign(source=evidence["source"].str.split(";")).explode("source")
    frames = [_count(name, interactions[name], evidence[name]) for name in ("mode", "direction")]
    frames += [
        _count(
            "source",
            per_source.drop_duplicates(["source", "interaction"])["source"],
            per_source["source"],
        ),
        _count("basis", interactions["basis"], pd.Series(statement_bases(evidence), dtype=object)),
    ]
    frames += [_count(name, interactions[name], evidence[name]) for name in ("effect", "outcome")]
    frames += [_count_of_statements(name, evidence) for name in ("certainty", "model")]
    return pd.concat(frames, ignore_index=True)


def _count_of_statements(by: str, evidence: pd.DataFrame) -> pd.DataFrame:
    """Count what statements alone say, and the interactions that have such a statement."""
    return _count(by, evidence.drop_duplicates([by, "interaction"])[by], evidence[by])


def _count(by: str, interactions: pd.Series, statements: pd.Series) -> pd.DataFrame:
    both = {"interactions": interactions, "statements": statements}
    counts = pd.DataFrame({name: values.value_counts(sort=False) for name, values in both.items()})
    counts = counts.fillna(0).astype("int64").rename_axis("value").sort_index().reset_index()
    return counts.assign(by=by)[list(DESCRIPTION.names)]
