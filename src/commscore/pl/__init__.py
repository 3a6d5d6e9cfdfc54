"""Plots: each takes an AnnData that a tool has written to, or a table, and returns Axes; none computes."""

from __future__ import annotations

from ._dotplot import dotplot

__all__ = ["dotplot"]
