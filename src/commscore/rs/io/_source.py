"""What is said about a format before it is read, and how a Resource is made of what was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from commscore.rs._derive import (
    DERIVED,
    evidence_frame,
    interactions_from_evidence,
    join_distinct,
)
from commscore.rs._families import family_facts
from commscore.rs._match import subunits
from commscore.rs._resource import Resource
from commscore.rs._shipped import shipped_symbols
from commscore.tables.resource import EVIDENCE, INTERACTIONS, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class PathReader(Protocol):
    """Reads a path of a format; ``argument`` names in messages what holds it, ``species`` says whose genes it has."""

    def __call__(self, path: Path, *, argument: str, species: str) -> Resource: ...


class MemberTest(Protocol):
    """Whether a folder or an archive with files of these names is of a format."""

    def __call__(self, names: Sequence[str]) -> bool: ...


@dataclass(frozen=True)
class Source:
    """A foreign format: its name, who may use its content, what it is, and how a path of it is read."""

    name: str
    call: str
    licence: str
    about: str
    version: str = ""
    read: PathReader | None = None
    """What makes ``"NAME:PATH"`` a resource; nothing where the format has no files."""
    is_of: MemberTest | None = None
    """What tells a folder or an archive of this format from others, for a path without the name of the format."""


def build(
    rows: Mapping[str, Any],
    extras: pd.DataFrame,
    *,
    name: str,
    version: str,
    sha256: str,
    licence: str,
    species: str = "human",
    renamed: Mapping[str, str] | None = None,
) -> Resource:
    """Make a Resource: one statement per row read, one interaction per distinct ligand and receptor.

    Parameters
    ----------
    rows
        Columns of the evidence table; those not given get defaults.
    extras
        Further columns, one row per row read; kept beside the interactions. Where rows are joined, distinct
        values are joined by ``;``.
    name, version, sha256, licence, species
        Of the resource.
    renamed
        Genes that were called otherwise in what was read, with that name: data may have them under it.
    """
    evidence = evidence_frame(dict(rows))
    interactions = interactions_from_evidence(evidence)
    extras = extras.reset_index(drop=True).assign(interaction=evidence["interaction"])
    interactions = _add_extras(interactions, extras)
    at = pd.Index(interactions["interaction"]).get_indexer(evidence["interaction"])  # they are sorted
    evidence = evidence.take(np.argsort(at, kind="stable")).reset_index(drop=True)
    tables = {"interactions": _with_pathways(interactions, species), "evidence": evidence}
    if species == "human" or renamed:
        tables["symbols"] = _symbols_of(interactions, species, renamed or {})
    return Resource(name=name, version=version, sha256=sha256, licence=licence, species=species, _tables=tables)


def _with_pathways(interactions: pd.DataFrame, species: str) -> pd.DataFrame:
    """Fill what the table does not say by the rules about families of molecules."""
    by_family = family_facts(interactions, species=species)["pathway"]
    return interactions.assign(pathway=interactions["pathway"].where(interactions["pathway"] != "", by_family))


def _add_extras(interactions: pd.DataFrame, extras: pd.DataFrame) -> pd.DataFrame:
    repeated = extras.duplicated("interaction", keep=False)
    result = interactions.set_index("interaction")
    single = extras[~repeated].set_index("interaction")
    columns = {}
    for column in extras.columns.drop("interaction"):
        values = single[column]
        if repeated.any():
            joined = extras[repeated].groupby("interaction", sort=False)[column].agg(_one_value)
            values = pd.concat([values.astype(object), joined.astype(object)])
        values = values.reindex(result.index)
        if column in DERIVED:
            # a table written from a Resource brings its summaries: they hold where no rows were joined
            values = values.where(~values.index.isin(extras.loc[repeated, "interaction"]), result[column])
            values = values.astype(result[column].dtype)
        columns[column] = values
    result = result.assign(**columns).reset_index()
    first = list(INTERACTIONS.names)
    return result[first + [c for c in result.columns if c not in first]]


def _one_value(values: pd.Series) -> Any:
    distinct = list(dict.fromkeys(v for v in values if not pd.isna(v)))
    if len(distinct) == 1:
        return distinct[0]
    return join_distinct(distinct)


def _symbols_of(interactions: pd.DataFrame, species: str, renamed: Mapping[str, str]) -> pd.DataFrame:
    """Take identifiers from the shipped tables; a gene they do not know is known by its symbol, and its old name."""
    names = pd.concat([interactions["ligand"], interactions["receptor"]]).unique()
    genes = sorted({g for n in names for g in subunits(n)})
    own = pd.DataFrame({"symbol": list(renamed), "aliases": list(renamed.values())}, dtype=object)
    if species != "human":
        return own.reindex(columns=list(SYMBOLS.names), fill_value="")
    shipped = shipped_symbols()
    known = shipped[shipped["symbol"].isin(genes)].reset_index(drop=True)
    return (
        pd.concat([known, own.reindex(columns=known.columns, fill_value="")], ignore_index=True) if renamed else known
    )


EVIDENCE_COLUMNS = EVIDENCE.names
