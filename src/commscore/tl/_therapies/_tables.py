"""Tables of one context: therapies, the edges they cut, what groups and circuits lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._names import write_names
from ...tables import therapies as schema
from ...tables.vocabulary import TherapyStatus
from ._cut import STATEMENTS, subunits

if TYPE_CHECKING:
    from ._cut import Cut


_ONLY_HLA = "it cuts antigen presentation (HLA to T-cell receptor) alone, which is left out of shares"


def agent_table(cut: Cut) -> pd.DataFrame:
    frame = cut.agents.drop(columns="cuts")
    frame = frame.assign(**{name: frame[name].map(write_names) for name in STATEMENTS if name != "cuts"})
    n, circuits = cut.edges.sum(axis=1), cut.steps["circuit"].astype(str).to_numpy()
    there = np.isfinite(cut.step_score)
    statuses = [_status(row, n_cut) for (_, row), n_cut in zip(cut.agents.iterrows(), n, strict=True)]
    frame["n_circuits"] = [np.unique(circuits[s & there]).size for s in cut.of_steps]
    frame["status"] = [status for status, _ in statuses]
    frame["reason"] = [_with_circuits(why, k) for (_, why), k in zip(statuses, frame["n_circuits"], strict=True)]
    only_hla = (n > 0) & ~(cut.edges & cut.counted).any(axis=1)
    frame.loc[only_hla, "reason"] = _ONLY_HLA
    frame["n_edges"] = n
    frame["share"] = np.where(only_hla, np.nan, [cut.lost(e) for e in cut.edges])
    frame["claim"] = schema.CAUTION
    return frame.sort_values(["share", "therapy"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _with_circuits(reason: str, n_circuits: int) -> str:
    return f"{reason}; it cuts steps of circuits: {n_circuits}" if reason and n_circuits else reason


def _status(agent: pd.Series, n_cut: int) -> tuple[TherapyStatus, str]:
    if n_cut:
        return TherapyStatus.CUTS, ""
    if agent["depletes"]:
        cells = ", ".join(agent["depletes"])
        return TherapyStatus.NO_EDGE, f"it removes cells of the role {cells}, which no group of the stored result takes"
    if not agent["targets"]:
        return TherapyStatus.NO_TARGET, "the reviews name no molecule that it acts on"
    if not agent["cuts"]:
        activates = set(agent["action"]) <= {"activates"}
        what = "raises" if activates else "acts in another way on"
        return (
            TherapyStatus.ACTIVATES if activates else TherapyStatus.NO_EDGE
        ), f"it {what} {', '.join(agent['targets'])}, which cuts no edge"
    targets = agent["cuts"]
    if all(t.startswith(("met:", "MIR")) for t in targets):
        return TherapyStatus.NOT_MEASURABLE_IN_RNA, f"{', '.join(targets)}: not in mRNA counts"
    return TherapyStatus.NO_EDGE, f"{', '.join(targets)}: neither ligand nor receptor of an edge of the stored result"


def edge_table(cut: Cut) -> pd.DataFrame:
    agent, edge = np.nonzero(cut.edges)
    frame = cut.table[["source", "target", "interaction"]].astype(str).iloc[edge].reset_index(drop=True)
    frame.insert(0, "therapy", cut.agents["therapy"].to_numpy()[agent])
    whole = cut.flow[cut.counted].sum()
    frame["flow"] = cut.flow[edge]
    frame["share"] = np.where(cut.counted[edge], cut.flow[edge] / whole, np.nan) if whole > 0 else np.nan
    targets = [set(t) for t in cut.agents["cuts"]]
    ligands, receptors = subunits(cut.table["ligand_complex"]), subunits(cut.table["receptor_complex"])
    frame["side"] = [
        _side(targets[a], ligands[e], receptors[e], depletes=bool(cut.agents["depletes"].iloc[a]))
        for a, e in zip(agent, edge, strict=True)
    ]
    return frame


def _side(targets: set[str], ligand: set[str], receptor: set[str], *, depletes: bool) -> str:
    """Say by what an edge is cut; what is neither a side nor a cell makes or exports the ligand."""
    on = [name for name, side in (("ligand", ligand), ("receptor", receptor)) if targets & side]
    if on:
        return on[0] if len(on) == 1 else "both"
    return "cells" if depletes else "ligand"


def group_table(cut: Cut) -> pd.DataFrame:
    parts = []
    for direction, side in (("outgoing", "source"), ("incoming", "target")):
        names, code = np.unique(cut.table[side].astype(str), return_inverse=True)
        flow = cut.flow * cut.counted
        whole = np.bincount(code, weights=flow, minlength=names.size)
        for a in np.flatnonzero((cut.edges & cut.counted).any(axis=1)):
            lost = np.bincount(code, weights=flow * cut.edges[a], minlength=names.size)
            share = np.divide(lost, whole, out=np.full(names.size, np.nan), where=whole > 0)
            parts.append(
                pd.DataFrame(
                    {
                        "therapy": cut.agents["therapy"].iloc[a],
                        "group": names,
                        "direction": direction,
                        "flow": whole,
                        "share": share,
                    }
                )
            )
    columns = ["therapy", "group", "direction", "flow", "share"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def circuit_table(cut: Cut) -> pd.DataFrame:
    """Share of the steps of each circuit, and of the scores of measured ones, that a therapy cuts in this context."""
    rows = []
    measured = cut.steps["measured"].to_numpy(bool)
    circuit = cut.steps["circuit"].astype(str).to_numpy()
    there = np.isfinite(cut.step_score)
    for a in np.flatnonzero(cut.of_steps.any(axis=1)):
        for name in dict.fromkeys(circuit[cut.of_steps[a] & there]):
            inside = (circuit == name) & there
            hit = inside & cut.of_steps[a]
            whole = cut.step_score[inside].sum()
            rows.append(
                (
                    cut.agents["therapy"].iloc[a],
                    name,
                    int(inside.sum()),
                    int((inside & measured).sum()),
                    int(hit.sum()),
                    hit.sum() / inside.sum(),
                    float(cut.step_score[hit].sum() / whole) if whole > 0 else np.nan,
                    write_names(f"{s}: {x} → {y}" for s, x, y in cut.steps.loc[hit, ["step", "from", "to"]].to_numpy()),
                )
            )
    return pd.DataFrame(
        rows, columns=["therapy", "circuit", "n_steps", "n_measured", "n_cut", "share", "score_share", "steps"]
    )
