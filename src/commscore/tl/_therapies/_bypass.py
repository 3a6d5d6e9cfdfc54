"""What remains beside an edge that a therapy cuts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools
    from ._cut import Cut


_BYPASS = ("same receptor", "same ligand", "same ligand family", "same circuit")


def family(symbol: str) -> str:
    """Stem of a symbol (VEGFA → VEGF, TGFB1 → TGFB, CXCL12 → CXCL); empty where fewer than three letters stay.

    Examples
    --------
    >>> family("VEGFA"), family("TGFB1"), family("IL6")
    ('VEGF', 'TGFB', '')
    """
    stem = re.sub(r"\d+[A-Z]?$", "", symbol)
    if stem == symbol and len(symbol) > 4:
        stem = re.sub(r"[A-D]$", "", symbol)
    return stem if len(stem) >= 3 else ""


def bypass_table(cut: Cut) -> pd.DataFrame:
    """List what still reaches the groups that lose an edge, by how it is related to that edge."""
    text = {c: cut.table[c].astype(str).to_numpy() for c in ("source", "target", "interaction")}
    ligand, receptor = (cut.table[c].astype(str).to_numpy() for c in ("ligand_complex", "receptor_complex"))
    stems = np.array([family(x.split("_")[0]) for x in ligand], object)
    sheds = (cut.table["mode"] == "shedding").to_numpy()
    circuits = _circuits_of(cut.steps)
    rows: dict[tuple[str, ...], tuple[float, float]] = {}
    for a in np.flatnonzero(cut.edges.any(axis=1)):
        left = ~cut.edges[a] & (cut.flow > 0)
        for e in np.flatnonzero(cut.edges[a]):
            near = left & (text["target"] == text["target"][e])
            related = {
                "same receptor": near & (receptor == receptor[e]),
                "same ligand": near & (ligand == ligand[e]) & ~sheds[e],
                "same ligand family": near & (stems == stems[e]) & (ligand != ligand[e]) & (stems != "") & ~sheds[e],
                "same circuit": near & _in_same(text["interaction"], int(e), circuits),
            }
            for how in _BYPASS:
                for f in np.flatnonzero(related[how]):
                    name = (
                        cut.agents["therapy"].iloc[a],
                        text["interaction"][e],
                        text["target"][e],
                        how,
                        text["interaction"][f],
                        text["source"][f],
                    )
                    before = rows.get(name, (0.0, 0.0))
                    rows[name] = (before[0] + float(cut.flow[e]), float(cut.flow[f]))
    columns = ["therapy", "cut", "target", "how", "remaining", "source"]
    frame = pd.DataFrame(list(rows), columns=columns)
    frame["cut_flow"] = [v[0] for v in rows.values()]
    frame["remaining_flow"] = [v[1] for v in rows.values()]
    order = frame.sort_values(["therapy", "remaining_flow"], ascending=[True, False], kind="stable")
    return order.reset_index(drop=True)


def _circuits_of(steps: pd.DataFrame) -> dict[str, set[str]]:
    circuits: dict[str, set[str]] = {}
    for circuit, a, b in zip(steps["circuit"].astype(str), steps["from"], steps["to"], strict=True):
        circuits.setdefault(f"{a}^{b}", set()).add(circuit)
    return circuits


def _in_same(interactions: npt.NDArray[np.object_], e: int, circuits: dict[str, set[str]]) -> Bools:
    own = circuits.get(interactions[e], set())
    if not own:
        return np.zeros(interactions.size, bool)
    other = {i for i in np.unique(interactions) if i != interactions[e] and circuits.get(i, set()) & own}
    return np.isin(interactions, list(other))
