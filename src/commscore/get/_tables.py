"""Readers of stored tables, with the filters that everyone types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._arguments import checked
from .._validate import one_of, suggest
from ._store import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData


@checked
def table(
    adata: AnnData,
    key: str = "commscore",
    *,
    source: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    max_padj: float | None = None,
    min_score: float | None = None,
) -> pd.DataFrame:
    """Return a stored table, filtered.

    Parameters
    ----------
    adata
        Annotated data that a tool has written to.
    key
        Key in ``adata.uns``.
    source, target
        A group or several; others are left out.
    max_padj
        Keep rows with an adjusted p-value of at most this (rows without one are left out).
    min_score
        Keep rows with a score of at least this.

    Returns
    -------
    DataFrame
        A copy; changing it does not change ``adata``.

    Raises
    ------
    KeyError
        If nothing is stored under ``key`` or the table has no such column.
    ValueError
        If a group does not occur.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", resource="breast", n_perms=100)
    >>> cs.get.table(adata, source="Dendritic", max_padj=0.05).columns[0]
    'source'
    """
    frame: pd.DataFrame = load(adata, key).table
    keep = np.ones(len(frame), bool)
    for name, wanted in (("source", source), ("target", target)):
        if wanted is not None:
            keep &= frame[name].isin(_groups(frame, name, wanted)).to_numpy()
    if max_padj is not None:
        keep &= (_column(frame, "padj") <= max_padj).to_numpy()
    if min_score is not None:
        keep &= (_column(frame, "score") >= min_score).to_numpy()
    return frame.loc[keep].reset_index(drop=True)


def _groups(frame: pd.DataFrame, name: str, wanted: str | Sequence[str]) -> list[str]:
    asked = [wanted] if isinstance(wanted, str) else list(wanted)
    known = list(frame[name].cat.categories) if hasattr(frame[name], "cat") else sorted(frame[name].unique())
    for group in asked:
        if group not in known:
            msg = f"{name} has no group {group!r} (it has {', '.join(map(str, known))}){suggest(group, known)}"
            raise ValueError(msg)
    return asked


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        several = [c for c in frame if c.startswith(f"{name}_")]
        msg = f"the table has no column {name!r}" + (f"; filter by one of {', '.join(several)}" if several else "")
        raise KeyError(msg)
    return frame[name]


@checked
def params(adata: AnnData, key: str = "commscore") -> dict[str, Any]:
    """Return the parameters of the call that wrote ``adata.uns[key]``."""
    return load(adata, key).params


@checked
def untested(adata: AnnData, key: str = "commscore") -> pd.DataFrame:
    """Return what was not tested and why: columns ``interaction``, ``reason``, ``detail``."""
    frame: pd.DataFrame = load(adata, key).untested
    return frame.copy()


@checked
def matrix(
    adata: AnnData, key: str = "commscore", *, value: str = "count", max_padj: float | None = 0.05
) -> pd.DataFrame:
    """Return source × target totals.

    Parameters
    ----------
    adata
        Annotated data that a tool has written to.
    key
        Key in ``adata.uns``.
    value
        ``"count"`` for the number of interactions, or a numeric column to add up, for example ``"score"``.
    max_padj
        Only rows with an adjusted p-value of at most this; ``None`` for all rows.

    Returns
    -------
    DataFrame
        Sources in rows, targets in columns, every group present in both; zero where nothing passes.
    """
    whole = table(adata, key)
    frame = whole if max_padj is None else table(adata, key, max_padj=max_padj)
    if value != "count":
        one_of("value", value, ["count", *whole.select_dtypes("number").columns])
    grouped = frame.groupby(["source", "target"], observed=False)
    totals = grouped.size() if value == "count" else grouped[value].sum()
    groups = list(whole["source"].cat.categories)
    return totals.unstack("target").reindex(index=groups, columns=groups).fillna(0)
