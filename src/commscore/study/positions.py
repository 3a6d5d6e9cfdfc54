"""Where cells or spots lie: positions in µm, what they are, and what cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from .._validate import listed, suggest, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from ..arrays import Floats, Ints

VISIUM_PITCH = 100.0
"""Distance in µm between the centres of Visium's spots."""
_SPOT = "spot_diameter_fullres"
_LEAST_SPOT = 50.0
_TWICE = 0.01  # of the cells may share their place with another one
_PLAUSIBLE = (1.0, 250.0)  # µm from a cell to the nearest one, in the median


@dataclass(frozen=True)
class TissuePositions:
    """Positions in µm of all observations; ``pitch``, of spots, is the median distance of neighbours."""

    points: Floats
    um_per_unit: float
    pitch: float

    def take(self, rows: Ints) -> Floats:
        """Return the positions of these observations."""
        return self.points[rows]


def read_positions(
    adata: AnnData, *, spatial_key: str, um_per_unit: float | None, sample: Ints, sample_key: str | None
) -> TissuePositions:
    """Read positions and refuse what cannot be those of cells of one plane; ``sample`` of every observation."""
    points = _coordinates(adata, spatial_key)
    _refuse_shared(points, sample, spatial_key=spatial_key, sample_key=sample_key)
    nearest = _nearest(points, sample)
    if um_per_unit is None and has_visium_spots(adata):
        um_per_unit = VISIUM_PITCH / nearest
    if um_per_unit is None:
        msg = (
            f"um_per_unit is needed: how many µm is one unit of adata.obsm[{spatial_key!r}]? The median distance to "
            f"the nearest cell is {nearest:.4g} units; Xenium and MERFISH are in µm (um_per_unit=1), arrays of spots "
            "often in steps of the grid"
        )
        raise ValueError(msg)
    away = nearest * float(um_per_unit)
    if not _PLAUSIBLE[0] <= away <= _PLAUSIBLE[1]:
        warn(
            f"with um_per_unit={um_per_unit:g} the median distance to the nearest cell or spot is {away:.3g} µm, where "
            "cells lie about 10 µm and spots 50 to 200 µm apart: are the coordinates pixels, or mm?"
        )
    return TissuePositions(points * float(um_per_unit), float(um_per_unit), away)


def has_visium_spots(adata: AnnData) -> bool:
    """Whether scale factors of Visium's spots are stored (bins of HD are smaller than 50 µm, and are not spots)."""
    libraries = adata.uns.get("spatial")
    if not isinstance(libraries, Mapping):
        return False
    factors = [x["scalefactors"] for x in libraries.values() if isinstance(x, Mapping) and "scalefactors" in x]
    sizes = [_diameter(f) for f in factors if isinstance(f, Mapping) and _SPOT in f]
    return any(size >= _LEAST_SPOT for size in sizes)


def _diameter(factors: Mapping[str, Any]) -> float:
    """Diameter of a spot in µm; that of Visium where nothing tells."""
    per_pixel = factors.get("microns_per_pixel")
    return _LEAST_SPOT if per_pixel is None else float(factors[_SPOT]) * float(per_pixel)


def _coordinates(adata: AnnData, spatial_key: str) -> Floats:
    if spatial_key not in adata.obsm:
        keys = listed(adata.obsm) or "it is empty"
        msg = f"spatial_key={spatial_key!r} is not in adata.obsm ({keys}){suggest(spatial_key, adata.obsm)}"
        raise KeyError(msg)
    points = np.asarray(adata.obsm[spatial_key])
    if points.ndim != 2 or points.shape[1] not in (2, 3) or points.dtype.kind not in "iuf":
        msg = (
            f"adata.obsm[{spatial_key!r}] must hold two or three numbers per cell, found {points.dtype} of shape "
            f"{points.shape}"
        )
        raise ValueError(msg)
    points = points.astype(np.float64)
    if not np.isfinite(points).all():
        n = int((~np.isfinite(points)).any(axis=1).sum())
        msg = f"adata.obsm[{spatial_key!r}] has {n} cells without a position (NaN or infinite); leave these cells out"
        raise ValueError(msg)
    return points


def _refuse_shared(points: Floats, sample: Ints, *, spatial_key: str, sample_key: str | None) -> None:
    """Refuse cells on one place: several samples taken for one, or no positions."""
    places = np.unique(np.column_stack([sample, points]), axis=0)
    shared = 1 - len(places) / len(points)
    if shared > _TWICE:
        where = "in the same sample " if sample_key is not None else ""
        hint = "" if sample_key is not None else "several samples or sections: give sample_key="
        msg = (
            f"adata.obsm[{spatial_key!r}]: {shared:.0%} of the cells lie {where}exactly where another one does; "
            f"{hint or 'are the samples made of several sections? Name these, or move them apart'}"
        )
        raise ValueError(msg)


def _nearest(points: Floats, sample: Ints) -> float:
    """Median distance to the nearest cell of the same sample."""
    away = [
        cKDTree(points[own]).query(points[own], k=2)[0][:, 1]
        for own in (sample == s for s in np.unique(sample))
        if own.sum() > 1
    ]
    if not away:
        msg = "every sample has a single cell; give the column of sections as sample_key, or leave it out"
        raise ValueError(msg)
    return float(np.median(np.concatenate(away)))


def refuse_overlapping(adata: AnnData, positions: TissuePositions, columns: Sequence[str]) -> None:
    """Refuse a column that looks like samples, is not named as them, and whose values lie on top of each other."""
    for column in columns:
        boxes = pd.DataFrame(positions.points[:, :2]).groupby(adata.obs[column].to_numpy(), observed=True)
        low, high = boxes.min().to_numpy(), boxes.max().to_numpy()
        shared = np.maximum(np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None]), 0).prod(axis=2)
        area = np.maximum((high - low).prod(axis=1), 1e-300)
        np.fill_diagonal(shared, 0.0)
        if (shared / np.minimum(area[:, None], area[None])).max() > 0.5:
            msg = (
                f"sample_key is not given, and adata.obs[{column!r}] looks like samples whose coordinates overlap: "
                f"cells of different samples would be neighbours. Give sample_key={column!r}"
            )
            raise ValueError(msg)


def read_composition(adata: AnnData, key: str | Sequence[str]) -> pd.DataFrame:
    """Return the share of every cell type in every spot, from ``obsm`` or from columns of ``obs``.

    Raises
    ------
    ValueError
        If shares are missing, negative, or do not sum to 1.
    """
    if not isinstance(key, str) and len(key) == 1 and key[0] in adata.obsm:
        key = key[0]
    if isinstance(key, str):
        if key not in adata.obsm:
            columns = [c for c in adata.obs.columns if str(c).startswith(key)]
            hint = f"; columns of adata.obs go as a list, composition_key={columns[:3]}" if columns else ""
            keys = listed(adata.obsm) or "it is empty"
            msg = f"composition_key={key!r} is not in adata.obsm ({keys}){suggest(key, adata.obsm)}{hint}"
            raise KeyError(msg)
        shares = adata.obsm[key]
        shares = shares if isinstance(shares, pd.DataFrame) else pd.DataFrame(np.asarray(shares), adata.obs_names)
    else:
        missing = [c for c in key if c not in adata.obs]
        if missing:
            msg = (
                f"composition_key: {missing[0]!r} is not a column of adata.obs{suggest(missing[0], adata.obs.columns)}"
            )
            raise KeyError(msg)
        shares = adata.obs[list(key)]
    values = shares.to_numpy(np.float64)
    if values.shape[1] < 2 or not np.isfinite(values).all() or values.min() < 0:
        msg = "composition_key must name shares, 0 to 1 and none missing, of at least two cell types"
        raise ValueError(msg)
    sums = values.sum(axis=1)
    if np.abs(sums - 1).max() > 0.01:
        msg = (
            f"the shares of composition_key must sum to 1 in every spot, found sums from {sums.min():.3g} to "
            f"{sums.max():.3g}; divide them by their sum (and leave spots without cells out)"
        )
        raise ValueError(msg)
    return shares.set_axis(_without_prefix([str(c) for c in shares.columns]), axis=1)


def _without_prefix(names: list[str]) -> list[str]:
    """Cut what all names begin with, up to a mark between words: ``prop_B cells`` is ``B cells``."""
    alike = [len(set(letters)) == 1 for letters in zip(*names, strict=False)]
    shared = names[0][: [*alike, False].index(False)]
    end = max((i + 1 for i, letter in enumerate(shared) if letter in "_.:-"), default=0)
    short = [name[end:] for name in names]
    return short if all(short) else names
