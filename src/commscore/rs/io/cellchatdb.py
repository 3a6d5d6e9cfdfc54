"""CellChatDB v2: three CSV tables written from its R data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from commscore.check import checked
from commscore.rs._species import check_name
from commscore.rs._tabular import as_given

from ._read import LINE, File, at, open_archive, read_csv, read_file, sha256_of
from ._source import Source, build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commscore.rs._resource import Resource

_TABLES = ("interaction", "complex", "cofactor")
"""Words in the names of the three tables."""


def _read(path: Path, *, argument: str, species: str) -> Resource:
    """Read the three tables of a folder or an archive, told apart by the word in their names."""
    files = open_archive(path)
    tables: list[File] = []
    for word in _TABLES:
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


def _is_of(names: Sequence[str]) -> bool:
    return all(any(word in Path(name).name for name in names) for word in _TABLES)


SOURCE = Source(
    name="cellchatdb",
    read=_read,
    is_of=_is_of,
    call="commscore.rs.from_cellchatdb(interaction_csv, complex_csv, cofactor_csv)",
    licence="GPL-3.0",
    about="CellChatDB v2 (interaction, complex and cofactor tables as CSV)",
    version="2",
)

_MODES = {
    "Secreted Signaling": "paracrine",
    "ECM-Receptor": "ecm",
    "Cell-Cell Contact": "contact",
    "Non-protein Signaling": "metabolite",
}
_COFACTORS = ("agonist", "antagonist", "co_A_receptor", "co_I_receptor")
_KEPT = ("interaction_name", "pathway_name", "annotation", "is_neurotransmitter", "version")


@checked
def from_cellchatdb(
    interaction_csv: str | Path,
    complex_csv: str | Path,
    cofactor_csv: str | Path,
    *,
    species: str = "human",
) -> Resource:
    r"""Read CellChatDB.

    Parameters
    ----------
    interaction_csv, complex_csv, cofactor_csv
        The tables ``interaction``, ``complex`` and ``cofactor`` of ``CellChatDB.human`` or
        ``CellChatDB.mouse`` as R's ``write.csv`` writes them (row names first).
    species
        ``"human"`` or ``"mouse"``.

    Returns
    -------
    Resource
        Complexes are their subunits joined by ``_``; rows that then have the same ligand and receptor are
        joined (one row of evidence each). ``agonist, antagonist, co_A_receptor, co_I_receptor`` hold the
        genes of these sets joined by ``;``, ``*_set`` their names in the file. ``mode`` follows
        ``annotation``: secreted is ``paracrine``, ECM ``ecm``, cell–cell contact ``contact``, non-protein
        ``metabolite``.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or malformed, naming file, line and column.

    References
    ----------
    Jin et al., Nature Protocols 2024, doi:10.1038/s41596-024-01045-4

    Examples
    --------
    Three tables as R's ``write.csv`` writes them, with one pair:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import commscore as cs
    >>> folder = Path(tempfile.mkdtemp())
    >>> files = [folder / f"{name}.csv" for name in ("interaction", "complex", "cofactor")]
    >>> sides = "ligand,receptor,annotation,agonist,antagonist,co_A_receptor,co_I_receptor"
    >>> texts = [
    ...     f",{sides}\n1,CXCL12,CXCR4,Secreted Signaling,,,,\n",
    ...     ",subunit_1\nTGFbR1,TGFBR1\n",
    ...     ",cofactor1\nBMP antagonist,NOG\n",
    ... ]
    >>> for file, text in zip(files, texts, strict=True):
    ...     _ = file.write_text(text)
    >>> cs.rs.from_cellchatdb(*files).interactions[["interaction", "mode"]].values.tolist()
    [['CXCL12^CXCR4', 'paracrine']]
    """
    check_name(species)
    files = [read_file(p) for p in (interaction_csv, complex_csv, cofactor_csv)]
    columns = ["ligand", "receptor", "annotation"]
    table = read_csv(files[0], [*columns, *_COFACTORS], filled=columns)
    complexes = _sets(files[1], "subunit")
    cofactors = _sets(files[2], "cofactor")
    extras = table[[c for c in _KEPT if c in table.columns]].rename(columns={"version": "source_version"})
    for column in _COFACTORS:
        extras[column] = _expand(files[0].name, table, column=column, sets=cofactors)
        extras[f"{column}_set"] = table[column]
    modes = _mode(files[0].name, table)
    rows = {
        "ligand": ["_".join(complexes.get(x, [x])) for x in table["ligand"]],
        "receptor": ["_".join(complexes.get(x, [x])) for x in table["receptor"]],
        "kind": ["metabolite" if m == "metabolite" else "protein" for m in modes],
        "mode": modes,
        "source": "cellchatdb",
        "lines": [f"{n}-{n}" for n in table[LINE]],
        "cited": table["evidence"] if "evidence" in table.columns else "",
        "written": table["ligand"] + "|" + table["receptor"],
        "inferred_from": "listed in CellChatDB",
    }
    return build(
        rows,
        pd.DataFrame(extras),
        name="cellchatdb",
        version=SOURCE.version,
        sha256=sha256_of(files),
        licence=SOURCE.licence,
        species=species,
    )


def _sets(file: File, prefix: str) -> dict[str, list[str]]:
    """Read named sets: the first column names them, the others hold members."""
    frame = read_csv(file, [f"{prefix}1" if prefix == "cofactor" else f"{prefix}_1"])
    name = frame.columns[0]
    members = [c for c in frame.columns if c.startswith(prefix)]
    result: dict[str, list[str]] = {}
    for i, row in enumerate(frame.to_dict("records")):
        genes = [row[c] for c in members if row[c]]
        if not row[name] or not genes:
            column, lacks = (members[0], "member") if row[name] else (name, "name")
            msg = f"{at(file.name, frame, row=i, column=column)}: the set has no {lacks}"
            raise ValueError(msg)
        if row[name] in result:
            msg = f"{at(file.name, frame, row=i, column=name)}: {row[name]!r} is defined twice"
            raise ValueError(msg)
        result[row[name]] = genes
    return result


def _expand(name: str, table: pd.DataFrame, *, column: str, sets: dict[str, list[str]]) -> list[str]:
    values = []
    for i, cell in enumerate(table[column]):
        if cell and cell not in sets:
            msg = f"{at(name, table, row=i, column=column)}: {cell!r} is not in the cofactor table"
            raise ValueError(msg)
        values.append(";".join(sets[cell]) if cell else "")
    return values


def _mode(name: str, table: pd.DataFrame) -> list[str]:
    for i, annotation in enumerate(table["annotation"]):
        if annotation not in _MODES:
            place = at(name, table, row=i, column="annotation")
            msg = f"{place}: {annotation!r} is not one of {', '.join(_MODES)}"
            raise ValueError(msg)
    return [_MODES[a] for a in table["annotation"]]
