"""CellPhoneDB v5: the curated input tables, or the `cellphonedb.zip` that is built from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore._validate import suggest
from commscore.check import checked

from ._read import LINE, File, at, open_archive, pick, read_csv, sha256_of
from ._source import Source, build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commscore.rs._resource import Resource


def _read(path: Path, *, argument: str, species: str) -> Resource:  # noqa: ARG001 - files name themselves; human
    return from_cellphonedb(path)


def _is_of(names: Sequence[str]) -> bool:
    return any(name.endswith(("interaction_input.csv", "interaction_table.csv")) for name in names)


SOURCE = Source(
    name="cellphonedb",
    read=_read,
    is_of=_is_of,
    call="commscore.rs.from_cellphonedb(path)",
    licence="no licence stated by cellphonedb-data; cite the authors",
    about="CellPhoneDB v5: folder or zip with the *_input.csv files, or cellphonedb.zip",
    version="5",
)

_SWAPPED = "Receptor-Ligand"
_JUNCTIONS = ("Cadherin", "Desmosome", "Nectin", "JAM", "Claudin", "Occludin")
_MATRIX = (
    "Collagen",
    "Fibronectin",
    "Laminin",
    "Vitronectin",
    "Tenascin",
    "Nidogen",
    "Fibrillin",
    "Osteopontin",
)
_KEPT = {
    "id_cp_interaction": "id_cp_interaction",
    "partner_a": "partner_a",
    "partner_b": "partner_b",
    "directionality": "directionality",
    "classification": "classification",
    "modulatory_effect": "modulatory_effect",
    "is_ppi": "is_ppi",
    "version": "source_version",
}


@checked
def from_cellphonedb(path: str | Path) -> Resource:
    r"""Read CellPhoneDB.

    Parameters
    ----------
    path
        Folder or zip archive with the files ``*interaction_input.csv``, ``*complex_input.csv``,
        ``*gene_input.csv`` (and ``*protein_input.csv``, which tells secreted from membrane-bound ligands), or
        a ``cellphonedb.zip`` with the tables CellPhoneDB builds from them. Archives are read in memory.

    Returns
    -------
    Resource
        Every interaction of the file. Partner A is the ligand, B the receptor (the other way round where
        ``directionality`` is ``Receptor-Ligand``; symmetric ones as they stand). Partners are gene symbols by
        ``gene_input``, complexes their subunits joined by ``_``. Molecules that are not proteins are what
        CellPhoneDB makes them: the complex of the enzymes (and transporters) that produce them, with ``kind``
        ``metabolite`` and their name in the column ``partner_a``. ``mode`` follows the classification, the
        directionality and whether the ligand is secreted (``unknown`` where nothing says so); ``effect`` follows
        ``modulatory_effect``.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or malformed, naming file, line and column.

    References
    ----------
    Troulé et al., Nature Protocols 2025, doi:10.1038/s41596-024-01137-1

    Examples
    --------
    Three files as CellPhoneDB publishes them, with one pair:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import commscore as cs
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name, text in {
    ...     "interaction": "partner_a,partner_b\nP48061,P61073\n",
    ...     "complex": "complex_name,uniprot_1\nTGFbeta receptor1,P36897\n",
    ...     "gene": "gene_name,uniprot\nCXCL12,P48061\nCXCR4,P61073\nTGFBR1,P36897\n",
    ... }.items():
    ...     _ = (folder / f"{name}_input.csv").write_text(text)
    >>> cs.rs.from_cellphonedb(folder).interactions["interaction"].tolist()
    ['CXCL12^CXCR4']
    """
    path = Path(path)
    files = open_archive(path)
    built = any(Path(f.name).name == "interaction_table.csv" for f in files)
    load = _from_tables if built else _from_inputs
    interactions, molecules, used = load(files, path.name)
    ligands, receptors = _keys(interactions)
    rows = {
        "ligand": [molecules.symbols[k] for k in ligands],
        "receptor": [molecules.symbols[k] for k in receptors],
        "kind": ["metabolite" if m else "protein" for m in _is_metabolite(interactions, ligands)],
        "mode": _modes(interactions, ligands, molecules),
        "effect": ["inhibiting" if e == "Inhibitory" else "unknown" for e in _get(interactions, "modulatory_effect")],
        "source": "cellphonedb",
        "lines": [f"{n}-{n}" for n in interactions[LINE]],
        "cited": list(_get(interactions, "source")),
        "written": list(_get(interactions, "interactors")),
        "inferred_from": "listed in CellPhoneDB",
    }
    columns = {new: interactions[old] for old, new in _KEPT.items() if old in interactions.columns}
    return build(
        rows,
        pd.DataFrame(columns),
        name="cellphonedb",
        version=SOURCE.version,
        sha256=sha256_of(used),
        licence=SOURCE.licence,
    )


class _Molecules:
    """Symbols of proteins and complexes, and which of them are secreted."""

    def __init__(self) -> None:
        self.symbols: dict[str, str] = {}
        self.secreted: dict[str, bool] = {}
        self.transmembrane: dict[str, bool] = {}

    def describe(self, key: str, row: dict[Any, Any]) -> None:
        self.secreted[key] = _true(row.get("secreted"))
        self.transmembrane[key] = _true(row.get("transmembrane"))


def _true(value: str | None) -> bool:
    return str(value).strip().lower() in ("true", "1", "1.0")


def _get(frame: pd.DataFrame, column: str) -> pd.Series:
    return frame[column] if column in frame.columns else pd.Series("", index=frame.index)


def _from_inputs(files: list[File], where: str) -> tuple[pd.DataFrame, _Molecules, list[File]]:
    used = [pick(files, f"{n}_input.csv", where=where) for n in ("interaction", "complex", "gene")]
    interaction, complexes, gene = (f for f in used if f is not None)
    protein = pick(files, "protein_input.csv", where=where, required=False)
    molecules = _Molecules()
    genes = read_csv(gene, ["gene_name", "uniprot"], filled=["gene_name", "uniprot"])
    molecules.symbols = dict(zip(genes["uniprot"], genes["gene_name"]))
    _read_complexes(complexes, molecules)
    if protein is not None:
        for row in read_csv(protein, ["uniprot"]).to_dict("records"):
            molecules.describe(row["uniprot"], row)
    partners = ["partner_a", "partner_b"]
    table = read_csv(interaction, partners, filled=partners)
    for column in partners:
        _check_molecules(interaction.name, table, column=column, molecules=molecules)
    return table, molecules, [f for f in (interaction, complexes, gene, protein) if f is not None]


def _read_complexes(file: File, molecules: _Molecules) -> None:
    frame = read_csv(file, ["complex_name", "uniprot_1"], filled=["complex_name", "uniprot_1"])
    columns = [c for c in frame.columns if c.startswith("uniprot_")]
    proteins = dict(molecules.symbols)
    for i, row in enumerate(frame.to_dict("records")):
        symbols = []
        for column in columns:
            if not row[column]:
                continue
            if row[column] not in proteins:
                msg = f"{at(file.name, frame, row=i, column=column)}: {row[column]!r} is not in gene_input"
                raise ValueError(msg)
            symbols.append(proteins[row[column]])
        molecules.symbols[row["complex_name"]] = "_".join(symbols)
        molecules.describe(row["complex_name"], row)


def _check_molecules(name: str, table: pd.DataFrame, *, column: str, molecules: _Molecules) -> None:
    for i, key in enumerate(table[column]):
        if key not in molecules.symbols:
            msg = (
                f"{at(name, table, row=i, column=column)}: {key!r} is neither a known protein nor a complex"
                f"{suggest(key, molecules.symbols)}"
            )
            raise ValueError(msg)


_TABLES: dict[str, list[str]] = {
    "interaction": ["multidata_1_id", "multidata_2_id"],
    "multidata": ["id_multidata", "name"],
    "protein": ["id_protein", "protein_multidata_id"],
    "gene": ["gene_name", "protein_id"],
    "complex_composition": ["complex_multidata_id", "protein_multidata_id"],
}


def _from_tables(files: list[File], where: str) -> tuple[pd.DataFrame, _Molecules, list[File]]:
    """Turn the numbered tables of a built database into what the input tables say."""
    used: dict[str, File] = {}
    for name in _TABLES:
        # "complex_composition_table.csv" is no "composition_table.csv": compare whole names
        matches = [f for f in files if Path(f.name).name == f"{name}_table.csv"]
        used[name] = matches[0] if matches else _missing(name, where)
    frames = {n: read_csv(f, _TABLES[n], filled=_TABLES[n]) for n, f in used.items()}
    names = dict(zip(frames["multidata"]["id_multidata"], frames["multidata"]["name"]))
    of_protein = dict(zip(frames["protein"]["id_protein"], frames["protein"]["protein_multidata_id"]))
    symbol = {of_protein.get(p, p): g for p, g in zip(frames["gene"]["protein_id"], frames["gene"]["gene_name"])}
    members: dict[str, list[str]] = {}
    composition = frames["complex_composition"]
    for i, (c, p) in enumerate(zip(composition["complex_multidata_id"], composition["protein_multidata_id"])):
        if p not in symbol:
            place = at(used["complex_composition"].name, composition, row=i, column="protein_multidata_id")
            msg = f"{place}: {p!r} has no gene in gene_table"
            raise ValueError(msg)
        members.setdefault(c, []).append(symbol[p])
    molecules = _Molecules()
    for row in frames["multidata"].to_dict("records"):
        key = row["id_multidata"]
        if key in symbol or key in members:
            molecules.symbols[row["name"]] = "_".join(members.get(key, [symbol.get(key, "")]))
            molecules.describe(row["name"], row)
    table = frames["interaction"]
    for new, old in (("partner_a", "multidata_1_id"), ("partner_b", "multidata_2_id")):
        table[new] = table[old].map(names).fillna(table[old])
        _check_molecules(used["interaction"].name, table, column=new, molecules=molecules)
    return table, molecules, list(used.values())


def _missing(name: str, where: str) -> File:
    msg = f"{where}: no file is named '{name}_table.csv'"
    raise FileNotFoundError(msg)


def _keys(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the partner that is the ligand and the one that is the receptor."""
    rows = zip(table["partner_a"], table["partner_b"], _get(table, "directionality"))
    pairs = [(b, a) if direction == _SWAPPED else (a, b) for a, b, direction in rows]
    return [ligand for ligand, _ in pairs], [receptor for _, receptor in pairs]


def _is_metabolite(table: pd.DataFrame, ligands: list[str]) -> list[bool]:
    """Tell ligands that are no proteins: no protein pair, and named by the enzymes that make them."""
    return [not _true(p) and "_by" in ligand for p, ligand in zip(_get(table, "is_ppi"), ligands)]


def _modes(table: pd.DataFrame, ligands: list[str], molecules: _Molecules) -> list[str]:
    classes, directions = _get(table, "classification"), _get(table, "directionality")
    rows = zip(ligands, classes, directions, _is_metabolite(table, ligands))
    return [_mode(k, c, d, metabolite=m, molecules=molecules) for k, c, d, m in rows]


def _mode(ligand: str, classification: str, directionality: str, *, metabolite: bool, molecules: _Molecules) -> str:
    if metabolite:
        return "metabolite"
    if directionality == "Gap-Gap" or "gap junction" in classification.lower():
        return "gap_junction"
    if classification.startswith("Adhesion by"):
        if any(word in classification for word in _JUNCTIONS):
            return "junctional_adhesion"
        return "ecm" if any(word.lower() in classification.lower() for word in _MATRIX) else "contact"
    if directionality == "Adhesion-Adhesion":
        return "contact"
    if molecules.secreted.get(ligand, False):
        return "paracrine"
    return "contact" if molecules.transmembrane.get(ligand, False) else "unknown"
