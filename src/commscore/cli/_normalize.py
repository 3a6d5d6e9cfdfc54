"""``--normalize``."""

from __future__ import annotations

from typing import Any

from ._run import say


def normalize(adata: Any, *, keep_counts: bool) -> None:
    """Normalise raw counts to 10,000 per cell and take log1p; keep the counts as a layer if they are wanted."""
    import scanpy as sc

    values = adata.X.data if hasattr(adata.X, "indptr") else adata.X
    if (values % 1 != 0).any():
        msg = (
            "--normalize takes raw counts, but adata.X holds fractions: it seems to be normalised already; leave it out"
        )
        raise ValueError(msg)
    say("normalising counts to 10,000 per cell, log1p")
    if keep_counts and "counts" not in adata.layers:
        adata.layers["counts"] = adata.X.copy()  # commands that compare samples need them
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
