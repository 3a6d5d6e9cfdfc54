"""What each therapy of the reviews cuts, in silico."""

from __future__ import annotations

from ._therapies import therapies

__all__ = ["therapies"]
