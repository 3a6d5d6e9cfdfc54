"""The resources that come with the package."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore._schema.resource import TABLES
from commscore._validate import listed, one_of
from commscore.check import checked

from ._match import alias_map
from ._resource import Resource

if TYPE_CHECKING:
    from commscore._schema import Table

NAMES = ("breast",)
"""Names that :func:`load` knows."""

_TABLES = {t.name: t for t in TABLES}


def meta() -> dict[str, Any]:
    """Return name, version, licence and hashes of the shipped files."""
    text = resources.files(__package__).joinpath("data", "meta.json").read_text(encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    return result


def _typed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    for column in table.columns:
        if column.kind == "int":
            frame[column.name] = frame[column.name].astype("int64")
        elif column.kind == "bool":
            frame[column.name] = frame[column.name] == "True"
    return frame


@functools.cache
def shipped_table(name: str) -> pd.DataFrame:
    """Read one shipped table. The result is shared: do not write to it."""
    path = resources.files(__package__).joinpath("data", f"{name}.tsv")
    with path.open(encoding="utf-8") as handle:
        frame = pd.read_csv(handle, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    return _typed(frame, _TABLES[name])


@checked
def load(name: str = "breast") -> Resource:
    """Load a resource that comes with the package.

    Parameters
    ----------
    name
        ``"breast"``: cell–cell communication in breast cancer, curated from review articles statement by
        statement.

    Returns
    -------
    Resource
        The same object each time; its tables are copies.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.rs.load("breast").species
    'human'
    """
    one_of("name", name, NAMES)
    return _load(name)


@functools.cache
def _load(name: str) -> Resource:
    info = meta()
    tables = {t: shipped_table(t) for t in _TABLES}
    return Resource(name=name, version=info["version"], sha256=info["sha256"], licence=info["licence"], _tables=tables)


@checked
def as_resource(resource: str | Resource | pd.DataFrame) -> Resource:
    """Make a Resource of what a tool accepts as ``resource=``: a name, a Resource, or a table.

    Raises
    ------
    TypeError, ValueError
        For anything else, or an unknown name.
    """
    if isinstance(resource, Resource):
        return resource
    if isinstance(resource, str):
        one_of("resource", resource, NAMES)
        return load(resource)
    if isinstance(resource, pd.DataFrame):
        from .io.table import from_table

        _check_columns(resource)
        return from_table(resource)
    msg = f"resource must be a name, a Resource or a DataFrame, found {type(resource).__name__}"
    raise TypeError(msg)


def _check_columns(table: pd.DataFrame) -> None:
    from .io._read import misread

    missing = [c for c in ("ligand", "receptor") if c not in table.columns]
    if missing:
        found = listed(map(repr, table.columns)) or "no columns"
        other = "; for other names give resource=cs.rs.from_table(table, ligand=..., receptor=...)"
        msg = (
            f"resource: the table has no column {' and no '.join(map(repr, missing))} (it has {found})"
            f"{misread(table.columns) or other}"
        )
        raise ValueError(msg)


@checked
def aliases(name: str = "breast") -> dict[str, str]:
    """Map old and other names of genes to their current symbols.

    Returns
    -------
    dict
        Only names that mean one gene and no other.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.rs.aliases()["CX43"]
    'GJA1'
    """
    return alias_map(load(name).symbols)
