"""What a score is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import IntEnum
from typing import Any, Literal, TypeAlias

import numpy as np

from ..arrays import Floats

Array: TypeAlias = "Floats"


class Form(IntEnum):
    """Orders of two numbers that the counting kernel knows; the values are the kernel's codes."""

    SUM = 0
    PRODUCT = 1
    PLAIN = 2

    def of(self, left: Array, right: Array) -> Array:
        """Return (L + R) / 2, zero where either is zero; L · R; or (L + R) / 2 whatever the signs."""
        if self is Form.SUM:
            return np.where((left > 0) & (right > 0), 0.5 * (left + right), 0.0)
        return left * right if self is Form.PRODUCT else 0.5 * (left + right)


@dataclass(frozen=True)
class Statistic:
    """A number per gene and group, joined over the subunits of a complex.

    Parameters
    ----------
    name
        For people; two statistics that differ in nothing else are the same.
    values
        What is reduced: the expression ``value``, its ``linear`` scale exp(x) − 1, whether it is
        ``expressed``, or ``all`` genes' values of the group's cells (then it is no gene's, but the group's).
    reduce
        ``mean``, ``sd`` (only of ``all``), ``trimean``, or ``truncated``: the mean without the fraction
        ``trim`` at either end.
    relative
        To what the gene is compared before subunits are joined: ``nothing``; all ``cells`` (z-score by the
        gene's mean and standard deviation); the ``rest``, the cells of all other groups (log2 of
        (mean + 1) / (mean of the rest + 1)); or, after they are joined, the sum over the ``groups`` (a share).
    joined
        How subunits are joined: by the user's ``rule``, or always by the ``least``.
    trim
        Fraction, 0 to 0.5.
    """

    name: str = field(compare=False)
    _: KW_ONLY
    values: Literal["value", "linear", "expressed", "all"] = "value"
    reduce: Literal["mean", "sd", "trimean", "truncated"] = "mean"
    relative: Literal["nothing", "cells", "rest", "groups"] = "nothing"
    joined: Literal["rule", "least"] = "rule"
    trim: float = 0.0


MEAN = Statistic("mean")
PROP = Statistic("fraction expressed", values="expressed", joined="least")
ZSCORE = Statistic("z-scored mean", relative="cells")
LOGFC = Statistic("log2 fold change to all other groups", values="linear", relative="rest")
SHARE = Statistic("share of the sum over groups", relative="groups")
TRIMEAN = Statistic("trimean", reduce="trimean")
LEVEL = Statistic("mean of all genes", values="all")
SPREAD = Statistic("standard deviation of all genes", values="all", reduce="sd")


def truncated(trim: float) -> Statistic:
    """Mean without the fraction ``trim`` of the cells at either end."""
    return Statistic(f"mean truncated by {trim:g}", reduce="truncated", trim=trim)


@dataclass(frozen=True)
class Background:
    """Numbers that no permutation changes.

    ``mean`` is that of all genes in all cells that take part, zeros included; ``highest`` the largest value
    of the genes of the resource.
    """

    mean: float = float("nan")
    highest: float = float("nan")


@dataclass(frozen=True)
class Side:
    """What is known of the ligand in the source or of the receptor in the target; arrays that broadcast.

    ``values`` holds the statistics that the score declares, ``size`` the number of cells of the group as a
    fraction of all cells, ``cells`` that number, ``sets`` the factors of its :class:`GeneSet` by name.
    """

    values: Mapping[Statistic, Array]
    size: Array = field(default_factory=lambda: np.ones(1))
    cells: Array = field(default_factory=lambda: np.ones(1))
    sets: Mapping[str, Array] = field(default_factory=dict)

    def __getitem__(self, statistic: Statistic) -> Array:
        try:
            return self.values[statistic]
        except KeyError:
            msg = f"the score uses {statistic.name!r} and must declare it in needs"
            raise KeyError(msg) from None

    @property
    def mean(self) -> Array:
        """Mean expression."""
        return self[MEAN]


@dataclass(frozen=True)
class Stats:
    """What a score is given: both sides, tests × permutations (or tests × 1 when observed)."""

    ligand: Side
    receptor: Side
    background: Background = Background()

    @classmethod
    def of_means(cls, ligand: Array, receptor: Array) -> Stats:
        """Statistics of which only the means are known."""
        return cls(Side({MEAN: ligand}), Side({MEAN: receptor}))


@dataclass(frozen=True)
class GeneSet:
    """Genes beside ligand and receptor: those that the resource names in ``column``, separated by ``;``.

    Each gene's ``statistic`` is turned into a factor by ``factor``; the factors are multiplied. Genes that
    are not measured, and interactions without such genes, count as 1.
    """

    column: str
    statistic: Statistic
    factor: Callable[[Array, Background], Array]


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """A scoring method.

    Parameters
    ----------
    function
        Maps :class:`Stats` to an array, by NumPy, broadcasting, writing to nothing.
    needs
        The statistics it uses.
    sets
        The gene sets it uses.
    form, of
        ``form`` says that the score orders labellings exactly as this :class:`Form` of the statistic ``of``
        does, as long as no test has genes in ``sets``, so that permutations are counted by the fast kernel;
        ``None`` means that the function itself is evaluated on every block.
    background
        Whether it uses :class:`Background` (or the statistics of ``all`` genes), which cost a look at the
        whole matrix.
    standardised
        Whether the score is the function's value minus its mean over the permutations, divided by its
        standard deviation.
    aliases
        LIANA's names of the score and of its p-value.
    make
        Function of the parameters that returns such a score; ``parameters`` are those of this one.
    """

    name: str
    function: Callable[[Stats], Array]
    summary: str
    doi: str
    lowest: float
    highest: float
    measures: Literal["magnitude", "specificity"]
    strong: Literal["high", "low"] = "high"
    needs: tuple[Statistic, ...] = (MEAN,)
    sets: tuple[GeneSet, ...] = ()
    form: Form | None = None
    of: Statistic = MEAN
    background: bool = False
    standardised: bool = False
    aliases: tuple[str, str | None] | None = None
    make: Callable[..., Score] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def of_means(self) -> bool:
        """Whether it orders labellings by the sum (zero where a side is) or product of the two means."""
        return self.form in (Form.SUM, Form.PRODUCT) and self.of == MEAN and not self.sets and not self.standardised

    def __repr__(self) -> str:
        return _brief(self)

    def __call__(self, stats: Stats) -> Array:
        """Evaluate the function."""
        return self.function(stats)


@dataclass(frozen=True, kw_only=True, eq=False)
class Combination:
    """Ranks that are aggregated over other methods' results: of magnitude, and of specificity.

    ``rank`` maps an array n_lists × n_tests, in each of which the smallest value is the best, to one value
    per test, 0 to 1, of which the smallest is the best. ``pvalues`` are methods whose p-values, where there
    are any, are one more list of specificity.
    """

    name: str
    rank: Callable[[Array], Array]
    magnitude: tuple[str, ...]
    specificity: tuple[str, ...]
    pvalues: tuple[str, ...]
    summary: str
    doi: str
    lowest: float = 0.0
    highest: float = 1.0
    measures: str = "magnitude and specificity"
    strong: Literal["high", "low"] = "low"
    make: Callable[..., Combination] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return _brief(self)

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the methods it needs, each once."""
        return tuple(dict.fromkeys((*self.magnitude, *self.specificity, *self.pvalues)))


Method: TypeAlias = Score | Combination


def _brief(method: Method) -> str:
    """Return the name, the parameters and the summary."""
    values = "".join(f", {name}={value!r}" for name, value in method.parameters.items())
    return f"<method {method.name!r}{values}: {method.summary}>"
