"""Files of any format that can be read: tables, folders and archives, told apart by name or by what they hold."""

from __future__ import annotations

import codecs
import gzip
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ._read import File, open_archive, separated
from .cellchatdb import from_cellchatdb
from .cellphonedb import from_cellphonedb
from .connectomedb import from_connectomedb
from .omnipath import from_omnipath
from .table import from_table

if TYPE_CHECKING:
    from commscore.rs._resource import Resource

TABLES = (".csv", ".tsv", ".gz", ".parquet")
_CELLCHAT = ("interaction", "complex", "cofactor")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NUMBER = r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?"


def as_given(argument: str, text: object) -> str:
    """Write an argument as its user does: an option of a command, or a keyword."""
    return f"{argument} {text}" if argument.startswith("--") else f"{argument}={str(text)!r}"


def read_resource(path: Path, *, kind: str, argument: str, species: str) -> Resource:
    """Read a file in a format, a word of :data:`commscore.tables.resource.FORMATS`.

    Parameters
    ----------
    path
        The file, folder or archive.
    kind
        The format.
    argument
        Name of the argument that names the file, for messages.
    species
        Whose genes a table of ligands and receptors, or CellChatDB, has.
    """
    if not path.exists():
        msg = f"{as_given(argument, f'{kind}:{path}')}: {path} does not exist"
        raise FileNotFoundError(msg)
    if kind == "cellphonedb":
        return from_cellphonedb(path)
    if kind == "cellchatdb":
        return _cellchatdb(path, argument=argument, species=species)
    table = read_table(path, argument=argument)
    if kind == "connectomedb":
        return from_connectomedb(table)
    return from_omnipath(table) if kind == "omnipath" else from_table(table, name=path.name, species=species)


def guess_format(path: Path, *, argument: str) -> str:
    """Tell the format of a folder or an archive by its members, that of a table by its ending."""
    if path.is_file() and path.suffix in TABLES:
        return "table"
    if not path.is_dir() and path.suffix != ".zip":
        msg = f"{as_given(argument, path)} must be a folder or end in .zip or {', '.join(TABLES)}; or say FORMAT:{path}"
        raise ValueError(msg)
    names = [f.name for f in open_archive(path)]
    if any(n.endswith(("interaction_input.csv", "interaction_table.csv")) for n in names):
        return "cellphonedb"
    if all(any(word in Path(n).name for n in names) for word in _CELLCHAT):
        return "cellchatdb"
    members = ", ".join(names) or "no CSV file"
    msg = f"{as_given(argument, path)} holds neither the tables of CellPhoneDB nor those of CellChatDB; found {members}"
    raise ValueError(msg)


def _cellchatdb(path: Path, *, argument: str, species: str) -> Resource:
    """Read the three tables of a folder or an archive, told apart by the word in their names."""
    files = open_archive(path)
    tables: list[File] = []
    for word in _CELLCHAT:
        matches = [f for f in files if word in Path(f.name).name]
        if len(matches) != 1:
            have = ", ".join(f.name for f in matches or files) or "no CSV file"
            msg = (
                f"{as_given(argument, f'cellchatdb:{path}')}: want one CSV file with {word!r} in its name, found {have}"
            )
            raise ValueError(msg)
        tables += matches
    with tempfile.TemporaryDirectory(prefix="commscore-") as folder:
        paths = [Path(folder) / Path(f.name).name for f in tables]
        for name, file in zip(paths, tables, strict=True):
            name.write_bytes(file.content)
        return from_cellchatdb(*paths, species=species)


def read_table(path: Path, *, argument: str) -> pd.DataFrame:
    """Read a csv, tsv, csv.gz or parquet file.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is missing, has another ending, or cannot be read; naming the argument and the file.
    """
    if path.suffix not in TABLES:
        msg = f"{as_given(argument, path)} must end in one of {', '.join(TABLES)}, found {path.suffix or 'no ending'!r}"
        raise ValueError(msg)
    if not path.is_file():
        msg = f"{as_given(argument, path)} does not exist"
        raise FileNotFoundError(msg)
    try:
        return _parsed(path)
    except (MemoryError, ImportError):
        raise
    except Exception as error:  # whatever a parser of parquet, gzip or text raises
        empty = path.stat().st_size == 0
        cause = "an empty file" if empty else " ".join(str(error).split())[:300] or type(error).__name__
        msg = f"{as_given(argument, path)} cannot be read as a table: {cause}; is it complete?"
        raise ValueError(msg) from error


def _parsed(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    separator, text = separated(_text(path), "\t" if ".tsv" in path.suffixes else ",")
    # gene symbols such as NAN and NA are no missing values
    table = pd.read_csv(io.StringIO(text), sep=separator, keep_default_na=False, na_values=[""], low_memory=False)
    return table if separator == "," else _with_decimal_points(table)


def _text(path: Path) -> str:
    """Return the text of a table: UTF-8, or UTF-16 as spreadsheets write it."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        return content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        msg = f"line {line} is not UTF-8 text; save the table as CSV UTF-8"
        raise ValueError(msg) from error


def _with_decimal_points(table: pd.DataFrame) -> pd.DataFrame:
    """Turn columns of numbers with decimal commas, as spreadsheets write them in many countries, into numbers."""
    for name in table.columns:
        if pd.api.types.is_numeric_dtype(table[name]):
            continue
        text = table[name].dropna().astype(str)
        if text.str.contains(",").any() and text.str.fullmatch(_NUMBER).all():
            table[name] = pd.to_numeric(table[name].astype(object).str.replace(",", "."))
    return table
