"""Docstrings as data: what they say of a function and of each of its parameters."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.M)
_ENTRY = re.compile(r"^(\S[^\n]*)\n((?:[ ]{4}[^\n]*\n|\n)+)", re.M)
_ROLE = re.compile(r":\w+:`(?:~|!)?([^`<]*?)(?:\s*<[^>]*>)?`")


def sections(function: Callable[..., object]) -> dict[str, str]:
    """Return the sections of a docstring by their headings; what stands before the first is under ``""``."""
    text = inspect.getdoc(function) or ""
    parts = _SECTION.split(text)
    return {
        "": parts[0].strip(),
        **{name: body.strip("\n") for name, body in zip(parts[1::2], parts[2::2], strict=True)},
    }


def parameters(function: Callable[..., object]) -> dict[str, str]:
    """Return what the docstring of a function says of each of its parameters."""
    texts = {}
    for names, body in _ENTRY.findall(sections(function).get("Parameters", "") + "\n"):
        for name in names.split(","):
            texts[name.strip().lstrip("*")] = inspect.cleandoc(body)
    return texts


def as_markdown(text: str) -> str:
    """Return a text of a docstring as Markdown: names of functions and code between single marks."""
    return re.sub(r"``([^`]*)``", r"`\1`", _ROLE.sub(lambda m: f"`{m[1]}`", text))
