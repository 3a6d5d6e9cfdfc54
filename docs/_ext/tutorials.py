"""Tutorials: scripts of ``tutorials/`` written as notebooks beside the pages, before Sphinx reads these.

They are shown without results, which nothing needs but a moment. With the environment variable
``COMMSCORE_DOCS_EXECUTE=1`` they are run (a minute or two, with their data), and figures and tables are shown.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SCRIPTS = Path(__file__).resolve().parents[2] / "tutorials"
VARIABLE = "COMMSCORE_DOCS_EXECUTE"


def write(app: Sphinx) -> None:
    """Write every script as a notebook; files that would not change are left alone."""
    import jupytext

    folder = Path(app.srcdir) / "tutorials"
    folder.mkdir(exist_ok=True)
    for script in sorted(SCRIPTS.glob("*.py")):
        notebook = jupytext.read(script, fmt="py:percent")
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number}"  # jupytext draws them at random
        if os.environ.get(VARIABLE) == "1":
            run(notebook)
        text = jupytext.writes(notebook, fmt="ipynb")
        target = folder / f"{script.stem}.ipynb"
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def run(notebook: Any) -> None:
    """Execute a notebook in place."""
    from nbclient import NotebookClient

    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    for cell in notebook.cells:
        if cell["cell_type"] == "code":  # progress is no part of a lesson
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
