"""Kang et al. 2018: control and IFN-beta cells of the package harmony; our labels, transferred from kang2018_ifnb1k."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from scipy import sparse

from ._parts import assembled, our_table, r_objects, transposed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 1000 control and 1000 stimulated cells."""
    matrices = r_objects(files["pbmc_stim.RData"])
    parts = {condition: matrices[f"pbmc.{condition}"] for condition in ("ctrl", "stim")}
    obs = pd.concat(
        [
            pd.DataFrame({"condition": condition, "barcode": part.Dimnames[1].astype(str), "sample": condition})
            for condition, part in parts.items()
        ]
    )
    obs.index = pd.Index((obs["condition"] + "_" + obs["barcode"]).to_numpy())
    table = our_table("kang2018_harmony2k").loc[obs.index]
    obs["cell_type"] = table["cell_type_fine"].str.replace(r"CD4 (Memory|Naive) T", "CD4 T", regex=True)
    obs["cell_type_fine"] = table["cell_type_fine"]
    obs["cell_type_confidence"] = table["cell_type_confidence"].map(float)
    obs["cell_type_source"] = "transferred from kang2018_ifnb1k"
    counts = sparse.vstack([transposed(part) for part in parts.values()])
    return assembled(counts, obs, parts["ctrl"].Dimnames[0])
