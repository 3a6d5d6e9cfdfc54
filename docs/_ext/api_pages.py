"""One page per public name, written before Sphinx reads the pages: its docstring, and its picture of the gallery."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOMS = ("rs", "tl", "get", "pl", "ds", "report")
RETURNED = {"profile": "by_sample"}
"""Tools that store nothing, and the plot that shows what they return."""
_SECTION = re.compile(r"^### (\w+)[^\n]*\n(.*?)(?=^##|\Z)", re.M | re.S)
_PICTURE = re.compile(r"^!\[([^\]]*)\]\(gallery/(\w+)\.png\)$", re.M)


def gallery_sections(text: str) -> dict[str, str]:
    """Return what the gallery has under each plot's heading, by the plot's name."""
    return {name: body.strip() for name, body in _SECTION.findall(text)}


def plot_of(tool: str) -> str:
    """Return the plot of the gallery that shows what a tool makes."""
    from commscore.kinds import kind_of
    from commscore.tables.kinds import stored_kinds

    stored = next((kind for kind in stored_kinds().values() if kind.tool == tool), None)
    return kind_of(stored.name).plot if stored else RETURNED.get(tool, "")


def page_of(room: str, name: str, *, gallery: dict[str, str]) -> str:
    """Return the page of one public name, as MyST Markdown."""
    full = f"commscore.{room}.{name}"
    is_class = inspect.isclass(getattr(importlib.import_module(f"commscore.{room}"), name))
    directive = f".. autoclass:: {full}\n   :members:" if is_class else f".. autofunction:: {full}"
    page = f"# {room}.{name}\n\n```{{eval-rst}}\n{directive}\n```\n"
    if room == "pl" and name in gallery:
        body = _PICTURE.sub(r"![\1](../gallery/\2.png)", gallery[name])
        return f"{page}\n## In the gallery\n\nWith the data of the {{doc}}`/gallery`:\n\n{body}\n"
    plot = plot_of(name) if room == "tl" else ""
    picture = _PICTURE.search(gallery.get(plot, ""))
    if picture:
        page += (
            f"\n## What it looks like\n\nDrawn by {{func}}`commscore.pl.{plot}`, on simulated data:\n\n"
            f"![{picture[1]}](../gallery/{picture[2]}.png)\n"
        )
    return page


def write(app: Sphinx) -> None:
    """Write the pages; files that would not change are left alone, those of names that are gone are removed."""
    docs = Path(app.srcdir)
    folder = docs / "api"
    folder.mkdir(exist_ok=True)
    gallery = gallery_sections((docs / "gallery.md").read_text(encoding="utf-8"))
    pages = {
        f"commscore.{room}.{name}.md": page_of(room, name, gallery=gallery)
        for room in ROOMS
        for name in importlib.import_module(f"commscore.{room}").__all__
    }
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        target = folder / name
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
