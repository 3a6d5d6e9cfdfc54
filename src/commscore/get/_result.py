"""What a tool returns with ``inplace=False``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._schema.versions import schema_of
from ..check import checked

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Result:
    """A table with what it was made from.

    Attributes
    ----------
    table
        One row per test.
    params
        Every parameter of the call, and versions.
    resource
        Name, version and sha256 of the resource.
    extra
        Further tables by name, for example ``untested``.
    schema
        Name and version of the table's layout.
    """

    table: pd.DataFrame
    params: dict[str, Any]
    resource: dict[str, Any]
    extra: dict[str, pd.DataFrame] = field(default_factory=dict)
    schema: str = schema_of("score")

    def __repr__(self) -> str:
        reference = self.params.get("reference")
        against = f"; reference {reference!r}" if reference is not None else ""
        resource = f"{self.resource.get('name')!r}{self._covered()}"
        return f"Result({self.schema}: {self.counted()}{against}; resource {resource})"

    @checked
    def counted(self) -> str:
        """Say how many rows there are, and of a comparison how many were tested and why the others were not."""
        n = len(self.table)
        if not {"status", "pvalue", "padj"} <= set(self.table.columns):
            return f"{n:,} rows"
        tested = self.table["pvalue"].notna()
        why = self.table.loc[~tested, "status"].value_counts()
        others = ", ".join(f"{k:,} {str(status).replace('_', ' ')}" for status, k in why.items() if k)
        alpha = float(self.params.get("alpha", 0.05))
        found = int((self.table["padj"] <= alpha).sum())
        return f"{n:,} rows, {tested.sum():,} tested, {found:,} with padj <= {alpha:g}" + (
            f"; {others}" if others else ""
        )

    def _covered(self) -> str:
        """Say how many interactions of the resource can be tested, where that is stored."""
        n, testable = (self.params.get(name) for name in ("n_interactions", "n_testable"))
        return "" if n is None else f", {testable:,} of {n:,} interactions testable"

    @property
    def untested(self) -> pd.DataFrame:
        """What was not tested, and why."""
        return self.extra["untested"]
