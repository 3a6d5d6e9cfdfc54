"""Expectations taken apart: one molecule, interaction, role or pathway of one contrast each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..._names import contrast_name
from ...study.role_names import FROM_BLOOD
from ...tables.roles import CIRCULATION
from ...tables.vocabulary import ExpectationLevel, ExpectedChange
from . import _contexts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from ...study.roles import AssignedRoles
    from ._contexts import Words

ANY = "any"
_NOT_RNA, _NO_TRANSCRIPT = "RNA cannot show it", " is no transcript"
GENES = (ExpectationLevel.LIGAND, ExpectationLevel.RECEPTOR, ExpectationLevel.GENE)
_ALIASES = {
    "hif1a": "hypoxia",
    "pi3kakt": "pi3k",
    "aktmtor": "pi3k",
    "akt": "pi3k",
    "erk": "mapk",
    "erk12": "mapk",
    "wntbcatenin": "wnt",
    "tnf": "tnfa",
    "oestrogen": "estrogen",
}


@dataclass
class ExpectedShift:
    """One thing to assess, and what was found; ``row`` is the expectation as the resource has it."""

    row: Mapping[str, Any]
    what: str
    ends: tuple[str, str] | None = None
    roles: tuple[str, ...] = ()
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    supplied: bool = False
    outcome: dict[str, float] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """Level of the expectation."""
        return str(self.row["level"])

    @property
    def contrast(self) -> str:
        """Name of the contrast, empty if no level stands for the contexts."""
        return contrast_name(self.ends[1], self.ends[0]) if self.ends else ""

    @property
    def open(self) -> bool:
        """Whether nothing is known yet that forbids to assess it."""
        return not self.reason


def items(
    expectations: pd.DataFrame, levels: Mapping[str, Words], *, supplied: Collection[str] = ()
) -> list[ExpectedShift]:
    """Take every expectation apart; what cannot be assessed by its nature says so.

    ``supplied`` are molecules whose level is known beside RNA.
    """
    parts = []
    for row in expectations.to_dict("records"):
        pairs, why = _contexts.pairs(row["from_context"], row["to_context"], levels)
        every: list[tuple[str, str] | None] = [*pairs] or [None]
        for what in [w.strip() for w in row["what"].split(";") if w.strip()]:
            for ends in every:
                item = ExpectedShift(row, what, ends, _roles(row, what), why)
                why_not = _by_nature(row, what)
                item.supplied = why_not.endswith((_NOT_RNA, _NO_TRANSCRIPT)) and _is_supplied(item, supplied)
                item.reason = item.reason or ("" if item.supplied else why_not)
                parts.append(item)
    return parts


def _roles(row: Mapping[str, Any], what: str) -> tuple[str, ...]:
    """Roles in which it is measured: sender and receiver of an interaction, else one."""
    if row["level"] == ExpectationLevel.INTERACTION:
        return row["sender"] or ANY, row["receiver"] or ANY
    if row["level"] == ExpectationLevel.COMPOSITION:
        return (what,)
    side = {"ligand": "sender", "receptor": "receiver"}.get(row["level"])
    return (row["role"] or (row[side] if side else "") or ANY,)


def _is_supplied(item: ExpectedShift, supplied: Collection[str]) -> bool:
    """Whether a supplied level, beside the receptor of an interaction, can show an increase or a decrease."""
    if item.row["change"] in (ExpectedChange.NON_MONOTONE, ExpectedChange.SWITCH):
        return False
    if item.level == ExpectationLevel.PATHWAY:
        return False
    ligand, _, receptor = item.what.partition("^")
    return ligand in supplied and "met:" not in receptor


def _by_nature(row: Mapping[str, Any], what: str) -> str:
    if row["rna"] == "no":
        return _NOT_RNA
    if row["change"] == ExpectedChange.NON_MONOTONE:
        return "a course over three or more contexts is expected, not a difference of two; see compare(order=)"
    if row["change"] == ExpectedChange.SWITCH and row["level"] != ExpectationLevel.INTERACTION:
        return "a switch of function is expected, which has no sign that an amount could show"
    if row["level"] in (*GENES, ExpectationLevel.INTERACTION) and "met:" in what:
        return f"{what}{_NO_TRANSCRIPT}"
    return ""


def settle_roles(item: ExpectedShift, assigned: AssignedRoles, *, supplied: Collection[str] = ()) -> None:
    """Note or refuse by what is known of the roles; a sender that sends with the blood may be supplied."""
    comes_with_blood = item.open and assigned.how.get(item.roles[0]) == CIRCULATION
    item.supplied = item.supplied or (comes_with_blood and _is_supplied(item, supplied))
    how = dict(zip(assigned.report["role"], assigned.report["how"].astype(str), strict=True))
    if item.supplied:
        item.notes.append("its level is that of supply")
    for role in dict.fromkeys(item.roles[1:] if item.supplied else item.roles):
        if role == ANY:
            item.notes.append("measured in all cells together, so the mix of cell types counts")
            continue
        groups = assigned.of(role)
        if not groups:
            item.reason = item.reason or (
                f"{role}: {FROM_BLOOD}; give its level with supply="
                if assigned.how.get(role) == CIRCULATION
                else f"no group of cells has the role {role!r}; give it with roles="
            )
        elif how.get(role) == "parent":
            if item.level == ExpectationLevel.COMPOSITION:
                item.reason = item.reason or f"role {role!r} is only part of {', '.join(groups)}; give it with roles="
            item.notes.append(f"role {role!r} is measured in the wider {', '.join(groups)}")


def normal(name: str) -> str:
    """Name of a pathway without spelling: lower case, Latin, letters and digits only."""
    text = name.lower().replace("κ", "k").replace("β", "b").replace("α", "a")
    text = re.sub(r"\b(signalling|signaling|pathway)\b", "", text)
    text = re.sub(r"[^a-z0-9]", "", text).replace("beta", "b").replace("alpha", "a").replace("kappa", "k")
    return _ALIASES.get(text, text)


def pathway_of(what: str, pathways: list[str]) -> str | None:
    """Return the source of the net that is meant, or None."""
    return {normal(p): p for p in pathways}.get(normal(what))
