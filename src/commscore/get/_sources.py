"""What a stored result was made from: the key of another result, and whether that one is still the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData

    from ._result import Result


def fingerprint(table: pd.DataFrame) -> str:
    """Return a hash of the columns and values of a table: the same after saving and reading, and in any index."""
    digest = hashlib.sha256("\n".join(map(str, table.columns)).encode())
    for name in table.columns:
        column = table[name]
        values = column if column.dtype.kind in "biuf" else column.astype(object).where(column.notna(), None)
        digest.update(pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def made_from(sources: Mapping[str, Result]) -> dict[str, str]:
    """Return what a result keeps of those that it was made from: their keys, each with the hash of its table."""
    return {key: fingerprint(result.table) for key, result in sources.items()}


def keys_of_sources(params: Mapping[str, Any]) -> list[str]:
    """Return the keys of the results that a stored one was made from."""
    return [str(key) for key in params.get("made_from") or {}]


def changed_source(adata: AnnData, params: Mapping[str, Any]) -> str:
    """Say which source of a result is gone or was replaced since; nothing if all are as they were."""
    for source, digest in dict(params.get("made_from") or {}).items():
        stored = adata.uns.get(str(source))
        if stored is None or not hasattr(stored, "keys") or "table" not in stored:
            return f"it was made from {str(source)!r}, which is not stored here any more"
        if fingerprint(stored["table"]) != str(np.asarray(digest)):
            return f"it was made from another {str(source)!r} than the one that is stored now"
    return ""
