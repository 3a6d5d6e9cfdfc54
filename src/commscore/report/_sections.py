"""One section per result: words, counts, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..get._frames import by_frequency
from ..get._sources import keys_of_sources
from ..kinds import kind_of
from ..kinds._base import Facts, View
from ..tables.kinds import stored_kinds
from . import _encode, _figures
from ._blocks import Data, Section, Text

if TYPE_CHECKING:
    import pandas as pd

    from ..kinds._base import FigureRequest, StoredResult
    from ..tables import Table
    from ._evidence import Evidence

_EVIDENCE = View(
    "Statements about the interactions of this report",
    ("interaction", "statement", "source", "section", "cited", "direction", "sender", "receiver", "context"),
    ("source", "direction", "stated"),
)


def section(
    stored: StoredResult,
    *,
    number: int,
    alone: bool,
    evidence: Evidence,
    max_padj: float,
    figures: FigureRequest | None,
) -> Section:
    """Return the section of one result.

    ``number`` makes identifiers; ``alone`` says that no other result is of this kind; ``figures`` is what to draw.
    """
    kind = kind_of(stored.kind)
    blocks: list[Any] = [Text(kind.about), *_source(stored), *_counts(stored, max_padj)]
    if figures is not None:
        blocks += _figures.of(figures)
    order = [name for name in kind.views if name in stored.tables]
    order += [name for name in stored.tables if name not in (*order, *kind.hidden)]
    known = stored_kinds().get(stored.kind)
    declarations = known.tables if known else {}
    for i, name in enumerate(order):
        frame = stored.tables[name]
        shown = evidence.annotate(frame) if kind.counts_evidence else frame
        declared = declarations.get(name)
        blocks.append(table(shown, kind.view(name), f"t{number}-{i}", folded=i > 0, declared=declared))
    title = kind.title if alone else f"{kind.title} ({stored.key})"
    return Section(f"result-{number}", title, blocks)


def _source(stored: StoredResult) -> list[Text]:
    """Name the result that this one was made from, and say if that has changed since."""
    keys = keys_of_sources(stored.params)
    if stored.changed:
        return [Text(f"Attention: {stored.changed}. What follows is about that one; run the tool again.")]
    return [Text(f"Made from {' and '.join(map(repr, keys))}.")] if keys else []


def statements(evidence: Evidence) -> Section:
    """Return the section with every statement about an interaction of the report."""
    resource = evidence.resource
    about = (
        f"What the resource {resource.name} (version {resource.version}, {resource.licence}) says of the interactions "
        "that the tables name: the review, its section, the lines of the text that was read, and the references it "
        "cites there."
    )
    blocks: list[Any] = [Text(about), table(evidence.table, _EVIDENCE, "evidence", folded=True)]
    if evidence.sources:
        rows = [[source, evidence.names[source], *cited] for source, cited in evidence.sources.items()]
        blocks.append(Facts("Sources of the statements", ("Source", "Called", "Publication", "DOI"), rows))
    return Section("statements", "Evidence", blocks)


def table(
    frame: pd.DataFrame, view: View, identifier: str, *, folded: bool, declared: Table | None = None
) -> Data | Text:
    """Return a table as a block, or a sentence if it has no row; ``declared`` explains its columns."""
    if frame.empty:
        return Text(f"{view.title}: no rows.")
    docs = _DOCS | ({c.name: c.doc for c in declared.columns} if declared else {})
    columns = _encode.columns(frame, docs)
    names = [c["name"] for c in columns]
    payload = {
        "n": len(frame),
        "columns": columns,
        "shown": [c for c in view.columns if c in names] or names,
        "filters": [c for c in view.filters if c in names and frame[c].nunique() > 1],
        "sort": [[c, way] for c, way in view.sort if c in names],
    }
    about = f"One row: {declared.row}." if declared else ""
    return Data(identifier, view.title, about, len(frame), _encode.dumps(payload), folded)


_DOCS = {
    "direction": "whether the resource says that it drives (pro) or restrains (anti) the tumour",
    "evidence": "number of statements in the resource",
    "section": "heading of the review under which it stands",
}


def _counts(stored: StoredResult, max_padj: float) -> list[Facts]:
    """Return the small tables that say at one glance what was found."""
    table = stored.table
    if table.empty:
        return []
    kind = kind_of(stored.kind)
    if kind.facts is not None:
        return kind.facts(stored, max_padj)
    for column in ("verdict", "status"):
        if column in table:
            counts = by_frequency(table[column])
            rows = [[str(name), f"{n:,}"] for name, n in counts.items()]
            return [Facts(f"{kind.title} by {column}", (column.capitalize(), "Number"), rows)]
    return []
