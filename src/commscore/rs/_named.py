"""Resources by their names, the same in Python and in the commands."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from commscore._validate import listed, suggest
from commscore.check import checked

from ._load import load
from ._resource import Resource
from ._shipped import NAMES
from ._tabular import as_given
from .io import liana
from .io._files import guess_format, read_resource, readers
from .io._read import is_there, misread
from .io.table import from_table

if TYPE_CHECKING:
    from collections.abc import Iterable

LIANA = "liana:"
JOIN = "+"


@checked
def as_resource(resource: str | os.PathLike[str] | Resource | pd.DataFrame) -> Resource:
    """Make a Resource of what a tool accepts as ``resource=``: a name, a Resource, or a table; or of a path.

    Parameters
    ----------
    resource
        ``"breast"``, ``"general"``, ``"liana:NAME"`` (with the package `liana`), ``"FORMAT:PATH"`` with a format that
        :func:`show` lists, such as ``"cellphonedb:v5.zip"``, or the path of a table, folder or archive (``~`` is the
        home folder). Several joined by ``+`` are merged, in whatever order, as in ``"breast+general"``. A table needs
        the columns ``ligand`` and ``receptor``.

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
    if isinstance(resource, os.PathLike):
        return _read_path(os.fspath(resource), argument="resource", species="human")
    msg = f"resource must be a name, a path, a Resource or a DataFrame, found {type(resource).__name__}"
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
        Their order makes no difference: they are merged as sorted, the shipped ones first.
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
    if len(words) > 1 and not all(words):
        msg = f"{as_given(argument, text)} has a {JOIN!r} with nothing {'after' if words[0] else 'before'} it"
        raise ValueError(msg)
    words.sort(key=lambda word: (NAMES.index(word) if word in NAMES else len(NAMES), word))
    if all(word in NAMES or word.startswith(LIANA) for word in words):
        return _installed(tuple(words), argument)
    return _merged(_open(word, argument=argument, species=species) for word in words)


def is_shipped(name: str) -> bool:
    """Whether a name is of resources that come with the package, alone or merged."""
    return all(word in NAMES for word in name.split(JOIN))


@functools.cache
def _installed(words: tuple[str, ...], argument: str) -> Resource:
    """Return what comes with packages, whose files do not change under way."""
    return _merged(_open(word, argument=argument, species="human") for word in words)


def _merged(parts: Iterable[Resource]) -> Resource:
    return functools.reduce(lambda a, b: a.merge(b), parts)


def words_of(text: str) -> list[str]:
    """Split a text at each ``+`` beside a known word; a ``+`` inside the name of a file does not split it."""
    parts, words = text.split(JOIN), []
    while parts:
        n = _length_of_word(parts)
        words.append(JOIN.join(parts[:n]).strip())
        parts = parts[n:]
    return words


def _length_of_word(parts: list[str]) -> int:
    """How many parts the first word takes: those of the longest name of a file, or all before the next word."""
    n = _length_of_file(parts)
    if n or _is_name(parts[0]):
        return n or 1
    begins = (i for i in range(1, len(parts)) if _is_keyword(parts[i]) or _length_of_file(parts[i:]))
    return next(begins, len(parts))


def _is_name(part: str) -> bool:
    """Whether a part is no path, however it continues; letters of another case are a slip that is told later."""
    word = part.strip().lower()
    return not word or word in NAMES or word.startswith(LIANA)


def _is_keyword(part: str) -> bool:
    return _is_name(part) or part.strip().lower().startswith(tuple(f"{kind}:" for kind in readers()))


def _length_of_file(parts: list[str]) -> int:
    return next((n for n in range(len(parts), 0, -1) if _exists(JOIN.join(parts[:n]).strip())), 0)


def _exists(word: str) -> bool:
    kind, sign, rest = word.partition(":")
    path = rest if sign and kind in readers() else word
    return bool(path) and is_there(_path(path), Path.exists)


def _path(text: str) -> Path:
    """Return the path, with the home folder for ``~``."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # nobody of that name, or without a home
        return Path(text)


def _open(word: str, *, argument: str, species: str) -> Resource:
    if word in NAMES:
        return load(word)
    if word.startswith(LIANA):
        return liana.read_liana(word.removeprefix(LIANA), written=as_given(argument, word))
    kind, sign, rest = word.partition(":")
    if rest and kind in readers():
        return read_resource(_path(rest), kind=kind, argument=argument, species=species)
    if _exists(word):
        return _read_path(word, argument=argument, species=species)
    if kind in readers():
        problem = f"{as_given(argument, word)} has no path" if sign else f"{kind} is a format that is read from a file"
        msg = f"{problem}: {as_given(argument, f'{kind}:PATH')}; help(commscore.rs.from_{kind}) says of which"
        raise ValueError(msg)
    if _looks_like_a_path(word):
        raise FileNotFoundError(_unknown(word, argument))
    raise ValueError(_unknown(word, argument))


def _looks_like_a_path(word: str) -> bool:
    is_of_a_kind = f"{word.partition(':')[0].lower()}:" in (LIANA, *(f"{kind}:" for kind in readers()))
    return not is_of_a_kind and (bool(Path(word).suffix) or "/" in word or "\\" in word)


def _read_path(text: str, *, argument: str, species: str) -> Resource:
    path = _path(text)
    if not is_there(path, Path.exists):
        msg = f"{as_given(argument, text)} does not exist"
        raise FileNotFoundError(msg)
    return read_resource(path, kind=guess_format(path, argument=argument), argument=argument, species=species)


def _unknown(word: str, argument: str) -> str:
    """Say what there is, and what can be installed."""
    names = [f"{LIANA}{name}" for name in liana.resources()]
    of_liana = f"{LIANA}NAME ({len(names)} of them)" if names else f"{LIANA}NAME (after pip install liana)"
    formats = ", ".join(f"{kind}:PATH" for kind in readers())
    is_path = _looks_like_a_path(word)
    kind, sign, rest = word.partition(":")
    in_lower_case = f"{kind.lower()}{sign}{rest}"
    near = "" if is_path else suggest(in_lower_case, (*NAMES, *names, *(in_lower_case,) * (kind.lower() in readers())))
    what = "does not exist: it is" if is_path else "is"
    return (
        f"{as_given(argument, word)} {what} neither a resource nor a file; there are {', '.join(NAMES)}, {of_liana}, "
        f"and what is read from files: {formats}; several are joined by {JOIN!r}, as in {JOIN.join(NAMES)}{near}"
    )
