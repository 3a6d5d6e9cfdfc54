"""Write the tutorials as notebooks with their outputs, beside the scripts that are their text.

python docs/make_tutorials.py           # those whose cells are not those of their script
python docs/make_tutorials.py --all     # all of them (a few minutes, with their data)
python docs/make_tutorials.py 03_stages

Two of their figures are ``real_data.png``, the image of the README.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tutorials"
SECONDS = 600
# of the README: notebook -> what draws the figure
PICTURE = {"04_replicates_done_right": "cs.pl.influence(", "05_circuits_therapies_expectations": "cs.pl.response("}
# a warning: its place and the line of code after it are of one run only
WARNING = re.compile(r"^\S+\.py:\d+: (\w+Warning: .*)\n(?:  \S.*\n)?", re.MULTILINE)
PRIVATE = re.compile(r"/(?:home|root|tmp|work|Users|private|mnt)/|0x[0-9a-f]{6,}|ipykernel_\d+")


def read(script: Path) -> Any:
    """Return the cells of a script as a notebook without outputs."""
    import jupytext

    notebook = jupytext.read(script, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # jupytext draws them at random
        if cell["cell_type"] == "code":
            cell["execution_count"], cell["outputs"] = None, []
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    return notebook


def cells(notebook: Any) -> list[tuple[str, str]]:
    """Return kind and text of every cell, which a script and its notebook share."""
    return [(cell["cell_type"], "".join(cell["source"]).rstrip()) for cell in notebook["cells"]]


def in_step(script: Path) -> bool:
    """Whether the notebook beside a script has the script's cells."""
    import nbformat

    notebook = script.with_suffix(".ipynb")
    return notebook.is_file() and cells(nbformat.read(notebook, as_version=4)) == cells(read(script))


def faults(notebook: Any) -> list[str]:
    """Return what a stored notebook should not show: errors, places of one machine; or that no figure is there."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    problems = [] if any("image/png" in output.get("data", {}) for output in outputs) else ["it shows no figure"]
    for output in outputs:
        if output["output_type"] == "error":
            problems.append(f"error: {output['ename']}: {output['evalue']}")
        texts = [output.get("text", ""), *(v for k, v in output.get("data", {}).items() if k.startswith("text/"))]
        problems += [f"of this machine: {place[0]}" for text in texts for place in PRIVATE.finditer("".join(text))]
    return problems


def execute(notebook: Any) -> None:
    """Run a notebook in place, in the folder of the repository."""
    from nbclient import NotebookClient

    os.environ["COMMSCORE_QUIET"] = "1"
    os.environ.pop("MPLBACKEND", None)
    client = NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", record_timing=False, resources={"metadata": {"path": ROOT}}
    )
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                output["text"] = WARNING.sub(r"\1\n", output["text"])
        if "outputs" in cell:  # a bar of another package asks for a widget that no stored notebook needs
            cell["outputs"] = [o for o in cell["outputs"] if not o.get("text", "").startswith("TqdmWarning")]
    notebook.metadata["language_info"] = {"name": "python"}  # not the version of today's Python


def write(script: Path) -> Path:
    """Execute a script; write its notebook where nothing speaks against it."""
    import nbformat

    notebook = read(script)
    execute(notebook)
    if problems := faults(notebook):
        msg = f"{script.name}: " + "\n".join(problems)
        raise SystemExit(msg)
    path = script.with_suffix(".ipynb")
    nbformat.write(notebook, path)
    return path


def picture(path: Path) -> None:
    """Put figures of stored notebooks side by side: the image of the README."""
    import nbformat
    from PIL import Image

    images = []
    for name, call in PICTURE.items():
        notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
        cell = next(c for c in notebook.cells if c["cell_type"] == "code" and call in c["source"])
        data = next(o["data"]["image/png"] for o in cell["outputs"] if "image/png" in o.get("data", {}))
        images.append(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    sheet = Image.new("RGB", (sum(i.width + 20 for i in images), max(i.height for i in images)), "white")
    left = 0
    for image in images:
        sheet.paste(image, (left, (sheet.height - image.height) // 2))
        left += image.width + 20
    sheet.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="names of tutorials, for example 03_stages")
    parser.add_argument("--all", action="store_true", help="also those that are in step")
    arguments = parser.parse_args()
    scripts = [FOLDER / f"{name}.py" for name in arguments.names] or sorted(FOLDER.glob("*.py"))
    for script in scripts:
        if arguments.all or arguments.names or not in_step(script):
            path = write(script)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e3:.0f} kB")  # noqa: T201 - a script's output
    picture(ROOT / "docs" / "real_data.png")


if __name__ == "__main__":
    main()
