"""Scores of interactions between groups of cells, with their null."""

from __future__ import annotations

from ._score import score

__all__ = ["score"]
