"""How much of a resource the data can test, and what the reason may be where that is little or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rs
from .._validate import warn
from ..rs._species import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 0.2
"""Share of the interactions that RNA can show below which something is likely to be wrong."""
DEFAULT, INTERACTIONS = "breast", "interactions"
FEW_GENES = 5000
"""Fewer genes than that are a panel or a selection: a cell type alone expresses more."""
_PARTS = re.compile(r"[\s_.|:]+")
BEYOND_RNA = "not measurable in RNA"
INDIRECT = "indirect"
_NOT_COUNTED = (BEYOND_RNA, INDIRECT)
"""Reasons that say nothing about the genes of the data."""


def warn_of_few(resource: rs.Resource, reasons: Iterable[str], var_names: pd.Index, *, n: int, what: str) -> None:
    """Warn where few of the interactions (or steps of circuits) that RNA can show have their genes in the data.

    Of the default resource, which is about one tissue, a fifth of all interactions is asked for.

    Parameters
    ----------
    resource
        What they are taken from.
    reasons
        Why each of the others cannot be tested.
    var_names
        The genes of the data.
    n
        How many can be tested.
    what
        Plural noun of what is counted.
    """
    reasons = list(reasons)
    possible = n + sum(reason not in _NOT_COUNTED for reason in reasons)
    is_default, total = resource.name == DEFAULT and what == INTERACTIONS, n + len(reasons)
    if n >= LEAST * (total if is_default else possible):
        return
    of_all = f"; of all {total:,}: {n / total:.1%}" if is_default else ""
    cause = _likely_cause(resource, _genes(resource), var_names, is_default=is_default)
    warn(
        f"only {n:,} of the {possible:,} {what} of resource {resource.name!r} ({resource.species}) that RNA can show "
        f"({n / possible:.1%}{of_all}) have their genes in var_names: {cause}"
    )


def nothing_found(
    resource: rs.Resource, genes: Iterable[str], var_names: pd.Index, *, what: str = "interaction"
) -> str:
    """Say that nothing of a resource is measured, and what may be the reason."""
    shown = ", ".join(map(str, var_names[:3]))
    none = f"no {what} of resource {resource.name!r} ({resource.species})"
    is_default = resource.name == DEFAULT and what == "interaction"
    symbols = {g for e in genes for g in e.split("_")}
    cause = _likely_cause(resource, symbols, var_names, is_default=is_default)
    return f"{none} has its genes in var_names (first ones: {shown}); {cause}"


def _genes(resource: rs.Resource) -> set[str]:
    sides = (resource.interactions[column] for column in ("ligand", "receptor"))
    return {g for side in sides for name in side.unique() for g in name.split("_") if ":" not in g}


def _likely_cause(resource: rs.Resource, genes: set[str], var_names: pd.Index, *, is_default: bool) -> str:
    """Tell by the spelling and the number of the names why so few genes of a resource are among them."""
    names = [str(v) for v in var_names]
    if _most(names, r"ENS[A-Z]*[GT]\d{6,}(\.\d+)?"):
        return (
            f"var_names are Ensembl ids, and those of hardly any of its genes ({resource.species}) are there; if more "
            "were measured, name the column of adata.var that holds gene symbols with gene_symbols="
        )
    if _most(names, r"\d+"):
        return (
            "var_names are numbers, such as Entrez ids or positions; name the column of adata.var that holds gene "
            "symbols with gene_symbols="
        )
    symbols = {g.upper() for g in genes}
    loosely = {v for v in names if v.upper() in symbols}
    if len(loosely - genes) > len(loosely & genes):
        return _other_species(resource, sorted(loosely - genes))
    decorated = _decorated(names, symbols)
    if decorated:
        return decorated
    general = _general(resource.species) if is_default else None
    measured, hint = (0, "") if general is None else _for_every_tissue(general, var_names)
    if general is not None and measured >= LEAST * len(general):
        return hint
    return f"{_missing_genes(names)}{f'; {hint}' if measured else ''}"


def _missing_genes(names: list[str]) -> str:
    """Say why symbols of a resource may not be among names that are symbols."""
    if len(names) < FEW_GENES:
        return (
            f"these are {len(names):,} genes only, as a panel or a selection of variable genes does; give all genes "
            "that were measured (use_raw=True, if adata.raw has them), or read the result as one of these genes alone"
        )
    return (
        f"most of its genes are not among the {len(names):,} var_names ({', '.join(names[:3])}, …); check that "
        "these are gene symbols, that genes were not filtered away, and that the resource is one for this tissue"
    )


def _general(species: str) -> rs.Resource | None:
    if species not in SHIPPED:
        return None
    general = rs.load("general")
    return general if species == general.species else general.to_species(species)


def _for_every_tissue(general: rs.Resource, var_names: pd.Index) -> tuple[int, str]:
    """Count what is measured of the resource for every tissue, and say so."""
    pairs, match = general.interactions, general.match(var_names)
    missing = set(match.loc[match["how"] == "missing", "gene"])
    direct = pairs[pairs["directness"] == "direct"]
    sides = zip(direct["ligand"], direct["receptor"], strict=True)
    n = sum(missing.isdisjoint(f"{ligand}_{receptor}".split("_")) for ligand, receptor in sides)
    call = "'general'" if general.species == "human" else f"cs.rs.load('general').to_species({general.species!r})"
    return n, f"the resource is about breast tumours; resource={call} has {n:,} of {len(pairs):,}"


def _decorated(names: list[str], symbols: set[str]) -> str:
    """Say what stands around the symbols, where most names that hold one of the resource hold more than it."""
    hidden = [v for v in names if v.upper() not in symbols and any(p.upper() in symbols for p in _PARTS.split(v))]
    if len(hidden) <= sum(v.upper() in symbols for v in names):
        return ""
    return (
        f"symbols stand inside other text in var_names ({', '.join(map(repr, hidden[:3]))}); leave blanks, prefixes "
        "such as those of genomes, and versions out of var_names"
    )


def _most(names: list[str], pattern: str) -> bool:
    at: list[int] = np.unique(np.linspace(0, len(names) - 1, 200).astype(np.int64)).tolist() if names else []
    return sum(bool(re.fullmatch(pattern, names[i])) for i in at) > len(at) / 2


def same_species(resource: rs.Resource, names: Iterable[object], table: pd.DataFrame) -> None:
    """Raise if these genes of a resource occur in a stored table in the spelling of another species only."""
    symbols = {g for n in names for g in re.split("[_;]", str(n)) if g and ":" not in g}
    sides = (table[c].astype(str) for c in ("ligand_complex", "receptor_complex"))
    genes = {g for side in sides for name in side.unique() for g in name.split("_")}
    loosely = {g.upper() for g in symbols}
    shared = {g for g in genes if g.upper() in loosely}
    if shared and not symbols & genes:
        msg = (
            f"no gene of resource {resource.name!r} ({resource.species}) is in the stored scores, which have "
            f"{', '.join(sorted(shared)[:3])}: {_other_species(resource, sorted(shared))}"
        )
        raise ValueError(msg)


def _other_species(resource: rs.Resource, names: list[str]) -> str:
    """Say which species the names look like, where they differ from those of the resource by their case only."""
    letters = [v for v in names if len(v) > 1 and v[0].isalpha()]
    looks = "mouse" if sum(v[0].isupper() and not v[1:].isupper() for v in letters) > len(letters) / 2 else "human"
    if looks == resource.species or resource.species not in SHIPPED:
        return "var_names differ from symbols by upper and lower case only; write them as symbols"
    if looks == "mouse":
        return "var_names look like mouse symbols; use resource=cs.rs.load(...).to_species('mouse')"
    return "var_names look like human symbols; use the human resource, without to_species('mouse')"


def genes_in_data(resource: rs.Resource, genes: list[str], var_names: pd.Index) -> dict[str, str]:
    """Return the name in the data of every gene that they have: its symbol, an old one, its Ensembl id."""
    matched = resource.match(var_names, genes=genes)
    matched = matched[matched["how"] != "missing"]
    found_as = dict(zip(matched["gene"], matched["found_as"], strict=True))
    own = {str(name).replace("_", "-"): str(name) for name in var_names if "_" in str(name)}
    return found_as | {gene: own[gene] for gene in genes if gene not in found_as and gene in own}
