"""Value types of everything that works on arrays, and the names of their array types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Labels: TypeAlias = npt.NDArray[np.uint16]
"""Number of the group of every cell."""
Counts: TypeAlias = npt.NDArray[np.uint64]

SEEN = 5
LOW, HIGH, NOT_FINITE, FRACTIONAL, FLAW = range(SEEN)
"""Places in ``seen`` (float64): smallest and largest non-zero value, and flags (0 or 1). The flaw is an entry that is
stored in parts where columns are laid out, and unsorted rows where a matrix is scanned."""


@dataclass(frozen=True)
class Groups:
    """A partition of the cells: ``labels`` (n_cells, uint16) into groups of ``sizes`` (n_groups)."""

    labels: Labels
    sizes: Ints

    @property
    def n(self) -> int:
        """Number of groups."""
        return self.sizes.size

    @classmethod
    def of(cls, labels: npt.NDArray[np.integer], n_groups: int) -> Groups:
        """Count the groups; every one must have a cell."""
        sizes = np.bincount(labels, minlength=n_groups).astype(np.int64)
        return cls(labels.astype(np.uint16), sizes)


@dataclass(frozen=True)
class Entities:
    """Ligands and receptors as sets of genes: entity ``e`` is ``genes[indptr[e]:indptr[e + 1]]``."""

    indptr: Ints
    genes: Ints

    @property
    def n(self) -> int:
        """Number of entities."""
        return self.indptr.size - 1

    @property
    def n_subunits(self) -> Ints:
        """Number of genes of each entity."""
        return np.diff(self.indptr)

    @classmethod
    def of(cls, members: list[list[int]]) -> Entities:
        """Build from a list of gene positions per entity."""
        indptr = np.zeros(len(members) + 1, np.int64)
        np.cumsum([len(m) for m in members], out=indptr[1:])
        return cls(indptr, np.asarray([g for m in members for g in m], np.int64))

    def least(self, of_genes: Floats) -> Floats:
        """Smallest value of any subunit, per entity."""
        return np.asarray(np.minimum.reduceat(of_genes[self.genes], self.indptr[:-1]))

    def first(self, entity: Ints) -> Ints:
        """First gene of each entity asked for."""
        return self.genes[self.indptr[entity]]


@dataclass(frozen=True)
class Tests:
    """One test per position: entity ``ligand`` in group ``source``, entity ``receptor`` in group ``target``."""

    source: Ints
    target: Ints
    ligand: Ints
    receptor: Ints

    @property
    def n(self) -> int:
        """Number of tests."""
        return self.source.size

    def take(self, which: npt.NDArray[np.bool_ | np.int64]) -> Tests:
        """Return the tests at these positions."""
        return Tests(self.source[which], self.target[which], self.ligand[which], self.receptor[which])


@dataclass(frozen=True)
class GeneColumns:
    """Compressed columns: for gene ``g``, ``data[indptr[g]:indptr[g + 1]]`` at cells ``rows[...]``, ascending.

    No zero is stored. ``seen`` is what was seen over all values, see :data:`SEEN`.
    """

    data: npt.NDArray[Any]
    rows: npt.NDArray[np.uint32]
    indptr: Ints
    n_cells: int
    seen: Floats

    @classmethod
    def of(cls, data: npt.NDArray[Any], rows: npt.NDArray[np.uint32], indptr: Ints, *, n_cells: int) -> GeneColumns:
        """Build from compressed columns that were laid out elsewhere, looking at every value.

        Raises
        ------
        TypeError
            If ``data`` is neither float32 nor float64.
        ValueError
            If there is not one row for every value.
        """
        if data.dtype not in (np.float32, np.float64):
            msg = f"data must be float32 or float64, found {data.dtype}"
            raise TypeError(msg)
        if data.shape != rows.shape:
            msg = f"data and rows must have one shape, found {data.shape} and {rows.shape}"
            raise ValueError(msg)
        seen = np.array([np.inf, -np.inf, 0.0, 0.0, 0.0])
        if data.size:
            finite = np.isfinite(data)
            seen[[LOW, HIGH]] = data.min(), data.max()
            seen[NOT_FINITE] = not finite.all()
            seen[FRACTIONAL] = (data[finite] % 1 != 0).any()
        return cls(data, rows, indptr, n_cells, seen)

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return self.indptr.size - 1

    @property
    def n_values(self) -> int:
        """Number of stored values."""
        return self.data.size

    @property
    def extent(self) -> tuple[float, float]:
        """Smallest and largest stored value; 1 and 1 when there is none."""
        if self.data.size == 0:
            return 1.0, 1.0
        return float(self.seen[LOW]), float(self.seen[HIGH])

    @property
    def finite(self) -> bool:
        """Whether no value is NaN or infinite."""
        return not self.seen[NOT_FINITE]

    @property
    def whole(self) -> bool:
        """Whether every value is a whole number."""
        return not self.seen[FRACTIONAL]
