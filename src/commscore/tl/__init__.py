"""Tools: AnnData in; results in ``adata.uns``, or a :class:`commscore.get.Result`, out."""

from __future__ import annotations

from .._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
