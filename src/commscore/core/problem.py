"""The tables of integers that say what is tested: groups of cells, entities (genes or complexes), tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class Groups:
    """A partition of the cells: ``labels`` (n_cells, uint16) into groups of ``sizes`` (n_groups)."""

    labels: npt.NDArray[np.uint16]
    sizes: npt.NDArray[np.int64]

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

    indptr: npt.NDArray[np.int64]
    genes: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of entities."""
        return self.indptr.size - 1

    @property
    def n_subunits(self) -> npt.NDArray[np.int64]:
        """Number of genes of each entity."""
        return np.diff(self.indptr)

    @classmethod
    def of(cls, members: list[list[int]]) -> Entities:
        """Build from a list of gene positions per entity."""
        indptr = np.zeros(len(members) + 1, np.int64)
        np.cumsum([len(m) for m in members], out=indptr[1:])
        return cls(indptr, np.asarray([g for m in members for g in m], np.int64))


@dataclass(frozen=True)
class Tests:
    """One test per position: entity ``ligand`` in group ``source``, entity ``receptor`` in group ``target``."""

    source: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    ligand: npt.NDArray[np.int64]
    receptor: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of tests."""
        return self.source.size

    def take(self, which: npt.NDArray[np.bool_ | np.int64]) -> Tests:
        """Return the tests at these positions."""
        return Tests(self.source[which], self.target[which], self.ligand[which], self.receptor[which])
