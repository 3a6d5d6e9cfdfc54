"""Every tool checks its arguments; a misspelt keyword gets the closest one in its error."""

from __future__ import annotations

from .._arguments import checked as known_keywords

__all__ = ["known_keywords"]
