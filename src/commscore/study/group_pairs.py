"""Pairs of groups that can meet, as a caller names them: source and target, or groups by microenvironment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
import pandas as pd

from .. import _labels
from .._labels import Label
from .._validate import listed, shown, suggest
from ..check import Kind, instance_of

if TYPE_CHECKING:
    from ..arrays import Bools, Ints
    from .cells import Cells

GroupPairs: TypeAlias = Annotated[
    pd.DataFrame | Sequence[Sequence[Label]],
    Kind("a pandas DataFrame", instance_of("pandas", "DataFrame")),
    Kind("pairs (source, target)", lambda v: isinstance(v, Sequence) and not isinstance(v, str)),
]
ENDS = ("source", "target")
NICHE = ("cell_type", "microenvironment")
"""Columns of CellPhoneDB's table of microenvironments."""


@dataclass(frozen=True)
class MeetingGroups:
    """Which groups (by number, source × target) can meet, and their names in the order given."""

    meet: Bools
    sources: list[str]
    targets: list[str]

    @property
    def recorded(self) -> dict[str, Any]:
        """The pairs as ``params`` can hold them."""
        return {"source": np.asarray(self.sources, object), "target": np.asarray(self.targets, object)}

    def keep(self, source: Ints, target: Ints) -> Bools:
        """Tell which of these pairs can meet."""
        kept: Bools = self.meet[source, target]
        return kept


def read_group_pairs(pairs: Any, cells: Cells, *, groupby: str) -> MeetingGroups | None:
    """Return the pairs of groups that are named, or None where none are.

    Raises
    ------
    ValueError
        If there is no pair, one is not of two groups, or one names a group that the column does not have.
    """
    if pairs is None:
        return None
    if isinstance(pairs, bytes):
        msg = f"group_pairs must be a list of pairs (source, target) or a table, found {pairs!r} (bytes)"
        raise TypeError(msg)
    named = _of_table(pairs) if isinstance(pairs, pd.DataFrame) else [_of_item(i, p) for i, p in enumerate(pairs)]
    if not named:
        msg = "group_pairs names no pair of groups; give pairs (source, target), or leave it out for all pairs"
        raise ValueError(msg)
    number = {str(name): k for k, name in enumerate(cells.names)}
    options = _labels.natural_order([*number, *cells.too_small])
    of_label = {label: _known(label, options, groupby) for pair in named for label in pair}
    ends = list(dict.fromkeys((of_label[a], of_label[b]) for a, b in named))
    meet = np.zeros((len(number), len(number)), bool)
    for source, target in ends:
        if source in number and target in number:  # the others are too small, and listed as such
            meet[number[source], number[target]] = True
    if not meet.any():
        few = listed(f"{name}: {n}" for name, n in cells.too_small.items())
        msg = f"group_pairs: each pair has a group with fewer cells than min_cells ({few}); lower min_cells"
        raise ValueError(msg)
    return MeetingGroups(meet, [a for a, _ in ends], [b for _, b in ends])


def _of_table(table: pd.DataFrame) -> list[tuple[Any, Any]]:
    for columns in (ENDS, NICHE):
        if set(columns) <= set(table.columns):
            break
    else:
        names = listed(table.columns) or "no columns"
        msg = (
            f"group_pairs needs the columns {' and '.join(map(repr, ENDS))} (a row for each pair), or "
            f"{' and '.join(map(repr, NICHE))} (groups of one microenvironment meet, as in CellPhoneDB), found {names}"
        )
        raise ValueError(msg)
    frame = table[list(columns)]
    if frame.isna().to_numpy().any():
        at = frame.index[frame.isna().any(axis=1)].tolist()[0]
        msg = f"group_pairs has an empty cell in row {at!r}; fill it or leave the row out"
        raise ValueError(msg)
    rows = [(row[0], row[1]) for row in frame.itertuples(index=False)]
    return rows if columns == ENDS else _within(rows)


def _within(rows: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """All ordered pairs of groups that share a microenvironment, a group with itself among them."""
    members: dict[str, list[Any]] = {}
    for group, niche in rows:
        members.setdefault(str(niche), []).append(group)
    return [(a, b) for groups in members.values() for a in groups for b in groups]


def _of_item(i: int, pair: Any) -> tuple[Any, Any]:
    if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
        msg = f"group_pairs[{i}] must be a pair (source, target), found {shown(pair)}"
        raise ValueError(msg)
    return pair[0], pair[1]


def _known(label: Any, options: list[str], groupby: str) -> str:
    known = _labels.find(label, options)
    if known is None:
        msg = (
            f"group_pairs has {label!r}, which is no group of this call (of groupby={groupby!r} there are "
            f"{listed(options)})"
            f"{suggest(label, options)}"
        )
        raise ValueError(msg)
    return known
