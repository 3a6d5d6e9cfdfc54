"""Strict reading of foreign files: every complaint names the file, the line and the column."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pandas as pd

from commscore._validate import suggest
from commscore.rs._tabular import SEPARATORS, separated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAX_BYTES = 256 * 2**20
"""No table of ligands and receptors is larger; what is, is not read."""

LINE = "_line"
"""Column that holds the line on which a row starts."""


@dataclass(frozen=True)
class File:
    """A file in memory: its name (for messages) and its bytes."""

    name: str
    content: bytes


def sha256_of(files: Iterable[File]) -> str:
    """Hash of one file; of several, hash of the sorted names (without folders) and hashes."""
    hashes = sorted((PurePosixPath(f.name).name, hashlib.sha256(f.content).hexdigest()) for f in files)
    if len(hashes) == 1:
        return hashes[0][1]
    return hashlib.sha256("".join(f"{h}  {n}\n" for n, h in hashes).encode()).hexdigest()


def sha256_of_frame(frame: pd.DataFrame) -> str:
    """Hash of the content of a DataFrame."""
    return hashlib.sha256(frame.to_csv(sep="\t", index=False, lineterminator="\n").encode()).hexdigest()


def read_file(path: str | Path) -> File:
    """Read a file, not larger than :data:`MAX_BYTES`."""
    path = Path(path)
    if not is_there(path, Path.is_file):
        msg = f"{path}: no such file"
        raise FileNotFoundError(msg)
    if path.stat().st_size > MAX_BYTES:
        msg = f"{path}: larger than {MAX_BYTES} bytes, which no such table is"
        raise ValueError(msg)
    return File(path.name, path.read_bytes())


def is_there(path: Path, is_kind: Callable[[Path], bool]) -> bool:
    """Whether there is such a file or folder; a name that cannot be one is not there."""
    try:
        return is_kind(path)
    except OSError:  # longer than the file system allows
        return False


def open_archive(path: str | Path) -> list[File]:
    """Read the CSV files of a folder or a zip archive into memory; nothing is ever unpacked to disk.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    ValueError
        If the archive is broken, names members outside itself, or unpacks to more than :data:`MAX_BYTES`.
    """
    path = Path(path)
    if is_there(path, Path.is_dir):
        return [read_file(p) for p in sorted(path.glob("*.csv"))]
    if not is_there(path, Path.is_file):
        msg = f"{path}: no such file or folder"
        raise FileNotFoundError(msg)
    try:
        with zipfile.ZipFile(path) as archive:
            return _members(archive, path.name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        msg = f"{path.name}: not a readable zip archive ({error})"
        raise ValueError(msg) from error


def _members(archive: zipfile.ZipFile, name: str) -> list[File]:
    files, left = [], MAX_BYTES
    for info in archive.infolist():
        member = PurePosixPath(info.filename.replace("\\", "/"))
        if member.is_absolute() or ".." in member.parts or ":" in member.parts[0]:
            msg = f"{name}: member {info.filename!r} points outside the archive; refused"
            raise ValueError(msg)
        if info.is_dir() or member.suffix != ".csv" or "__MACOSX" in member.parts:
            continue
        with archive.open(info) as handle:
            # the size that the archive declares may be a lie: read no more than is allowed
            content = handle.read(left + 1)
        left -= len(content)
        if left < 0:
            msg = f"{name}: unpacks to more than {MAX_BYTES} bytes; refused"
            raise ValueError(msg)
        files.append(File(str(member), content))
    return sorted(files, key=lambda f: f.name)


def pick(files: Sequence[File], ending: str, *, where: str, required: bool = True) -> File | None:
    """Return the one file whose name ends so."""
    matches = [f for f in files if f.name.endswith(ending)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        msg = f"{where}: several files end in {ending!r}: {', '.join(f.name for f in matches)}"
        raise ValueError(msg)
    if required:
        have = ", ".join(f.name for f in files) or "no CSV file"
        msg = f"{where}: no file ends in {ending!r}; found {have}"
        raise FileNotFoundError(msg)
    return None


def _decode(file: File) -> str:
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        start = file.content.rfind(b"\n", 0, error.start) + 1
        column = file.content.count(b",", start, error.start) + 1
        msg = f"{file.name}, line {line}, column {column}: not UTF-8 text"
        raise ValueError(msg) from error


def misread(columns: Iterable[object]) -> str:
    """Say which separator a table has, if it was read with another one; else nothing."""
    names = [str(c) for c in columns]
    separator = max(SEPARATORS, key=names[0].count) if len(names) == 1 else ""
    return (
        f"; it was read with the wrong separator: pd.read_csv(path, sep={separator!r})"
        if separator and separator in names[0]
        else ""
    )


def read_csv(file: File, required: Sequence[str], *, filled: Sequence[str] = ()) -> pd.DataFrame:
    """Parse a CSV file.

    Parameters
    ----------
    file
        The file.
    required
        Columns that it must have.
    filled
        Columns whose cells must not be empty.

    Returns
    -------
    pandas.DataFrame
        All cells as text (empty cells are ``""``), and the line of each row in :data:`LINE`.

    Raises
    ------
    ValueError
        For a missing column, a row with too many or too few cells, or an empty cell; with file, line, column.
    """
    separator, text = separated(_decode(file))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows, lines, start = [], [], 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        msg = f"{file.name}, line {reader.line_num}, column 1: {error}"
        raise ValueError(msg) from error
    if not rows:
        msg = f"{file.name}, line 1, column 1: the file is empty"
        raise ValueError(msg)
    header = [h or "row" for h in rows[0]]
    check_columns(header, required, where=f"{file.name}, line 1")
    _check_widths(file.name, header=header, rows=rows, lines=lines)
    frame = pd.DataFrame(rows[1:], columns=header, dtype=str)
    frame[LINE] = lines[1:]
    for column in filled:
        empty = frame.index[frame[column].str.strip() == ""]
        if len(empty):
            msg = f"{at(file.name, frame, row=empty[0], column=column)}: the cell is empty"
            raise ValueError(msg)
    return frame


def _check_widths(name: str, *, header: list[str], rows: list[list[str]], lines: list[int]) -> None:
    for row, line in zip(rows[1:], lines[1:]):
        if len(row) < len(header):
            where = f"{name}, line {line}, column {header[len(row)]!r}"
            msg = f"{where}: missing; {len(row)} cells, want {len(header)}"
            raise ValueError(msg)
        if len(row) > len(header):
            msg = f"{name}, line {line}, column {len(header) + 1}: {len(row)} cells, want {len(header)}"
            raise ValueError(msg)


def check_columns(have: Iterable[object], required: Iterable[str], *, where: str) -> None:
    """Raise unless every required column is there."""
    have = list(have)
    for column in required:
        if column not in have:
            columns = ", ".join(map(str, have))
            msg = f"{where}, column {column!r}: missing; found {columns}{misread(have) or suggest(column, have)}"
            raise ValueError(msg)


def at(name: str, frame: pd.DataFrame, *, row: int, column: str) -> str:
    """Say where a cell is."""
    return f"{name}, line {frame[LINE].tolist()[row]}, column {column!r}"
