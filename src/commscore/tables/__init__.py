"""The one place for the columns of every table that commscore reads or writes.

A table is declared once, as a :class:`Table` of :class:`Column`; code that builds, checks, documents or
plots it uses the declaration. One file per family of tables.
"""

from __future__ import annotations

from ._base import Column, Kind, StoredKind, Table

__all__ = ["Column", "Kind", "StoredKind", "Table"]
