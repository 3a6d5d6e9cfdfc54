"""Which edges and which steps of circuits each therapy cuts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._names import read_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from ...arrays import Bools, Floats
    from ...rs import Resource


STATEMENTS = ("class", "action", "targets", "reported", "cuts", "sources", "depletes")
_NO_CUT = ("activates", "other")
_MAKES = ("producer", "exporter")
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
    """Of the steps, in this context; NaN where a role has no cells, 0 where RNA cannot show the step."""

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


def makers_of(resource: Resource) -> dict[str, set[str]]:
    """Return the genes that make or export each molecule that no gene encodes."""
    frame = resource.molecules
    makes = frame[frame["role"].isin(_MAKES)]
    return {m: {g for gene in genes for g in gene.split("_")} for m, genes in makes.groupby("molecule")["gene"]}


@dataclass(frozen=True)
class TherapyReach:
    """How a therapy gets at an edge besides by its molecules: the makers of a ligand, and the cells of a role."""

    makers: Mapping[str, set[str]]
    groups: Mapping[str, set[str]]
    """Role → groups of cells that take it by their own names; a group of a wider role holds other cells, too."""

    def edges(self, agents: pd.DataFrame, table: pd.DataFrame) -> Bools:
        """Therapies × edges: a target is a subunit of a side, makes or exports the ligand, or the cells go."""
        ligands = table["interaction"].astype(str).str.split("^", regex=False).str[0]
        molecules = [
            a | b | self.makers.get(ligand, set())
            for a, b, ligand in zip(
                subunits(table["ligand_complex"]), subunits(table["receptor_complex"]), ligands, strict=True
            )
        ]
        ends = [set(pair) for pair in zip(table["source"].astype(str), table["target"].astype(str), strict=True)]
        depleted = [{g for role in roles for g in self.groups.get(role, ())} for roles in agents["depletes"]]
        return _meet(agents["cuts"], molecules) | _meet(depleted, ends)

    def steps(self, agents: pd.DataFrame, steps: pd.DataFrame) -> Bools:
        """Therapies × steps: a target is a gene of the step or of a gate on it, makes the ligand, or the role goes."""
        genes = [
            {gene for m in (a, b, *read_names(gates)) for gene in str(m).split("_")} | self.makers.get(a, set())
            for a, b, gates in zip(steps["from"], steps["to"], steps["gate_molecules"], strict=True)
        ]
        roles = [set(pair) for pair in zip(steps["source_role"], steps["target_role"], strict=True)]
        return _meet(agents["cuts"], genes) | _meet(agents["depletes"], roles)


def _meet(rows: Iterable[Iterable[str]], columns: list[set[str]]) -> Bools:
    """Return rows × columns: they share a name."""
    left = [set(row) for row in rows]
    return np.array([[bool(a & b) for b in columns] for a in left], bool).reshape(len(left), len(columns))
