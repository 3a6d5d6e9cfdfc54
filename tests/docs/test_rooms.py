"""The picture of the rooms: it shows every room, and no import that goes upward."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rooms(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    monkeypatch.delitem(sys.modules, "rooms", raising=False)
    import rooms

    return rooms


def test_every_room_is_drawn_with_what_it_imports(rooms):
    names = [room for row in rooms.layers() for room in row]
    folders = {path.parent.name for path in rooms.PACKAGE.glob("*/__init__.py")}
    assert folders <= set(names)
    root = ET.fromstring(rooms.draw())  # noqa: S314 - our own
    drawn = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text") if text.get("class") == "room"]
    assert drawn == names
    numbers = [int(t.text) for t in root.iter("{http://www.w3.org/2000/svg}text") if t.get("class") is None]
    assert sorted(numbers) == sorted(rooms.imports().values())


def test_imports_go_down_the_layers(rooms):
    level = {room: i for i, row in enumerate(rooms.layers()) for room in row}
    counted = rooms.imports()
    assert counted["tl", "study"] > 10
    assert [(a, b) for a, b in counted if level[a] >= level[b]] == []


def test_imports_of_a_file_are_those_that_run(rooms, tmp_path, monkeypatch):
    path = tmp_path / "tl" / "_part" / "here.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "from ... import rs\nfrom ...get._store import finish\nfrom . import beside\nfrom .._other import more\n"
        "if TYPE_CHECKING:\n    from ...core import team\ndef f():\n    from ...pl import dotplot\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(rooms, "PACKAGE", tmp_path)
    monkeypatch.setattr(rooms, "layers", lambda: [["tl"], ["get"], ["rs"], ["pl"], ["core"]])
    for room in ("get", "rs", "pl", "core"):
        (tmp_path / room).mkdir()
    assert rooms.imports() == {("tl", "rs"): 1, ("tl", "get"): 1, ("tl", "pl"): 1}


def test_pages_of_the_architecture_name_rooms_and_modules_that_exist(rooms):
    page = (ROOT / "docs" / "contributing" / "architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, re.M)
    assert listed == [room for row in rooms.layers() for room in row]
    for dotted in re.findall(r"`((?:core|stats|study|tl|get|tables|check|rs)(?:\.\w+)+)`", page):
        parts = dotted.split(".")
        places = [rooms.PACKAGE.joinpath(*parts[:n]) for n in range(len(parts), 0, -1)]
        assert any(p.is_dir() or p.with_suffix(".py").exists() for p in places[:2]), dotted
