"""The shifts that the reviews expect, tested."""

from __future__ import annotations

from ._expectations import expectations

__all__ = ["expectations"]
