"""The analytic permutation null: saddlepoint p-values from one pass over the data."""

from __future__ import annotations

from .null import AnalyticNull
from .pairs import Pairs, Products, keys_of
from .problem import ScoreThresholds
from .strata import StratifiedNull
from .summary import Bins, Summary, spread, summarise

__all__ = [
    "AnalyticNull",
    "Bins",
    "Pairs",
    "Products",
    "ScoreThresholds",
    "StratifiedNull",
    "Summary",
    "keys_of",
    "spread",
    "summarise",
]
