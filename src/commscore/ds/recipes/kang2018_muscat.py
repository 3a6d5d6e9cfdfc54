"""Kang et al. 2018: two donors, control and IFN-beta, as in the package muscat, with published labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ._parts import assembled, experiment_parts, r_objects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 1556 cells of 2 donors × 2 conditions."""
    counts, cells, genes = experiment_parts(r_objects(files["example_sce.rda"])["example_sce"])
    samples = cells["sample_id"].astype(str)
    obs = pd.DataFrame(
        {
            "cell_type": cells["cluster_id"],
            "condition": cells["group_id"],
            "sample": samples,
            "patient": samples.str.removeprefix("ctrl").str.removeprefix("stim"),
        }
    )
    return assembled(counts, obs, genes)
