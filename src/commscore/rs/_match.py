"""Which genes a resource needs, and by which name a data set has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore.tables.resource import MATCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

METABOLITE = "met:"
_GENOMES = {"human": r"GRCh\d+|hg\d+", "mouse": r"GRCm\d+|mm\d+"}
"""Names of genomes that stand before the genes of a species where several were sequenced together."""
_BEFORE_GENE = re.compile(rf"(?:(?<=_)|^)({'|'.join(_GENOMES.values())})(_+)(?=.)")
_BEFORE_PLAIN = re.compile(rf"^({'|'.join(_GENOMES.values())})(-+)(?=.)")


def subunits(molecule: str) -> list[str]:
    """Split a complex into genes; a ``met:`` molecule has none."""
    return [] if molecule.startswith(METABOLITE) else [g for g in molecule.split("_") if g]


def genes_of(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the sorted genes of the interactions and of the molecules."""
    pairs, molecules = tables["interactions"], tables["molecules"]
    names = pd.concat([pairs["ligand"], pairs["receptor"], molecules["gene"]]).unique()
    return sorted({gene for name in names for gene in subunits(name)})


def alias_map(symbols: pd.DataFrame) -> dict[str, str]:
    """Map each alias to its current symbol, leaving out aliases that two genes share or that are symbols."""
    owners: dict[str, set[str]] = {}
    for symbol, aliases in zip(symbols["symbol"], symbols["aliases"]):
        for alias in filter(None, str(aliases).split("|")):
            owners.setdefault(alias, set()).add(symbol)
    current = set(symbols["symbol"])
    return {a: next(iter(s)) for a, s in sorted(owners.items()) if len(s) == 1 and a not in current}


def _unversioned(name: str) -> str:
    return name.split(".", 1)[0] if name.startswith("ENS") else name


def genome_and_gene(name: str, species: str) -> tuple[str, str]:
    """Split ``GRCh38_CXCL12`` into the genome with its ``_`` and the gene; the former is empty without one.

    >>> genome_and_gene("mm10___Cxcr4", "mouse"), genome_and_gene("mm10___Cxcr4", "human")
    (('mm10___', 'Cxcr4'), ('', 'mm10___Cxcr4'))
    """
    split = re.match(rf"((?:{_GENOMES.get(species, '(?!)')})_+)(.+)", name)
    return (split[1], split[2]) if split else ("", name)


def with_plain_genomes(molecule: str) -> str:
    """Write ``-`` for every ``_`` behind the name of a genome, so that those that are left join subunits.

    >>> with_plain_genomes("mm10___Itga1_mm10___Itgb1"), with_plain_genomes("HLA_A")
    ('mm10---Itga1_mm10---Itgb1', 'HLA_A')
    """
    return _BEFORE_GENE.sub(lambda match: match[1] + "-" * len(match[2]), molecule)


def with_underscored_genomes(gene: str) -> str:
    """Undo :func:`with_plain_genomes` for one gene.

    >>> with_underscored_genomes("mm10---Itga1"), with_underscored_genomes("HLA-A")
    ('mm10___Itga1', 'HLA-A')
    """
    return _BEFORE_PLAIN.sub(lambda match: match[1] + "_" * len(match[2]), gene)


def _behind_genomes(names: Iterable[str], species: str, *, owner: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names that are a gene, as its symbol or Ensembl id, behind a genome of the species."""
    by_gene: dict[str, list[str]] = {}
    for name in names:
        genome, gene = genome_and_gene(name, species)
        if genome:
            by_gene.setdefault(owner.get(_unversioned(gene), gene), []).append(name)
    return by_gene


def _ensembl_map(symbols: pd.DataFrame) -> dict[str, str]:
    pairs = zip(symbols["symbol"], symbols["ensembl"])
    return {e: symbol for symbol, ids in pairs for e in filter(None, str(ids).split("|"))}


def _names_by_gene(names: Iterable[str], owner: Mapping[str, str]) -> dict[str, list[str]]:
    by_gene: dict[str, list[str]] = {}
    for name in names:
        gene = owner.get(_unversioned(name))
        if gene is not None:
            by_gene.setdefault(gene, []).append(name)
    return by_gene


def match(
    tables: Mapping[str, pd.DataFrame], var_names: Iterable[str], *, species: str, genes: Iterable[str] | None = None
) -> pd.DataFrame:
    """Look up genes by symbol, then by alias, then by Ensembl id, then behind the name of a genome."""
    if isinstance(var_names, str):
        msg = f"var_names must be a list of names, found the single string {var_names!r}"
        raise TypeError(msg)
    names = list(dict.fromkeys(str(v) for v in var_names))
    symbols = tables["symbols"]
    present, genes = set(names), genes_of(tables) if genes is None else list(genes)
    ways: list[tuple[str, dict[str, list[str]]]] = []
    if not present.issuperset(genes):
        ids = _ensembl_map(symbols)
        ways = [
            ("alias", _names_by_gene(names, alias_map(symbols))),
            ("ensembl", _names_by_gene(names, ids)),
            ("genome", _behind_genomes(names, species, owner=ids)),
        ]
    rows = [_look_up(gene, present, ways) for gene in genes]
    return pd.DataFrame(rows, columns=list(MATCH.names))


def _look_up(gene: str, present: set[str], ways: list[tuple[str, dict[str, list[str]]]]) -> tuple[Any, ...]:
    if gene in present:
        return gene, gene, "symbol"
    for how, names in ways:
        # two names of one gene in one data set: neither is known to be the whole gene
        if len(names.get(gene, ())) == 1:
            return gene, names[gene][0], how
    return gene, "", "missing"
