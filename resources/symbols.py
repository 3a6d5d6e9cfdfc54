"""Make symbols.tsv and general/symbols.tsv: identifiers, aliases and mouse orthologs of every human gene named.

    python resources/symbols.py FOLDER ORG_HS_SQLITE

FOLDER holds human_alias_orgHs316.csv.gz, human_mouse_homologene.csv.gz and
celltypist_Ensembl105_Human2Mouse.csv; ORG_HS_SQLITE is org.Hs.eg.sqlite of Debian's r-bioc-org.hs.eg.db
3.16.0-1. See README.md for what these are and their licences. Run it when a gene was added, then build.py and
general.py.
"""

from __future__ import annotations

import csv
import gzip
import re
import sqlite3
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from general import TABLES, evidence  # noqa: E402

if TYPE_CHECKING:
    import pandas as pd

CELLS = {
    "evidence": ("ligand", "receptor"),
    "molecules": ("gene",),
    "circuit_steps": ("from", "to"),
    "therapies": ("targets",),
}
NO_GENES = ("composition", "pathway")
NEWER = {"TDGF1": "CRIPTO"}
"""Symbols of the sources that were replaced since."""
PREDICTED = re.compile(r"^Gm\d+$|Rik$|-ps\d*$")
LOCUS = re.compile(r"LOC\d+$")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def genes_in(cell: str) -> set[str]:
    """Symbols in a cell of names joined by `;`, `^` and `_`; `met:` molecules have none."""
    names = [n for n in re.split(r"[;^]", cell) if n and not n.startswith("met:")]
    return {gene for name in names for gene in name.split("_")}


def genes_named(folder: Path = HERE) -> set[str]:
    """Every human gene that the curated tables name."""
    genes: set[str] = set()
    for table, columns in CELLS.items():
        for row in rows_of(folder / f"{table}.tsv"):
            for column in columns:
                genes |= genes_in(row[column])
    for row in rows_of(folder / "expectations.tsv"):
        if row["level"] not in NO_GENES:
            genes |= genes_in(row["what"])
    return genes


def genes_of(statements: pd.DataFrame) -> set[str]:
    """Every gene in the ligands and receptors of a table of statements."""
    return {gene for side in ("ligand", "receptor") for cell in statements[side] for gene in genes_in(cell)}


def read_gz(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def names(folder: Path, database: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Entrez id of each symbol, and its aliases that mean no other gene.

    The list of aliases lacks genes that have none, so the symbols come from the database.
    """
    query = "select i.symbol, g.gene_id from gene_info i join genes g on i._id = g._id order by 1, 2"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        entrez: dict[str, str] = dict(opened.execute(query))
    owners: dict[str, set[str]] = defaultdict(set)
    for row in read_gz(folder / "human_alias_orgHs316.csv.gz"):
        owners[row["alias"]].add(row["symbol"])
    aliases: dict[str, list[str]] = defaultdict(list)
    for alias, symbols in sorted(owners.items()):
        # the name of two genes, or the current symbol of another one, tells nothing
        if len(symbols) == 1 and alias not in entrez and "|" not in alias:
            aliases[next(iter(symbols))].append(alias)
    return entrez, aliases


def partners(pairs: set[tuple[str, str]]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    mice: dict[str, set[str]] = defaultdict(set)
    humans: dict[str, set[str]] = defaultdict(set)
    for human, mouse in pairs:
        mice[human].add(mouse)
        humans[mouse].add(human)
    return mice, humans


def one_to_one(pairs: set[tuple[str, str]]) -> dict[str, str]:
    mice, humans = partners(pairs)
    return {h: m for h, m in sorted(pairs) if len(mice[h]) == 1 and len(humans[m]) == 1}


def orthologs(folder: Path, symbol_of: dict[str, str]) -> dict[str, str]:
    """One-to-one pairs: HomoloGene's unless Ensembl knows further partners; Ensembl's where it knows none."""
    homologene = {
        (human, row["Gene.Symbol_mouse"])
        for row in read_gz(folder / "human_mouse_homologene.csv.gz")
        if not LOCUS.match(human := symbol_of.get(row["Gene.ID_human"], row["Gene.Symbol_human"]))
    }
    with (folder / "celltypist_Ensembl105_Human2Mouse.csv").open(encoding="utf-8", newline="") as handle:
        ensembl = {(h, m) for h, m in csv.reader(handle) if h and m and not PREDICTED.search(m)}
    mice, humans = partners(ensembl)
    first = {
        h: m
        for h, m in one_to_one(homologene).items()
        # orthologs are named alike by their committees; under another name, a further partner in Ensembl
        # means that the two databases do not agree on one to one
        if h.upper() == m.upper() or (len(mice[h] | {m}) == 1 and len(humans[m] | {h}) == 1) or not mice[h]
    }
    known = {h for h, _ in homologene}
    taken = {m for _, m in homologene}
    second = {h: m for h, m in one_to_one(ensembl).items() if h not in known and m not in taken}
    return _with_curated(first | second)


def _with_curated(mouse_of: dict[str, str]) -> dict[str, str]:
    """Put the pairs of orthologs.tsv in the place of what the databases say; an empty one says that there is none."""
    curated = {row["human"]: row["mouse"] for row in rows_of(HERE / "orthologs.tsv")}
    taken = set(curated.values())
    others = {h: m for h, m in mouse_of.items() if h not in curated and m not in taken}
    return others | {h: m for h, m in curated.items() if m}


def ensembl_ids(path: Path) -> dict[str, list[str]]:
    query = "select g.symbol, e.ensembl_id from gene_info g join ensembl e on g._id = e._id order by 1, 2"
    ids: dict[str, list[str]] = defaultdict(list)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        for symbol, identifier in database.execute(query):
            if identifier not in ids[symbol]:
                ids[symbol].append(identifier)
    return ids


def main(folder: Path, database: Path) -> None:
    entrez, aliases = names(folder, database)
    ensembl = ensembl_ids(database)
    for old, new in NEWER.items():
        aliases[new] = sorted({old, *aliases[old]} - {new})
        entrez[new], ensembl[new] = entrez.pop(old), ensembl[old]
    mouse = orthologs(folder, {e: s for s, e in entrez.items()})
    for path, genes in ((HERE / "symbols.tsv", genes_named()), (TABLES / "symbols.tsv", genes_of(evidence()))):
        unknown = sorted(g for g in genes if g not in entrez)
        if unknown:
            sys.exit(f"{path.name}: no approved human symbol: {', '.join(unknown)}")
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            handle.write("symbol\tensembl\tentrez\taliases\tmouse\n")
            for gene in sorted(genes):
                cells = [gene, "|".join(ensembl[gene]), entrez[gene], "|".join(aliases[gene]), mouse.get(gene, "")]
                handle.write("\t".join(cells) + "\n")
        print(f"{path.relative_to(HERE)}: {len(genes)} genes, {sum(g in mouse for g in genes)} with a mouse ortholog")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
