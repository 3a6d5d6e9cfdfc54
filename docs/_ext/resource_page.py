"""The curated table as HTML: readable without JavaScript, searched and sorted by ``_static/resource.js`` with it.

Every text that comes from a table passes through :func:`html.escape`.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from commscore.rs._review_sections import short_names
from commscore.tables.resource import INTERACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

COLUMNS = ("ligand", "receptor", "kind", "mode", "effect", "direction", "basis", "sources", "n_evidence")
_TITLES = {"n_evidence": "evidence"}
_FILTERS = ("mode", "direction", "kind", "basis", "source")


def render(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the search form and the table: one ``tbody`` per interaction, its evidence in the second row."""
    pairs = tables["interactions"]
    evidence = tables["evidence"].copy()
    names = short_names(tables["sources"])
    evidence["review"] = [names.get(source, "") for source in evidence["source"]]
    said = {name: frame.to_dict("records") for name, frame in evidence.groupby("interaction", sort=False)}
    cited = _links(tables["references"])
    bodies = "".join(_interaction(row, said.get(row["interaction"], []), cited) for row in pairs.to_dict("records"))
    n = len(pairs)
    return (
        f'<div class="cs-resource">{_form(pairs)}'
        f'<p class="cs-count" role="status"><output>{n}</output> of {n} interactions</p>'
        f'<div class="cs-scroll"><table class="cs-table"><thead><tr>{_head()}</tr></thead>{bodies}</table></div></div>'
    )


def _form(pairs: pd.DataFrame) -> str:
    values: dict[str, Sequence[str]] = {
        "mode": _split(pairs["modes"]),
        "direction": sorted(set(pairs["direction"])),
        "kind": sorted(set(pairs["kind"])),
        "basis": sorted(set(pairs["basis"])),
        "source": _split(pairs["sources"]),
    }
    choices = "".join(_select(name, values[name]) for name in _FILTERS)
    return (
        '<form class="cs-form" role="search"><label>Search '
        '<input type="search" name="q" placeholder="gene, cell, context, word of a statement" autocomplete="off">'
        f'</label>{choices}<button type="reset">Clear</button>'
        '<label><input type="checkbox" name="open"> show all evidence</label></form>'
    )


def _split(column: pd.Series) -> list[str]:
    return sorted({value for cell in column for value in cell.split(";") if value})


def _select(name: str, values: Sequence[str]) -> str:
    options = "".join(f"<option>{escape(value)}</option>" for value in values)
    return f'<label>{name} <select name="{name}"><option value="">any</option>{options}</select></label>'


def _head() -> str:
    cells = []
    for name in COLUMNS:
        about = escape(INTERACTIONS[name].doc)
        title = escape(_TITLES.get(name, name))
        cells.append(f'<th scope="col" data-key="{name}"><button type="button" title="{about}">{title}</button></th>')
    return "".join(cells)


def _interaction(
    row: Mapping[str, Any], said: Sequence[Mapping[str, Any]], cited: Mapping[tuple[str, str], str]
) -> str:
    name = escape(row["interaction"])
    data = {
        "mode": row["modes"],
        "direction": row["direction"],
        "kind": row["kind"],
        "basis": row["basis"],
        "source": row["sources"],
    }
    attributes = " ".join(f'data-{key}="{escape(value)}"' for key, value in data.items())
    cells = "".join(f"<td>{escape(_shown(row, column))}</td>" for column in COLUMNS[:-1])
    button = f'<td><button type="button" class="cs-more" aria-expanded="true">{len(said)}</button></td>'
    statements = "".join(_statement(s, cited) for s in said)
    return (
        f'<tbody id="{name}" {attributes}><tr class="cs-row">{cells}{button}</tr>'
        f'<tr class="cs-evidence"><td colspan="{len(COLUMNS)}"><ol>{statements}</ol></td></tr></tbody>\n'
    )


def _shown(row: Mapping[str, Any], column: str) -> str:
    return str(row[column]).replace(";", ", ")


def _statement(said: Mapping[str, Any], cited: Mapping[tuple[str, str], str]) -> str:
    between = f"{said['sender'] or 'any cell'} → {said['receiver'] or 'any cell'}"
    facts = [between, said["mode"], said["directness"], said["direction"], said["context"].replace(";", ", ")]
    facts += [f"changes: {said['change']}"] if said["change"] else []
    names = {"both": "both partners", "inferred": "neither partner"}.get(said["stated"], f"the {said['stated']}")
    section = f"section “{said['section']}”" if said["section"] else ""
    source = f"source {said['source']}, lines {said['lines']}, names {names}"
    source = ", ".join(filter(None, [said["review"], section, source]))
    inferred = f'<br><span class="cs-inferred">Inferred: {escape(said["inferred_from"])}</span>'
    return (
        f"<li>{escape(said['statement'])}{_citation(said, cited)}"
        f'<br><span class="cs-facts">{escape("; ".join(filter(None, facts)))} ({escape(source)})</span>'
        f"{inferred if said['inferred_from'] else ''}</li>"
    )


def _links(references: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Link for each mark of each source: to the DOI where there is one; its title is the whole entry."""
    made = {}
    for row in references.fillna("").itertuples():
        mark, title = escape(row.key), escape(row.citation)
        link = f' href="https://doi.org/{escape(row.doi)}"' if row.doi else ""
        made[row.source, row.key] = f'<a{link} title="{title}">{mark}</a>'
    return made


def _citation(said: Mapping[str, Any], cited: Mapping[tuple[str, str], str]) -> str:
    """Return what the source cites, mark by mark; a mark without an entry stays text."""
    links = [cited.get((said["source"], mark), escape(mark)) for mark in marks(said["cited"])]
    return f' <span class="cs-cited">{" ".join(links)}</span>' if links else ""


def marks(cited: str) -> list[str]:
    """Split ``[14-16, 20]`` into ``[14] [15] [16] [20]``; anything else stays whole.

    >>> marks("[14-16, 20]")
    ['[14]', '[15]', '[16]', '[20]']
    >>> marks("Kalluri, 2016")
    ['Kalluri, 2016']
    """
    found = re.fullmatch(r"\[([\d\s,–-]+)\]", cited)
    if not found:
        return [cited] if cited else []
    result = []
    for part in found[1].replace(" ", "").split(","):
        first, _, last = part.replace("–", "-").partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            return [cited]
        result += [f"[{i}]" for i in range(int(first), int(last or first) + 1)]
    return result
