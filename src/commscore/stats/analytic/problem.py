"""The tests an analytic null is asked for, as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commscore.kernels.permute import PRODUCT, SUM

from ...arrays import Floats, Ints


def gather(indptr: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Positions of the members of ``rows`` of a ragged array, one row after the other, and their new indptr.

    Examples
    --------
    >>> import numpy as np
    >>> gather(np.array([0, 2, 3, 6]), np.array([2, 0]))
    (array([3, 4, 5, 0, 1]), array([0, 3, 5]))
    """
    size = np.diff(indptr)[rows]
    out = np.zeros(rows.size + 1, np.int64)
    np.cumsum(size, out=out[1:])
    return np.arange(out[-1]) - np.repeat(out[:-1] - indptr[rows], size), out


def crossed(indptr: Ints, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints]:
    """Every member of row ``left[t]`` with every member of row ``right[t]`` of a ragged array, and t.

    Examples
    --------
    >>> import numpy as np
    >>> crossed(np.array([0, 2, 3]), np.array([0]), np.array([1]))
    (array([0, 1]), array([2, 2]), array([0, 0]))
    """
    size = np.diff(indptr)
    n = size[left] * size[right]
    owner = np.repeat(np.arange(left.size), n)
    within = np.arange(owner.size) - np.repeat(np.cumsum(n) - n, n)
    width = size[right][owner]
    return indptr[left][owner] + within // width, indptr[right][owner] + within % width, owner


@dataclass(frozen=True, kw_only=True)
class ScoreThresholds:
    """One threshold per row, of a score of an interaction between two groups, and how its sides are joined.

    Parameters
    ----------
    source, target
        Groups, int64, (n_tests,).
    ligand, receptor
        Entities, int64, (n_tests,).
    threshold
        Observed score (less its tolerance for ties), (n_tests,).
    form
        ``SUM``: (L + R) / 2, zero if either is zero; ``PRODUCT``: L · R.
    """

    source: Ints
    target: Ints
    ligand: Ints
    receptor: Ints
    threshold: Floats
    form: int

    def __post_init__(self) -> None:
        if self.form not in (SUM, PRODUCT):
            msg = f"form must be SUM ({SUM}) or PRODUCT ({PRODUCT}), found {self.form!r}"
            raise ValueError(msg)

    def __len__(self) -> int:
        return int(self.source.size)

    def take(self, rows: Ints | slice) -> ScoreThresholds:
        """Return the thresholds ``rows``; those of a slice are views."""
        return ScoreThresholds(
            source=self.source[rows],
            target=self.target[rows],
            ligand=self.ligand[rows],
            receptor=self.receptor[rows],
            threshold=self.threshold[rows],
            form=self.form,
        )
