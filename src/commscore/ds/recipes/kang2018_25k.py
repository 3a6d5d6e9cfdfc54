"""Kang et al. 2018: all 8 donors, control and IFN-beta, as deposited at Zenodo with published labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._parts import assembled, experiment_parts, r_objects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 24,673 cells of 8 donors × 2 conditions."""
    counts, obs, genes = experiment_parts(r_objects(files["kang_counts_25k.RDS"]))
    return assembled(counts, obs, genes)
