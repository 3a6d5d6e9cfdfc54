"""Columns of ``obs``, whatever holds them, and their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import _labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt
    from anndata import AnnData

    from ..arrays import Ints


def in_memory(adata: AnnData, key: str) -> pd.Series:
    """Return a column of ``obs`` as pandas has it; that of a lazily read object is read."""
    column: Any = adata.obs[key]
    if isinstance(column, pd.Series):
        return column
    values = column.data if hasattr(column, "data") else column
    return pd.Series(values.compute() if hasattr(values, "compute") else values, index=adata.obs_names, name=key)


def as_categorical(column: pd.Series) -> pd.Series:
    """Return a column as a categorical one; values that cannot be labels, as lists, are an error."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    try:
        return column.astype("category")
    except TypeError as error:
        msg = (
            f"adata.obs[{column.name!r}] holds values that cannot be labels ({error}); give a column of text, numbers "
            "or categories"
        )
        raise TypeError(msg) from error


def has_order(column: pd.Series) -> bool:
    """Whether the user ordered the labels; categories without an order are what reading a file makes of text."""
    return isinstance(column.dtype, pd.CategoricalDtype) and bool(column.cat.ordered)


def label_order(column: pd.Series, names: list[str]) -> Ints:
    """Positions of labels in the order that they come in: that of an ordered categorical, else the natural one."""
    if has_order(column):
        return np.arange(len(names))
    return np.asarray(sorted(range(len(names)), key=lambda i: _labels.natural_key(names[i])), np.int64)


def label_texts(column: pd.Series, labels: Iterable[object]) -> list[str]:
    """Labels as text; two that read the same would become one without a word."""
    # an index of float32 widens its numbers when it is walked through: 0.1 would read 0.10000000149011612
    labels = list(labels.to_numpy() if isinstance(labels, pd.Index) else labels)
    names = [_labels.text(label) for label in labels]
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        kinds = sorted({type(label).__name__ for label in labels if _labels.text(label) == twice})
        msg = (
            f"adata.obs[{column.name!r}] has different labels that read {twice!r} ({', '.join(kinds)}); make them one: "
            f"adata.obs[{column.name!r}] = adata.obs[{column.name!r}].astype(str)"
        )
        raise ValueError(msg)
    return names


def label_codes(column: pd.Series) -> tuple[Ints, list[str]]:
    """Return the code of every row (-1 where it is missing), and the names of the labels that occur, in order."""
    categorical = as_categorical(column).cat.remove_unused_categories()
    names = label_texts(column, categorical.cat.categories)
    order = label_order(column, names)
    number = np.full(len(names) + 1, -1, np.int64)  # the last one is what -1 points to
    number[order] = np.arange(len(names))
    return number[categorical.cat.codes.to_numpy()], [names[i] for i in order]


def label_names(column: pd.Series) -> list[str]:
    """Return the labels in order, with those of categories that do not occur."""
    names = label_texts(column, as_categorical(column).cat.categories)
    return [names[i] for i in label_order(column, names)]


def labels_of(column: pd.Series) -> npt.NDArray[np.object_]:
    """Return the label of every row as text; missing ones as ``"nan"``."""
    codes, names = label_codes(column)
    return np.asarray([*names, "nan"], object)[codes]
