"""What a column and a table are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "category", "float", "int", "bool"]


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, meaning and, for categories, its values."""

    name: str
    kind: Kind
    doc: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table: its name, what one row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        msg = f"table {self.name!r} has no column {name!r}; it has {', '.join(self.names)}"
        raise KeyError(msg)
