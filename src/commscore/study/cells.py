"""From AnnData to arrays: the only place of the tools that looks into an AnnData. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import _labels
from .._labels import Label
from .._validate import as_written, listed, suggest
from ..arrays import GeneColumns, Groups
from ..core.read.files import backed_view, contained, take
from ..get._columns import as_categorical, in_memory, label_order, label_texts
from .scale import warn_of_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    from anndata import AnnData

    from ..arrays import Ints
    from ..core.read.partial import Partial


_AT_ONCE = 1 << 14  # cells


@dataclass(frozen=True)
class Expression:
    """The matrix that is read, its variables, and its name for messages.

    ``matrix`` is a SciPy sparse matrix, a 2-D array, or :class:`~commscore.core.read.tiles.Blocks`.
    """

    matrix: Any
    var_names: pd.Index
    name: str
    layer: str | None = None
    use_raw: bool = False

    @property
    def counts(self) -> dict[str, Any]:
        """What a result keeps of where its counts were read: for people, and for tools that read them again."""
        return {"counts": self.name, "counts_layer": self.layer, "use_raw": self.use_raw}

    def take(self, columns: Ints) -> Any:
        """Return these columns, in memory: a sparse matrix or a 2-D array."""
        return take(self.matrix, columns)


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


def read_expression(adata: AnnData, *, layer: str | None, use_raw: bool, argument: str = "layer") -> Expression:
    """Choose the matrix: ``X``, a layer, or ``raw``."""
    if not isinstance(use_raw, bool):
        msg = f"use_raw must be True or False, found {use_raw!r}"
        raise TypeError(msg)
    if layer is not None and use_raw:
        msg = f"{argument}={layer!r} and use_raw=True exclude each other; give one of them"
        raise ValueError(msg)
    if layer is not None and layer not in adata.layers:
        names = [str(name) for name in adata.layers if name is not None]  # None: X, in newer versions of anndata
        msg = (
            f"{argument}={layer!r} is not in adata.layers ({', '.join(names) or 'it has none'}){suggest(layer, names)}"
        )
        raise KeyError(msg)
    if use_raw and adata.raw is None:
        msg = "use_raw=True, but adata.raw is None; set adata.raw or use a layer"
        raise ValueError(msg)
    if use_raw:
        name = "adata.raw.X"
        source = Expression(_matrix(adata, name, lambda a: a.raw.X), adata.raw.var_names, name, use_raw=True)
    elif layer is not None:
        name = f"adata.layers[{layer!r}]"
        source = Expression(_matrix(adata, name, lambda a: a.layers[layer]), adata.var_names, name, layer)
    else:
        source = Expression(_matrix(adata, "adata.X", lambda a: a.X), adata.var_names, "adata.X")
    return _checked(source, adata)


def _matrix(adata: AnnData, name: str, of: Callable[[Any], Any]) -> Any:
    """Return the matrix that ``of`` takes; of a view, without reading it if the whole is on disk."""
    view = backed_view(adata, of, name, of_raw=name == "adata.raw.X") if adata.is_view else None
    return contained(of(adata), name) if view is None else view


def _checked(source: Expression, adata: AnnData) -> Expression:
    if source.matrix is None:
        names = listed([n for n in adata.layers if n is not None]) or "none either"
        raw = f", or use_raw=True: adata.raw has {adata.raw.n_vars:,} genes" if adata.raw is not None else ""
        msg = f"{source.name} is None; give the layer that holds the expression (adata.layers has {names}){raw}"
        raise ValueError(msg)
    if adata.n_obs == 0 or source.var_names.size == 0:
        msg = f"adata is empty: {adata.n_obs} cells × {source.var_names.size} variables in {source.name}"
        raise ValueError(msg)
    kind = np.dtype(getattr(source.matrix, "dtype", np.float32))
    if kind.kind not in "biuf" or kind == np.float16 or not kind.isnative:
        msg = (
            f"{source.name} holds values of type {kind}; convert them to a number that sparse matrices can hold, for "
            "example with .astype('float32')"
        )
        raise TypeError(msg)
    if not source.var_names.is_unique:
        twice = source.var_names[source.var_names.duplicated()].unique()[:3]
        msg = (
            f"var_names of {source.name} are not unique ({', '.join(map(str, twice))}, …); "
            "call adata.var_names_make_unique() or join the duplicates first"
        )
        raise ValueError(msg)
    return source


def read_cells(adata: AnnData, groupby: str, *, groups: Sequence[Label] | None, min_cells: int) -> Cells:
    """Read the groups of cells and leave out those that are not asked for or are too small."""
    column = obs_column(adata, "groupby", groupby)
    codes, names, sizes, missing = _counted(column)
    if missing:
        msg = (
            f"adata.obs[{groupby!r}] has {missing} missing labels (NaN) among {codes.size} cells; "
            f"leave these cells out (adata[adata.obs[{groupby!r}].notna()]) or give them a label"
        )
        raise ValueError(msg)
    _labels.warn_of_white_space(names, where=f"adata.obs[{groupby!r}]")
    wanted = _wanted(names, groups, groupby)
    kept = [k for k in wanted if sizes[k] >= min_cells]
    too_small = {names[k]: int(sizes[k]) for k in wanted if sizes[k] < min_cells}
    if len(kept) < 2:
        found = listed([f"{as_written(names[k])}: {sizes[k]}" for k in wanted])
        msg = (
            f"at least two groups of min_cells={min_cells} cells are needed to permute labels, "
            f"adata.obs[{groupby!r}] has {len(kept)} (cells per group: {found})"
        )
        raise ValueError(msg + _numeric(column, groupby))
    return _numbered(codes, names, kept=kept, sizes=sizes, too_small=too_small)


def _numeric(column: pd.Series, key: str) -> str:
    """Say that a column of many numbers is hardly one of labels."""
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= 100:
        return ""
    return f"; adata.obs[{key!r}] holds {column.nunique()} different numbers: give a column of labels"


def _numbered(
    codes: npt.NDArray[np.integer],
    names: list[str],
    *,
    kept: list[int],
    sizes: Ints,
    too_small: dict[str, int],
) -> Cells:
    wanted = np.zeros(len(names), bool)
    wanted[kept] = True
    chosen = None if wanted.all() else np.flatnonzero(wanted[codes])
    first = _first(codes, kept)
    order = np.asarray(sorted(kept, key=lambda k: (sizes[k], first[k])), np.int64)
    number = np.full(len(names), -1, np.int64)
    number[order] = np.arange(order.size)
    display = number[np.asarray(kept)]
    labels = number.astype(np.uint16)[codes]
    groups = Groups(labels if chosen is None else labels[chosen], sizes[order].astype(np.int64))
    return Cells(chosen, groups, np.asarray(names, object)[order], display, too_small)


def _first(codes: npt.NDArray[np.integer], kept: list[int]) -> dict[int, int]:
    """First cell of each of these groups; as a rule all are among the first cells."""
    first: dict[int, int] = {}
    for start in range(0, codes.size, _AT_ONCE):
        present, at = np.unique(codes[start : start + _AT_ONCE], return_index=True)
        for k, i in zip(present.tolist(), at.tolist(), strict=True):
            first.setdefault(k, start + i)
        if all(k in first for k in kept):
            break
    return first


def obs_column(adata: AnnData, argument: str, key: str) -> pd.Series:
    """Return a column of ``obs``; a missing one is a ``KeyError`` with the closest name."""
    if not isinstance(key, str) or key not in adata.obs:
        known = listed(adata.obs.columns, most=20) or "it has no columns"
        msg = f"{argument}={key!r} is not a column of adata.obs ({known}){suggest(key, adata.obs.columns)}"
        raise KeyError(msg)
    if list(adata.obs.columns).count(key) > 1:
        msg = f"{argument}={key!r} is the name of several columns of adata.obs; give them different names"
        raise ValueError(msg)
    return in_memory(adata, key)


def _counted(column: pd.Series) -> tuple[npt.NDArray[np.integer], list[str], Ints, int]:
    """Codes, of the smallest type that holds them, names and sizes of the groups that occur; how many are missing."""
    categorical = as_categorical(column).cat
    codes, n = categorical.codes.to_numpy(), len(categorical.categories)
    found = np.zeros(n + 1, np.int64)
    for start in range(0, codes.size, _AT_ONCE):
        found += np.bincount(codes[start : start + _AT_ONCE].astype(np.int64) + 1, minlength=n + 1)
    missing, sizes = int(found[0]), found[1:]
    used = np.flatnonzero(sizes)
    names = label_texts(column, (categorical.categories[k] for k in used))
    order = label_order(column, names)
    if used.size < n or (np.diff(order) < 0).any():
        number = np.full(n + 1, -1, codes.dtype)  # the last one is what -1 points to
        number[used[order]] = np.arange(used.size)
        codes = number[codes]
    return codes, [names[k] for k in order], sizes[used[order]], missing


def _wanted(names: list[str], groups: Sequence[Label] | None, groupby: str) -> list[int]:
    if groups is None:
        return list(range(len(names)))
    asked = set(_labels.choose("groups", list(groups), known=names, what=f"a group of adata.obs[{groupby!r}]"))
    return [k for k, name in enumerate(names) if name in asked]


def refuse_unsuitable(columns: GeneColumns | Partial, source: Expression) -> None:
    """Raise unless the values can be log-normalised expression; warn where they hardly are."""
    name = source.name
    if not columns.finite:
        msg = f"{name} holds NaN or infinite values in genes of the resource; remove or impute them"
        raise ValueError(msg)
    if columns.extent[0] < 0:
        msg = (
            f"{name} holds negative values, as scaled data do; scoring needs log-normalised expression "
            "(give the layer= that holds it, or use_raw=True if adata.raw does)"
        )
        raise ValueError(msg)
    if columns.n_values and columns.whole:
        msg = (
            f"{name} holds only whole numbers, as raw counts do; scoring needs log-normalised expression: "
            "sc.pp.normalize_total(adata, target_sum=1e4); sc.pp.log1p(adata), "
            "or give the layer= that holds it"
        )
        raise ValueError(msg)
    warn_of_scale(source.matrix, name, highest=float(columns.extent[1]))
