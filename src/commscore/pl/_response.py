"""Activities of receiving cells as samples × programmes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._table import extra_of, need_columns, pick

if TYPE_CHECKING:
    import pandas as pd

_LONG = ("sample", "target", "pathway", "activity")


def wide_response(response: Any, key: str, *, target: str | None) -> pd.DataFrame | None:
    """Return samples × programmes from what ``tl.response`` stored, from its table ``activities``, or as given."""
    if response is None:
        return None
    table = extra_of(response, key, "activities")
    if not {"sample", "pathway", "activity"} <= set(table.columns):
        return table
    need_columns(table, *_LONG)
    table = pick(table, target=target)
    name = table["pathway"].astype(str) + " in " + table["target"].astype(str)
    rows = table.assign(_name=name, _sample=table["sample"].astype(str))
    return rows.pivot(index="_sample", columns="_name", values="activity")
