"""Smooth random fields and where cells lie in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from ...arrays import Floats

_PER_RANGE = 4
"""Bins of the grid to one range."""
_MOST = 1024


class FieldSource:
    """Draws Gaussian fields of mean 0 and variance 1 at fixed positions.

    The correlation at distance d is exp(−d² / (4 range²)): white noise under a Gaussian of this standard deviation, on
    a grid of a quarter of it. Range 0 is noise without correlation.
    """

    def __init__(self, points: Floats, *, width: float, range_um: float) -> None:
        self._points, self._range = points, range_um
        if range_um > 0:
            step = max(range_um / _PER_RANGE, width / _MOST)
            self._sd = range_um / step
            pad = int(np.ceil(4 * self._sd))
            self._size = int(np.ceil(width / step)) + 1 + 2 * pad
            self._at = (points.T / step) + pad

    def draw(self, generator: np.random.Generator) -> Floats:
        """Return one value per position."""
        if self._range <= 0:
            return generator.standard_normal(len(self._points))
        noise = generator.standard_normal((self._size, self._size))
        smooth = ndimage.gaussian_filter(noise, self._sd, mode="constant", truncate=4.0)
        # the sum of squares of the weights is 1 / (4 π sd²) where the sd spans several bins
        smooth *= 2.0 * np.sqrt(np.pi) * self._sd
        return np.asarray(ndimage.map_coordinates(smooth, self._at, order=1), np.float64)


def place_groups(
    weights: Floats,
    *,
    correlation: Floats,
    clustering: float,
    fields: FieldSource,
    generator: np.random.Generator,
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw the group of every cell, with odds weight · exp(clustering · field of the group) at its place.

    ``correlation`` (n_groups, n_groups) is that between the fields of groups.
    """
    drawn = np.stack([fields.draw(generator) for _ in weights])
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    odds = np.log(weights)[:, None] + clustering * (root @ drawn)
    gumbel = -np.log(-np.log(generator.random(odds.shape)))
    return np.asarray((odds + gumbel).argmax(axis=0), np.int64)
