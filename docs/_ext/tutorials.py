"""Tutorials: notebooks of ``tutorials/`` put beside the pages, with the outputs that they are stored with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NOTEBOOKS = Path(__file__).resolve().parents[2] / "tutorials"


def copy(app: Sphinx) -> None:
    """Copy every notebook; files that would not change are left alone."""
    folder = Path(app.srcdir) / "tutorials"
    folder.mkdir(exist_ok=True)
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        target = folder / notebook.name
        if not target.is_file() or target.read_bytes() != notebook.read_bytes():
            target.write_bytes(notebook.read_bytes())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.connect("builder-inited", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
