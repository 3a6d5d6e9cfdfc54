"""One section per result: words, counts, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..get._sources import keys_of_sources
from . import _encode, _figures
from ._blocks import Data, Facts, Section, Text
from ._kinds import EVIDENCE, kind_of, view_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._evidence import Evidence
    from ._kinds import View
    from ._stored import StoredResult


def section(
    stored: StoredResult,
    *,
    number: int,
    alone: bool,
    evidence: Evidence,
    max_padj: float,
    figures: _figures.FigureRequest | None,
) -> Section:
    """Return the section of one result.

    ``number`` makes identifiers; ``alone`` says that no other result is of this kind; ``figures`` is what to draw.
    """
    kind = kind_of(stored.kind)
    blocks: list[Any] = [Text(kind.about), *_source(stored), *_counts(stored, max_padj)]
    if figures is not None:
        blocks += _figures.of(figures)
    order = [name for name in kind.views if name in stored.tables]
    order += [name for name in stored.tables if name not in order]
    for i, name in enumerate(order):
        frame = stored.tables[name]
        shown = frame if stored.kind == "balance" else evidence.annotate(frame)
        blocks.append(table(shown, view_of(stored.kind, name), f"t{number}-{i}", folded=i > 0))
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
    blocks: list[Any] = [Text(about), table(evidence.table, EVIDENCE, "evidence", folded=True)]
    if evidence.sources:
        rows = [[source, evidence.names[source], *cited] for source, cited in evidence.sources.items()]
        blocks.append(Facts("Sources of the statements", ("Source", "Called", "Publication", "DOI"), rows))
    return Section("statements", "Evidence", blocks)


def table(frame: pd.DataFrame, view: View, identifier: str, *, folded: bool) -> Data | Text:
    """Return a table as a block, or a sentence if it has no row."""
    if frame.empty:
        return Text(f"{view.title}: no rows.")
    docs = _DOCS | view.docs
    columns = _encode.columns(frame, docs)
    names = [c["name"] for c in columns]
    payload = {
        "n": len(frame),
        "columns": columns,
        "shown": [c for c in view.columns if c in names] or names,
        "filters": [c for c in view.filters if c in names and frame[c].nunique() > 1],
        "sort": [[c, way] for c, way in view.sort if c in names],
    }
    about = f"One row: {view.schema.row}." if view.schema else ""
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
    if stored.kind == "compare":
        return _of_contrasts(table, max_padj)
    for column in ("verdict", "status"):
        if column in table:
            counts = table[column].value_counts()
            rows = [[str(name), f"{n:,}"] for name, n in counts.items()]
            return [Facts(f"{kind_of(stored.kind).title} by {column}", (column.capitalize(), "Number"), rows)]
    return []


def _of_contrasts(table: pd.DataFrame, max_padj: float) -> list[Facts]:
    contrasts = [str(c) for c in table["contrast"].dropna().unique()]
    moved = table[(table["padj"] <= max_padj).to_numpy()]
    sizes = [[c, *_sizes(table, c, max_padj)] for c in contrasts]
    facts = [
        Facts(
            "Contrasts",
            ("Contrast", "Reference samples", "Other samples", "Rows", "Tested", f"padj ≤ {max_padj:g}"),
            sizes,
        ),
        _crossed("Classes of shift", "shift", table, contrasts=contrasts),
    ]
    for column, title in (("driver", "Drivers"), ("shape", "Shapes")):
        if moved[column].notna().any():
            facts.append(
                _crossed(f"{title} of the changes with padj ≤ {max_padj:g}", column, moved, contrasts=contrasts)
            )
    return facts


def _sizes(table: pd.DataFrame, contrast: str, max_padj: float) -> list[str]:
    rows = table[(table["contrast"] == contrast).to_numpy()]
    tested = rows["padj"].notna()
    return [
        str(rows["n_ref"].max()),
        str(rows["n_alt"].max()),
        f"{len(rows):,}",
        f"{tested.sum():,}",
        f"{(rows['padj'] <= max_padj).sum():,}",
    ]


def _crossed(title: str, column: str, table: pd.DataFrame, *, contrasts: Sequence[str]) -> Facts:
    counts = pd.crosstab(table[column].astype(object), table["contrast"].astype(object))
    order = table[column].cat.categories if hasattr(table[column], "cat") else counts.index
    rows = [
        [str(v), *(f"{counts.at[v, c]:,}" if c in counts else "0" for c in contrasts)]
        for v in order
        if v in counts.index
    ]
    return Facts(title, (column.capitalize(), *contrasts), rows)
