"""What can be planted in a tissue: one part of one edge."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from commscore import _validate
from commscore.check import check_fields

from . import _check
from ._shifts import Pair, pair

PARTS = ("coordination", "proximity", "ligand", "receptor", "ligand_near", "receptor_near")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TissueEffect:
    """One planted part of one edge in a simulated tissue.

    Parameters
    ----------
    source, target
        Sending and receiving group.
    interaction
        ``(ligand, receptor)`` or ``"LIGAND^RECEPTOR"``; one of the simulated interactions. Not needed for
        ``"proximity"``.
    part
        ``"coordination"``: the receptor of the target follows the ligand that arrives from the source: its mean count
        is multiplied by exp(strength · z), z in standard deviations among the target's cells of the sample, cut at ±3.
        ``"proximity"``: where the target lies follows where the source lies; ``strength`` is the correlation, −1 to 1,
        of the two groups' density fields. ``"ligand"``, ``"receptor"``: log2 change of the mean in all cells of the
        source, or target. ``"ligand_near"``, ``"receptor_near"``: the same in those that have more cells of the other
        group within ``coupling_range`` than the median one.
    strength
        A number other than 0.
    condition
        The condition that has it; all of them if None.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.ds.TissueEffect(interaction="CXCL12^CXCR4", source="CAF", target="T cell").part
    'coordination'
    """

    source: str
    target: str
    interaction: Pair | None = None
    part: str = "coordination"
    strength: float = 0.3
    condition: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        _validate.one_of("part", self.part, PARTS)
        if self.strength == 0:
            msg = f"strength must not be zero, found {self.strength!r}"
            raise ValueError(msg)
        if self.part == "proximity":
            if abs(self.strength) > 1:
                msg = f"strength of part='proximity' is a correlation, -1 to 1, found {self.strength!r}"
                raise ValueError(msg)
            if self.source == self.target:
                msg = "part='proximity' needs two groups; a group is near itself by cluster_range"
                raise ValueError(msg)
        elif self.interaction is None:
            msg = f"part={self.part!r} needs an interaction"
            raise ValueError(msg)
        if self.interaction is not None:
            pair("interaction", self.interaction)


def parse(
    effects: Any, *, pairs: Sequence[tuple[str, str]], groups: Iterable[str], conditions: Sequence[str]
) -> tuple[TissueEffect, ...]:
    """Check every effect against the tissue and return them with the interaction as a pair."""
    complete = []
    for i, entry in enumerate(effects):
        where = f"effects[{i}]"
        effect = TissueEffect(**entry) if isinstance(entry, Mapping) else entry
        if not isinstance(effect, TissueEffect):
            msg = f"{where} must be a TissueEffect or a dict of its fields, found {_validate.shown(entry)}"
            raise TypeError(msg)
        for side in ("source", "target"):
            _check.member(f"{where}.{side}", getattr(effect, side), groups, what="a group")
        if effect.condition is not None:
            _check.member(f"{where}.condition", effect.condition, conditions, what="a condition")
        if effect.interaction is not None:
            molecules = pair(f"{where}.interaction", effect.interaction)
            names = [f"{a}^{b}" for a, b in pairs]
            _check.member(f"{where}.interaction", "^".join(molecules), names, what="a simulated interaction")
            effect = dataclasses.replace(effect, interaction=molecules)
        complete.append(effect)
    return tuple(complete)
