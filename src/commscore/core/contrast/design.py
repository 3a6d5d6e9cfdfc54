"""Contrasts as vectors over a design whose first columns are the means of the conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...stats import shapes
from ._types import Contrast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...arrays import Floats


def _means(codes: Sequence[int], weights: Floats, n_coefficients: int) -> Floats:
    vectors = np.zeros((weights.shape[0], n_coefficients))
    vectors[:, list(codes)] = weights
    return vectors


def pair(name: str, *, ref: int, alt: int, n_coefficients: int) -> Contrast:
    """Alternative minus reference.

    Examples
    --------
    >>> pair("late vs early", ref=0, alt=2, n_coefficients=3).vectors.tolist()
    [[-1.0, 0.0, 1.0]]
    """
    return Contrast(name, _means((ref, alt), np.array([[-1.0, 1.0]]), n_coefficients), "pair", (ref,), (alt,))


def stages(name: str, *, order: Sequence[int], n_coefficients: int) -> Contrast:
    """Line, hill and every step over the levels ``order`` (codes, two or more, in order)."""
    weights = shapes.contrasts(len(order))
    return Contrast(name, _means(order, weights, n_coefficients), "stages", (order[0],), tuple(order[1:]))


def interaction(name: str, *, ref: tuple[int, int], alt: tuple[int, int], n_coefficients: int) -> Contrast:
    """Difference of two differences: ``(alt[1] − ref[1]) − (alt[0] − ref[0])``, then the two simple effects."""
    weights = np.array([[1.0, -1.0, -1.0, 1.0], [-1.0, 1.0, 0.0, 0.0], [0.0, 0.0, -1.0, 1.0]])
    codes = (ref[0], alt[0], ref[1], alt[1])
    return Contrast(name, _means(codes, weights, n_coefficients), "interaction", ref, alt)
