"""Docutils nodes for tables whose cells are plain text with `code`, or links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTED = ("interactions", "statements")

Cell = str | nodes.Node


def inline(text: str) -> list[nodes.Node]:
    """Turn single or double backticks into code; everything else stays as it is."""
    parts = text.replace("``", "`").split("`")
    if len(parts) % 2 == 0:  # a lone backtick is text
        return [nodes.Text(text)]
    return [nodes.literal(p, p) if i % 2 else nodes.Text(p) for i, p in enumerate(parts) if p]


def doi(value: str, *, text: str = "") -> Cell:
    """Link to a DOI, which is its own text if none is given; nothing without a DOI."""
    return nodes.reference("", text or value, refuri=f"https://doi.org/{value}") if value else ""


def section(title: str, identifier: str) -> nodes.section:
    """Return an empty section."""
    made = nodes.section(ids=[nodes.make_id(identifier)])
    made += nodes.title("", "", *inline(title))
    return made


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]], *, widths: Sequence[int]) -> nodes.table:
    """Return a table; ``widths`` are relative."""
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row(header))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["commscore"])


def _row(row: Sequence[Cell]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", _paragraph(value)) for value in row))


def _paragraph(value: Cell) -> nodes.paragraph:
    content = inline(value) if isinstance(value, str) else [value]
    return nodes.paragraph("", "", *content)
