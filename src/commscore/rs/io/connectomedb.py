"""ConnectomeDB 2020 (NATMI) and 2025: a DataFrame of its table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore._validate import suggest
from commscore.check import checked
from commscore.rs._tabular import read_table

from ._read import misread
from ._source import Source
from .table import from_table

if TYPE_CHECKING:
    from pathlib import Path

    from commscore.rs._resource import Resource


def _read(path: Path, *, argument: str, species: str) -> Resource:  # noqa: ARG001 - it has human genes
    return from_connectomedb(read_table(path, argument=argument))


SOURCE = Source(
    name="connectomedb",
    read=_read,
    call="commscore.rs.from_connectomedb(df)",
    licence="that of the table; 2020: CC-BY-4.0 (supplement of the paper)",
    about="ConnectomeDB 2020 or 2025 as a DataFrame",
)

_COLUMNS = {
    "ligand": ("Ligand gene symbol", "Ligand Symbols", "Ligand symbol", "Ligand"),
    "receptor": ("Receptor gene symbol", "Receptor Symbols", "Receptor symbol", "Receptor"),
    "location": ("Ligand location", "Ligand Location"),
    "cited": ("PMID support", "PMID", "PubMed ID"),
}


@checked
def from_connectomedb(df: pd.DataFrame) -> Resource:
    """Take the table of ConnectomeDB.

    Parameters
    ----------
    df
        The published table of 2020 (``Ligand gene symbol``, ``Receptor gene symbol``, ``Ligand location``,
        ``PMID support``) or 2025 (``Ligand Symbols``, ``Receptor Symbols``, ``Ligand Location``).

    Returns
    -------
    Resource
        ``mode`` is ``paracrine`` where the ligand is (also) secreted, ``contact`` where it is only on the
        membrane, ``unknown`` where neither is said. Old names that 2025 adds in brackets (``CCN2 (CTGF)``) are
        left out of the symbol. Other columns are kept.

    Raises
    ------
    ValueError
        For missing columns or empty cells, naming the row.

    References
    ----------
    Hou et al., Nature Communications 2020, doi:10.1038/s41467-020-18873-z

    Examples
    --------
    >>> import pandas as pd
    >>> import commscore as cs
    >>> row = {"Ligand gene symbol": "CXCL12", "Receptor gene symbol": "CXCR4", "Ligand location": "secreted"}
    >>> cs.rs.from_connectomedb(pd.DataFrame([row])).interactions[["interaction", "mode"]].values.tolist()
    [['CXCL12^CXCR4', 'paracrine']]
    """
    if not isinstance(df, pd.DataFrame):
        msg = f"df must be a pandas DataFrame, found {type(df).__name__}"
        raise TypeError(msg)
    names = {want: next((c for c in have if c in df.columns), "") for want, have in _COLUMNS.items()}
    for side in ("ligand", "receptor"):
        if not names[side]:
            options = " or ".join(repr(c) for c in _COLUMNS[side])
            columns = ", ".join(map(repr, df.columns))
            hint = misread(df.columns) or suggest(_COLUMNS[side][0], df.columns)
            msg = f"df has no column {options}; it has {columns}{hint}"
            raise ValueError(msg)
    table = pd.DataFrame(
        {
            "ligand": df[names["ligand"]].map(_symbol),
            "receptor": df[names["receptor"]].map(_symbol),
            "mode": df[names["location"]].map(_mode) if names["location"] else "unknown",
            "cited": df[names["cited"]].fillna("").astype(str) if names["cited"] else "",
            "source": "connectomedb",
        },
        index=df.index,
    )
    rest = df.drop(columns=[names["ligand"], names["receptor"], *filter(None, [names["cited"]])])
    rest = rest.rename(columns={c: f"{c}_connectomedb" for c in rest.columns.intersection(table.columns)})
    return from_table(table.join(rest), name="connectomedb", licence=SOURCE.licence)


def _symbol(value: Any) -> Any:
    return re.sub(r"\s*\(.*\)\s*$", "", value).strip() if isinstance(value, str) else value


def _mode(location: Any) -> str:
    text = str(location).lower()
    if "secreted" in text:
        return "paracrine"
    return "contact" if "membrane" in text else "unknown"
