"""Wu et al. 2021: patient CID4465 of the breast atlas, with the authors' labels at three levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ._parts import assembled, experiment_parts, r_objects, seen_genes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 1564 cells of one triple-negative tumour."""
    experiment = r_objects(files["single_cell_data_2.RData"])["single_cell_data_2"]
    counts, cells, genes = experiment_parts(experiment)
    obs = pd.DataFrame(
        {
            "cell_type": cells["celltype_major"],
            "cell_type_minor": cells["celltype_minor"],
            "cell_type_subset": cells["celltype_subset"],
            "subtype": cells["subtype"],
            "condition": cells["subtype"],
            "stage": "primary",
            "patient": cells["orig.ident"],
            "sample": cells["orig.ident"],
            "percent_mito": cells["percent.mito"],
        }
    )
    return seen_genes(assembled(counts, obs, genes))
