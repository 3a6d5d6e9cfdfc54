"""Activities of receiving cells as samples × programmes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._labels import Label, text
from ._table import extra_of, need_columns, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_LONG = ("sample", "target", "pathway", "activity")


def wide_response(
    response: Any, key: str, *, target: Label | Sequence[Label] | None, samples: list[str]
) -> pd.DataFrame | None:
    """Return samples × programmes from what ``tl.response`` stored, from its table ``activities``, or as given.

    In what was stored, samples without the group are missing; here they are rows without a number.
    """
    if response is None:
        return None
    table = extra_of(response, key, "activities")
    if not {"sample", "pathway", "activity"} <= set(table.columns):
        return table.set_axis(table.index.map(text))  # samples may be numbered
    need_columns(table, *_LONG)
    table = pick(table, target=target)
    name = table["pathway"].astype(str) + " in " + table["target"].astype(str)
    rows = table.assign(_name=name, _sample=table["sample"].astype(str))
    wide = rows.pivot(index="_sample", columns="_name", values="activity")
    return wide.reindex(wide.index.union(samples)) if wide.index.isin(samples).any() else wide
