"""Molecules that no gene encodes, by the genes that make them: steps as virtual genes, molecules as complexes of steps.

A virtual gene is the sum of its alternatives in every cell. Its name, alternatives joined by ``+``, says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._validate import one_of
from ..rs._match import METABOLITE
from ..rs._production import consumers_of, origin_of, steps_of
from ..tables.production import CLAIM_TEXT
from .counts import holds_counts
from .coverage import genes_in_data
from .expression import refuse_counts
from .scale import warn_of_base

if TYPE_CHECKING:
    from ..arrays import Floats
    from ..rs import Resource
    from .expression import Expression

MOLECULES = ("none", "production")
PLUS = "+"
_DEFINES = "="


@dataclass(frozen=True)
class Production:
    """How molecules are measured by the genes that make them; empty where they are not.

    Attributes
    ----------
    complexes
        Molecule → its steps as one complex: alternatives of a step joined by ``+``, steps by ``_``.
    consumed
        Molecule → the genes that break it down, joined by ``+``.
    origin
        Molecule → where it is produced.
    aliases
        Gene → the name under which the data have it, where that is another.
    is_asked
        Whether molecules are measured at all.
    """

    complexes: Mapping[str, str] = field(default_factory=dict)
    consumed: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    is_asked: bool = False

    @property
    def recorded(self) -> dict[str, Any]:
        """What ``params`` keep: how every molecule was measured."""
        complexes = [f"{molecule}{_DEFINES}{steps}" for molecule, steps in self.complexes.items()]
        return {"molecules": MOLECULES[self.is_asked], "produced": np.asarray(complexes, object)}

    def why_not(self, molecules: list[str]) -> str:
        """Say why these are not measured."""
        names = ", ".join(molecules)
        external = [m for m in molecules if self.origin.get(m) == "external"]
        if external:
            return f"{names}: not a transcript; no gene makes {', '.join(external)}, which comes from outside the body"
        if self.is_asked:
            return f"{names}: not a transcript; the resource names no gene that makes it"
        has_steps = all(m in self.origin for m in molecules)
        hint = f"; molecules={MOLECULES[1]!r} takes the genes that make it" if has_steps else ""
        return f"{names}: not a transcript{hint}"


def read_production(
    expression: Expression, resource: Resource, molecules: str, *, is_log: bool
) -> tuple[Expression, Production]:
    """Add the virtual genes of the molecules of a resource to what is read, and say what they stand for.

    Alternatives that the data lack are left out of their step; a step without any stays, and is missing.

    Raises
    ------
    ValueError
        If values should be logarithms and are whole numbers, or ``molecules`` is none of the words.

    Warns
    -----
    UserWarning
        If the logarithms are of another base than e: alternatives would be added up wrongly.
    """
    one_of("molecules", molecules, MOLECULES)
    table = resource.molecules
    origin = origin_of(table)
    if molecules == MOLECULES[0]:
        return expression, Production(origin=origin)
    if is_log and holds_counts(expression.matrix):
        refuse_counts(expression.name)
    if is_log:
        warn_of_base(expression.matrix, expression.name)
    steps, consumers = steps_of(table), consumers_of(table)
    genes = sorted({g for m in steps.values() for s in m for g in s} | {g for c in consumers.values() for g in c})
    name_of = genes_in_data(resource, genes, expression.var_names)
    complexes = {m: "_".join(_virtual(s, name_of) for s in some) for m, some in steps.items()}
    consumed = {m: _virtual(c, name_of) for m, c in consumers.items() if any(g in name_of for g in c)}
    names = {name for steps_ in complexes.values() for name in steps_.split("_")} | set(consumed.values())
    virtual = {name: name.split(PLUS) for name in names if PLUS in name}
    sums = {name: [name_of[g] for g in genes] for name, genes in virtual.items() if set(genes) <= set(name_of)}
    aliases = {gene: name for gene, name in name_of.items() if gene != name}
    production = Production(complexes, consumed, origin, aliases, is_asked=True)
    return with_sums(expression, sums, is_log=is_log), production


def _virtual(alternatives: tuple[str, ...], name_of: Mapping[str, str]) -> str:
    """Name the measured alternatives, or all of them where none is."""
    return PLUS.join([g for g in alternatives if g in name_of] or alternatives)


def with_sums(expression: Expression, sums: Mapping[str, list[str]], *, is_log: bool) -> Expression:
    """Add virtual genes, each the sum of these variables."""
    at = {name: tuple(expression.var_names.get_indexer(members).tolist()) for name, members in sorted(sums.items())}
    return replace(expression, sum_names=tuple(at), sums=tuple(at.values()), is_log=is_log)


def with_sums_of(source: Expression, other: Expression) -> Expression:
    """Add the virtual genes of another matrix, as far as this one has their variables."""
    members = {name: other.var_names[list(at)].tolist() for name, at in zip(other.sum_names, other.sums, strict=True)}
    here = {name: genes for name, genes in members.items() if set(genes) <= set(source.var_names)}
    return with_sums(source, here, is_log=False)


def produced_in(params: Mapping[str, Any]) -> dict[str, str]:
    """Return how a stored result measured every molecule: its steps as one complex."""
    entries = np.asarray(params.get("produced", ()), object).ravel()
    return {molecule: steps for molecule, _, steps in (str(entry).partition(_DEFINES) for entry in entries)}


def with_stored_sums(expression: Expression, params: Mapping[str, Any]) -> Expression:
    """Add the virtual genes that a stored result was made with."""
    complexes = produced_in(params)
    aliases = dict(params.get("aliases") or {})
    sums = {}
    for name in {n for steps in complexes.values() for n in steps.split("_") if PLUS in n}:
        members = [str(aliases.get(g, g)) for g in name.split(PLUS)]
        if all(m in expression.var_names for m in members):
            sums[name] = members
    return with_sums(expression, sums, is_log=True)


def consumed_share(produced: Any, broken_down: Any) -> Floats:
    """Return consumers / (producers + consumers), 0 to 1; missing where both are zero, or consumers are not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Floats = np.asarray(broken_down / (produced + broken_down), np.float64)
    return share


def claims(ligands: pd.Series | pd.Categorical) -> pd.Categorical:
    """Say what the level of every ligand is, where that is no transcript's."""
    codes = pd.Series(ligands).astype(str).str.startswith(METABOLITE).to_numpy(np.int64)
    return pd.Categorical.from_codes(codes, ["", CLAIM_TEXT])
