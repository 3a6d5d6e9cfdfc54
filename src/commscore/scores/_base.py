"""What a score is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[np.float64]"


class Form(IntEnum):
    """Statistics of two means that the counting kernel knows; the values are the kernel's codes."""

    SUM = 0
    PRODUCT = 1

    def of(self, left: Array, right: Array) -> Array:
        """Return the statistic: (L + R) / 2, zero where either is zero, or L · R."""
        if self is Form.SUM:
            return np.where((left > 0) & (right > 0), 0.5 * (left + right), 0.0)
        return left * right


@dataclass(frozen=True)
class Side:
    """What is known of the ligand in the source or of the receptor in the target; arrays that broadcast."""

    mean: Array


@dataclass(frozen=True)
class Stats:
    """What a score is given: both sides, tests × permutations (or tests × 1 when observed)."""

    ligand: Side
    receptor: Side


@dataclass(frozen=True, kw_only=True)
class Score:
    """A scoring method.

    ``function`` maps :class:`Stats` to an array, by NumPy, broadcasting, writing to nothing. ``form`` says
    that the score orders labellings exactly as a :class:`Form` does, so that permutations can be counted by
    the fast kernel; ``None`` means that the function itself is evaluated on every block.
    """

    name: str
    function: Callable[[Stats], Array]
    summary: str
    doi: str
    lowest: float
    highest: float
    measures: Literal["magnitude", "specificity"]
    form: Form | None = None
