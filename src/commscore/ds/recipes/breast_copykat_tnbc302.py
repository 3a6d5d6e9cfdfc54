"""Tumour cells of the CopyKAT example; our labels by clustering and markers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._parts import assembled, our_table, r_objects, seen_genes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 302 cells of one triple-negative tumour."""
    counts = r_objects(files["exp.rawdata.rda"])["exp.rawdata"].T
    obs = our_table("breast_copykat_tnbc302").loc[counts.index]
    obs["cell_type_source"] = "Leiden + marker sets, this conversion"
    obs[["subtype", "condition"]] = "TNBC"
    obs["sample"] = "copykat_TNBC"
    return seen_genes(assembled(counts.to_numpy(dtype="float32"), obs, counts.columns))
