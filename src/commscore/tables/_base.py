"""What a column, a table and a kind of stored result are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

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


@dataclass(frozen=True)
class StoredKind:
    """A kind of stored result: where the tool that makes it stores it, and which tables it holds.

    ``version`` goes up with any change of the tables or parameters that are stored: columns, their names, or what
    their values mean. What was stored with another version is not read: see :func:`commscore.get.load`.
    """

    name: str
    key: str
    """Key in ``adata.uns`` that the tool writes to by default."""
    version: int
    tool: str
    """Name of the tool in ``commscore.tl``."""
    tables: Mapping[str, Table]
    """Name in ``adata.uns[key]`` -> what its columns are."""
    is_ranking: bool = False
    """Whether the order of the rows says something, so that readers keep it."""

    @property
    def schema(self) -> str:
        """What is stored with a result: the name of its kind and the version of its tables."""
        return f"commscore.{self.name}/{self.version}"

    @property
    def call(self) -> str:
        """The tool as it is called."""
        return f"cs.tl.{self.tool}"
