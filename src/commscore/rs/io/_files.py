"""Files of any format that can be read: tables, folders and archives, told apart by name or by what they hold."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from commscore.rs._tabular import TABLES, as_given

from ._read import open_archive

if TYPE_CHECKING:
    from pathlib import Path

    from commscore.rs._resource import Resource

    from ._source import PathReader, Source


@functools.cache
def sources() -> tuple[Source, ...]:
    """Return every foreign format: each file of this folder declares one as ``SOURCE``."""
    package = importlib.import_module(__package__)
    files = (m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))
    return tuple(importlib.import_module(f"{__package__}.{name}").SOURCE for name in files)


def readers() -> dict[str, PathReader]:
    """Return what reads a path, by the name of its format."""
    return {source.name: source.read for source in sources() if source.read is not None}


def read_resource(path: Path, *, kind: str, argument: str, species: str) -> Resource:
    """Read a file in a format, one of :func:`readers`.

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
    return readers()[kind](path, argument=argument, species=species)


def guess_format(path: Path, *, argument: str) -> str:
    """Tell the format of a folder or an archive by its members, that of a table by its ending."""
    if path.is_file() and path.suffix in TABLES:
        return "table"
    if not path.is_dir() and path.suffix != ".zip":
        msg = f"{as_given(argument, path)} must be a folder or end in .zip or {', '.join(TABLES)}; or say FORMAT:{path}"
        raise ValueError(msg)
    names = [f.name for f in open_archive(path)]
    known = {source.name: source.is_of for source in sources() if source.is_of is not None}
    format_ = next((name for name, is_of in known.items() if is_of(names)), None)
    if format_ is None:
        members = ", ".join(names) or "no CSV file"
        msg = f"{as_given(argument, path)} holds the tables of none of {', '.join(known)}; found {members}"
        raise ValueError(msg)
    return format_
