"""What receivers do: activities of pathways per sample, contrasted, and linked to the interactions upstream."""

from __future__ import annotations

from ._response import response

__all__ = ["response"]
