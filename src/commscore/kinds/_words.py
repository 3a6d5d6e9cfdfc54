"""Sentences and numbers that several kinds of result are told with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..get._frames import by_frequency
from ..tables.production import CLAIM_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

ALPHA = 0.05
"""Adjusted p-value up to which a summary counts a row as found, where the result names none."""
TOP = 3
"""Rows of a table that are told one by one."""


def first(table: pd.DataFrame, name: str) -> str | None:
    """Return the column ``name``, or the first ``name_<method>`` where several methods were asked for."""
    return name if name in table else next((str(c) for c in table if str(c).startswith(f"{name}_")), None)


def counts(table: pd.DataFrame, column: str) -> str:
    """Say how often each value of a column occurs, as ``"up: 3, down: 1."``."""
    if column not in table:
        return ""
    numbers = by_frequency(table[column])
    return ", ".join(f"{name}: {n}" for name, n in numbers.items() if n) + "."


def counted(values: pd.Series) -> str:
    """Say how many rows have each value, the most frequent first, as ``"3 up, 1 down"``."""
    numbers = by_frequency(values.astype(object))
    return ", ".join(f"{n:,} {_plain(str(word))}" for word, n in numbers.items() if n)


def _plain(word: str) -> str:
    """Write a value of a table as words; a reason is words already, and may name a parameter."""
    return word if " " in word else word.replace("_", " ")


def edge(row: Any) -> str:
    """Name an interaction between two groups."""
    return f"{row['interaction']} from {row['source']} to {row['target']}"


def shown(value: Any) -> str:
    """Return a parameter as text.

    >>> shown(["a", "b"]), shown(None), shown({"r": "x"}), shown(0.05)
    ('a, b', 'none', 'r: x', '0.05')
    """
    if value is None:
        return "none"
    if isinstance(value, dict) or hasattr(value, "items"):
        return "; ".join(f"{k}: {shown(v)}" for k, v in value.items()) or "none"
    if isinstance(value, np.ndarray | list | tuple):
        return ", ".join(shown(v) for v in np.asarray(value, object).ravel()) or "none"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return str(value)


def samples_in_words(params: Mapping[str, Any]) -> str:
    """Return ``"8 samples (column sample; control 4, case 4)"``; without the numbers where they are not stored."""
    column, numbers = f"column {params.get('sample_key')}", np.atleast_1d(params.get("n_samples", ()))
    levels = np.atleast_1d(np.asarray(params.get("levels", ()), object))
    if not numbers.size or numbers.shape != levels.shape:
        return f"samples ({column})"
    each = ", ".join(f"{level} {n}" for level, n in zip(levels, numbers, strict=True))
    return f"{numbers.sum()} samples ({column}; {each})"


def claims(table: pd.DataFrame) -> list[str]:
    """Say what the level of a molecule is where it stands for genes that make it; nothing where none does."""
    if "claim" not in table or not (table["claim"] == CLAIM_TEXT).any():
        return []
    return [
        f"Molecules written met: are measured by the genes that make them: {CLAIM_TEXT}. Enzymes may be idle, and what "
        "they make may be used up (column consumed) or carried away."
    ]


def molecules_in_words(p: Mapping[str, str]) -> str:
    """Say how molecules that no gene encodes were measured; nothing where they were not."""
    if p.get("molecules", "none") != "production":
        return ""
    return (
        " Molecules that no gene encodes were measured by the genes that make them: the alternatives of a step added "
        "up in every cell, the lowest step deciding."
    )


def figures(value: Any, form: str = ".2g") -> str:
    """Format a number for a terminal; nothing for a missing one."""
    return "" if value is None or value != value else format(value, form)


def by_reason(untested: pd.DataFrame) -> dict[str, int]:
    """Count what was not tested, by reason."""
    return {str(reason): int(n) for reason, n in by_frequency(untested["reason"]).items() if n}


def by_value(column: pd.Series) -> dict[str, int]:
    """Count the rows with each value."""
    return {str(value): int(n) for value, n in column.value_counts(sort=False).items()}
