"""Files of any format that can be read: tables, folders and archives, told apart by name or by what they hold."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from commscore.rs._tabular import TABLES, as_given, read_table

from ._read import File, open_archive
from .cellchatdb import from_cellchatdb
from .cellphonedb import from_cellphonedb
from .connectomedb import from_connectomedb
from .omnipath import from_omnipath
from .table import from_table

if TYPE_CHECKING:
    from commscore.rs._resource import Resource

_CELLCHAT = ("interaction", "complex", "cofactor")


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
