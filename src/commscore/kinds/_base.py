"""What a kind of result is: its words, the columns that are seen first, its figures and the works behind it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd
    from anndata import AnnData

    from ..get import Result
    from ._works import Work


@dataclass(frozen=True)
class StoredResult:
    """One result: where it lies, what kind it is, its tables and parameters."""

    key: str
    kind: str
    tables: Mapping[str, pd.DataFrame]
    params: Mapping[str, Any]
    resource: Mapping[str, Any]
    changed: str = ""
    """What became of the result that it was made from, if that is not as it was."""

    @classmethod
    def of(cls, key: str, result: Result, *, changed: str = "") -> StoredResult:
        """Return a result that is stored under a key."""
        kind, _, _ = result.schema.removeprefix("commscore.").partition("/")
        further = {name: frame for name, frame in result.extra.items() if hasattr(frame, "columns")}
        return cls(key, kind, {"table": result.table, **further}, result.params, result.resource, changed)

    @property
    def table(self) -> pd.DataFrame:
        """The main table."""
        return self.tables["table"]

    @property
    def groupby(self) -> str | None:
        """Column of obs with the groups, where the result knows it."""
        name = self.params.get("groupby")
        return None if name is None else str(name)


@dataclass(frozen=True)
class View:
    """One table: its title, what is seen first (nothing: every column), what can be chosen, the order at first."""

    title: str
    columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    sort: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FigureRequest:
    """What is to be drawn."""

    stored: StoredResult
    adata: AnnData
    top: int
    max_padj: float
    beside: Sequence[StoredResult] = ()
    """Every result that is shown with it."""


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet: its title, what draws it, the text for who cannot see it, its caption."""

    title: str
    draw: Callable[[], Any]
    alt: str
    caption: str


@dataclass(frozen=True)
class Facts:
    """A small table; the first cell of a row is its header."""

    block: ClassVar[str] = "facts"
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Listing:
    """The first rows of a result as a terminal shows them: cells as text, columns, those with numbers, title, note."""

    lines: Sequence[Sequence[str]]
    columns: Sequence[str]
    title: str
    numbers: Sequence[str] = ()
    note: str = ""


def _no_figures(request: FigureRequest) -> list[Drawing | str]:  # noqa: ARG001
    return []


def _no_findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    return []


def _nothing_said(stored: StoredResult) -> list[str]:  # noqa: ARG001
    return []


def _no_works(params: Mapping[str, Any]) -> Sequence[Work]:  # noqa: ARG001
    return ()


def _number(passing: pd.DataFrame) -> str:
    return f"{len(passing):,}"


@dataclass(frozen=True)
class ResultKind:
    """One kind of result: its title, a sentence about it, its tables by name, and what is made of it.

    Parameters are as they are stored, but for ``methods``, where all of them are text.
    """

    title: str
    about: str
    views: Mapping[str, View] = field(default_factory=dict)
    place: int = sys.maxsize
    """Where it stands among the sections of a report."""
    plot: str = ""
    """The plot that shows it best, of ``commscore.pl``."""
    figures: Callable[[FigureRequest], Iterable[Drawing | str]] = _no_figures
    """Figures of a table that has rows; a sentence where there is none."""
    findings: Callable[[StoredResult, Callable[[str], str], float], list[str]] = _no_findings
    """What was found, in sentences; the second argument names the reviews that tell of an interaction."""
    cautions: Callable[[StoredResult], list[str]] = _nothing_said
    """What must not be overlooked."""
    gaps: Callable[[StoredResult], list[str]] = _nothing_said
    """What could not be assessed, beside the table ``untested``."""
    facts: Callable[[StoredResult, float], list[Facts]] | None = None
    """Small tables that say at one glance what was found; by default counts of verdicts or statuses."""
    passing: Callable[[pd.DataFrame], str] = _number
    """How many rows pass, given these rows."""
    methods: Callable[[Mapping[str, str]], str] | None = None
    """What was done, in sentences for a manuscript."""
    works: Callable[[Mapping[str, Any]], Sequence[Work]] = _no_works
    """What is to be cited."""
    hidden: tuple[str, ...] = ()
    """Tables that others are made from and that are not shown."""
    counts_evidence: bool = True
    """Whether its tables are shown with the number of statements about each interaction."""
    summary: Callable[[StoredResult], dict[str, Any]] | None = None
    """Counts for the summary of a command, beside those that every result has."""
    listing: Callable[[StoredResult, int], Listing] | None = None
    """Its first rows for a terminal; by default those of its first view."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Tables that are only made where a parameter of the tool is given."""
    examples: Sequence[str] = ()
    """Calls of its command, beside the shortest one."""

    def view(self, table: str) -> View:
        """Return how one of its tables is shown."""
        return self.views.get(table) or View(table.replace("_", " ").capitalize())
