"""10x Xenium breast cancer: a random subset of cells with the cell types of the package scider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._parts import assembled, experiment_parts, r_objects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 10,000 cells without control features; ``obsm["spatial"]`` is in micrometres."""
    experiment = r_objects(files["xenium_bc_spe.rda"])["spe"]
    counts, cells, _ = experiment_parts(experiment)
    features = experiment.rowRanges.elementMetadata.listData
    keep = (features["Type"] == "Gene Expression") & (counts.getnnz(axis=0) > 0)
    obs = pd.DataFrame(
        {
            "cell_type": cells["cell_type"],
            "leiden": cells["leiden"].astype(int).astype(str),
            "sample": cells["sample_id"],
            "cell_area": cells["cell_area"],
            "nucleus_area": cells["nucleus_area"],
            "transcript_counts": cells["transcript_counts"].astype("int64"),
            "condition": "breast cancer",
        }
    )
    adata = assembled(counts[:, keep], obs, features["Symbol"][keep])
    adata.var["gene_id"] = features["ID"][keep].astype(object)
    adata.obsm["spatial"] = np.asarray(experiment.int_colData.listData["spatialCoords"], dtype="float32")
    return adata
