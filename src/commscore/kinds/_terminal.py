"""What a command says of a result of any kind: counts for its summary, and its first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import kind_of
from ._base import Listing
from ._words import ALPHA, by_reason, by_value, figures

if TYPE_CHECKING:
    import pandas as pd

    from ._base import StoredResult

_MOST_COLUMNS = 9


def summary_of(stored: StoredResult) -> dict[str, Any]:
    """Return the counts of a result: rows, those that were tested, those that were found, what was not tested."""
    table, untested = stored.table, stored.tables.get("untested")
    counts: dict[str, Any] = {"rows": len(table)}
    if "pvalue" in table:
        counts["tested"] = int(table["pvalue"].notna().sum())
    if "padj" in table:
        counts |= {"significant": int((table["padj"] <= ALPHA).sum()), "alpha": ALPHA}
    if "status" in table:
        counts["by_status"] = by_value(table["status"])
    if untested is not None and "reason" in untested:
        counts |= {"untested": len(untested), "untested_by_reason": by_reason(untested)}
    own = kind_of(stored.kind).summary
    return counts | (own(stored) if own else {}) | {"parameters": stored.params}


def listing_of(stored: StoredResult, rows: int) -> Listing:
    """Return the first rows as text, in the columns that a reader sees first."""
    kind = kind_of(stored.kind)
    if kind.listing is not None:
        return kind.listing(stored, rows)
    shown = [name for name in kind.view("table").columns if name in stored.table]
    return table_listing(stored.table, rows, columns=shown, title=kind.title)


def table_listing(table: pd.DataFrame, rows: int, *, title: str, columns: list[str] | None = None) -> Listing:
    """Return the first rows of any table."""
    columns = (columns or [str(name) for name in table])[:_MOST_COLUMNS]
    is_number = {name: table[name].dtype.kind == "f" for name in columns}
    lines = [
        [figures(row[name], ".3g") if is_number[name] else _text(row[name]) for name in columns]
        for row in table[columns].head(rows).to_dict("records")
    ]
    numbers = [name for name in columns if table[name].dtype.kind in "fiu"]
    return Listing(lines, columns, f"{title}: {len(table):,} rows", numbers)


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)
