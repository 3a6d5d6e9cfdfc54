"""Conditions and stages compared: the AnnData side of :mod:`commscore.core.contrast`."""

from __future__ import annotations

from ._compare import compare

__all__ = ["compare"]
