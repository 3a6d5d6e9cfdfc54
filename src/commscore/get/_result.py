"""What a tool returns with ``inplace=False``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
    schema: str = "commscore.score/1"

    def __repr__(self) -> str:
        return f"Result({self.schema}: {len(self.table)} rows, resource {self.resource.get('name')!r})"

    @property
    def untested(self) -> pd.DataFrame:
        """What was not tested, and why."""
        return self.extra["untested"]
