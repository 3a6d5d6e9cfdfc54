"""Rooms whose members are loaded when they are first used."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package whose names live in these of its modules.

    A name is looked up once: from then on it is an attribute of the package.
    """

    def get(name: str) -> Any:
        if name not in homes:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        member = getattr(importlib.import_module(f".{homes[name]}", package), name)
        setattr(sys.modules[package], name, member)
        return member

    return get, lambda: sorted(homes)
