"""Real cells that need no network."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from commscore.check import checked


@checked
def pbmc() -> Any:
    """Return 700 peripheral blood cells that come with scanpy; no network, no labels of ours.

    The cells are ``scanpy.datasets.pbmc68k_reduced()``. Its ``X`` is scaled (z-scores down to −2) and cannot
    be scored; its ``raw`` holds the log-normalised expression, log1p of counts per cell brought to a common
    total over all genes, and that is ``X`` here. Only 765 variable genes were kept by scanpy, so that few
    interactions can be scored, and the counts per cell of these genes no longer sum to the common total.

    Returns
    -------
    anndata.AnnData
        700 cells × 765 genes. ``X``: float32 CSR, log1p scale, values >= 0 (0 to about 6.5). ``obs``: what
        scanpy has (``bulk_labels``, ``louvain``, ``n_counts``, …) and ``cell_type``, a categorical copy of
        ``bulk_labels``, which come with scanpy: ten types of 8 to 240 cells. ``obsm``: PCA and UMAP.
        ``uns["dataset"]``: title, source, DOI.

    Raises
    ------
    RuntimeError
        The installed scanpy ships other values than log1p ones.

    References
    ----------
    Zheng et al. 2017, Nature Communications 8:14049, doi:10.1038/ncomms14049.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> adata.shape, int(adata.obs["cell_type"].nunique())
    ((700, 765), 10)
    """
    import scanpy as sc

    with warnings.catch_warnings():
        # the file was written by an old anndata; its age is no concern of the caller
        warnings.simplefilter("ignore")
        adata = sc.datasets.pbmc68k_reduced().raw.to_adata()
    adata.X = adata.X.tocsr()
    _check_log1p(adata.X.data)
    adata.obs["cell_type"] = adata.obs["bulk_labels"].astype("category")
    adata.uns["dataset"] = {
        "name": "pbmc68k_reduced",
        "title": "Fresh 68k PBMC (donor A), 700 cells × 765 genes, as bundled with scanpy",
        "source": "scanpy.datasets.pbmc68k_reduced, .raw",
        "doi": "10.1038/ncomms14049",
        "X": "log1p of normalised counts",
        "labels": "bulk_labels come with scanpy; cell_type is a copy of them",
    }
    return adata


def _check_log1p(values: Any) -> None:
    """Raise unless the values can be log1p of normalised counts: finite, >= 0, small, not integers."""
    fine = np.isfinite(values).all() and values.min() >= 0 and values.max() < 20
    if not fine or (values == np.round(values)).all():
        msg = "scanpy.datasets.pbmc68k_reduced().raw is not log1p-normalised in this version of scanpy"
        raise RuntimeError(msg)
