"""What a change is made of: the part of a log flow that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..tables.vocabulary import DriverName

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays import Bools, Floats


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
        (m,) codes of :class:`~commscore.tables.vocabulary.DriverName`; -1 where no part is clearly different from
        zero, ``mixed`` where some are and none carries more than half.
    """
    size = np.abs(parts)
    size[2] = np.where(same_group, size[2] + size[3], size[2])
    size[3] = np.where(same_group, 0.0, size[3])
    total = size.sum(axis=0)
    largest = size.argmax(axis=0)
    m = np.arange(parts.shape[1])
    carries = (size[largest, m] > 0.5 * total) & clear[largest, m]
    return np.where(carries, largest, np.where(clear.any(axis=0), DriverName.MIXED.code, -1)).astype(np.int8)
