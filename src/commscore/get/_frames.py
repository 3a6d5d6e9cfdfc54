"""Columns of stored tables with the types that survive writing to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays import Ints

_DTYPES = {"float": "float64", "int": "int64", "bool": "bool", "category": "category", "string": "object"}


def typed_frame(frame: pd.DataFrame, table: Any) -> pd.DataFrame:
    """Columns of a declared table in order, with their types, so that they survive writing to disk."""
    frame = frame[list(table.names)].reset_index(drop=True)
    for column in table.columns:
        if column.values:
            frame[column.name] = pd.Categorical(frame[column.name], categories=list(column.values))
        elif column.kind == "category":
            values = frame[column.name].astype(object)
            keep = hasattr(frame[column.name], "cat") and len(frame[column.name].cat.categories)
            frame[column.name] = frame[column.name] if keep else values.astype("category")
        else:
            frame[column.name] = frame[column.name].astype(_DTYPES[column.kind])
    return frame


def empty_frame(table: Any) -> pd.DataFrame:
    """Return a declared table without rows."""
    return pd.DataFrame({c.name: pd.Series(dtype=_DTYPES[c.kind]) for c in table.columns})


def coded_categories(values: npt.NDArray[np.object_], codes: Ints) -> pd.Categorical:
    """Categorical over the values that occur, sorted by name."""
    present = np.flatnonzero(np.bincount(codes, minlength=values.size))
    names = np.asarray([str(v) for v in values[present]], object)
    order = np.argsort(names)
    rank = np.empty(values.size, np.int64)
    rank[present[order]] = np.arange(order.size)
    return pd.Categorical.from_codes(rank[codes], names[order])


def taken_categories(column: pd.Series, which: Ints) -> pd.Categorical:
    """Return these rows of a column of text as a categorical."""
    codes, values = pd.factorize(column.astype(object))
    return coded_categories(np.asarray(values, object), codes[which])


def by_frequency(values: pd.Series) -> pd.Series:
    """Count the values, the most frequent first, equally frequent ones as they come or as their categories do."""
    return values.value_counts(sort=False).sort_values(ascending=False, kind="stable")
