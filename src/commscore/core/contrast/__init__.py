"""Conditions and stages compared on arrays: samples or cells are the replicates, interactions are the rows."""

from . import design
from ._by_cells import compare_cells
from ._cells import CellCohort
from ._compare import compare, fit
from ._model import Model
from ._supplied import SuppliedLigands, compare_supplied
from ._types import COMBINE, LABELS, Cohort, Comparison, Contrast, Settings

__all__ = [
    "COMBINE",
    "LABELS",
    "CellCohort",
    "Cohort",
    "Comparison",
    "Contrast",
    "Model",
    "Settings",
    "SuppliedLigands",
    "compare",
    "compare_cells",
    "compare_supplied",
    "design",
    "fit",
]
