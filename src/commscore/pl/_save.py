"""Writing figures to files: their text stays text, which drawing programs edit and readers search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

VECTOR_TEXT: Any = {"svg.fonttype": "none", "pdf.fonttype": 42, "ps.fonttype": 42}
"""Settings of Matplotlib."""
_DPI = 150


def save(figure: Any, path: Path) -> None:
    """Write a figure in the format that the ending names."""
    import matplotlib as mpl

    with mpl.rc_context(VECTOR_TEXT):
        figure.savefig(path, dpi=_DPI)
