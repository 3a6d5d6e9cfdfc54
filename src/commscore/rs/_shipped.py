"""Tables of the resources that come with the package."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore.tables.resource import TABLES

if TYPE_CHECKING:
    from commscore.tables import Table

NAMES = ("breast", "general")
"""Names that :func:`load` knows."""

TABLE_OF = {t.name: t for t in TABLES}


def meta(name: str) -> dict[str, Any]:
    """Return name, version, licence and hashes of the shipped files of a resource."""
    text = resources.files(__package__).joinpath("data", name, "meta.json").read_text(encoding="utf-8")
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
def shipped_table(name: str, table: str) -> pd.DataFrame:
    """Read one shipped table of a resource. The result is shared: do not write to it."""
    path = resources.files(__package__).joinpath("data", name, f"{table}.tsv")
    with path.open(encoding="utf-8") as handle:
        frame = pd.read_csv(handle, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    return _typed(frame, TABLE_OF[table])


def shipped_tables(name: str) -> dict[str, pd.DataFrame]:
    """Read every table that a resource has. The result is shared: do not write to it."""
    tables = [file.removesuffix(".tsv") for file in meta(name)["files"]]
    return {table: shipped_table(name, table) for table in TABLE_OF if table in tables}


@functools.cache
def shipped_symbols() -> pd.DataFrame:
    """Return identifiers and orthologs of every gene of any shipped resource. The result is shared."""
    frames = [shipped_table(name, "symbols") for name in NAMES]
    return pd.concat(frames).drop_duplicates("symbol").sort_values("symbol", kind="stable").reset_index(drop=True)
