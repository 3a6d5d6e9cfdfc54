"""What goes into a comparison of conditions and what comes out: plain arrays in frozen records.

Category columns come out as ``int8`` codes with their names in :data:`LABELS` (``-1`` is missing), so that
millions of rows stay small; ``pandas.Categorical.from_codes(codes, LABELS[column])`` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..._validate import in_range, one_of
from ...tables import vocabulary

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Floats, Ints


KINDS = ("pair", "stages", "interaction")
COMBINE = ("acat", "acat4", "fisher")
OUTSIDE = 0.05
"""Intervals leave this much out."""

LABELS: dict[str, tuple[str, ...]] = {
    "status": vocabulary.Status.words(),
    "shift": vocabulary.ShiftName.words(),
    "shape": vocabulary.ShapeName.words(),
    "driver": vocabulary.DriverName.words(),
    "pattern": vocabulary.EffectPattern.words(),
    "reason": vocabulary.UntestableReason.words(),
}


@dataclass(frozen=True)
class Cohort:
    """Pseudobulk of a cohort: samples × groups of cells × genes.

    Attributes
    ----------
    logcpm
        (n_samples, n_groups, n_genes) log2 counts per million of the sample × group, as
        :func:`commscore.core.log_rates.log_cpm` makes them; NaN in all genes where the sample × group has too few
        cells.
    counts
        Same shape: summed raw counts.
    library
        (n_samples, n_groups) effective total count over all genes, not only those given here: as counted, times the
        composition factor of the sample × group.
    n_cells
        (n_samples, n_groups) number of cells, also where there are too few of them.
    prop
        Same shape as ``logcpm``: fraction of the cells with a count, in 0 … 1.
    condition
        (n_samples,) codes into ``levels``.
    levels
        Names of the conditions; the first ``len(levels)`` columns of ``design`` are their means.
    design
        (n_samples, p) design in cell-means coding, then centred covariates and blocks. Its rank may be short
        (patients nested in the arms of an interaction): only the contrasts need to be estimable.
    block
        (n_samples,) codes of the samples that may exchange their labels, or None for all of them.
    patient
        (n_samples,) codes of the patients where their likeness is estimated, or None where the design has it.
    total_cells
        (n_samples,) cells of the sample, groups not listed here included; None is the sum of ``n_cells``.
    factors
        (n_samples, n_groups) log2 composition factors that are in ``library``; None is 0.
    background
        (n_samples, n_groups, n_more) counts of other genes of the matrix, chosen without the labels, for what the
        variances of all genes have in common; None where only the genes above are known.
    counted
        Whether ``counts`` are counts. Where they are other sums, nothing is fitted by their likelihood.
    """

    logcpm: Floats
    counts: Floats
    library: Floats
    n_cells: Ints
    prop: Floats
    condition: Ints
    levels: tuple[str, ...]
    design: Floats
    block: Ints | None = None
    patient: Ints | None = None
    total_cells: Ints | None = None
    factors: Floats | None = None
    background: Floats | None = None
    counted: bool = True

    def __post_init__(self) -> None:
        n, k, _ = self.logcpm.shape
        shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
            "counts": (self.counts, self.logcpm.shape),
            "prop": (self.prop, self.logcpm.shape),
            "library": (self.library, (n, k)),
            "n_cells": (self.n_cells, (n, k)),
            "condition": (self.condition, (n,)),
        }
        if self.factors is not None:
            shapes["factors"] = self.factors, (n, k)
        if self.background is not None:
            shapes["background"] = self.background, (n, k, self.background.shape[-1])
        for name, (array, expected) in shapes.items():
            if array.shape != expected:
                msg = f"{name} has shape {array.shape}, expected {expected} to fit logcpm {self.logcpm.shape}"
                raise ValueError(msg)
        if self.design.shape[0] != n or self.design.shape[1] < len(self.levels):
            msg = f"design has shape {self.design.shape}, expected {n} rows and a column per level of {self.levels}"
            raise ValueError(msg)

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.logcpm.shape[0])

    @property
    def n_groups(self) -> int:
        """Number of groups of cells."""
        return int(self.logcpm.shape[1])

    @property
    def present(self) -> Bools:
        """(n_samples, n_groups): where the sample × group has enough cells to have a value."""
        return np.asarray(np.isfinite(self.logcpm).all(axis=2), np.bool_)


@dataclass(frozen=True)
class Contrast:
    """One comparison as linear combinations of the coefficients of the design.

    Attributes
    ----------
    name
        What the ``contrast`` column says.
    vectors
        (q, p). ``pair``: one row, alternative minus reference. ``stages``: the templates of :func:`stages`.
        ``interaction``: difference of the differences, then the two simple effects.
    kind
        ``"pair" | "stages" | "interaction"``.
    ref, alt
        Codes of the levels on either side. Stages: ``ref`` is the first stage and ``alt`` all stages after it,
        in order. Interaction: ``ref`` and ``alt`` have two codes each, the simple effects being
        ``alt[0] − ref[0]`` and ``alt[1] − ref[1]``.
    reference, level
        Their names for tables; ``level`` is empty for stages.
    factor_level, factor_reference
        Level of the second factor within which they are compared, and the one that it is set against.
    """

    name: str
    vectors: Floats
    kind: Literal["pair", "stages", "interaction"]
    ref: tuple[int, ...]
    alt: tuple[int, ...]
    reference: str = ""
    level: str = ""
    factor_level: str = ""
    factor_reference: str = ""

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)


@dataclass(frozen=True)
class Settings:
    """How a comparison is made.

    Attributes
    ----------
    combine
        ``"acat"`` (valid when the two sides are correlated), ``"acat4"`` (also their sum and difference: more power
        where both sides move, a little less where one does) or ``"fisher"`` (assumes independent sides).
    test
        ``"samples"``: moderated t. ``"permutation"``: relabelling of the samples gives ``pvalue`` too.
    margin
        Half width, in log2, within which an effect counts as none (``stable``).
    expr_prop
        Fraction of cells that must express both sides in as many samples as the smallest condition has.
    alpha
        Level of the adjusted p-values from which a row has a direction, a driver and a shape. Intervals are those
        of 95 % whatever it is.
    min_samples
        Samples per side, with both groups present, below which a row is ``too_few_samples``.
    max_enumeration
        Largest number of relabellings enumerated; beyond it that many are drawn at random. 0 leaves
        ``exact_pvalue`` out.
    seed
        Key of the random relabellings.
    abundance_reference
        Codes of the groups that abundances are relative to; empty for those that change together.
    """

    combine: Literal["acat", "acat4", "fisher"] = "acat"
    test: Literal["samples", "permutation"] = "samples"
    margin: float = 0.5
    expr_prop: float = 0.1
    alpha: float = 0.05
    min_samples: int = 2
    max_enumeration: int = 1000
    seed: int = 0
    abundance_reference: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        one_of("combine", self.combine, COMBINE)
        one_of("test", self.test, ("samples", "permutation"))
        in_range("min_samples", self.min_samples, low=2, integer=True)


@dataclass(frozen=True)
class Comparison:
    """Result of one contrast.

    Attributes
    ----------
    contrast
        What was compared.
    columns
        One array (n_tests,) per column of the table of comparisons; categories as codes into :data:`LABELS`.
        ``pattern``, ``simple_first*`` and ``simple_second*`` only for an interaction.
    info
        What the whole contrast shares: degrees of freedom of the prior, number of rows and of those tested.
    abundance_reference
        Codes of the groups that abundances are relative to; one beyond the last group are the cells outside the groups.
    """

    contrast: Contrast
    columns: dict[str, npt.NDArray[Any]]
    info: dict[str, float] = field(default_factory=dict)
    abundance_reference: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
