"""Tables that users give as files."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

TABLES = (".csv", ".tsv", ".gz", ".parquet")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NUMBER = r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?"
SEPARATORS = (",", ";", "\t", "|")


def separated(text: str, likely: str = ",") -> tuple[str, str]:
    """Return the separator, told by the header, and the text without the line by which spreadsheets name it."""
    text = text.lstrip("\r\n")  # blank lines before the header
    start, _, rest = text.partition("\n")
    separator = start.rstrip("\r").removeprefix("sep=")
    if start.startswith("sep=") and separator in SEPARATORS:
        return separator, rest
    order = [likely, *(s for s in SEPARATORS if s != likely)]
    header = re.sub(r'"[^"]*"', "", start)  # names in quotes may hold any of them
    return max(order, key=header.count), text  # the first of those that occur equally often


def as_given(argument: str, text: object) -> str:
    """Write an argument as its user does: an option of a command, or a keyword."""
    return f"{argument} {text}" if argument.startswith("--") else f"{argument}={str(text)!r}"


def read_table(path: Path, *, argument: str) -> pd.DataFrame:
    """Read a csv, tsv, csv.gz or parquet file.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is missing, has another ending, or cannot be read; naming the argument and the file.
    """
    if path.suffix not in (*TABLES, ".txt"):  # as that of CellPhoneDB's microenvironments
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
    separator, text = separated(_text(path), "\t" if {".tsv", ".txt"} & set(path.suffixes) else ",")
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
