"""Any table of ligands and receptors."""

from __future__ import annotations

import numbers
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore._validate import suggest
from commscore.check import FreeText, checked
from commscore.rs._derive import FAMILY, LISTED
from commscore.rs._match import subunits, with_plain_genomes, with_underscored_genomes
from commscore.rs._species import check_name, spelled_as
from commscore.rs._tabular import read_table
from commscore.tables.resource import (
    BASES,
    CERTAINTIES,
    DIRECTIONS,
    DIRECTNESS,
    EFFECTS,
    KINDS,
    MODELS,
    MODES,
    OUTCOMES,
    STATED,
)

from ._read import misread, sha256_of_frame
from ._source import EVIDENCE_COLUMNS, Source, build

if TYPE_CHECKING:
    from pathlib import Path

    from commscore.rs._resource import Resource


def _read(path: Path, *, argument: str, species: str) -> Resource:
    return from_table(read_table(path, argument=argument), name=path.name, species=species)


SOURCE = Source(
    name="table",
    read=_read,
    call="commscore.rs.from_table(df, ligand=..., receptor=..., name=...)",
    licence="that of the table",
    about="any DataFrame with a column of ligands and one of receptors",
)

_VALUES = {
    "kind": KINDS,
    "mode": MODES,
    "directness": DIRECTNESS,
    "effect": EFFECTS,
    "outcome": OUTCOMES,
    "direction": DIRECTIONS,
    "certainty": CERTAINTIES,
    "model": MODELS,
}
_SIDES = ("ligand", "receptor")
_PLAIN = re.compile(r"[A-Za-z0-9.-]+(?:_[A-Za-z0-9.-]+)*")
"""Symbols joined by ``_``: nothing to check or to change."""


@checked
def from_table(
    df: pd.DataFrame,
    *,
    ligand: str = "ligand",
    receptor: str = "receptor",
    name: str = "table",
    sep: str = "_",
    version: FreeText = "",
    licence: FreeText = "",
    species: str | None = None,
) -> Resource:
    """Make a resource of any table of ligands and receptors.

    Parameters
    ----------
    df
        One row per interaction or per statement about one. Rows with the same ligand and receptor are joined:
        one interaction, one row of evidence each.
    ligand, receptor
        Columns that hold them: gene symbols, subunits of a complex joined by ``sep``, or ``met:name``.
    name, version, licence
        Of the resource.
    species
        Whose gene symbols these are: ``"human"``, ``"mouse"`` or any other. By default as they are spelled: human if
        they are upper case, mouse if most are symbols of mouse genes (those of rat are written alike: name it), else
        ``"unknown"``.
    sep
        Separator of subunits in ``df``. In a Resource they are always joined by ``_``, so that in names of genes that
        have ``_`` themselves (``LOC_Os01g01010``) it becomes ``-``; tools find them in the data under their old name.
        With ``sep="_"`` such a name is read as a complex, and as one gene where the data have it as one; behind the
        name of a genome (``GRCh38_CXCL12``) it is never a separator.

    Returns
    -------
    Resource
        Columns named as in the evidence table (``kind, mode, directness, effect, outcome, direction, stated, source,
        statement, ...``) are taken as such, others are kept beside the interactions. What is not given is
        ``protein``, ``direct``, of ``unknown`` mode, effect and outcome, of ``unclear`` direction, ``unstated``
        certainty and model and, as ``basis``, ``listed``. A column ``basis`` (that of :attr:`Resource.interactions`)
        counts where there is no ``stated``.

    Raises
    ------
    TypeError
        If ``df`` is no DataFrame.
    ValueError
        For a missing column, an empty or missing cell, an empty subunit, or an unknown value, naming the row.

    Examples
    --------
    >>> import pandas as pd
    >>> import commscore as cs
    >>> df = pd.DataFrame({"from": ["TGFB1", "IL6"], "to": ["TGFBR1_TGFBR2", "IL6R_IL6ST"]})
    >>> cs.rs.from_table(df, ligand="from", receptor="to", name="mine").interactions["interaction"].tolist()
    ['IL6^IL6R_IL6ST', 'TGFB1^TGFBR1_TGFBR2']
    """
    if not isinstance(df, pd.DataFrame):
        msg = f"df must be a pandas DataFrame, found {type(df).__name__}"
        raise TypeError(msg)
    _check_header(df, ligand=ligand, receptor=receptor)
    renamed: dict[str, str] = {}
    rows: dict[str, Any] = {
        side: _molecules(df, c, sep=sep, renamed=renamed) for side, c in zip(_SIDES, (ligand, receptor))
    }
    if species is None:
        species = spelled_as({g for side in _SIDES for molecule in rows[side] for g in subunits(molecule)})
    check_name(species)
    rows["stated"], rows["inferred_from"] = _stated(df, name)
    rows["source"] = _sources(df, name)
    for column, values in _VALUES.items():
        if column in df.columns and column not in (ligand, receptor):
            rows[column] = _category(df, column, values)
    used = {ligand, receptor, "interaction", "stated", "source", "basis"}
    for column in EVIDENCE_COLUMNS:
        if column in df.columns and column not in rows and column not in used:
            rows[column] = df[column].map(_text).tolist()
    extras = df.drop(columns=[c for c in df.columns if c in used or c in rows])
    if "pathway" in extras.columns:
        extras["pathway"] = extras["pathway"].map(_text)
    return build(
        rows,
        extras,
        name=name,
        version=version,
        sha256=sha256_of_frame(df),
        licence=licence,
        species=species,
        renamed=renamed,
    )


def _check_header(df: pd.DataFrame, *, ligand: str, receptor: str) -> None:
    for argument, column in (("ligand", ligand), ("receptor", receptor)):
        if column not in df.columns:
            columns = ", ".join(repr(c) for c in df.columns)
            hint = misread(df.columns) or suggest(column, df.columns)
            msg = f"{argument}={column!r} is not a column; the table has {columns}{hint}"
            raise ValueError(msg)
    if ligand == receptor:
        msg = f"ligand and receptor are the same column {ligand!r}"
        raise ValueError(msg)
    repeated = df.columns[df.columns.duplicated()]
    if len(repeated):
        msg = f"df has several columns named {repeated[0]!r}; rename or drop them"
        raise ValueError(msg)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _molecules(df: pd.DataFrame, column: str, *, sep: str, renamed: dict[str, str]) -> list[str]:
    """Return molecules, subunits joined by ``_``; ``renamed`` takes the genes whose own ``_`` became ``-``."""
    values = df[column].tolist()
    molecules: dict[Any, str] = {}  # most names occur in many rows
    for i, value in enumerate(values):
        if isinstance(value, str) and value not in molecules:
            joins = sep == "_" and _PLAIN.fullmatch(value) and with_plain_genomes(value) == value
            place = _place(df, column, i)
            molecules[value] = value if joins else _molecule(value, sep=sep, where=place, renamed=renamed)
    return [
        molecules[v] if isinstance(v, str) else _molecule(v, sep=sep, where=_place(df, column, i), renamed=renamed)
        for i, v in enumerate(values)
    ]


def _place(df: pd.DataFrame, column: str, i: int) -> str:
    return f"df[{column!r}], row {df.index[i : i + 1].tolist()[0]!r} (number {i})"


def _molecule(value: Any, *, sep: str, where: str, renamed: dict[str, str]) -> str:
    if value is None or value is pd.NA or (isinstance(value, numbers.Real) and value != value):
        msg = f"{where}: missing; give a gene symbol, or leave the row out"
        raise ValueError(msg)
    if not isinstance(value, str):
        msg = f"{where}: {value!r} ({type(value).__name__}) is not a gene symbol; give text"
        raise TypeError(msg)
    text = value.strip()
    if text.startswith("met:") and text != "met:":
        parts = [text]
    else:
        parts = [p.strip() for p in (with_plain_genomes(text) if sep == "_" else text).split(sep)]
    if not all(parts) or text == "met:":
        hint = "; if '_' is part of a gene's name, join subunits by another character and name it with sep="
        msg = f"{where}: {value!r} is empty or has an empty subunit{hint if '__' in text else ''}"
        raise ValueError(msg)
    for part in parts:
        if "^" in part or any(c.isspace() for c in part):
            msg = f"{where}: {part!r} contains a space or '^', which no symbol may (sep={sep!r}); rename it"
            raise ValueError(msg)
    if parts == [text] and text.startswith("met:"):
        return text
    return "_".join(_gene(part, renamed) for part in parts)


def _gene(part: str, renamed: dict[str, str]) -> str:
    """Write ``-`` for the ``_`` of a gene, and keep what it was called."""
    plain, old = part.replace("_", "-"), with_underscored_genomes(part)
    if plain != old:
        renamed[plain] = old
    return plain


def _category(df: pd.DataFrame, column: str, values: tuple[str, ...]) -> list[str]:
    cells = df[column].tolist()
    for label, value in zip(df.index.tolist(), cells):
        if value not in values:
            options = ", ".join(values)
            msg = f"df[{column!r}], row {label!r}: {value!r} is not one of {options}{suggest(value, values)}"
            raise ValueError(msg)
    return [str(v) for v in cells]


def _stated(df: pd.DataFrame, name: str) -> tuple[list[str], list[str]]:
    if "stated" not in df.columns and "inferred_from" not in df.columns:
        bases = _category(df, "basis", BASES) if "basis" in df.columns else ["listed"] * len(df)
        how = {"stated": "", "inferred": f"inferred in {name}", "family": f"{FAMILY}as in {name}"}
        reasons = [how.get(basis, f"{LISTED}{name}") for basis in bases]
        return ["both" if basis == "stated" else "inferred" for basis in bases], reasons
    cells = df["stated"].tolist() if "stated" in df.columns else [False] * len(df)
    meanings: dict[Any, str] = {True: "both", False: "inferred"} | {s: s for s in STATED}
    stated = []
    for label, value in zip(df.index.tolist(), cells):
        if value not in meanings:
            options = ", ".join(STATED)
            msg = f"df['stated'], row {label!r}: {value!r} is neither True, False nor one of {options}"
            raise ValueError(msg)
        stated.append(meanings[value])
    if "inferred_from" in df.columns:
        return stated, df["inferred_from"].map(_text).tolist()
    return stated, ["" if s == "both" else f"{LISTED}{name}" for s in stated]


def _sources(df: pd.DataFrame, name: str) -> list[str]:
    for column in ("source", "sources"):
        if column in df.columns:
            return [_text(v) or name for v in df[column]]
    return [name] * len(df)
