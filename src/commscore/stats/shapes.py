"""Shapes of a change over ordered stages: templates, contrasts that measure them, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._validate import in_range

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays import Floats


NAMES = ("growth", "recession", "peak", "trough", "early_switch", "late_switch", "flat")


def templates(n_stages: int) -> Floats:
    """Templates (q, n_stages), each from 0 to 1: a line, a hill, a step after every stage but the last.

    With two stages there is only the line; the hill needs three.

    Raises
    ------
    TypeError, ValueError
        ``n_stages`` is not an integer >= 2.

    Examples
    --------
    >>> templates(3).tolist()
    [[0.0, 0.5, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    """
    in_range("n_stages", n_stages, low=2, integer=True)
    t = np.linspace(0.0, 1.0, n_stages)
    if n_stages == 2:
        return t[None]
    hill = 1.0 - (2.0 * t - 1.0) ** 2
    steps = (np.arange(n_stages) >= np.arange(1, n_stages)[:, None]).astype(np.float64)
    return np.vstack([t, hill / hill.max(), steps])


def contrasts(n_stages: int) -> Floats:
    """Contrasts (q, n_stages) of stage means: the amplitude of each template by least squares.

    For the line it is the fitted change from the first to the last stage, for the hill the height of the
    middle over the ends, for a step the mean after it minus the mean before.
    """
    shape = templates(n_stages)
    centred = shape - shape.mean(axis=1, keepdims=True)
    amplitude: Floats = centred / (centred**2).sum(axis=1, keepdims=True)
    return amplitude


def name_codes(n_stages: int) -> npt.NDArray[np.int8]:
    """Codes into :data:`NAMES` (q, 2): for a falling and for a rising amplitude of each template.

    A step in the first half is early, in the second half late; one in the very middle is nearest to a line.
    """
    codes = [(1, 0)]
    if n_stages > 2:
        codes.append((3, 2))
        for j in range(1, n_stages):
            if 2 * j == n_stages:
                codes.append((1, 0))
            else:
                codes.append((4, 4) if 2 * j < n_stages else (5, 5))
    return np.asarray(codes, np.int8)
