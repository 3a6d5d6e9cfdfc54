"""From columns of ``obs`` to the cells that take part and their groups. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import _labels
from .._labels import Label
from .._validate import as_written, listed, suggest
from ..arrays import Groups
from ..get._columns import as_categorical, in_memory, label_order, label_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from anndata import AnnData

    from ..arrays import Ints


_AT_ONCE = 1 << 14  # cells


@dataclass(frozen=True)
class Cells:
    """The cells that take part, in the user's order, with their groups.

    Groups are numbered by size, ties by their first cell, so that neither names nor the order of categories
    can change a permuted labelling. ``names`` follows these numbers; ``display`` lists the numbers in the
    user's order. ``chosen`` are the rows of the cells, None if all take part.
    """

    chosen: Ints | None
    groups: Groups
    names: npt.NDArray[np.object_]
    display: Ints
    too_small: dict[str, int]

    @property
    def n(self) -> int:
        """Number of cells."""
        return self.groups.labels.size

    @property
    def index(self) -> Ints:
        """Rows of the cells, ascending."""
        return np.arange(self.n) if self.chosen is None else self.chosen


def read_cells(
    adata: AnnData, groupby: str, *, groups: Sequence[Label] | None, min_cells: int, is_permuted: bool = True
) -> Cells:
    """Read the groups of cells and leave out those that are not asked for or are too small.

    Labels of one group cannot be permuted (``is_permuted``).
    """
    column = obs_column(adata, "groupby", groupby)
    codes, names, sizes, missing = _counted(column)
    if missing:
        msg = (
            f"adata.obs[{groupby!r}] has {missing} missing labels (NaN) among {codes.size} cells; "
            f"leave these cells out (adata[adata.obs[{groupby!r}].notna()]) or give them a label"
        )
        raise ValueError(msg)
    _labels.warn_of_white_space(names, where=f"adata.obs[{groupby!r}]")
    chosen = _chosen_groups(names, groups, groupby)
    large = [k for k in chosen if sizes[k] >= min_cells]
    too_small = {names[k]: int(sizes[k]) for k in chosen if sizes[k] < min_cells}
    if len(large) < 1 + is_permuted:
        listing = listed([f"{as_written(names[k])}: {sizes[k]}" for k in chosen])
        needed = "at least two groups" if is_permuted else "a group"
        why = "are needed to permute labels" if is_permuted else "is needed"
        way_out = " (null=None scores one without permutations)" if is_permuted and len(large) == 1 else ""
        msg = (
            f"{needed} of min_cells={min_cells} cells {why}, adata.obs[{groupby!r}] has {len(large)} (cells per "
            f"group: {listing}){way_out}"
        )
        raise ValueError(msg + _numeric(column, groupby))
    return _numbered(codes, names, large=large, sizes=sizes, too_small=too_small)


def _numeric(column: pd.Series, key: str) -> str:
    """Say that a column of many numbers is hardly one of labels."""
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= 100:
        return ""
    return f"; adata.obs[{key!r}] holds {column.nunique()} different numbers: give a column of labels"


def _numbered(
    codes: npt.NDArray[np.integer],
    names: list[str],
    *,
    large: list[int],
    sizes: Ints,
    too_small: dict[str, int],
) -> Cells:
    mask = np.zeros(len(names), bool)
    mask[large] = True
    chosen = None if mask.all() else np.flatnonzero(mask[codes])
    first = _first(codes, large)
    order = np.asarray(sorted(large, key=lambda k: (sizes[k], first[k])), np.int64)
    number = np.full(len(names), -1, np.int64)
    number[order] = np.arange(order.size)
    display = number[np.asarray(large)]
    labels = number.astype(np.uint16)[codes]
    groups = Groups(labels if chosen is None else labels[chosen], sizes[order].astype(np.int64))
    return Cells(chosen, groups, np.asarray(names, object)[order], display, too_small)


def _first(codes: npt.NDArray[np.integer], groups: list[int]) -> dict[int, int]:
    """First cell of each of these groups; as a rule all are among the first cells."""
    first: dict[int, int] = {}
    for start in range(0, codes.size, _AT_ONCE):
        present, at = np.unique(codes[start : start + _AT_ONCE], return_index=True)
        for k, i in zip(present.tolist(), at.tolist(), strict=True):
            first.setdefault(k, start + i)
        if all(k in first for k in groups):
            break
    return first


def obs_column(adata: AnnData, argument: str, key: str) -> pd.Series:
    """Return a column of ``obs``; a missing one is a ``KeyError`` with the closest name."""
    if not isinstance(key, str) or key not in adata.obs:
        columns = listed(adata.obs.columns, most=20) or "it has no columns"
        msg = f"{argument}={key!r} is not a column of adata.obs ({columns}){suggest(key, adata.obs.columns)}"
        raise KeyError(msg)
    if list(adata.obs.columns).count(key) > 1:
        msg = f"{argument}={key!r} is the name of several columns of adata.obs; give them different names"
        raise ValueError(msg)
    return in_memory(adata, key)


def _counted(column: pd.Series) -> tuple[npt.NDArray[np.integer], list[str], Ints, int]:
    """Codes, of the smallest type that holds them, names and sizes of the groups that occur; how many are missing."""
    categorical = as_categorical(column).cat
    codes, n = categorical.codes.to_numpy(), len(categorical.categories)
    counts = np.zeros(n + 1, np.int64)
    for start in range(0, codes.size, _AT_ONCE):
        counts += np.bincount(codes[start : start + _AT_ONCE].astype(np.int64) + 1, minlength=n + 1)
    missing, sizes = int(counts[0]), counts[1:]
    used = np.flatnonzero(sizes)
    names = label_texts(column, (categorical.categories[k] for k in used))
    order = label_order(column, names)
    if used.size < n or (np.diff(order) < 0).any():
        number = np.full(n + 1, -1, codes.dtype)  # the last one is what -1 points to
        number[used[order]] = np.arange(used.size)
        codes = number[codes]
    return codes, [names[k] for k in order], sizes[used[order]], missing


def _chosen_groups(names: list[str], groups: Sequence[Label] | None, groupby: str) -> list[int]:
    if groups is None:
        return list(range(len(names)))
    chosen = set(_labels.choose("groups", list(groups), options=names, what=f"a group of adata.obs[{groupby!r}]"))
    return [k for k, name in enumerate(names) if name in chosen]
