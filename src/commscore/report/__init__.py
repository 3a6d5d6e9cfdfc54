"""One self-contained HTML file from the tables that the tools stored in ``adata.uns``."""

from __future__ import annotations

from ._write import write

__all__ = ["write"]
