"""Who meets whom in a tissue, and whether the receptor follows the ligand that arrives."""

from __future__ import annotations

from ._spatial import spatial

__all__ = ["spatial"]
