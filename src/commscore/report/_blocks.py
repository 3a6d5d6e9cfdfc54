"""What a page is made of: sections of paragraphs, small tables, figures and tables that JavaScript draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    block: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Caution:
    """A paragraph that must not be overlooked."""

    block: ClassVar[str] = "caution"
    text: str


@dataclass(frozen=True)
class Sentences:
    """A heading, and sentences under it, one by one."""

    block: ClassVar[str] = "sentences"
    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Figure:
    """A picture as a data URI, with what it shows in words."""

    block: ClassVar[str] = "figure"
    title: str
    uri: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Data:
    """A table that JavaScript draws from the JSON beside it."""

    block: ClassVar[str] = "data"
    identifier: str
    title: str
    about: str
    n_rows: int
    json: str
    folded: bool


@dataclass(frozen=True)
class ManuscriptText:
    """Text to copy into a manuscript."""

    block: ClassVar[str] = "paste"
    title: str
    identifier: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    identifier: str
    title: str
    blocks: list[Any] = field(default_factory=list)
