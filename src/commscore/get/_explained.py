"""What the columns of stored tables mean."""

from __future__ import annotations

import pandas as pd

from .._validate import one_of
from ..check import checked
from ..tables.kinds import stored_kinds


@checked
def columns(key: str = "commscore") -> pd.DataFrame:
    """Explain every column of the tables that a tool stores.

    Parameters
    ----------
    key
        The key that a tool writes to by default, such as ``"commscore_compare"``, or the tool's name, such as
        ``"compare"``.

    Returns
    -------
    DataFrame
        One row per column, in order: ``table`` (``"table"`` is what :func:`commscore.get.table` returns, others are in
        ``cs.get.load(adata, key).extra``), ``column``, ``kind`` (``category``, ``string``, ``float``, ``int``,
        ``bool``), ``meaning``, and the ``values`` that a category can have, where they are fixed.

    Raises
    ------
    ValueError
        If no tool has this name.

    Examples
    --------
    >>> import commscore as cs
    >>> explained = cs.get.columns("compare").set_index(["table", "column"])
    >>> explained.loc[("table", "padj"), "meaning"]
    'Benjamini–Hochberg adjusted p-value over the tested rows of the contrast'
    """
    kinds = stored_kinds()
    by_word = kinds | {kind.key: kind for kind in kinds.values()}
    one_of("key", key, [*(kind.key for kind in kinds.values()), *kinds])
    rows = [
        (name, column.name, column.kind, column.doc, ", ".join(filter(None, column.values)))
        for name, table in by_word[key].tables.items()
        for column in table.columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "kind", "meaning", "values"])
