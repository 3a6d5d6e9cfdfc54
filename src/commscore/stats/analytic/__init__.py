"""The analytic permutation null: saddlepoint p-values from one pass over the data."""

from __future__ import annotations

from .null import AnalyticNull
from .problem import Cases, Entities
from .summary import Columns, Summary, summarise, thin, top_exponent

__all__ = ["AnalyticNull", "Cases", "Columns", "Entities", "Summary", "summarise", "thin", "top_exponent"]
