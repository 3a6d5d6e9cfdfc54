"""Both sides of every edge in every sample, on the log2 scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._names import distinct
from ..core.log_rates import log_cpm
from .production import claims

if TYPE_CHECKING:
    from ..arrays import Ints
    from .comparison import ComparisonData


def sample_sides(prepared: ComparisonData, *, min_cells: int, expr_prop: float, min_samples: int) -> dict[str, Any]:
    """Return both summands of every edge that passes (samples × edges), and what the edges are."""
    entities = prepared.interactions.entities
    starts, genes = entities.indptr[:-1], entities.genes
    value = np.minimum.reduceat(log_cpm(prepared.bulk, min_cells=min_cells)[:, :, genes], starts, axis=2)
    prop = np.minimum.reduceat(prepared.bulk.prop[:, :, genes], starts, axis=2)
    expressed = np.isfinite(value) & (prop >= expr_prop)
    n_groups, interactions = len(prepared.study.groups), prepared.interactions
    edges: list[Ints] = []
    for source in range(n_groups):
        for target in range(n_groups):
            both = expressed[:, source][:, interactions.ligand] & expressed[:, target][:, interactions.receptor]
            which = np.flatnonzero(both.sum(axis=0) >= min_samples)
            edges.append(np.stack([np.full(which.size, source), np.full(which.size, target), which]))
    source, target, which = np.concatenate(edges, axis=1)
    if which.size == 0:
        msg = (
            f"no edge has both sides expressed by expr_prop={expr_prop:g} of the cells in {min_samples} samples; "
            "lower expr_prop, min_samples or min_cells"
        )
        raise ValueError(msg)
    ligand, receptor = value[:, source, interactions.ligand[which]], value[:, target, interactions.receptor[which]]
    # an edge needs both sides: where one is missing so is the other
    gone = np.isnan(ligand) | np.isnan(receptor)
    ligand[gone], receptor[gone] = np.nan, np.nan
    var = _var(prepared, source, target, which=which)
    var["n_samples"] = (~gone).sum(axis=0)
    consumed = np.where(gone, np.nan, prepared.consumed()[:, source, which])
    claim = claims(var["ligand_complex"])
    return {"ligand": ligand, "receptor": receptor, "var": var, "consumed": consumed, "claim": claim}


def _var(prepared: ComparisonData, source: Ints, target: Ints, *, which: Ints) -> pd.DataFrame:
    groups = list(prepared.study.groups)
    facts = prepared.interactions.frame.iloc[which]
    columns = {"interaction": "interaction", "ligand_complex": "ligand", "receptor_complex": "receptor", "mode": "mode"}
    frame = pd.DataFrame(
        {"source": pd.Categorical.from_codes(source, groups), "target": pd.Categorical.from_codes(target, groups)}
        | {name: pd.Categorical(facts[column].astype(str)) for name, column in columns.items()}
    )
    parts = zip(*(frame[c].astype(str) for c in ("source", "target", "interaction")), strict=True)
    frame.index = pd.Index(distinct(map("|".join, parts)), dtype=object)
    return frame
