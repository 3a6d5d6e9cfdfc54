"""Names of the user's, several in one cell of a table or in one label: written so that every character is safe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_list(names: Iterable[str]) -> str:
    """Write names into one cell as a JSON list, however many they are."""
    return json.dumps([str(n) for n in names], ensure_ascii=False)


def write_names(names: Iterable[str]) -> str:
    """Write names into one cell: one as it is, several as a JSON list, none as empty text.

    >>> write_names(["CAF"]), write_names(["T cell; CD4", "T cell, CD8"])
    ('CAF', '["T cell; CD4", "T cell, CD8"]')
    """
    texts = [str(n) for n in names]
    if len(texts) == 1 and texts[0] and not texts[0].startswith("["):
        return texts[0]
    return write_list(texts) if texts else ""


def read_names(cell: object) -> list[str]:
    """Read the names that were written into a cell by the functions above; a missing cell has none.

    >>> read_names("CAF"), read_names('["T cell; CD4", "T cell, CD8"]'), read_names("")
    (['CAF'], ['T cell; CD4', 'T cell, CD8'], [])
    """
    if not isinstance(cell, str) or not cell:
        return []
    return [str(n) for n in json.loads(cell)] if cell.startswith("[") else [cell]


def contrast_name(level: object, reference: object) -> str:
    """Name a contrast. Levels are looked up by the names they make, a name is never taken apart."""
    return f"{level} vs {reference}"


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names, with a number behind those that are there already.

    >>> distinct(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    labels: dict[str, None] = {}
    for name in names:
        unique, count = name, 1
        while unique in labels:
            count += 1
            unique = f"{name} ({count})"
        labels[unique] = None
    return list(labels)
