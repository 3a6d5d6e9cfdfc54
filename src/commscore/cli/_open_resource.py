"""``--resource``: a name, or a file with the format before it."""

from __future__ import annotations

import codecs
import gzip
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .._validate import one_of, suggest
from ._files import naming

if TYPE_CHECKING:
    import pandas as pd

    from ..rs import Resource

LIANA = "liana:"
FORMATS = ("cellphonedb", "cellchatdb", "connectomedb", "omnipath", "table")
SPECIES = ("human", "mouse")
HELP = (
    "breast, liana:NAME, a table with the columns ligand and receptor (.csv, .tsv, .csv.gz, .parquet), or "
    "FORMAT:PATH with cellphonedb (folder or zip), cellchatdb (folder or zip with the three tables as CSV), "
    "connectomedb, omnipath or table."
)
_CELLCHAT = ("interaction", "complex", "cofactor")
_TABLES = (".csv", ".tsv", ".gz", ".parquet")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NUMBER = r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?"


def open_resource(
    text: str, *, species: str = "human", orthologs: Path | None = None, file_species: str = "human"
) -> Resource:
    """Return the resource that ``text`` names, for the genes of ``species``.

    Parameters
    ----------
    text
        What :data:`HELP` says.
    species
        Species of the data.
    orthologs
        Table with the columns human and mouse, instead of the shipped one.
    file_species
        Species of the genes in a file.
    """
    one_of("--species", species, SPECIES)
    one_of("--resource-species", file_species, SPECIES)
    resource = _open(text, file_species)
    pairs = None if orthologs is None else read_table(orthologs, option="--orthologs")
    return resource.to_species(species, orthologs=pairs)


def _open(text: str, species: str) -> Resource:
    from .. import rs
    from ..rs._shipped import NAMES

    if text in NAMES:
        return rs.load(text)
    if text.startswith(LIANA):
        return rs.from_liana(text.removeprefix(LIANA))
    kind, sign, rest = text.partition(":")
    if sign and kind in FORMATS:
        return _from_file(kind, Path(rest), species)
    path = Path(text)
    if path.exists():
        return _from_file(_guess(path), path, species)
    if text in FORMATS:
        msg = f"--resource {text}: {text} is a format that is read from a file: --resource {text}:PATH"
        raise ValueError(msg)
    msg = f"--resource {text!r} is neither a resource nor a file; see `commscore resource list`"
    raise ValueError(msg if path.suffix else msg + suggest(text, known_names()))


def known_names() -> list[str]:
    """Return the names that need no file, those of liana too if it is installed."""
    from .. import rs

    table = rs.show()
    return [n for n, call in zip(table["name"], table["call"]) if n.startswith(LIANA) or ".load(" in call]


def _guess(path: Path) -> str:
    """Tell the format of a folder or an archive by its members, that of a table by its ending."""
    from ..rs.io._read import open_archive

    if path.is_file() and path.suffix in _TABLES:
        return "table"
    if not path.is_dir() and path.suffix != ".zip":
        msg = f"--resource {path} must be a folder or end in .zip or {', '.join(_TABLES)}; or say FORMAT:{path}"
        raise ValueError(msg)
    names = [f.name for f in open_archive(path)]
    if any(n.endswith(("interaction_input.csv", "interaction_table.csv")) for n in names):
        return "cellphonedb"
    if all(any(word in Path(n).name for n in names) for word in _CELLCHAT):
        return "cellchatdb"
    members = ", ".join(names) or "no CSV file"
    msg = f"--resource {path} holds neither the tables of CellPhoneDB nor those of CellChatDB; found {members}"
    raise ValueError(msg)


def _from_file(kind: str, path: Path, species: str) -> Resource:
    from .. import rs

    if not path.exists():
        msg = f"--resource {kind}:{path}: {path} does not exist"
        raise FileNotFoundError(msg)
    if kind == "cellphonedb":
        return rs.from_cellphonedb(path)
    if kind == "cellchatdb":
        return _cellchatdb(path, species)
    table = read_table(path, option="--resource")
    if kind == "connectomedb":
        return rs.from_connectomedb(table)
    if kind == "omnipath":
        return rs.from_omnipath(table)
    return rs.from_table(table, name=path.name, species=species)


def _cellchatdb(path: Path, species: str) -> Resource:
    """Read the three tables of a folder or an archive, told apart by the word in their names."""
    from .. import rs
    from ..rs.io._read import open_archive

    files = open_archive(path)
    tables = []
    for word in _CELLCHAT:
        matches = [f for f in files if word in Path(f.name).name]
        if len(matches) != 1:
            have = ", ".join(f.name for f in matches or files) or "no CSV file"
            msg = f"--resource cellchatdb:{path}: want one CSV file with {word!r} in its name, found {have}"
            raise ValueError(msg)
        tables += matches
    with tempfile.TemporaryDirectory(prefix="commscore-") as folder:
        paths = [Path(folder) / Path(f.name).name for f in tables]
        for name, file in zip(paths, tables, strict=True):
            name.write_bytes(file.content)
        return rs.from_cellchatdb(*paths, species=species)


def read_table(path: Path, *, option: str) -> pd.DataFrame:
    """Read a csv, tsv, csv.gz or parquet file."""
    import pandas as pd

    from ..rs.io._read import separated

    if path.suffix not in _TABLES:
        msg = f"{option} {path} must end in one of {', '.join(_TABLES)}, found {path.suffix or 'no ending'!r}"
        raise ValueError(msg)
    if not path.is_file():
        msg = f"{option} {path} does not exist"
        raise FileNotFoundError(msg)
    with naming(path, f"a table ({option})"):
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
    import pandas as pd

    for name in table.columns:
        if pd.api.types.is_numeric_dtype(table[name]):
            continue
        text = table[name].dropna().astype(str)
        if text.str.contains(",").any() and text.str.fullmatch(_NUMBER).all():
            table[name] = pd.to_numeric(table[name].astype(object).str.replace(",", "."))
    return table
