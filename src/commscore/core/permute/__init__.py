"""Permuted labels: the schemes that draw them, and the one driver that shows them to whoever counts."""

from __future__ import annotations

from .driver import TOLERANCE, Draws, Visitor, close_gaps, group_means, permute

__all__ = ["TOLERANCE", "Draws", "Visitor", "close_gaps", "group_means", "permute"]
