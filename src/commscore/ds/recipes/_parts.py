"""Steps that several recipes share."""

from __future__ import annotations

import warnings
from importlib import resources
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

if TYPE_CHECKING:
    from pathlib import Path


def our_table(name: str) -> pd.DataFrame:
    """Return the table of this project for a data set, indexed by its first column; all columns are text."""
    with resources.files(__package__).joinpath("tables", f"{name}.tsv.gz").open("rb") as handle:
        return pd.read_csv(handle, sep="\t", index_col=0, dtype=str, compression="gzip")


def assembled(counts: Any, obs: pd.DataFrame, genes: Any) -> ad.AnnData:
    """Return AnnData with float32 CSR counts; columns of text become categorical."""
    adata = ad.AnnData(
        sparse.csr_matrix(counts, dtype=np.float32),
        obs=obs.copy(),
        var=pd.DataFrame(index=pd.Index(np.asarray(genes, dtype=object).astype(str).astype(object))),
    )
    adata.obs_names = adata.obs_names.astype(object)
    for name, column in adata.obs.items():
        if not pd.api.types.is_numeric_dtype(column):
            adata.obs[name] = categories(column)
    return adata


def categories(values: Any) -> pd.Categorical:
    """Return text, whichever type of text R or pandas made of it, with sorted categories."""
    return pd.Categorical([str(value) for value in values])


def seen_genes(adata: ad.AnnData, *, n_cells: int = 1) -> ad.AnnData:
    """Return the data without the genes that are counted in fewer than ``n_cells`` cells."""
    return adata[:, adata.X.getnnz(axis=0) >= n_cells].copy()


def r_objects(path: Path) -> Any:
    """Return what a file of R holds: name -> object for ``.rda`` and ``.RData``, the object itself for ``.rds``."""
    import rdata

    with warnings.catch_warnings():
        # classes that rdata does not know become plain namespaces, which is what is read here
        warnings.simplefilter("ignore")
        return rdata.read_rds(path) if path.suffix.lower() == ".rds" else rdata.read_rda(path)


def transposed(matrix: Any) -> sparse.csr_matrix:
    """Return a ``dgCMatrix`` of genes × cells as cells × genes."""
    csc = sparse.csc_matrix((matrix.x, matrix.i, matrix.p), shape=tuple(matrix.Dim))
    return csc.T.tocsr()


def seurat_parts(seurat: Any) -> tuple[sparse.csr_matrix, pd.DataFrame, np.ndarray]:
    """Return counts (cells × genes), metadata of the cells and names of the genes of a Seurat object."""
    counts = seurat.assays["RNA"].counts
    obs = pd.DataFrame(vars(seurat)["meta.data"])
    return transposed(counts), obs, counts.Dimnames[0]


def experiment_parts(experiment: Any) -> tuple[sparse.csr_matrix, pd.DataFrame, np.ndarray]:
    """Return counts (cells × genes), ``colData`` and names of the genes of a SingleCellExperiment."""
    columns, counts = experiment.colData, experiment.assays.data.listData["counts"]
    genes, cells = counts.Dimnames  # no names, where the experiment alone has them
    if not isinstance(genes, np.ndarray):
        genes = experiment.rowRanges.partitioning.NAMES
    if isinstance(columns.rownames, np.ndarray):
        cells = columns.rownames
    obs = pd.DataFrame({str(k): np.asarray(v) for k, v in columns.listData.items()}, index=cells.astype(str))
    return transposed(counts), obs, genes
