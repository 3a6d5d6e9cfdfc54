"""What every plot does first: get the table, and choose what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..get import table as stored_table

if TYPE_CHECKING:
    from anndata import AnnData


def table_of(data: AnnData | pd.DataFrame, key: str) -> pd.DataFrame:
    """Return the table itself, or the one stored under ``key``."""
    if isinstance(data, pd.DataFrame):
        return data
    if hasattr(data, "uns"):
        return stored_table(data, key)
    msg = f"the first argument must be an AnnData or a table, found {type(data).__name__}"
    raise TypeError(msg)


def need_columns(frame: pd.DataFrame, *names: str) -> None:
    """Raise unless the table has these columns and at least one row."""
    missing = [n for n in names if n not in frame]
    if missing:
        msg = f"the table has no column {', '.join(map(repr, missing))}; it has {', '.join(map(str, frame.columns))}"
        raise ValueError(msg)
    if frame.empty:
        msg = "the table is empty: nothing to draw; loosen expr_prop or the filters"
        raise ValueError(msg)


def axes(ax: Any, *, width: float, height: float) -> Any:
    """Return ``ax``, or the axes of a new figure of this size in inches."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()
