"""What is known of molecules, for the pairs of them of which nothing is said."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from commscore.tables.resource import BASES

from ._families import family_facts
from ._match import subunits

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt
    import pandas as pd

COLUMN = "carried"
"""Column of a merged resource: which of its cells follow from the molecules and not from the pair."""
FILLED = {"mode": "unknown", "effect": "unknown", "pathway": ""}
"""Columns that are filled, and what they hold where nobody says."""
_NOTED = ("mode", "effect")
"""Those of them that sources may say of the pair; every pathway follows from molecules."""

_NEEDS_BOTH = ("gap_junction", "junctional_adhesion", "checkpoint")
"""Ways of cells that touch which take a certain partner; with another one, it is contact."""
_SOLUBLE = frozenset({"paracrine", "autocrine"})


def with_carried(interactions: pd.DataFrame, species: str) -> pd.DataFrame:
    """Fill mode, effect and pathway of pairs on lists where they are unknown, and note the first two in :data:`COLUMN`.

    What the rules about families say comes first; then, for the mode, what the other
    pairs of the ligand agree on.
    """
    values = {name: interactions[name].to_numpy(object).copy() for name in FILLED}
    on_list = (interactions["basis"] == "listed").to_numpy()
    unknown = {name: on_list & (values[name] == word) for name, word in FILLED.items()}
    rows = np.logical_or.reduce(list(unknown.values()))
    facts = family_facts(interactions.loc[rows, ["ligand", "receptor"]], species=species)
    for name in FILLED:
        said = np.where(unknown[name][rows], facts[name].to_numpy(object), "")
        values[name][rows] = np.where(said != "", said, values[name][rows])
    still = values["mode"] == "unknown"
    if (still & on_list).any():
        values["mode"] = np.where(still & on_list, _agreed_modes(interactions), values["mode"])
    filled = {name: unknown[name] & (values[name] != word) for name, word in FILLED.items()}
    notes = [";".join(name for name in _NOTED if filled[name][i]) for i in range(len(interactions))]
    return interactions.assign(**values, **({COLUMN: notes} if any(notes) else {}))


def is_carried(interactions: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    """Tell the interactions in which a column was filled by :func:`with_carried`."""
    if COLUMN not in interactions:
        return np.zeros(len(interactions), bool)
    return np.array([name in cell.split(";") for cell in interactions[COLUMN]], bool)


def _agreed_modes(interactions: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the mode of the ligand in its other pairs, or ``unknown`` where these differ."""
    of_ligand, of_receptor = (_KnownModes(interactions, side) for side in ("ligand", "receptor"))
    pairs = zip(interactions["ligand"], interactions["receptor"], strict=True)
    return np.array([_mode(of_ligand(ligand), of_receptor(receptor)) for ligand, receptor in pairs], object)


def _mode(of_ligand: set[str], of_receptor: set[str]) -> str:
    if of_ligand and of_ligand <= _SOLUBLE:
        return "paracrine"
    mode = next(iter(of_ligand)) if len(of_ligand) == 1 else "unknown"
    return "contact" if mode in _NEEDS_BOTH and mode not in of_receptor else mode


class _KnownModes:
    """Modes of molecules, or else of their subunits, in the best founded pairs that say one."""

    def __init__(self, interactions: pd.DataFrame, side: str) -> None:
        known = interactions[interactions["mode"] != "unknown"]
        rows = list(zip(known[side], known["basis"], known["mode"], strict=True))
        self._by_name = _best(rows)
        self._by_gene = _best((gene, basis, mode) for name, basis, mode in rows for gene in subunits(name))

    def __call__(self, molecule: str) -> set[str]:
        if molecule in self._by_name:
            return self._by_name[molecule]
        return set().union(*(self._by_gene.get(gene, ()) for gene in subunits(molecule)))


def _best(rows: Iterable[tuple[str, str, str]]) -> dict[str, set[str]]:
    by_basis: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, basis, mode in rows:
        by_basis[name][BASES.index(basis)].add(mode)
    return {name: modes[min(modes)] for name, modes in by_basis.items()}
