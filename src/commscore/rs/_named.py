"""Resources by their names, the same in Python and in the commands."""

from __future__ import annotations

import functools
from pathlib import Path

import pandas as pd

from commscore._validate import listed, suggest
from commscore.check import checked
from commscore.tables.resource import FORMATS

from ._load import load
from ._resource import Resource
from ._shipped import NAMES
from ._tabular import as_given
from .io import liana
from .io._files import guess_format, read_resource
from .io._read import is_there, misread
from .io.table import from_table

LIANA = "liana:"
JOIN = "+"


@checked
def as_resource(resource: str | Resource | pd.DataFrame) -> Resource:
    """Make a Resource of what a tool accepts as ``resource=``: a name, a Resource, or a table.

    Parameters
    ----------
    resource
        ``"breast"``, ``"general"``, ``"liana:NAME"`` (with the package `liana`), ``"FORMAT:PATH"`` with one of the
        formats ``cellphonedb`` (folder or zip), ``cellchatdb`` (folder or zip with the three tables), ``connectomedb``,
        ``omnipath`` or ``table``, or the path of one of these. Several joined by ``+`` are merged, as in
        ``"breast+general"``. A table needs the columns ``ligand`` and ``receptor``.

    Returns
    -------
    Resource
        What is read from files or packages has human genes; for others, and for other names of columns, use the
        importers.

    Raises
    ------
    TypeError, ValueError, FileNotFoundError
        For anything else, an unknown name, or a file that is missing.
    ImportError
        If `liana` is not installed.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.rs.as_resource("breast").name
    'breast'
    """
    if isinstance(resource, Resource):
        return resource
    if isinstance(resource, str):
        return open_named(resource)
    if isinstance(resource, pd.DataFrame):
        _check_columns(resource)
        return from_table(resource)
    msg = f"resource must be a name, a Resource or a DataFrame, found {type(resource).__name__}"
    raise TypeError(msg)


def _check_columns(table: pd.DataFrame) -> None:
    missing = [c for c in ("ligand", "receptor") if c not in table.columns]
    if missing:
        columns = listed(map(repr, table.columns)) or "no columns"
        other = "; for other names give resource=cs.rs.from_table(table, ligand=..., receptor=...)"
        msg = (
            f"resource: the table has no column {' and no '.join(map(repr, missing))} (it has {columns})"
            f"{misread(table.columns) or other}"
        )
        raise ValueError(msg)


def open_named(text: str, *, argument: str = "resource", species: str = "human") -> Resource:
    """Return the resource that a text names; several, joined by ``+``, are merged.

    Parameters
    ----------
    text
        ``"breast"``, ``"general"``, ``"liana:NAME"``, ``"FORMAT:PATH"``, a path, or several of them joined by ``+``.
    argument
        Name of the argument, for messages.
    species
        Whose genes a file has.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        If there is no such resource, saying what there is, or its file cannot be read.
    """
    words = words_of(text)
    if all(word in NAMES for word in words):
        return _shipped(tuple(words))
    parts = [_open(word, argument=argument, species=species) for word in words]
    return functools.reduce(lambda a, b: a.merge(b), parts)


def is_shipped(name: str) -> bool:
    """Whether a name is of resources that come with the package, alone or merged."""
    return all(word in NAMES for word in name.split(JOIN))


@functools.cache
def _shipped(names: tuple[str, ...]) -> Resource:
    return functools.reduce(lambda a, b: a.merge(b), map(load, names))


def words_of(text: str) -> list[str]:
    """Split a text at each ``+`` after which a word begins; a ``+`` inside the name of a file does not split it."""
    parts, words = text.split(JOIN), []
    while parts:
        n = _length_of_word(parts)
        words.append(JOIN.join(parts[:n]))
        parts = parts[n:]
    return words


def _length_of_word(parts: list[str]) -> int:
    """How many parts the first word takes: those of the longest name of a file, or all before the next word."""
    n = _length_of_file(parts)
    if n:
        return n
    begins = (i for i in range(1, len(parts)) if _is_keyword(parts[i]) or _length_of_file(parts[i:]))
    return next(begins, len(parts))


def _is_keyword(part: str) -> bool:
    return part in NAMES or part.startswith((LIANA, *(f"{kind}:" for kind in FORMATS)))


def _length_of_file(parts: list[str]) -> int:
    return next((n for n in range(len(parts), 0, -1) if _exists(JOIN.join(parts[:n]))), 0)


def _exists(word: str) -> bool:
    kind, sign, rest = word.partition(":")
    path = rest if sign and kind in FORMATS else word
    return bool(path) and is_there(Path(path), Path.exists)


def _open(word: str, *, argument: str, species: str) -> Resource:
    if word in NAMES:
        return load(word)
    if word.startswith(LIANA):
        return liana.from_liana(word.removeprefix(LIANA))
    kind, sign, rest = word.partition(":")
    if sign and kind in FORMATS:
        return read_resource(Path(rest), kind=kind, argument=argument, species=species)
    if _exists(word):
        kind = guess_format(Path(word), argument=argument)
        return read_resource(Path(word), kind=kind, argument=argument, species=species)
    if word in FORMATS:
        msg = f"{word} is a format that is read from a file: {as_given(argument, f'{word}:PATH')}"
        raise ValueError(msg)
    raise ValueError(_unknown(word, argument))


def _unknown(word: str, argument: str) -> str:
    """Say what there is, and what can be installed."""
    names = [f"{LIANA}{name}" for name in liana.resources()]
    of_liana = f"{LIANA}NAME ({len(names)} of them)" if names else f"{LIANA}NAME (after pip install 'commscore[liana]')"
    formats = ", ".join(f"{kind}:PATH" for kind in FORMATS)
    near = "" if Path(word).suffix else suggest(word, (*NAMES, *names))
    return (
        f"{as_given(argument, word)} is neither a resource nor a file; there are {', '.join(NAMES)}, {of_liana}, and "
        f"what is read from files: {formats}; several are joined by {JOIN!r}, as in {JOIN.join(NAMES)}{near}"
    )
