"""How each public data set is built from its original files: one small file per data set.

A recipe is a function ``build(files)``: name of an original file -> path of the checked download; it returns the
AnnData (raw counts as float32 CSR, cells in rows). What this project adds, labels and names of cells, lies in
``tables``; ``tables/README.md`` says where each column comes from.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def build(name: str, files: Mapping[str, Path]) -> Any:
    """Return the data set ``name`` built from its original files."""
    return importlib.import_module(f".{name}", __package__).build(files)
