"""What was planted, as tables that survive ``write_h5ad``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from . import _shifts
from ._model import members

if TYPE_CHECKING:
    from ...arrays import Bools, Floats
    from ._model import ExpressionModel


PARTS = ("d_source", "d_ligand", "d_target", "d_receptor")


def _text_index(table: Any) -> Any:
    """Give the table the text index that it would come back with from a file."""
    table.index = table.index.astype(str)
    return table


def molecule_levels(model: ExpressionModel, side: int) -> tuple[Floats, Bools]:
    """Return the expected level of the least subunit (T × K × I) and if all are expressed (K × I)."""
    column = {gene: j for j, gene in enumerate(model.genes)}
    sides = [[column[g] for g in members(pair[side])] for pair in model.interactions]
    level = np.stack([model.rate[:, :, j].min(axis=2) for j in sides], axis=2)
    high = np.stack([model.high[:, j].all(axis=1) for j in sides], axis=1)
    return level, high


def _changes(model: ExpressionModel) -> tuple[Floats, Floats, Floats]:
    """Return log2 changes against the first condition: ligand and receptor T × K × I, weight T × K."""
    ligand, receptor = (np.log2(molecule_levels(model, side)[0]) for side in (0, 1))
    abundance = np.log2(model.weight)
    return ligand - ligand[0], receptor - receptor[0], abundance - abundance[0]


def planted(model: ExpressionModel) -> Any:
    """One row per shift and condition after the first: what was asked for, and the parts it comes to."""
    ligand, receptor, abundance = _changes(model)
    index = {pair: i for i, pair in enumerate(model.interactions)}
    rows = []
    for shift in model.shifts:
        source, target = model.groups.index(shift.source), model.groups.index(shift.target)
        i = index[(shift.interaction[0], shift.interaction[1])]
        effect = _shifts.effect(shift, model.conditions)
        for t, condition in enumerate(model.conditions[1:], start=1):
            parts = (abundance[t, source], ligand[t, source, i], abundance[t, target], receptor[t, target, i])
            names = (
                shift.source,
                shift.target,
                shift.driver,
                shift.shape or "none",
                condition,
                model.conditions[0],
            )
            rows.append(("^".join(shift.interaction), *shift.interaction, *names, effect[t] - effect[0], *parts))
    text = ["interaction", "ligand", "receptor", "source", "target", "driver", "shape", "condition"]
    text.append("reference")
    table = pd.DataFrame(rows, columns=[*text, "log2fc", *PARTS])
    table = table.astype(dict.fromkeys(text, object) | dict.fromkeys(["log2fc", *PARTS], np.float64))
    table["d_flow"] = table[list(PARTS)].sum(axis=1)
    return _text_index(table)


def edges(model: ExpressionModel) -> Any:
    """Every edge whose ligand or receptor moved: planted, or sharing a gene with a planted one."""
    ligand, receptor, abundance = _changes(model)
    expressed = molecule_levels(model, 0)[1], molecule_levels(model, 1)[1]
    parts = []
    for t in range(1, len(model.conditions)):
        moved = (np.abs(ligand[t]) > 1e-9)[:, None, :] | (np.abs(receptor[t]) > 1e-9)[None, :, :]
        s, r, i = np.nonzero(moved)
        parts.append(
            pd.DataFrame(
                {
                    "condition": np.full(len(s), model.conditions[t], dtype=object),
                    "interaction": np.array(["^".join(p) for p in model.interactions], dtype=object)[i],
                    "source": np.array(model.groups, dtype=object)[s],
                    "target": np.array(model.groups, dtype=object)[r],
                    "d_source": abundance[t, s],
                    "d_ligand": ligand[t, s, i],
                    "d_target": abundance[t, r],
                    "d_receptor": receptor[t, r, i],
                    "expressed": expressed[0][s, i] & expressed[1][r, i],
                }
            )
        )
    if not parts:
        columns = ["condition", "interaction", "source", "target", *PARTS, "expressed"]
        return _text_index(pd.DataFrame({c: np.empty(0, dtype=object if c[:2] != "d_" else float) for c in columns}))
    table = pd.concat(parts, ignore_index=True)
    table.insert(8, "d_flow", table[list(PARTS)].sum(axis=1))
    return _text_index(table)
