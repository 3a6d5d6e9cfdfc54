"""Make ``report.png``: the report of the gallery's data in Chromium, with a search, an open row, and a figure.

python docs/make_report.py
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from make_gallery import PAGE, blocks

sys.path.insert(0, str(PAGE.parents[1] / "tests" / "report"))
from chromium import Chromium

TABLE = "[data-table='t0-0']"


def shots(file: Path, profile: Path) -> list[Any]:
    """Return what a reader sees: a search with its evidence on a desk, a figure on a phone."""
    from PIL import Image

    made = []
    with Chromium(profile) as browser:
        browser.resize(1100, 860)
        browser.open(file)
        browser.click(f"{TABLE} form [name=q]")
        browser.call("Input.insertText", text="cxcl12 macrophage")
        browser.until(f'document.querySelector("{TABLE} .status").textContent.includes("that match")')
        browser.click(f"{TABLE} tr.row .open")
        browser(f"document.querySelector(\"{TABLE}\").scrollIntoView({{block: 'start'}})")
        time.sleep(0.3)
        made.append(browser.picture())
        browser.resize(390, 860)
        browser("document.querySelector(\"img[alt^='Ligand × receptor']\").closest('figure').scrollIntoView()")
        time.sleep(0.3)
        made.append(browser.picture())
    return [Image.open(io.BytesIO(p)).convert("RGB") for p in made]


def main() -> None:
    """Run the first block of the gallery, write the report, photograph it."""
    from PIL import Image

    import commscore as cs

    names: dict[str, Any] = {}
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        exec(compile(blocks(PAGE.read_text(encoding="utf-8"))[0], str(PAGE), "exec"), names)  # noqa: S102 - our own page
        file = cs.report.write(names["adata"], Path(folder) / "report.html", title="A simulated cohort of four stages")
        images = shots(file, Path(folder) / "profile")
    sheet = Image.new("RGB", (sum(i.width for i in images) + 30, max(i.height for i in images)), "#d0d4d8")
    x = 0
    for image in images:
        sheet.paste(image, (x, 0))
        x += image.width + 30
    sheet.quantize(256, dither=Image.Dither.NONE).save(PAGE.parent / "report.png", optimize=True)


if __name__ == "__main__":
    main()
