"""What a change is made of: additive parts of a log flow, Shapley values of two sides, the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ..arrays import Bools, Floats


DRIVERS = ("ligand", "receptor", "source_abundance", "target_abundance", "mixed")


def shapley(
    score: Callable[[Floats, Floats], Floats], *, reference: tuple[Floats, Floats], alternative: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Split the change of ``score(ligand, receptor)`` fairly between the two sides.

    Each side gets the mean of its effect when it moves first and when it moves second (Shapley 1953); the two
    add up to the change, whatever the score.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([1.0])
    >>> parts = shapley(lambda l, r: l * r, reference=(one, one), alternative=(3 * one, 2 * one))
    >>> [float(p[0]) for p in parts]
    [3.0, 2.0]
    """
    (l0, r0), (l1, r1) = reference, alternative
    corners = score(l0, r0), score(l1, r0), score(l0, r1), score(l1, r1)
    none, only_ligand, only_receptor, both = corners
    ligand = 0.5 * ((only_ligand - none) + (both - only_receptor))
    return ligand, (both - none) - ligand


def driver(parts: Floats, clear: Bools, *, same_group: Bools) -> npt.NDArray[np.int8]:
    """Name the part that carries more than half of the absolute change.

    Parameters
    ----------
    parts
        (4, m): ligand, receptor, abundance of the source, of the target, in log2.
    clear
        (4, m): the interval of the part excludes zero.
    same_group
        (m,): source and target are one group, whose abundance counts once, with both its parts.

    Returns
    -------
    ndarray
        (m,) codes into :data:`DRIVERS`; -1 where no part is clearly different from zero, ``mixed`` where some
        are and none carries more than half.
    """
    size = np.abs(parts)
    size[2] = np.where(same_group, size[2] + size[3], size[2])
    size[3] = np.where(same_group, 0.0, size[3])
    total = size.sum(axis=0)
    largest = size.argmax(axis=0)
    m = np.arange(parts.shape[1])
    carries = (size[largest, m] > 0.5 * total) & clear[largest, m]
    return np.where(carries, largest, np.where(clear.any(axis=0), 4, -1)).astype(np.int8)
