"""Translation of human genes by one-to-one orthologs."""

from __future__ import annotations

import difflib
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore._validate import listed, warn
from commscore.tables.resource import DROPPED

from ._match import METABOLITE, genes_of, subunits
from ._shipped import shipped_symbols
from ._tabular import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HUMAN, MOUSE = "human", "mouse"
SHIPPED = (HUMAN, MOUSE)
"""Species of the shipped genes and orthologs."""
UNKNOWN = "unknown"
_NO_ORTHOLOG = "no one-to-one ortholog"
_UNKNOWN = "gene not in the ortholog table"


def named(species: str | pd.DataFrame, orthologs: Any) -> tuple[str, pd.DataFrame | str | Path | None]:
    """Return the species and its orthologs; a table in place of the species has it as the column beside human."""
    if not isinstance(species, pd.DataFrame):
        check_name(species)
        return species, orthologs
    others = [str(c) for c in species.columns if c != HUMAN]
    if orthologs is not None or HUMAN not in species.columns or len(others) != 1:
        msg = (
            "to_species(table) needs a table of two columns, 'human' and the species, and no orthologs=; found "
            f"{listed(species.columns) or 'no column'}. Of another table, name the column: "
            "to_species('zebrafish', orthologs=table)"
        )
        raise ValueError(msg)
    return others[0], species


def check_name(species: str) -> None:
    """Raise if the name of a species is a slip of one that is known."""
    near = difflib.get_close_matches(species.strip().lower(), SHIPPED, n=1, cutoff=0.8)
    if not species.strip() or (near and species not in SHIPPED):
        hint = f"; did you mean {near[0]!r}?" if near else ""
        msg = f"species={species!r} is none; give 'human', 'mouse' or the name of another{hint}"
        raise ValueError(msg)


def check(current: str, target: str) -> bool:
    """Return whether there is nothing to do; raise if it cannot be done."""
    if current not in (target, HUMAN):
        msg = f"species={target!r}: this resource is already {current}; convert the human one instead"
        raise ValueError(msg)
    return current == target


def spelled_as(genes: Iterable[str]) -> str:
    """Tell whose genes these are: human if they are upper case, mouse if most are known of it, else unknown."""
    names = list(genes)
    if 2 * sum(g == g.upper() or g in _known(HUMAN) for g in names) >= len(names):
        return HUMAN
    return MOUSE if 2 * sum(g in _known(MOUSE) for g in names) > len(names) else UNKNOWN


@functools.cache
def _known(species: str) -> frozenset[str]:
    return frozenset(shipped_symbols()["symbol" if species == HUMAN else species])


class _Map:
    """One-to-one pairs, and the genes for which it is known that there is none."""

    def __init__(self, human: pd.Series, other: pd.Series) -> None:
        pairs = pd.DataFrame({"human": human.astype(str), "other": other.fillna("").astype(str)}).drop_duplicates()
        self.human_genes = set(pairs["human"])
        pairs = pairs[pairs["other"] != ""]
        unique = ~pairs.duplicated("human", keep=False) & ~pairs.duplicated("other", keep=False)
        self.to = dict(zip(pairs.loc[unique, "human"], pairs.loc[unique, "other"]))

    def missing(self, molecule: str) -> list[str]:
        return [g for g in subunits(molecule) if g not in self.to]

    def __call__(self, molecule: str) -> str:
        if molecule.startswith(METABOLITE) or not molecule:
            return molecule
        return "_".join(self.to[g] for g in subunits(molecule))

    def reason(self, genes: list[str]) -> str:
        some_mapped = any(g in self.human_genes for g in genes)
        some_unmapped = any(g not in self.human_genes for g in genes)
        return "; ".join(r for r, applies in ((_NO_ORTHOLOG, some_mapped), (_UNKNOWN, some_unmapped)) if applies)


class _Losses:
    def __init__(self, to: _Map) -> None:
        self.to = to
        self.rows: list[tuple[str, str, str, str, str]] = []

    def add(self, table: str, item: str, genes: list[str]) -> None:
        interaction = item if table == "interactions" else ""
        genes = list(dict.fromkeys(genes))
        self.rows.append((table, interaction, item, ";".join(genes), self.to.reason(genes)))

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=list(DROPPED.names))


def convert(
    tables: Mapping[str, pd.DataFrame], orthologs: pd.DataFrame | str | Path | None, *, species: str
) -> dict[str, pd.DataFrame]:
    """Translate every table; see :meth:`Resource.to_species`."""
    if orthologs is None and species != MOUSE:
        msg = (
            f"species={species!r}: only orthologs of mouse are shipped; give orthologs=, a table with the columns "
            f"'human' and {species!r} (Ensembl BioMart exports one)"
        )
        raise ValueError(msg)
    symbols = tables["symbols"]
    if orthologs is None:
        to = _Map(symbols["symbol"], symbols["mouse"])
    else:
        to = _map_of(orthologs, genes_of(tables), species=species)
    losses = _Losses(to)
    result = dict(tables)
    pairs = tables["interactions"]
    for row in zip(pairs["interaction"], pairs["ligand"], pairs["receptor"]):
        missing = to.missing(row[1]) + to.missing(row[2])
        if missing:
            losses.add("interactions", row[0], missing)
    lost = {row[1] for row in losses.rows}
    for name in ("interactions", "evidence"):
        frame = tables[name][~tables[name]["interaction"].isin(lost)].reset_index(drop=True)
        result[name] = _translate_pairs(frame, to)
    result["molecules"] = _molecules(tables["molecules"], to, losses)
    result["circuits"] = _circuits(tables["circuits"], to, losses)
    result["therapies"] = _therapies(tables["therapies"], to, losses)
    result["expectations"] = _expectations(tables["expectations"], to, losses)
    result["symbols"] = _symbols(tables["symbols"], to, species=species)
    result["dropped"] = losses.frame()
    if orthologs is None:
        _tell(result["dropped"], len(pairs))
    return result


def _tell(dropped: pd.DataFrame, n: int) -> None:
    """Warn where interactions are lost for no better reason than that nobody said what their genes are in mouse."""
    rows = dropped[dropped["table"] == "interactions"]
    unknown = int(rows["reason"].str.contains(_UNKNOWN, regex=False).sum())
    if unknown:
        warn(
            f"{unknown} of {n} interactions are left out because the shipped orthologs, those of the genes of the "
            "shipped resources, do not know all of their genes (listed in .dropped); give orthologs=, a table with the "
            "columns human and mouse"
        )


def _map_of(orthologs: pd.DataFrame | str | Path, genes: list[str], *, species: str) -> _Map:
    """Take the user's pairs, which must know a gene of the resource."""
    table = orthologs if isinstance(orthologs, pd.DataFrame) else read_table(Path(orthologs), argument="orthologs")
    missing = [c for c in (HUMAN, species) if c not in table.columns]
    if missing:
        columns = ", ".join(map(str, table.columns)) or "no columns"
        msg = f"orthologs needs the columns 'human' and {species!r}, found {columns}"
        raise ValueError(msg)
    if genes and not set(genes) & set(table["human"]):
        swapped = bool(set(genes) & set(table[species]))
        example = listed(map(repr, list(table["human"].astype(str).unique()[:3]))) or "no row"
        way_out = (
            f"are 'human' and {species!r} swapped?" if swapped else "give symbols, as in HGNC's EGFR and MGI's Egfr"
        )
        msg = f"orthologs: its column 'human' has none of the {len(genes)} genes of the resource ({example}); {way_out}"
        raise ValueError(msg)
    return _Map(table["human"], table[species])


def _translate_pairs(frame: pd.DataFrame, to: _Map) -> pd.DataFrame:
    ligand, receptor = frame["ligand"].map(to), frame["receptor"].map(to)
    return frame.assign(ligand=ligand, receptor=receptor, interaction=ligand + "^" + receptor)


def _molecules(frame: pd.DataFrame, to: _Map, losses: _Losses) -> pd.DataFrame:
    for molecule, gene in dict.fromkeys(zip(frame["molecule"], frame["gene"])):
        if to.missing(gene):
            losses.add("molecules", molecule, to.missing(gene))
    keep = frame["gene"].map(lambda g: not to.missing(g)).astype(bool)
    translated = frame[keep].reset_index(drop=True)
    return translated.assign(gene=translated["gene"].map(to))


def _circuits(frame: pd.DataFrame, to: _Map, losses: _Losses) -> pd.DataFrame:
    """Translate a circuit whole or not at all."""
    missing: dict[str, list[str]] = {}
    for circuit, a, b in zip(frame["circuit"], frame["from"], frame["to"]):
        missing.setdefault(circuit, []).extend(to.missing(a) + to.missing(b))
    for circuit, genes in missing.items():
        if genes:
            losses.add("circuits", circuit, genes)
    complete = frame[frame["circuit"].map(lambda c: not missing[c]).astype(bool)].reset_index(drop=True)
    a, b = complete["from"].map(to), complete["to"].map(to)
    pair = (a + "^" + b).where(complete["interaction"] != "", "")
    return complete.assign(**{"from": a, "to": b, "interaction": pair})


def _therapies(frame: pd.DataFrame, to: _Map, losses: _Losses) -> pd.DataFrame:
    """Translate the targets that can be, list the others."""
    values = []
    for name, joined in zip(frame["therapy"], frame["targets"]):
        members = [m for m in joined.split(";") if m]
        lost = [m for m in members if to.missing(m)]
        if lost:
            losses.add("therapies", name, [g for m in lost for g in to.missing(m)])
        values.append(";".join(to(m) for m in members if m not in lost))
    return frame.assign(targets=values)


def _expectations(frame: pd.DataFrame, to: _Map, losses: _Losses) -> pd.DataFrame:
    values, keep = [], []
    for name, level, what in zip(frame["expectation"], frame["level"], frame["what"]):
        if level in ("composition", "pathway"):
            values.append(what)
            keep.append(True)
            continue
        members = [m for m in what.split(";") if m]
        lost = [m for m in members if any(to.missing(side) for side in m.split("^"))]
        if lost:
            losses.add("expectations", name, [g for m in lost for s in m.split("^") for g in to.missing(s)])
        values.append(";".join("^".join(to(s) for s in m.split("^")) for m in members if m not in lost))
        keep.append(len(lost) < len(members) or not members)
    return frame.assign(what=values)[pd.Series(keep, dtype=bool, index=frame.index)].reset_index(drop=True)


def _symbols(symbols: pd.DataFrame, to: _Map, *, species: str) -> pd.DataFrame:
    """Keep the translated symbols; ids and aliases are those of human genes and do not carry over."""
    translated = symbols[symbols["symbol"].isin(to.to)].reset_index(drop=True)
    names = translated["symbol"].map(to.to)
    return translated.assign(symbol=names, ensembl="", entrez="", aliases="", mouse=names if species == MOUSE else "")
