"""From a resource and the measured genes to entities, and the interactions that cannot be tested."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rs
from .._validate import one_of
from ..arrays import Entities
from ..rs._derive import statement_levels
from .coverage import BEYOND_RNA, INDIRECT, INTERACTIONS, genes_in_data, nothing_found, warn_of_few

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays import Ints
    from .production import Production

_SIDES = ("ligand", "receptor")
MISSING_SUBUNITS = ("drop", "ignore")
_INDIRECT_DETAIL = "one changes the other without binding it; resource.filter(directness='indirect') scores these"


@dataclass(frozen=True)
class TestableInteractions:
    """Interactions whose genes are measured.

    ``frame`` has one row per interaction; ``ligand`` and ``receptor`` are its entities; ``columns`` are the
    positions of the genes in ``var_names`` and ``genes`` their symbols, in the numbering of
    ``entities.genes``; ``untested`` are rows (interaction, reason, detail); ``aliases`` maps a symbol to the
    name under which the data have it, where that is another: an old one, an Ensembl id, one with its genome.
    ``consumers`` are the numbers of the genes that break each ligand down, -1 where none is known, None where nobody
    asked. ``receptors`` are the entities of all receptors that were asked for beside those of the rows.
    """

    frame: pd.DataFrame
    entities: Entities
    ligand: Ints
    receptor: Ints
    columns: Ints
    genes: npt.NDArray[np.object_]
    untested: list[tuple[str, str, str]]
    aliases: dict[str, str]
    consumers: Ints | None = None
    receptors: Mapping[str, int] = field(default_factory=dict)

    @property
    def counted(self) -> dict[str, int]:
        """How many interactions the resource has, and how many have their genes in the data: for ``params``."""
        return {"n_interactions": len(self.frame) + len(self.untested), "n_testable": len(self.frame)}


def testable_interactions(
    resource: rs.Resource,
    var_names: pd.Index,
    *,
    missing_subunits: str,
    indirect: bool,
    production: Production | None,
) -> TestableInteractions:
    """Split the interactions into those whose genes are measured and those that are not, with the reason.

    Warns where the former are few. Unless ``indirect``, pairs that do not bind each other are not tested
    (:func:`_indirect_only`). Molecules that no gene encodes are measured as ``production`` says.
    """
    measured = _measured(
        resource, var_names, missing_subunits=missing_subunits, indirect=indirect, production=production
    )
    _refuse_none(measured, resource, var_names)
    return measured


def interactions_and_receptors(
    resource: rs.Resource, var_names: pd.Index, *, production: Production, ligands: Collection[str]
) -> TestableInteractions:
    """Split the interactions of a comparison, and read the receptors of ``ligands``, measured or not, too.

    With such receptors, no interaction need be measured.
    """
    measured = _measured(resource, var_names, missing_subunits="drop", indirect=True, production=production)
    if ligands:
        measured = _with_receptors(measured, resource, var_names, ligands=ligands)
    _refuse_none(measured, resource, var_names)
    return measured


def _refuse_none(measured: TestableInteractions, resource: rs.Resource, var_names: pd.Index) -> None:
    """Raise where nothing is measured, and warn where little is."""
    if measured.frame.empty and not measured.receptors:
        raise ValueError(nothing_found(resource, resource.interactions["ligand"], var_names))
    reasons = [reason for _, reason, _ in measured.untested]
    warn_of_few(resource, reasons, var_names, n=len(measured.frame), what=INTERACTIONS)


def _measured(
    resource: rs.Resource,
    var_names: pd.Index,
    *,
    missing_subunits: str,
    indirect: bool,
    production: Production | None,
) -> TestableInteractions:
    one_of("missing_subunits", missing_subunits, MISSING_SUBUNITS)
    frame = with_whole_genes(_interactions_of(resource), var_names)
    left_out = np.zeros(len(frame), bool) if indirect else _indirect_only(resource, frame)
    complexes = {} if production is None else production.complexes
    sides = [np.asarray([complexes.get(name, name) for name in frame[side]], object) for side in _SIDES]
    codes, names = pd.factorize(np.concatenate(sides))
    position_of, aliases = _locate_genes(resource, names, var_names)
    ignore = missing_subunits == "ignore"
    of_steps = set(complexes.values())  # a molecule without one of its steps is not made
    members = [_positions(name, position_of, ignore=ignore and name not in of_steps) for name in names]
    left, right = codes[: len(frame)], codes[len(frame) :]
    kinds = np.asarray(frame["kind"] if "kind" in frame else ["protein"] * len(frame), object)
    fine = np.array([bool(m) for m in members], bool)[codes].reshape(2, -1).all(axis=0) & (kinds != "rna") & ~left_out
    interactions = frame["interaction"].tolist()

    def reason(i: np.intp) -> tuple[str, str]:
        if left_out[i]:
            return INDIRECT, _INDIRECT_DETAIL
        sides = names[left[i]].split("_"), names[right[i]].split("_")
        beyond = [g for side in sides for g in side if g.startswith("met:")]
        if beyond and production is not None:
            return BEYOND_RNA, production.why_not(beyond)
        return _reason(sides, kinds[i], position_of, ignore=ignore and names[left[i]] not in of_steps)

    untested = [(interactions[i], *reason(i)) for i in np.flatnonzero(~fine)]
    return _numbered(
        frame[fine].reset_index(drop=True),
        members,
        sides=(left[fine], right[fine]),
        position_of=position_of,
        untested=untested,
        aliases=aliases,
    )


def with_consumers(interactions: TestableInteractions, production: Production, names: pd.Index) -> TestableInteractions:
    """Add the genes that break the ligands down to what is read; ``consumers`` numbers them, -1 where none is known."""
    if not production.is_asked:
        return interactions
    of = [production.consumed.get(ligand, "") for ligand in interactions.frame["ligand"]]
    number = {gene: i for i, gene in enumerate(interactions.genes)}
    at = names.get_indexer(list(dict.fromkeys(of)))
    place = dict(zip(dict.fromkeys(of), at.tolist(), strict=True))
    new = sorted({gene for gene in of if gene and place[gene] >= 0} - set(number))
    number |= {gene: len(number) + i for i, gene in enumerate(new)}
    return replace(
        interactions,
        columns=np.concatenate([interactions.columns, names.get_indexer(new)]).astype(np.int64),
        genes=np.concatenate([interactions.genes, np.asarray(new, object)]),
        consumers=np.asarray([number.get(gene, -1) if gene else -1 for gene in of], np.int64),
    )


def _with_receptors(
    interactions: TestableInteractions, resource: rs.Resource, names: pd.Index, *, ligands: Collection[str]
) -> TestableInteractions:
    """Add the receptors of these ligands to what is read, whether the ligands are measured or not."""
    frame = resource.interactions
    receptors = frame.loc[frame["ligand"].isin(ligands), "receptor"].unique()
    position_of, aliases = _locate_genes(resource, receptors, names)
    members = {r: at for r in receptors if (at := _positions(r, position_of, ignore=False))}
    symbol_at = {i: g for g, i in position_of.items()}
    number = {int(c): i for i, c in enumerate(interactions.columns)}
    new = sorted({c for at in members.values() for c in at} - set(number))
    number |= {c: len(number) + i for i, c in enumerate(new)}
    known = interactions.entities
    sets = [known.genes[a:b].tolist() for a, b in pairwise(known.indptr.tolist())]
    entity_of = {}
    for receptor, at in members.items():
        genes = [number[c] for c in at]
        sets += [] if genes in sets else [genes]
        entity_of[receptor] = sets.index(genes)
    return replace(
        interactions,
        entities=Entities.of(sets),
        columns=np.concatenate([interactions.columns, np.asarray(new, np.int64)]),
        genes=np.concatenate([interactions.genes, np.asarray([symbol_at[c] for c in new], object)]),
        aliases=interactions.aliases | {g: name for g, name in aliases.items() if position_of[g] in new},
        receptors=entity_of,
    )


def _interactions_of(resource: rs.Resource) -> pd.DataFrame:
    frame = resource.interactions
    if frame.empty:
        msg = f"resource {resource.name!r} ({resource.species}) has no interactions; a filter may have left none"
        raise ValueError(msg)
    return frame


def _indirect_only(resource: rs.Resource, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell the pairs of which one changes the other without binding it, unless a list has them as ligand and receptor.

    The shipped list is none such: rules tell which of its pairs do not bind. A resource of such pairs alone is one
    that was asked for: none of them is told.
    """
    indirect = np.asarray(frame["directness"] == "indirect", bool)
    if indirect.all():
        return np.zeros(len(frame), bool)
    evidence = resource.evidence
    listed = evidence.loc[np.asarray(statement_levels(evidence), object) == "listed", "interaction"]
    left_out: npt.NDArray[np.bool_] = indirect & ~np.asarray(frame["interaction"].isin(listed), bool)
    return left_out


def with_whole_genes(frame: pd.DataFrame, var_names: pd.Index) -> pd.DataFrame:
    """Write the ``_`` that belong to names of genes as ``-``: where subunits are no genes of the data, joined they are.

    In a resource ``_`` joins subunits. ``LOC_Os01g01010`` is one gene where the data have it and neither ``LOC`` nor
    ``Os01g01010``.
    """
    names = pd.unique(pd.concat([frame[side] for side in _SIDES]))
    whole = {name: gene for name in names if "_" in name and (gene := _as_whole_genes(name.split("_"), var_names))}
    if not whole:
        return frame
    sides = {side: frame[side].map(lambda name: whole.get(name, name)) for side in _SIDES}
    interaction = sides["ligand"] + "^" + sides["receptor"]
    changed = (sides["ligand"] != frame["ligand"]) | (sides["receptor"] != frame["receptor"])
    return frame.assign(**sides, interaction=frame["interaction"].where(~changed, interaction))


def _as_whole_genes(words: list[str], var_names: pd.Index) -> str:
    """Return the molecule of the genes that words make when joined, the longest first; nothing if they all stand alone.

    Nothing, too, where some are in no gene of the data.
    """
    if all(word in var_names for word in words):
        return ""
    genes, at = [], 0
    while at < len(words):
        ends = range(len(words), at, -1)
        end = next((end for end in ends if "_".join(words[at:end]) in var_names), None)
        if end is None:
            return ""
        genes.append("-".join(words[at:end]))
        at = end
    return "_".join(genes)


def _positions(name: str, position_of: dict[str, int], *, ignore: bool) -> tuple[int, ...]:
    """Positions of the subunits; none if they cannot be measured."""
    subunits = name.split("_")
    at = tuple(position_of[g] for g in subunits if g in position_of)
    if any(g.startswith("met:") for g in subunits) or (len(at) < len(subunits) and not ignore):
        return ()
    return at


def _locate_genes(
    resource: rs.Resource, names: npt.NDArray[np.object_], var_names: pd.Index
) -> tuple[dict[str, int], dict[str, str]]:
    """Position in ``var_names`` of every measured gene, and the old names by which some are called there."""
    genes = sorted({g for name in names for g in name.split("_")})
    found_as = genes_in_data(resource, genes, var_names)
    at = var_names.get_indexer(list(found_as.values()))
    position_of = {g: int(i) for g, i in zip(found_as, at, strict=True)}
    return position_of, {gene: name for gene, name in found_as.items() if gene != name}


def _reason(
    sides: tuple[list[str], list[str]], kind: str, position_of: dict[str, int], *, ignore: bool
) -> tuple[str, str]:
    """Why these two sides cannot be measured."""
    beyond = [g for side in sides for g in side if g.startswith("met:")]
    if beyond or kind == "rna":
        what = f"{', '.join(beyond)}: not a transcript" if beyond else "microRNA: not measured by mRNA counts"
        return BEYOND_RNA, what
    for role, side in zip(("ligand", "receptor"), sides, strict=True):
        missing = [g for g in side if g not in position_of]
        if len(missing) == len(side):
            return "gene missing", f"{role} {', '.join(missing)} not in var_names"
        if missing and not ignore:
            break
    return "subunit missing", f"{role} {'_'.join(side)} lacks {', '.join(missing)} in var_names"


def _numbered(
    frame: pd.DataFrame,
    members: list[tuple[int, ...]],
    *,
    sides: tuple[Ints, Ints],
    position_of: dict[str, int],
    untested: list[tuple[str, str, str]],
    aliases: dict[str, str],
) -> TestableInteractions:
    """Give genes and entities numbers; ``sides`` are positions of each interaction's sides in ``members``."""
    present = np.unique(np.concatenate(sides)).tolist()
    used = sorted({g for i in present for g in members[i]})
    number = {g: i for i, g in enumerate(used)}
    entity_of = {side: i for i, side in enumerate(sorted({members[i] for i in present}))}
    entities = Entities.of([[number[g] for g in side] for side in entity_of])
    entity = np.full(len(members), -1, np.int64)
    entity[present] = [entity_of[members[i]] for i in present]
    symbol_at = {i: g for g, i in position_of.items()}
    return TestableInteractions(
        frame,
        entities,
        entity[sides[0]],
        entity[sides[1]],
        np.asarray(used, np.int64),
        np.asarray([symbol_at[i] for i in used], object),
        untested,
        aliases,
    )
