"""Feedback loops and relays in stored scores."""

from __future__ import annotations

from ._loops import loops

__all__ = ["loops"]
