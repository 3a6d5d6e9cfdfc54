"""Tabula Muris Senis liver: the example of the package scDiffCom, genes of ligands and receptors only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ._parts import assembled, r_objects, seurat_parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 468 cells of young and old mice."""
    objects = r_objects(files["seurat_sample_tms_liver.rda"])
    counts, cells, genes = seurat_parts(objects["seurat_sample_tms_liver"])
    age = cells["age_group"].astype(str)
    obs = pd.DataFrame(
        {
            "cell_type": cells["cell_type"],
            "cell_abbreviation": cells["cell_abbreviation"],
            "condition": age,
            "stage": age,
            "sex": cells["sex"],
            "tissue": cells["tissue"],
            "sample": age + "_" + cells["sex"].astype(str),
        }
    )
    return assembled(counts, obs, genes)
