"""What can be planted: a shift of one part of one edge, in one condition or along the stages."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np

from commscore import _validate
from commscore.check import Kind, check_fields, is_list, is_text
from commscore.tables.vocabulary import DriverName, ShapeName

from . import _check

if TYPE_CHECKING:
    from ...arrays import Floats

DRIVERS = tuple(word for word in DriverName.words() if word != DriverName.MIXED)
SHAPES = tuple(word for word in ShapeName.words() if word not in (ShapeName.FLAT, ShapeName.AMBIGUOUS))
Pair: TypeAlias = Annotated[
    tuple[str, str] | str, Kind("a string", is_text), Kind("a pair (ligand, receptor)", is_list)
]

_OPPOSITE = {"growth": "recession", "recession": "growth", "peak": "trough", "trough": "peak"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shift:
    """One planted change of one part of one edge.

    Parameters
    ----------
    interaction
        ``(ligand, receptor)`` or ``"LIGAND^RECEPTOR"``; one of the simulated interactions.
    source, target
        Sending and receiving group.
    driver
        What moves. ``"ligand"``: expression of every subunit of the ligand in the source.
        ``"receptor"``: expression of every subunit of the receptor in the target.
        ``"source_abundance"`` or ``"target_abundance"``: the weight of the group before the proportions
        are renormalised, so ``log2fc`` is the log2 change of its ratio to the groups that were not
        shifted, which is in the truth as ``d_source`` or ``d_target``.
    log2fc
        Amplitude, a non-zero number. Shifts of the same gene and group, or of the same group, add up.
    condition
        The condition that is shifted. May be left out with two conditions (the second one) and must be
        left out with ``shape``.
    shape
        How the effect follows the ordered conditions 0 … T−1, as multiples of ``log2fc``.
        ``"growth"``: t/(T−1). ``"recession"``: 1 − t/(T−1). ``"peak"``: 0 at the ends, 1 in the middle,
        linear between. ``"trough"``: 1 − peak. ``"early_switch"``: 0, then 1 from the second stage on.
        ``"late_switch"``: 1 at the last stage only. All but growth and recession need three stages. The first
        four want ``log2fc > 0``; a switch may go either way.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2).driver
    'ligand'
    """

    interaction: Pair
    source: str
    target: str
    driver: str = "ligand"
    log2fc: float = 1.0
    condition: str | None = None
    shape: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        _validate.one_of("driver", self.driver, DRIVERS)
        _validate.one_of("shape", self.shape, (None, *SHAPES))
        pair("interaction", self.interaction)
        if self.log2fc == 0:
            msg = f"log2fc must be finite and not zero, found {self.log2fc!r}"
            raise ValueError(msg)


def pair(argument: str, value: Any) -> tuple[str, str]:
    """Return ``(ligand, receptor)`` from a pair or from ``"LIGAND^RECEPTOR"``."""
    parts = value.split("^") if isinstance(value, str) else value
    if not isinstance(parts, Sequence) or len(parts) != 2:
        msg = f"{argument} must be (ligand, receptor) or 'LIGAND^RECEPTOR', found {value!r}"
        raise ValueError(msg)
    for side in parts:
        if not isinstance(side, str) or not all(side.split("_")):
            msg = f"{argument}: a molecule is a gene or subunits joined by '_', found {side!r} in {value!r}"
            raise ValueError(msg)
    return parts[0], parts[1]


def interactions(value: Any) -> tuple[tuple[str, str], ...]:
    """Return unique pairs from a sequence of pairs or a table with columns ``ligand`` and ``receptor``."""
    columns = getattr(value, "columns", None)
    if columns is not None:
        for column in ("ligand", "receptor"):
            _check.member("interactions", column, columns, what="a column of the table")
        value = list(zip(value["ligand"], value["receptor"], strict=True))
    if isinstance(value, str | bytes) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        msg = f"interactions must be a sequence of (ligand, receptor) or a table, found {value!r}"
        raise TypeError(msg)
    pairs = tuple(pair(f"interactions[{i}]", p) for i, p in enumerate(value))
    if not pairs:
        msg = "interactions is empty; give at least one (ligand, receptor)"
        raise ValueError(msg)
    _check.names("interactions", [f"{a}^{b}" for a, b in pairs])
    return pairs


def parse(
    shifts: Any, *, pairs: Sequence[tuple[str, str]], groups: Iterable[str], conditions: Sequence[str]
) -> tuple[Shift, ...]:
    """Check every shift and return them with the interaction as a pair and the condition filled in."""
    if isinstance(shifts, Shift | Mapping | str) or not isinstance(shifts, Iterable):
        msg = f"shifts must be a sequence of Shift or dict, found {type(shifts).__name__}; wrap one in a list"
        raise TypeError(msg)
    complete = []
    for i, entry in enumerate(shifts):
        where = f"shifts[{i}]"
        shift = _as_shift(where, entry)
        ligand, receptor = pair(f"{where}.interaction", shift.interaction)
        _check.member(
            f"{where}.interaction",
            f"{ligand}^{receptor}",
            [f"{a}^{b}" for a, b in pairs],
            what="a simulated interaction",
        )
        _check.member(f"{where}.source", shift.source, groups, what="a group")
        _check.member(f"{where}.target", shift.target, groups, what="a group")
        _validate.one_of(f"{where}.driver", shift.driver, DRIVERS)
        _amplitude(where, shift)
        condition = _when(where, shift, conditions)
        complete.append(dataclasses.replace(shift, interaction=(ligand, receptor), condition=condition))
    return tuple(complete)


def _as_shift(where: str, entry: Any) -> Shift:
    if isinstance(entry, Shift):
        return entry
    if not isinstance(entry, Mapping):
        msg = f"{where} must be a Shift or a dict of its fields, found {type(entry).__name__}"
        raise TypeError(msg)
    fields = [f.name for f in dataclasses.fields(Shift)]
    for key in entry:
        _check.member(where, key, fields, what="a field of Shift")
    missing = [f for f in ("interaction", "source", "target") if f not in entry]
    if missing:
        msg = f"{where} lacks {', '.join(map(repr, missing))}"
        raise ValueError(msg)
    try:
        return Shift(**entry)
    except (TypeError, ValueError) as error:
        msg = f"{where}.{error}"
        raise type(error)(msg) from error


def _amplitude(where: str, shift: Shift) -> None:
    value = shift.log2fc
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        msg = f"{where}.log2fc must be a number, found {value!r}"
        raise TypeError(msg)
    if not np.isfinite(float(value)) or value == 0:
        msg = f"{where}.log2fc must be finite and not zero, found {value!r}"
        raise ValueError(msg)
    if value < 0 and shift.shape in _OPPOSITE:
        other = _OPPOSITE[shift.shape]
        msg = f"{where}.log2fc={value!r} with shape={shift.shape!r} is shape={other!r}; use log2fc > 0"
        raise ValueError(msg)


def _when(where: str, shift: Shift, conditions: Sequence[str]) -> str | None:
    if len(conditions) < 2:
        msg = f"{where}: a shift needs at least two conditions, found {len(conditions)}"
        raise ValueError(msg)
    if shift.shape is not None:
        _validate.one_of(f"{where}.shape", shift.shape, SHAPES)
        if shift.condition is not None:
            msg = f"{where} names condition={shift.condition!r} and shape={shift.shape!r}; give one of them"
            raise ValueError(msg)
        if len(conditions) < 3 and shift.shape not in {"growth", "recession"}:
            msg = f"{where}.shape={shift.shape!r} needs at least three conditions, found {len(conditions)}"
            raise ValueError(msg)
        return None
    if shift.condition is not None:
        _check.member(f"{where}.condition", shift.condition, conditions, what="a condition")
        return shift.condition
    if len(conditions) > 2:
        msg = f"{where} needs condition= or shape=, because there are {len(conditions)} conditions"
        raise ValueError(msg)
    return conditions[1]


def shape_weights(shape: str, n_stages: int) -> Floats:
    """Return the multiples of the amplitude at each stage; see :class:`Shift`."""
    t = np.linspace(0.0, 1.0, n_stages)
    stage = np.arange(n_stages)
    hill = 1.0 - np.abs(2.0 * t - 1.0)
    peak = hill / hill.max() if hill.max() > 0 else hill
    weights: dict[str, Floats] = {
        "growth": t,
        "recession": 1.0 - t,
        "peak": peak,
        "trough": 1.0 - peak,
        "early_switch": (stage >= 1).astype(np.float64),
        "late_switch": (stage == n_stages - 1).astype(np.float64),
    }
    return weights[shape]


def effect(shift: Shift, conditions: Sequence[str]) -> Floats:
    """Return the planted log2 fold change in each condition, against no shift."""
    if shift.shape is not None:
        return float(shift.log2fc) * shape_weights(shift.shape, len(conditions))
    return float(shift.log2fc) * np.array([c == shift.condition for c in conditions], dtype=np.float64)
