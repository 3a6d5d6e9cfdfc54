"""``--backed``: an AnnData whose matrices stay in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.read.files import contained
from ..core.read.tiles import MatrixView
from ._containers import TablePlace, open_group, with_common_columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd


def read_on_disk(place: TablePlace) -> Any:
    """Return ``obs``, ``var``, ``X``, the layers and ``raw`` of a file or store; matrices are not read."""
    import anndata

    group = open_group(place.path, place.group)
    obs, var, of_raw = _frames(group, place)
    adata = anndata.AnnData(_matrix(group.get("X")), obs=obs, var=var)
    for name, element in _items(group.get("layers")):
        adata.layers[name] = _matrix(element)
    raw = group.get("raw/X", group.get("raw.X"))  # the second: anndata before 0.7
    if raw is not None and of_raw is not None:
        adata._raw = anndata.Raw(adata, X=_RawView(contained(_matrix(raw), "adata.raw.X")), var=of_raw, varm={})
    return with_common_columns(adata, place)


def _frames(group: Any, place: TablePlace) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Return ``obs``, ``var`` and the variables of ``raw``; what anndata wrote before 0.7 is left to anndata."""
    from anndata.io import read_elem

    if all("encoding-type" in getattr(group.get(name), "attrs", ()) for name in ("obs", "var")):
        of_raw = read_elem(group["raw/var"]) if "raw/var" in group else None
        return read_elem(group["obs"]), read_elem(group["var"]), of_raw
    old = _old(place.path)
    return old.obs, old.var, None if old.raw is None else old.raw.var


def _old(path: Path) -> Any:
    import anndata

    return anndata.read_h5ad(path, backed="r") if path.suffix == ".h5ad" else anndata.read_zarr(path)


def _items(group: Any) -> Iterator[tuple[str, Any]]:
    for name in group if group is not None else ():
        yield name, group[name]


def _matrix(element: Any) -> Any:
    from anndata.io import sparse_dataset

    if element is None or element.attrs.get("encoding-type") == "null":
        return None
    return element if hasattr(element, "shape") else sparse_dataset(element)


@dataclass(frozen=True)
class _RawView(MatrixView):
    """The matrix of ``raw``; anndata takes rows from it when it makes a view, and nothing is read then."""

    def __getitem__(self, index: tuple[Any, Any]) -> MatrixView:
        return MatrixView(self.whole, np.arange(self.shape[0])[np.ravel(index[0]) if np.ndim(index[0]) else index[0]])
