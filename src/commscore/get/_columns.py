"""Columns of ``obs``, whatever holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData


def in_memory(adata: AnnData, key: str) -> pd.Series:
    """Return a column of ``obs`` as pandas has it; that of a lazily read object is read."""
    column: Any = adata.obs[key]
    if isinstance(column, pd.Series):
        return column
    values = column.data if hasattr(column, "data") else column
    return pd.Series(values.compute() if hasattr(values, "compute") else values, index=adata.obs_names, name=key)
