"""Make the images of ``gallery.md``: run its Python blocks in order and save every ``ax`` that a block draws.

python docs/make_gallery.py
"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "gallery.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
DRAWN = re.compile(r"^ax = cs\.pl\.(\w+)\(", re.M)
_DPI = 100


def blocks(page: str) -> list[str]:
    """Return the code of the page."""
    return BLOCK.findall(page)


def save(ax: Any, path: Path) -> None:
    """Save a figure, as small as pixels without loss go."""
    from PIL import Image

    drawn = io.BytesIO()
    ax.figure.savefig(drawn, dpi=_DPI)
    with Image.open(drawn) as image:
        image.convert("RGB").save(path, optimize=True)


def main() -> None:
    """Run the page."""
    names: dict[str, Any] = {}
    folder = PAGE.parent / "gallery"
    folder.mkdir(exist_ok=True)
    for code in blocks(PAGE.read_text(encoding="utf-8")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - our own page
        for name in DRAWN.findall(code):
            save(names["ax"], folder / f"{name}.png")


if __name__ == "__main__":
    main()
