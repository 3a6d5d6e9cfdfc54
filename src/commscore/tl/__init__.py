"""Tools: AnnData in; results in ``adata.uns``, or a :class:`commscore.get.Result`, out."""

from __future__ import annotations

from ._compare import calibrate, compare, power, profile
from ._methods import method, methods
from ._score import score

__all__ = ["calibrate", "compare", "method", "methods", "power", "profile", "score"]
