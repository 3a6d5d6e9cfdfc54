"""From a resource and the measured genes to entities, and the interactions that cannot be tested."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rs
from .._validate import one_of
from ..arrays import Entities

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

MISSING_SUBUNITS = ("drop", "ignore")


@dataclass(frozen=True)
class Testable:
    """Interactions whose genes are measured.

    ``frame`` has one row per interaction; ``ligand`` and ``receptor`` are its entities; ``columns`` are the
    positions of the genes in ``var_names`` and ``genes`` their symbols, in the numbering of
    ``entities.genes``; ``untested`` are rows (interaction, reason, detail); ``aliases`` maps a symbol to the
    old name under which the data have it.
    """

    frame: pd.DataFrame
    entities: Entities
    ligand: npt.NDArray[np.int64]
    receptor: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    genes: npt.NDArray[np.object_]
    untested: list[tuple[str, str, str]]
    aliases: dict[str, str]


def testable(resource: rs.Resource, var_names: pd.Index, *, missing_subunits: str) -> Testable:
    """Split the interactions into those whose genes are measured and those that are not, with the reason."""
    one_of("missing_subunits", missing_subunits, MISSING_SUBUNITS)
    frame = resource.interactions
    codes, names = pd.factorize(np.concatenate([np.asarray(frame[c], object) for c in ("ligand", "receptor")]))
    found, aliases = _found(resource, names, var_names)
    ignore = missing_subunits == "ignore"
    members = [_positions(name, found, ignore=ignore) for name in names]
    left, right = codes[: len(frame)], codes[len(frame) :]
    kinds = np.asarray(frame["kind"] if "kind" in frame else ["protein"] * len(frame), object)
    fine = np.array([bool(m) for m in members], bool)[codes].reshape(2, -1).all(axis=0) & (kinds != "rna")
    interactions = frame["interaction"].tolist()
    untested = [
        (
            interactions[i],
            *_reason((names[left[i]].split("_"), names[right[i]].split("_")), kinds[i], found, ignore=ignore),
        )
        for i in np.flatnonzero(~fine)
    ]
    if not fine.any():
        raise ValueError(nothing_found(resource, frame["ligand"], var_names))
    return _numbered(
        frame[fine].reset_index(drop=True), members, sides=(left[fine], right[fine]), found=found, untested=untested,
        aliases=aliases,
    )  # fmt: skip


def _positions(name: str, found: dict[str, int], *, ignore: bool) -> tuple[int, ...]:
    """Positions of the subunits; none if they cannot be measured."""
    subunits = name.split("_")
    at = tuple(found[g] for g in subunits if g in found)
    if any(g.startswith("met:") for g in subunits) or (len(at) < len(subunits) and not ignore):
        return ()
    return at


def _found(
    resource: rs.Resource, names: npt.NDArray[np.object_], var_names: pd.Index
) -> tuple[dict[str, int], dict[str, str]]:
    """Position in ``var_names`` of every measured gene, and the old names under which some were found."""
    genes = sorted({g for name in names for g in name.split("_")})
    matched = resource.match(var_names, genes=genes)
    matched = matched[matched["how"].isin(("symbol", "alias"))]
    at = var_names.get_indexer(pd.Index(matched["found_as"]))
    found = {g: int(i) for g, i in zip(matched["gene"], at, strict=True)}
    old = matched[matched["how"] == "alias"]
    return found, dict(zip(old["gene"], old["found_as"], strict=True))


def _reason(sides: tuple[list[str], list[str]], kind: str, found: dict[str, int], *, ignore: bool) -> tuple[str, str]:
    """Why these two sides cannot be measured."""
    beyond = [g for side in sides for g in side if g.startswith("met:")]
    if beyond or kind == "rna":
        what = f"{', '.join(beyond)}: not a transcript" if beyond else "microRNA: not measured by mRNA counts"
        return "not measurable in RNA", what
    for role, side in zip(("ligand", "receptor"), sides, strict=True):
        missing = [g for g in side if g not in found]
        if len(missing) == len(side):
            return "gene missing", f"{role} {', '.join(missing)} not in var_names"
        if missing and not ignore:
            break
    return "subunit missing", f"{role} {'_'.join(side)} lacks {', '.join(missing)} in var_names"


def _numbered(
    frame: pd.DataFrame,
    members: list[tuple[int, ...]],
    *,
    sides: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    found: dict[str, int],
    untested: list[tuple[str, str, str]],
    aliases: dict[str, str],
) -> Testable:
    """Give genes and entities numbers; ``sides`` are positions of each interaction's sides in ``members``."""
    present = np.unique(np.concatenate(sides)).tolist()
    used = sorted({g for i in present for g in members[i]})
    number = {g: i for i, g in enumerate(used)}
    entity_of = {side: i for i, side in enumerate(sorted({members[i] for i in present}))}
    entities = Entities.of([[number[g] for g in side] for side in entity_of])
    entity = np.full(len(members), -1, np.int64)
    entity[present] = [entity_of[members[i]] for i in present]
    symbol_at = {i: g for g, i in found.items()}
    return Testable(
        frame,
        entities,
        entity[sides[0]],
        entity[sides[1]],
        np.asarray(used, np.int64),
        np.asarray([symbol_at[i] for i in used], object),
        untested,
        aliases,
    )


def nothing_found(
    resource: rs.Resource, genes: Iterable[str], var_names: pd.Index, *, what: str = "interaction"
) -> str:
    """Say that nothing of a resource is measured, and what may be the reason."""
    some = [str(v) for v in var_names[:200]]
    shown = ", ".join(some[:3])
    hint = "check that var_names are gene symbols"
    if sum(bool(re.match(r"ENS[A-Z]*G\d{6,}", v)) for v in some) > len(some) / 2:
        hint = (
            "var_names are Ensembl ids; put gene symbols there, for example "
            "adata.var_names = adata.var['gene_symbols'].astype(str); adata.var_names_make_unique()"
        )
    elif {v.upper() for v in map(str, var_names)} & {g.upper() for e in genes for g in e.split("_")}:
        hint = _other_species(resource, some)
    none = f"no {what} of resource {resource.name!r} ({resource.species})"
    return f"{none} has its genes in var_names (first ones: {shown}); {hint}"


def same_species(resource: rs.Resource, names: Iterable[object], table: pd.DataFrame) -> None:
    """Raise if these genes of a resource occur in a stored table in the spelling of another species only."""
    known = {g for n in names for g in re.split("[_;]", str(n)) if g and ":" not in g}
    sides = (table[c].astype(str) for c in ("ligand_complex", "receptor_complex"))
    genes = {g for side in sides for name in side.unique() for g in name.split("_")}
    loosely = {g.upper() for g in known}
    shared = {g for g in genes if g.upper() in loosely}
    if shared and not known & genes:
        msg = (
            f"no gene of resource {resource.name!r} ({resource.species}) is in the stored scores, which have "
            f"{', '.join(sorted(shared)[:3])}: {_other_species(resource, sorted(shared))}"
        )
        raise ValueError(msg)


def _other_species(resource: rs.Resource, names: list[str]) -> str:
    """Say which species the names look like, where they differ from those of the resource by their case only."""
    letters = [v for v in names if len(v) > 1 and v[0].isalpha()]
    looks = "mouse" if sum(v[0].isupper() and not v[1:].isupper() for v in letters) > len(letters) / 2 else "human"
    if looks == resource.species:
        return "var_names differ from symbols by upper and lower case only; write them as symbols"
    if looks == "mouse":
        return "var_names look like mouse symbols; use resource=cs.rs.load(...).to_species('mouse')"
    return "var_names look like human symbols; use the human resource, without to_species('mouse')"
