"""Which edges and which steps of circuits each therapy cuts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._names import read_names

if TYPE_CHECKING:
    import pandas as pd

    from ...arrays import Bools, Floats
    from ...rs import Resource


STATEMENTS = ("class", "action", "targets", "reported", "cuts", "sources")
_NO_CUT = ("activates", "other")
_HLA, _TCR = re.compile(r"HLA-|H2-|B2[Mm]$"), re.compile(r"(?i)TR[ABGD]C\d?$|CD3[DEG]$|CD247$|CD4$|CD8[AB]1?$")


@dataclass(frozen=True)
class Cut:
    """Everything about one context: edges with their flow, and what each therapy cuts (therapies × edges)."""

    agents: pd.DataFrame
    table: pd.DataFrame
    flow: Floats
    edges: Bools
    counted: Bools
    """Of the edges: part of the shares; antigen presentation is not."""
    steps: pd.DataFrame
    of_steps: Bools
    step_score: Floats
    """Of the steps, in this context; NaN where a role has no cells."""

    def lost(self, edges: Any) -> float:
        """Share of the counted flow on these edges."""
        whole = self.flow[self.counted].sum()
        return float(self.flow[edges & self.counted].sum() / whole) if whole > 0 else np.nan


def agents_of(resource: Resource) -> pd.DataFrame:
    """One row per therapy: lists of what the reviews say of it; ``cuts`` are the targets of actions that cut."""
    frame = resource.therapies
    if frame.empty:
        msg = f"resource {resource.name!r} has no therapies; use resource='breast' or one made from it"
        raise ValueError(msg)

    frame = frame.assign(cuts=frame["targets"].where(~frame["action"].isin(_NO_CUT), ""))
    grouped = frame.rename(columns={"source": "sources"}).groupby("therapy", sort=True)
    lists = grouped[list(STATEMENTS)].agg(list)
    return lists.apply(lambda column: column.map(_different)).reset_index()


def _different(cells: list[Any]) -> list[str]:
    """Return what a therapy's cells in the tables of the resource hold, where ``;`` parts what stands in one cell."""
    return list(dict.fromkeys(p for cell in cells for p in str(cell).split(";") if p))


def presents_antigen(table: pd.DataFrame) -> Bools:
    """Find the edges from an HLA molecule to a T-cell receptor or its co-receptor, by mode or by their molecules."""
    by_mode = (table["mode"].astype(str) == "antigen_presentation").to_numpy(bool)
    sides = zip(subunits(table["ligand_complex"]), subunits(table["receptor_complex"]), strict=True)
    by_molecules = [any(map(_HLA.match, a)) and any(map(_TCR.match, b)) for a, b in sides]
    return np.asarray(by_mode | np.asarray(by_molecules, bool), np.bool_)


def subunits(names: pd.Series) -> list[set[str]]:
    return [set(str(n).split("_")) for n in names]


def edge_cuts(agents: pd.DataFrame, table: pd.DataFrame) -> Bools:
    """Therapies × edges: a target that is cut is a subunit of the ligand or the receptor."""
    sides = [a | b for a, b in zip(subunits(table["ligand_complex"]), subunits(table["receptor_complex"]), strict=True)]
    targets = [set(t) for t in agents["cuts"]]
    return np.array([[bool(t & s) for s in sides] for t in targets], bool).reshape(len(targets), len(sides))


def step_cuts(agents: pd.DataFrame, steps: pd.DataFrame) -> Bools:
    """Therapies × steps: a target is a gene of the step, or of a gate that releases its ligand."""
    genes = [
        {gene for molecule in (a, b, *read_names(gates)) for gene in str(molecule).split("_")}
        for a, b, gates in zip(steps["from"], steps["to"], steps["gate_molecules"], strict=True)
    ]
    targets = [set(t) for t in agents["cuts"]]
    return np.array([[bool(t & g) for g in genes] for t in targets], bool).reshape(len(targets), len(genes))
