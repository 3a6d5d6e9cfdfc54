"""Conditions and stages compared on arrays: samples are the replicates, interactions are the rows."""

from ._types import LABELS, Cohort, Comparison, Contrast, Settings

__all__ = ["LABELS", "Cohort", "Comparison", "Contrast", "Settings"]
