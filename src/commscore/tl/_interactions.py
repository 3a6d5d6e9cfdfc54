"""From a resource and the measured genes to entities, and the interactions that cannot be tested."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rs
from .._validate import one_of
from ..core.problem import Entities

if TYPE_CHECKING:
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
    found, aliases = _found(resource, frame, var_names)
    kinds = frame["kind"] if "kind" in frame else pd.Series("protein", index=frame.index)
    untested, kept, members = [], [], []
    for i, (name, ligand, receptor, kind) in enumerate(
        zip(frame["interaction"], frame["ligand"], frame["receptor"], kinds, strict=True)
    ):
        sides = ligand.split("_"), receptor.split("_")
        reason = _reason(sides, kind, found, ignore=missing_subunits == "ignore")
        if reason is None:
            kept.append(i)
            members.append(tuple(tuple(found[g] for g in side if g in found) for side in sides))
        else:
            untested.append((name, *reason))
    if not kept:
        raise ValueError(_nothing_found(resource, frame, var_names))
    return _numbered(frame.iloc[kept].reset_index(drop=True), members, found=found, untested=untested, aliases=aliases)


def _found(resource: rs.Resource, frame: pd.DataFrame, var_names: pd.Index) -> tuple[dict[str, int], dict[str, str]]:
    """Position in ``var_names`` of every measured gene, and the old names under which some were found."""
    genes = sorted({g for column in ("ligand", "receptor") for e in frame[column] for g in e.split("_")})
    matched = resource.match(var_names, genes=genes)
    matched = matched[matched["how"].isin(("symbol", "alias"))]
    at = var_names.get_indexer(pd.Index(matched["found_as"]))
    found = {g: int(i) for g, i in zip(matched["gene"], at, strict=True)}
    old = matched[matched["how"] == "alias"]
    return found, dict(zip(old["gene"], old["found_as"], strict=True))


def _reason(
    sides: tuple[list[str], list[str]], kind: str, found: dict[str, int], *, ignore: bool
) -> tuple[str, str] | None:
    """Why these two sides cannot be measured, or None."""
    beyond = [g for side in sides for g in side if g.startswith("met:")]
    if beyond or kind == "rna":
        what = f"{', '.join(beyond)}: not a transcript" if beyond else "microRNA: not measured by mRNA counts"
        return "not measurable in RNA", what
    for role, side in zip(("ligand", "receptor"), sides, strict=True):
        missing = [g for g in side if g not in found]
        if len(missing) == len(side):
            return "gene missing", f"{role} {', '.join(missing)} not in var_names"
        if missing and not ignore:
            return "subunit missing", f"{role} {'_'.join(side)} lacks {', '.join(missing)} in var_names"
    return None


def _numbered(
    frame: pd.DataFrame,
    members: list[tuple[tuple[int, ...], ...]],
    *,
    found: dict[str, int],
    untested: list[tuple[str, str, str]],
    aliases: dict[str, str],
) -> Testable:
    used = sorted({g for pair in members for side in pair for g in side})
    number = {g: i for i, g in enumerate(used)}
    entity_of = {side: i for i, side in enumerate(sorted({side for pair in members for side in pair}))}
    entities = Entities.of([[number[g] for g in side] for side in entity_of])
    columns = np.asarray(used, np.int64)
    symbol_at = {i: g for g, i in found.items()}
    return Testable(
        frame,
        entities,
        np.asarray([entity_of[left] for left, _ in members], np.int64),
        np.asarray([entity_of[right] for _, right in members], np.int64),
        columns,
        np.asarray([symbol_at[i] for i in used], object),
        untested,
        aliases,
    )


def _nothing_found(resource: rs.Resource, frame: pd.DataFrame, var_names: pd.Index) -> str:
    some = [str(v) for v in var_names[:200]]
    shown = ", ".join(some[:3])
    hint = "check that var_names are gene symbols"
    if sum(bool(re.match(r"ENS[A-Z]*G\d{6,}", v)) for v in some) > len(some) / 2:
        hint = (
            "var_names are Ensembl ids; put gene symbols there, for example "
            "adata.var_names = adata.var['gene_symbols'].astype(str); adata.var_names_make_unique()"
        )
    elif {v.upper() for v in map(str, var_names)} & {g.upper() for e in frame["ligand"] for g in e.split("_")}:
        hint = _other_species(resource, some)
    what = f"no interaction of resource {resource.name!r} ({resource.species})"
    return f"{what} has its genes in var_names (first ones: {shown}); {hint}"


def _other_species(resource: rs.Resource, names: list[str]) -> str:
    """Say which species the names look like, where they differ from those of the resource by their case only."""
    letters = [v for v in names if len(v) > 1 and v[0].isalpha()]
    looks = "mouse" if sum(v[0].isupper() and not v[1:].isupper() for v in letters) > len(letters) / 2 else "human"
    if looks == resource.species:
        return "var_names differ from symbols by upper and lower case only; write them as symbols"
    if looks == "mouse":
        return "var_names look like mouse symbols; use resource=cs.rs.load(...).to_species('mouse')"
    return "var_names look like human symbols; use the human resource, without to_species('mouse')"
