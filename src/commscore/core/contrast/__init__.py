"""Conditions and stages compared on arrays: samples are the replicates, interactions are the rows."""

from . import design
from ._compare import compare, fit
from ._rewired import leaders_changed
from ._shift import name_shifts, significant
from ._types import LABELS, Cohort, Comparison, Contrast, Settings

__all__ = [
    "LABELS",
    "Cohort",
    "Comparison",
    "Contrast",
    "Settings",
    "compare",
    "design",
    "fit",
    "leaders_changed",
    "name_shifts",
    "significant",
]
