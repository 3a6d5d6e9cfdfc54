"""Tools: AnnData in; results in ``adata.uns``, or a :class:`commscore.get.Result`, out."""

from __future__ import annotations

from ._score import score

__all__ = ["score"]
