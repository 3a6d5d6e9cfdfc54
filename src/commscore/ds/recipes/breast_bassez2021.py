"""Bassez et al. 2021: breast cancer before and during anti-PD1, the subset deposited with MultiNicheNet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._parts import assembled, experiment_parts, r_objects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad

COLUMNS = {"subType": "cell_type", "expansion_timepoint": "condition", "sample_id": "sample"}


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return the cells with the depositors' columns, three of them under the names used here."""
    counts, obs, genes = experiment_parts(r_objects(files["sce_subset_breastcancer.rds"]))
    return assembled(counts, obs.rename(columns=COLUMNS), genes)
