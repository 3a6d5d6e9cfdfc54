"""The circuits of the reviews on the user's groups of cells."""

from __future__ import annotations

from ._circuits import circuits

__all__ = ["circuits"]
