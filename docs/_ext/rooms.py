"""The rooms of the package as a picture, drawn from its own imports and the layers that the contracts declare."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "commscore"
CELL, LEFT, TOP = 46, 122, 4
SPOKEN = {"_labels", "_random", "_validate", "_version"}  # helpers of everything: drawn as no room

Imports = Counter[tuple[str, str]]


def layers() -> list[list[str]]:
    """Return the rooms of each layer, the highest first, as the contract of the imports lists them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    lines = next(c["layers"] for c in contracts if c["type"] == "layers")
    rooms = [[name.strip().removeprefix("commscore.") for name in line.split("|")] for line in lines]
    return [kept for row in rooms if (kept := [name for name in row if name not in SPOKEN])]


def files(room: str) -> list[Path]:
    """Return the files of a room."""
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def imports() -> Imports:
    """Count which room's files import from which other room when they run, each pair of modules once."""
    rooms = [room for row in layers() for room in row]
    return Counter((room, other) for room in rooms for path in files(room) for other in _others(path, room, rooms))


def _others(path: Path, room: str, rooms: list[str]) -> set[str]:
    depth = len(path.relative_to(PACKAGE).parts)
    sources = set()
    for node in _running(ast.parse(path.read_text(encoding="utf-8"))):
        if node.level == depth:  # from the package itself
            parts = (node.module or "").split(".")
            sources |= {parts[0]} if parts[0] else {alias.name for alias in node.names}
    return (sources & set(rooms)) - {room}


def _running(node: ast.AST) -> list[ast.ImportFrom]:
    """Return the imports that run, which those for the type checker do not."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return []
    own = [node] if isinstance(node, ast.ImportFrom) else []
    return own + [found for child in ast.iter_child_nodes(node) for found in _running(child)]


def draw() -> str:
    """Return the picture as SVG: rooms down the diagonal, a number says how many files of its row need the column."""
    names = [room for row in layers() for room in row]
    places = {room: i * CELL for i, room in enumerate(names)}
    drawn = "".join(_room(room, places[room]) for room in names)
    for (room, other), n in imports().items():
        drawn += _count(n, (LEFT + places[other], TOP + places[room]), f"{room} imports {other} in {n} files")
    width, height = LEFT + len(names) * CELL + 10, TOP + len(names) * CELL + 4
    return (
        f'<svg class="rooms" viewBox="0 0 {width} {height}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>Rooms of the package and what they import</title>{drawn}</svg>"
    )


def _room(room: str, place: int) -> str:
    x, y, paths = LEFT + place, TOP + place, files(room)
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
    about = f"{len(paths)} file{'s' if len(paths) > 1 else ''}, {lines:,} lines"
    middle = y + CELL / 2
    return (
        f'<line x1="{LEFT}" x2="{x}" y1="{middle:g}" y2="{middle:g}"/>'
        f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" class="own"/>'
        f'<text x="{x + CELL / 2:g}" y="{middle + 4:g}" class="room">{escape(room)}</text>'
        f'<text x="{LEFT - 8}" y="{middle + 4:g}" class="size">{about}</text>'
    )


def _count(n: int, place: tuple[int, int], what: str) -> str:
    x, y = place
    strength = min(1, 0.12 + n / 40)
    return (
        f'<g><title>{escape(what)}</title><rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" class="other" '
        f'fill-opacity="{strength:.2f}"/><text x="{x + CELL / 2:g}" y="{y + CELL / 2 + 4:g}">{n}</text></g>'
    )
