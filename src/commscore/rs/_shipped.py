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

NAMES = ("breast",)
"""Names that :func:`load` knows."""


TABLE_OF = {t.name: t for t in TABLES}


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
    return _typed(frame, TABLE_OF[name])
