"""What is observed in space: cells with their groups, or spots with their composition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._validate import warn
from ...arrays import Groups
from ...get._columns import as_categorical
from ...study.cells import Cells, obs_column, read_cells
from ...study.positions import has_visium_spots, read_composition, read_positions, refuse_overlapping
from ...study.strata import like_samples, samples_of_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from ...arrays import Floats, Ints
    from ...study.positions import TissuePositions

SPOTS = "spots"


@dataclass(frozen=True)
class Observations:
    """Cells or spots that take part, in the order of the data.

    ``shares`` (n, n_types): 0 or 1 for cells, the composition for spots; missing where spots have none.
    """

    cells: Cells
    points: Floats
    positions: TissuePositions
    sample: Ints
    n_samples: int
    region: Ints | None
    shares: Floats | None
    types: list[str]
    is_spots: bool

    @property
    def group(self) -> Ints:
        """Group of every observation; spots are of one."""
        return self.cells.groups.labels.astype(np.int64)


@dataclass(frozen=True)
class SpatialKeys:
    """Names of what is read of the data."""

    groupby: str | None
    sample_key: str | None
    region_key: str | None
    spatial_key: str
    composition_key: str | Sequence[str] | None
    um_per_unit: float | None


def read_observations(adata: AnnData, keys: SpatialKeys, *, min_cells: int) -> Observations:
    """Read cells, samples, regions, positions and composition."""
    is_spots = keys.composition_key is not None or has_visium_spots(adata)
    composition = None if keys.composition_key is None else read_composition(adata, keys.composition_key)
    _refuse_labels(keys, is_spots=is_spots)
    if keys.groupby is None:
        cells = _every_spot(adata)
    else:
        cells = read_cells(adata, keys.groupby, groups=None, min_cells=min_cells)
    sample, n_samples = np.zeros(cells.n, np.int64), 1
    if keys.sample_key is not None:
        samples = samples_of_cells(adata, keys.sample_key, cells, groupby=keys.groupby or "")
        sample, n_samples = samples.strata.labels.astype(np.int64), samples.n
    every = np.zeros(adata.n_obs, np.int64)
    every[cells.index] = sample + 1
    positions = read_positions(
        adata,
        spatial_key=keys.spatial_key,
        um_per_unit=keys.um_per_unit,
        sample=every,
        sample_key=keys.sample_key,
    )
    if keys.sample_key is None and keys.groupby is not None:
        refuse_overlapping(adata, positions, like_samples(adata, cells, groupby=keys.groupby))
    if is_spots and composition is None:
        warn(
            "spots without composition_key: where spots hold other cell types, ligand and receptor differ together, "
            "which is no communication; give composition_key, the shares of cell types of a deconvolution"
        )
    shares = None if composition is None else composition.to_numpy(np.float64)[cells.index]
    types = [SPOTS] if composition is None else [str(c) for c in composition.columns]
    if not is_spots:
        types = [str(name) for name in cells.names]
        shares = np.eye(cells.groups.n)[cells.groups.labels]
    region = None if keys.region_key is None else _regions(adata, keys.region_key, cells)
    points = positions.take(cells.index)
    return Observations(cells, points, positions, sample, n_samples, region, shares, types, is_spots)


def _refuse_labels(keys: SpatialKeys, *, is_spots: bool) -> None:
    if is_spots and keys.groupby is not None:
        msg = (
            f"groupby={keys.groupby!r}: these are spots of many cells, and a spot's label is not a cell type; leave "
            "groupby out and give composition_key, the shares of cell types in every spot"
        )
        raise ValueError(msg)
    if not is_spots and keys.groupby is None:
        msg = (
            "groupby is needed: the column of adata.obs with the cell types. Where the data are spots of many cells, "
            "give composition_key instead, the shares of cell types in every spot"
        )
        raise ValueError(msg)


def _every_spot(adata: AnnData) -> Cells:
    labels = np.zeros(adata.n_obs, np.int64)
    return Cells(None, Groups.of(labels, 1), np.array([SPOTS], object), np.zeros(1, np.int64), {})


def _regions(adata: AnnData, key: str, cells: Cells) -> Ints:
    """Return the region of every cell; those without one are a region of their own."""
    codes = as_categorical(obs_column(adata, "region_key", key)).cat.codes.to_numpy().astype(np.int64)
    return np.asarray(pd.factorize(codes[cells.index])[0], np.int64)
