"""Writing figures to files: their text stays text, which drawing programs edit and readers search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

VECTOR_TEXT: Any = {"svg.fonttype": "none", "pdf.fonttype": 42, "ps.fonttype": 42}
"""Settings of Matplotlib."""
DPI = 150


def save(figure: Any, path: Path, *, dpi: int = DPI) -> None:
    """Write a figure in the format that the ending names; ``dpi`` are pixels per inch where it has pixels."""
    import matplotlib as mpl

    with mpl.rc_context(VECTOR_TEXT):
        figure.savefig(path, dpi=dpi)
