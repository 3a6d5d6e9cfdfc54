"""How far each mode of communication goes, and what positions cannot tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._validate import one_of
from ..core.space.neighbours import Reach
from ..tables.resource import MODES
from ..tables.spatial import BELOW_RESOLUTION, NOT_LOCAL

CONTACT, MATRIX, SECRETED = Reach("flat", 25.0), Reach("gaussian", 30.0), Reach("gaussian", 50.0)
REACH_OF_MODE = {
    "contact": CONTACT,
    "checkpoint": CONTACT,
    "antigen_presentation": CONTACT,
    "gap_junction": CONTACT,
    "junctional_adhesion": CONTACT,
    "ecm": MATRIX,
}
"""Conventions, in µm; all other modes, and those of users' tables, are secreted."""
_OWN_CELL = "autocrine: within one cell, so that positions tell nothing"
_FAR = "hormone: reaches the whole body through blood"
_NOWHERE = {"autocrine": _OWN_CELL, "hormone": _FAR}
_RING = 1.5  # pitches: a spot and those around it, of a square or a hexagonal grid


@dataclass(frozen=True)
class Refusal:
    """Why interactions of a mode are not tested in space."""

    reason: str
    detail: str


def reaches_of(
    modes: list[str], ranges: Mapping[str, float] | float | None, *, spot_pitch: float | None
) -> dict[str, Reach | Refusal]:
    """Return how far each mode goes, or why it is not tested; ``spot_pitch`` where data are spots."""
    if isinstance(ranges, Mapping):
        for mode in ranges:
            one_of("ranges", mode, tuple(dict.fromkeys([*MODES, *modes])))
    return {mode: _reach(mode, ranges, spot_pitch) for mode in dict.fromkeys(modes)}


def _reach(mode: str, ranges: Mapping[str, float] | float | None, spot_pitch: float | None) -> Reach | Refusal:
    if mode in _NOWHERE:
        return Refusal(NOT_LOCAL, _NOWHERE[mode])
    reach = REACH_OF_MODE.get(mode, SECRETED)
    if isinstance(ranges, Mapping):
        reach = Reach(reach.shape, float(ranges[mode])) if mode in ranges else reach
    elif ranges is not None:
        reach = Reach("gaussian", float(ranges))
    if spot_pitch is None:
        return reach
    if reach.shape == "flat":
        detail = f"{mode}: cells touch within {reach.um:g} µm, spots lie {spot_pitch:.3g} µm apart and hold many cells"
        return Refusal(BELOW_RESOLUTION, detail)
    if reach == MATRIX:
        return Reach("flat", _RING * spot_pitch)
    return Reach("gaussian", max(reach.um, spot_pitch))
