"""The opening of the report: cautions, then what was found, in sentences whose numbers are those of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..get._result import covered
from ..kinds import kind_of
from ..kinds._words import counted
from ._blocks import Caution, Section, Sentences, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kinds._base import StoredResult
    from ._evidence import Evidence

_LITTLE = 0.2
"""Share of the resource that can be tested, below which the report cautions, as the tools do."""


def section(results: Sequence[StoredResult], evidence: Evidence, *, max_padj: float) -> Section:
    """Return the section; a result of a kind without sentences is left to its own section."""
    cautions = list(dict.fromkeys(text for stored in results for text in _cautions(stored)))
    blocks: list[Any] = [Caution(text) for text in cautions]
    for stored in results:
        kind = kind_of(stored.kind)
        lines = kind.findings(stored, evidence.cite, max_padj) if len(stored.table) else []
        if lines:
            blocks.append(Sentences(kind.title, lines))
    gaps = [line for stored in results for line in _not_assessed(stored)]
    if gaps:
        blocks.append(Sentences("What could not be assessed", gaps))
    return Section("found", "What was found", blocks or [Text("The stored tables hold no row.")])


def _cautions(stored: StoredResult) -> list[str]:
    kind = kind_of(stored.kind)
    texts = [f"{kind.title}: {stored.changed}; run the tool again."] if stored.changed else []
    coverage = covered(stored.params)
    if coverage is not None and coverage[1] < _LITTLE * coverage[0]:
        texts.append(
            f"Only {coverage[1]:,} of the {coverage[0]:,} {coverage[2]} of the resource {stored.resource.get('name')} "
            "have their genes in the data: what was not measured cannot be found."
        )
    return texts + kind.cautions(stored)


def _not_assessed(stored: StoredResult) -> list[str]:
    """Say how much was not tested, by reason, and what else the kind tells of it."""
    kind, untested, lines = kind_of(stored.kind), stored.tables.get("untested"), []
    if untested is not None and len(untested) and "reason" in untested:
        lines.append(f"{len(untested):,} not tested ({counted(untested['reason'])})")
    return [f"{kind.title}: {line}." for line in lines + kind.gaps(stored)]
