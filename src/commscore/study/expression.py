"""The matrix of AnnData that is read: chosen, and refused where it cannot be log-normalised expression."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd

from .. import rs
from .._validate import listed, suggest, warn
from ..arrays import GeneColumns
from ..core.read.files import backed_view, contained, take
from ..core.read.sums import WithSums
from .scale import warn_of_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData

    from ..arrays import Bools, Ints
    from ..core.read.statistics import CellStatistics


@dataclass(frozen=True)
class Expression:
    """The matrix that is read, its variables, and its name for messages.

    ``matrix`` is a SciPy sparse matrix, a 2-D array, or :class:`~commscore.core.read.tiles.Blocks`; ``fractional``
    says of counts that they were corrected and are not whole; ``recovered`` is the fraction of the cells whose counts
    came back from scaled ones, or their logarithms, and ``usable`` which ones these are. ``sums`` are virtual genes,
    each the sum of some variables (of their exponentials, if values are logarithms, ``is_log``).
    """

    matrix: Any
    var_names: pd.Index
    name: str
    layer: str | None = None
    use_raw: bool = False
    gene_symbols: str | None = None
    fractional: bool = False
    recovered: float | None = None
    usable: Bools | None = None
    sum_names: tuple[str, ...] = ()
    sums: tuple[tuple[int, ...], ...] = ()
    is_log: bool = False

    @property
    def reading(self) -> Any:
        """The matrix, with the virtual genes as further columns."""
        return WithSums(self.matrix, self.sums, self.is_log) if self.sums else self.matrix

    @property
    def names(self) -> pd.Index:
        """Names of the variables, and of the virtual genes behind them."""
        return self.var_names.append(pd.Index(self.sum_names, dtype=object)) if self.sums else self.var_names

    @property
    def counts(self) -> dict[str, Any]:
        """What a result keeps of where its counts were read: for people, and for tools that read them again."""
        return {
            "counts": self.name,
            "counts_layer": self.layer,
            "use_raw": self.use_raw,
            "gene_symbols": self.gene_symbols,
            "counts_fractional": self.fractional,
            "counts_recovered": self.recovered,
        }

    def take(self, columns: Ints) -> Any:
        """Return these columns, in memory: a sparse matrix or a 2-D array."""
        return take(self.reading, columns)


def read_expression(
    adata: AnnData, *, layer: str | None, use_raw: bool, gene_symbols: str | None = None, argument: str = "layer"
) -> Expression:
    """Choose the matrix: ``X``, a layer, or ``raw``; its variables are those of a column of ``var`` if one is named."""
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
    source = _checked(source, adata)
    if gene_symbols is None:
        return source
    var = adata.raw.var if use_raw else adata.var
    return replace(source, var_names=_symbols(var, gene_symbols, use_raw=use_raw), gene_symbols=gene_symbols)


def _symbols(var: pd.DataFrame, key: str, *, use_raw: bool) -> pd.Index:
    """Return the symbols of a column; a variable without one, or that shares its symbol, keeps its own name.

    Of several variables with one symbol none is known to be the whole gene.
    """
    where = "adata.raw.var" if use_raw else "adata.var"
    if key not in var:
        columns = listed(var.columns, most=20) or "it has no columns"
        msg = f"gene_symbols={key!r} is not a column of {where} ({columns}){suggest(key, var.columns)}"
        raise KeyError(msg)
    column = var[key].astype(object)
    names = column.where(column.notna(), "").astype(str).to_numpy(object)
    if not any(names):
        msg = f"gene_symbols={key!r}: {where}[{key!r}] has no symbol; name another column"
        raise ValueError(msg)
    shared = pd.Series(names).duplicated(keep=False).to_numpy()
    _warn_of_shared(set(names[shared]), f"{where}[{key!r}]")
    apart = (names == "") | shared
    return pd.Index(np.where(apart, var.index.to_numpy(object), names), dtype=object)


def _warn_of_shared(symbols: set[Any], where: str) -> None:
    """Say which ligands and receptors are lost because several variables have their symbol."""
    if not symbols - {""}:
        return
    lost = sorted(symbols & set(rs.as_resource("breast+general").genes))
    if lost:
        warn(
            f"{where}: several variables share {listed(lost)}, and none is known to be the whole gene, so that "
            "interactions with these genes are not tested; keep one variable of each, or add up their values"
        )


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


def refuse_unsuitable(columns: GeneColumns | CellStatistics, source: Expression) -> None:
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
        refuse_counts(name)
    warn_of_scale(source.matrix, name, highest=float(columns.extent[1]))


def refuse_counts(name: str) -> NoReturn:
    """Raise because the matrix of this name holds counts."""
    msg = (
        f"{name} holds only whole numbers, as raw counts do; scoring needs log-normalised expression: "
        "sc.pp.normalize_total(adata, target_sum=1e4); sc.pp.log1p(adata), "
        "or give the layer= that holds it"
    )
    raise ValueError(msg)
