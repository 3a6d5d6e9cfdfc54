"""GSE128531: the first 300 cells of three patients and three healthy donors; our labels by clustering and markers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from scipy import sparse

from ._parts import assembled, our_table, seen_genes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad

SAMPLES = ("HC-1", "HC-2", "HC-3", "CTCL-5", "CTCL-6", "CTCL-8")


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 1800 cells of cutaneous T-cell lymphoma and healthy skin."""
    counts = {sample: pd.read_csv(files[f"{sample}.csv.gz"], index_col=0) for sample in SAMPLES}
    obs = pd.concat([_cells(sample, table.columns) for sample, table in counts.items()])
    table = our_table("skin_ctcl_gse128531").loc[obs.index]
    obs[["leiden", "cell_type"]] = table[["leiden", "cell_type"]]
    obs["cell_type_source"] = "Leiden + marker sets, this conversion"
    x = sparse.vstack([sparse.csr_matrix(table.to_numpy("float32").T) for table in counts.values()])
    return seen_genes(assembled(x, obs, counts["HC-1"].index), n_cells=3)


def _cells(sample: str, barcodes: pd.Index) -> pd.DataFrame:
    """Return the columns that the name of a sample gives; it stands before the barcode, which may come twice."""
    condition = "CTCL" if sample.startswith("CTCL") else "healthy_control"
    obs = pd.DataFrame({"sample": sample, "patient": sample, "condition": condition, "barcode": barcodes})
    return obs.set_axis([f"{sample}_{barcode}" for barcode in barcodes])
