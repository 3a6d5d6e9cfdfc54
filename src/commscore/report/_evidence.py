"""What the resource says of the interactions in the report: statements, reviews, the references they cite."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import rs
from .._names import read_names
from ..rs._named import is_shipped
from ..rs._review_sections import short_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kinds._base import StoredResult

NAMED_IN = ("interaction", "interactions", "strongest", "cut", "remaining")
"""Columns that name an interaction."""
LISTED_IN = "interactions"
"""The one of them that holds a JSON list in every cell."""

_SHOWN = (
    "interaction",
    "statement",
    "source",
    "section",
    "lines",
    "cited",
    "stated",
    "inferred_from",
    "sender",
    "receiver",
    "context",
    "mode",
    "effect",
    "outcome",
    "outcome_of",
    "direction",
    "change",
    "certainty",
    "model",
)
_DOI = re.compile(r"10\.\d{4,9}/\S+")


@dataclass(frozen=True)
class Evidence:
    """Statements of the resource about interactions of the report, and what they cite."""

    table: pd.DataFrame
    by_interaction: pd.DataFrame
    sources: dict[str, list[str]]
    names: dict[str, str]
    references: dict[str, dict[str, list[str]]]
    resource: rs.Resource

    def cite(self, interaction: str) -> str:
        """Name the reviews that tell of an interaction, each with the section of its first statement, in brackets."""
        own = self.table[(self.table["interaction"] == interaction).to_numpy()].drop_duplicates("source")
        sections = own["section"] if "section" in own else [""] * len(own)
        reviews = [self._named(str(source), str(head)) for source, head in zip(own["source"], sections, strict=True)]
        return f" [{'; '.join(reviews)}]" if reviews else " [no statement in the resource]"

    def _named(self, source: str, heading: str) -> str:
        doi = self.sources.get(source, ["", ""])[1]
        name = self.names.get(source, source)
        return name + (f", doi:{doi}" if doi else "") + (f", section “{heading}”" if heading else "")

    def annotate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table with the direction and the number of statements of each interaction."""
        if "interaction" not in frame:
            return frame
        names = frame["interaction"].astype(object)
        interactions = self.by_interaction
        if "direction" not in frame:
            frame = frame.assign(direction=pd.Categorical(names.map(interactions["direction"])))
        return frame.assign(evidence=names.map(interactions["n_evidence"]).astype(float).fillna(0).astype(int))


def collect(results: Sequence[StoredResult], resource: Any) -> Evidence:
    """Return the evidence for every interaction named in the tables.

    ``resource`` is what :func:`commscore.rs.as_resource` takes; ``None`` is what comes with the package of the
    resources that the results name.
    """
    resource = rs.as_resource(_shipped_of(results) if resource is None else resource)
    names = _interactions_of(results)
    rows = resource.evidence.fillna("")
    rows = rows.loc[rows["interaction"].isin(names), [c for c in _SHOWN if c in rows]].reset_index(drop=True)
    pairs = resource.interactions.drop_duplicates("interaction").set_index("interaction")[["direction", "n_evidence"]]
    cited = resource.references.fillna("")
    used = {(s, m) for s, c in zip(rows["source"], rows["cited"]) for m in marks(c)}
    references: dict[str, dict[str, list[str]]] = {}
    for source, mark, citation, doi in zip(cited["source"], cited["key"], cited["citation"], cited["doi"]):
        if (source, mark) in used:
            references.setdefault(source, {})[mark] = [citation, valid_doi(doi)]
    reviews = set(rows["source"])
    sources = {s: v for s, v in source_texts(resource).items() if s in reviews}
    short = {s: name for s, name in short_names(resource.sources).items() if s in reviews}
    return Evidence(rows, pairs[pairs.index.isin(names)], sources, short, references, resource)


def _shipped_of(results: Sequence[StoredResult]) -> str:
    """Return the names of the shipped resources that results were made with, or else the curated one."""
    names = (name for stored in results for name in str(stored.resource.get("name", "")).split("+"))
    return "+".join(dict.fromkeys(name for name in names if is_shipped(name))) or "breast"


def source_texts(resource: rs.Resource) -> dict[str, list[str]]:
    """Return citation and DOI of each source of a resource."""
    texts = {}
    for row in resource.sources.fillna("").itertuples():
        parts = [row.authors, f"({row.year})" if row.year else "", row.title, row.journal]
        texts[str(row.source)] = [". ".join(p for p in parts if p).replace(". (", " ("), valid_doi(row.doi)]
    return texts


def valid_doi(doi: str) -> str:
    """Return the DOI, or nothing if it is none: what is not a DOI must not become a link."""
    return doi if _DOI.fullmatch(doi or "") else ""


def marks(cited: str) -> list[str]:
    """Split ``[14-16, 20]`` into ``[14] [15] [16] [20]``; anything else stays whole.

    >>> marks("[14-16, 20]")
    ['[14]', '[15]', '[16]', '[20]']
    >>> marks("Kalluri, 2016")
    ['Kalluri, 2016']
    """
    inside = re.fullmatch(r"\[([\d\s,–-]+)\]", cited)
    if not inside:
        return [cited] if cited else []
    parts = []
    for part in inside[1].replace(" ", "").replace("–", "-").split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or not (last or first).isdigit() or int(last or first) - int(first) > 200:
            return [cited]
        parts += [f"[{i}]" for i in range(int(first), int(last or first) + 1)]
    return parts


def _interactions_of(results: Sequence[StoredResult]) -> set[str]:
    names: set[str] = set()
    for stored in results:
        for frame in stored.tables.values():
            for column in NAMED_IN:
                if column in frame:
                    cells = frame[column].dropna().astype(str).unique()
                    names.update(n for c in cells for n in (read_names(c) if column == LISTED_IN else [c]))
    return names
