"""Differences in differences with both simple effects and their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ...core.contrast import LABELS
from ...tables import compare as schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


def two_factors_table(table: pd.DataFrame, parts: Sequence[tuple[str, dict[str, npt.NDArray[Any]]]]) -> pd.DataFrame:
    """One row per difference in differences, source, target and interaction."""
    frames = [_one(table, name, columns) for name, columns in parts if "pattern" in columns]
    return pd.concat(frames, ignore_index=True)


def _one(table: pd.DataFrame, name: str, columns: dict[str, npt.NDArray[Any]]) -> pd.DataFrame:
    rows = table[table["contrast"] == name]
    frame = rows[["contrast", "source", "target", "interaction"]].reset_index(drop=True)
    for when in ("first", "second"):
        for stored, column in (("effect", ""), ("ci_low", "_low"), ("ci_high", "_high")):
            frame[f"{stored}_{when}"] = columns[f"simple_{when}{column}"]
    for stored, column in (("difference", "effect"), ("pvalue", "pvalue"), ("padj", "padj")):
        frame[stored] = columns[column]
    frame["class"] = pd.Categorical.from_codes(columns["pattern"], list(LABELS["pattern"]))
    return frame[list(schema.TWO_FACTORS.names)]
