"""Conditions and stages compared: the AnnData side of :mod:`commscore.core.contrast`."""

from __future__ import annotations

from ._calibrate import calibrate
from ._compare import compare
from ._power import power
from ._profile import profile

__all__ = ["calibrate", "compare", "power", "profile"]
