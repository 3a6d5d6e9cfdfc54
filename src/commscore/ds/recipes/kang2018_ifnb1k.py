"""Kang et al. 2018: a subset with published labels, as in the package seuratTools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ._parts import assembled, r_objects, seen_genes, seurat_parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 832 control and stimulated cells."""
    counts, cells, genes = seurat_parts(r_objects(files["ifnb1k.rda"])["ifnb1k"])
    obs = pd.DataFrame(
        {
            "cell_type": cells["seurat_annotations"],
            "condition": cells["stim"].str.lower(),
            "sample": cells["orig.ident"],
        }
    )
    return seen_genes(assembled(counts, obs, genes))
