"""Make the images of ``gallery.md``: run its Python blocks in order and save every ``ax`` that a block draws.

python docs/make_gallery.py

Six of them together are ``overview.png``, the image of the README.
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
OVERVIEW = ("trend", "quadrant", "by_sample", "circuit", "network", "shapes")
_DPI = 100


def blocks(page: str) -> list[str]:
    """Return the code of the page."""
    return BLOCK.findall(page)


def save(ax: Any, path: Path) -> None:
    """Save a figure, as small as pixels without loss go."""
    from matplotlib import pyplot as plt
    from PIL import Image

    drawn = io.BytesIO()
    ax.figure.savefig(drawn, dpi=_DPI)
    plt.close(ax.figure)
    with Image.open(drawn) as image:
        image.convert("RGB").save(path, optimize=True)


def overview(names: tuple[str, ...], folder: Path, path: Path) -> None:
    """Put images side by side, in as few bytes as colours of a palette take."""
    from PIL import Image

    wide, high, columns = 560, 420, 3
    rows = -(-len(names) // columns)
    sheet = Image.new("RGB", (columns * wide, rows * high), "white")
    for i, name in enumerate(names):
        with Image.open(folder / f"{name}.png") as image:
            scale = min((wide - 24) / image.width, (high - 24) / image.height, 1.0)
            small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        x, y = (i % columns) * wide + (wide - small.width) // 2, (i // columns) * high + (high - small.height) // 2
        sheet.paste(small, (x, y))
    sheet.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


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
    overview(OVERVIEW, folder, PAGE.parent / "overview.png")


if __name__ == "__main__":
    main()
