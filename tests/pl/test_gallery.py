"""The gallery shows every plot, with code that runs and the image that it makes."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

import commscore as cs

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "gallery.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_plot_has_its_code_and_its_image(maker):
    code = "\n".join(maker.blocks(PAGE))
    ast.parse(code)
    assert sorted(maker.DRAWN.findall(code)) == sorted(cs.pl.__all__)
    assert sorted(re.findall(r"^!\[.{10,}\]\(gallery/(\w+)\.png\)$", PAGE, re.M)) == sorted(cs.pl.__all__)
    assert sorted(p.stem for p in (DOCS / "gallery").glob("*.png")) == sorted(cs.pl.__all__)


def test_a_block_becomes_an_image(maker, edges, tmp_path):
    from PIL import Image

    maker.save(cs.pl.heatmap(edges), tmp_path / "heatmap.png")
    with Image.open(tmp_path / "heatmap.png") as image:
        assert image.size[0] > 200
        assert len(image.getcolors(1 << 20)) > 10
