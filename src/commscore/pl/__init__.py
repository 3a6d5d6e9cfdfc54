"""Plots: each takes an AnnData that a tool has written to, or a table, and returns Axes; none computes."""

from __future__ import annotations

from .._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
