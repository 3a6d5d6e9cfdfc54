"""What is said and drawn of every kind of stored result: one file per kind, read when a result of it is shown.

A kind is a file of this folder with a module-level ``KIND``, called as its tables are in :mod:`commscore.tables`.
Nothing else lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._base import ResultKind

__all__ = ["kind_names", "kind_of"]


def kind_names() -> tuple[str, ...]:
    """Return the names of the kinds; none of their files is imported."""
    return tuple(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def kind_of(name: str) -> ResultKind:
    """Return how results of this kind are shown; one of another tool is shown all the same, with every column."""
    if name in kind_names():
        kind: ResultKind = importlib.import_module(f"{__name__}.{name}").KIND
        return kind
    from ._base import ResultKind

    return ResultKind(name.capitalize(), f"Tables of {name!r}, as they are stored.")
