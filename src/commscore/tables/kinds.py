"""The kinds of stored results, found by looking: every file of this folder that declares one as ``STORED``."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._base import StoredKind


@functools.cache
def stored_kinds() -> dict[str, StoredKind]:
    """Return every kind of stored result by its name."""
    package = importlib.import_module(__package__)
    files = (m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))
    declared = (getattr(importlib.import_module(f"{__package__}.{name}"), "STORED", None) for name in files)
    return {kind.name: kind for kind in declared if kind is not None}


def kind_of_key(key: str) -> StoredKind | None:
    """Return the kind whose tool writes to this key by default."""
    return next((kind for kind in stored_kinds().values() if kind.key == key), None)


def parse_schema(schema: str) -> tuple[str, int] | None:
    """Return the kind and the version that a stored result names, or nothing if it names none."""
    kind, _, version = schema.removeprefix("commscore.").partition("/")
    is_valid = schema.startswith("commscore.") and kind and version.isdecimal()
    return (kind, int(version)) if is_valid else None


def kind_of_schema(schema: str) -> StoredKind | None:
    """Return the kind of a stored result; nothing for one that no tool of commscore makes."""
    parsed = parse_schema(schema)
    return stored_kinds().get(parsed[0]) if parsed else None
