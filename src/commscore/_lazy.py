"""Rooms whose members are loaded when they are first used."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def exports(stub: Path) -> dict[str, str]:
    """Return the members that a stub imports, by name, each with its module."""
    imports = [node for node in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def lazy(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package whose members stand in the stub beside its file.

    The stub has one line for each, which type checkers and editors read, too. A name is looked up once: from then on
    it is an attribute of the package.
    """
    homes = exports(Path(file).with_suffix(".pyi"))

    def get(name: str) -> Any:
        if name not in homes:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        member = getattr(importlib.import_module(f".{homes[name]}", package), name)
        setattr(sys.modules[package], name, member)
        return member

    return get, lambda: sorted(homes), sorted(homes)
