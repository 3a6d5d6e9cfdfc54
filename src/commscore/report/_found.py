"""The opening of the report: cautions, then what was found, in sentences whose numbers are those of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..get._choose import as_single, methods_of
from ..get._result import covered
from ._blocks import Caution, Section, Sentences, Text
from ._kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._evidence import Evidence
    from ._stored import StoredResult

_TOP = 3
_LITTLE = 0.2
"""Share of the resource that can be tested, below which the report cautions, as the tools do."""
_AMBIENT = 0.02
"""Difference of mean ambient shares that is told, the least that a comparison warns of."""


def section(results: Sequence[StoredResult], evidence: Evidence, *, max_padj: float) -> Section:
    """Return the section; a result of a kind without sentences is left to its own section."""
    cautions = list(dict.fromkeys(text for stored in results for text in _cautions(stored)))
    blocks: list[Any] = [Caution(text) for text in cautions]
    for stored in results:
        say = _SENTENCES.get(stored.kind)
        lines = say(stored, evidence, max_padj) if say and len(stored.table) else []
        if lines:
            blocks.append(Sentences(kind_of(stored.kind).title, lines))
    gaps = [line for stored in results for line in _not_assessed(stored)]
    if gaps:
        blocks.append(Sentences("What could not be assessed", gaps))
    return Section("found", "What was found", blocks or [Text("The stored tables hold no row.")])


def _cautions(stored: StoredResult) -> list[str]:
    title = kind_of(stored.kind).title
    texts = [f"{title}: {stored.changed}; run the tool again."] if stored.changed else []
    coverage = covered(stored.params)
    if coverage is not None and coverage[1] < _LITTLE * coverage[0]:
        texts.append(
            f"Only {coverage[1]:,} of the {coverage[0]:,} {coverage[2]} of the resource {stored.resource.get('name')} "
            "have their genes in the data: what was not measured cannot be found."
        )
    if stored.kind == "score":
        texts += _of_scores(stored)
    return texts + (_of_comparison(stored) if stored.kind == "compare" else [])


def _of_scores(stored: StoredResult) -> list[str]:
    if stored.params.get("sample_key") is not None:
        return []
    return [
        "The p-values of the scores say what is specific to groups in this pool of cells, not what holds over patients."
    ]


def _of_comparison(stored: StoredResult) -> list[str]:
    if stored.params.get("unit") == "cells":
        return [
            "Cells were the replicates of the comparison: its p-values say that these samples differ, as any two "
            "samples do, not that the conditions do."
        ]
    return [*_few_samples(stored.table), *_unlike_ambient(stored)]


def _few_samples(table: pd.DataFrame) -> list[str]:
    """Say where so few samples were compared that relabelling them cannot give a small p-value."""
    texts = []
    for contrast, rows in table.groupby("contrast", observed=True):
        floor = rows["exact_floor"].min()
        if floor > 0.05:
            texts.append(
                f"{contrast}: with {rows['n_ref'].max()} against {rows['n_alt'].max()} samples no relabelling of them "
                f"can give a p-value below {floor:.2g}; smaller ones rest on the model of the variances."
            )
    return texts


def _unlike_ambient(stored: StoredResult) -> list[str]:
    shares = stored.tables.get("ambient")
    if shares is None or shares.empty:
        return []
    means = shares.groupby(shares["condition"].astype(str), sort=False)["share"].mean().dropna()
    if len(means) < 2 or means.max() - means.min() < _AMBIENT:
        return []
    each = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    return [
        f"The estimated share of ambient RNA differs between conditions (means: {each}): genes that a group does not "
        "express may seem to change in it."
    ]


def _scores(stored: StoredResult, evidence: Evidence, max_padj: float) -> list[str]:
    table = as_single(stored.table, next(iter(methods_of(stored.table)), None), keep=False)
    if "padj" not in table or table["padj"].isna().all():
        return [f"{len(table):,} edges were scored, without p-values.", *_strongest(table, evidence)]
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    n_tested = int(table["padj"].notna().sum())
    if passing.empty:
        return [
            f"None of {n_tested:,} tested edges has padj ≤ {max_padj:g}; the smallest is {table['padj'].min():.2g}."
        ]
    return [
        f"{len(passing):,} of {n_tested:,} tested edges have padj ≤ {max_padj:g}: {passing['interaction'].nunique():,} "
        f"interactions between {len(passing[['source', 'target']].drop_duplicates()):,} ordered pairs of groups.",
        *_strongest(passing, evidence),
    ]


def _strongest(table: pd.DataFrame, evidence: Evidence) -> list[str]:
    best = table.sort_values("score", ascending=False, kind="stable").drop_duplicates("interaction").head(_TOP)
    return [
        f"{_edge(row)}: score {row['score']:.3g}{_padj(row)}{evidence.cite(str(row['interaction']))}."
        for row in best.to_dict("records")
    ]


def _edge(row: Any) -> str:
    return f"{row['interaction']} from {row['source']} to {row['target']}"


def _padj(row: Any) -> str:
    return "" if pd.isna(row.get("padj")) else f", padj {row['padj']:.2g}"


def _changes(stored: StoredResult, evidence: Evidence, max_padj: float) -> list[str]:
    lines = []
    for contrast, rows in stored.table.groupby("contrast", observed=True):
        n_tested = int(rows["padj"].notna().sum())
        passing = rows[(rows["padj"] <= max_padj).to_numpy()]
        if passing.empty:
            least = f"; the smallest is {rows['padj'].min():.2g}" if n_tested else ""
            lines.append(f"{contrast}: none of {n_tested:,} tested edges has padj ≤ {max_padj:g}{least}.")
            continue
        words = _counted(passing["shift"])
        lines.append(f"{contrast}: {len(passing):,} of {n_tested:,} tested edges have padj ≤ {max_padj:g} ({words}).")
        best = passing.sort_values("padj", kind="stable").drop_duplicates("interaction").head(_TOP)
        lines += [_change(row, evidence) for row in best.to_dict("records")]
    return lines


def _change(row: Any, evidence: Evidence) -> str:
    effect = "" if pd.isna(row["effect"]) else f"log2 change {row['effect']:.2g}"
    if effect and not pd.isna(row["ci_low"]):
        effect += f" (95 % interval {row['ci_low']:.2g} to {row['ci_high']:.2g})"
    why = "" if pd.isna(row.get("driver")) else f", most of it by the {str(row['driver']).replace('_', ' ')}"
    parts = [part for part in (effect, f"padj {row['padj']:.2g}", str(row["shift"]).replace("_", " ")) if part]
    return f"{_edge(row)}: {', '.join(parts)}{why}{evidence.cite(str(row['interaction']))}."


def _counted(values: pd.Series) -> str:
    counts = values.astype(object).value_counts(sort=False).sort_values(ascending=False, kind="stable")
    return ", ".join(f"{n:,} {_plain(str(word))}" for word, n in counts.items() if n)


def _plain(word: str) -> str:
    """Write a value of a table as words; a reason is words already, and may name a parameter."""
    return word if " " in word else word.replace("_", " ")


def _circuits(stored: StoredResult, evidence: Evidence, max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.table
    whole = table[((table["status"] == "complete") & (table["padj"] <= max_padj)).to_numpy()]
    lines = [f"Of {len(table):,} circuits of the reviews: {_counted(table['status'])}."]
    names = ", ".join(
        f"{row.name} (strength {row.strength:.2g}, padj {row.padj:.2g})" for row in _rows(whole.head(_TOP))
    )
    return [*lines, f"Complete with padj ≤ {max_padj:g}: {len(whole):,}{f'; {names}' if names else ''}."]


def _rows(table: pd.DataFrame) -> Any:
    return table.itertuples(index=False)


def _verdicts(stored: StoredResult, evidence: Evidence, max_padj: float) -> list[str]:  # noqa: ARG001
    return [f"Of {len(stored.table):,} shifts that the reviews expect: {_counted(stored.table['verdict'])}."]


def _loops(stored: StoredResult, evidence: Evidence, max_padj: float) -> list[str]:  # noqa: ARG001
    return [f"{len(stored.table):,} loops and relays were found: {_counted(stored.table['kind'])}."]


def _stability(stored: StoredResult, evidence: Evidence, max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.tables.get("stability")
    if table is None or table.empty:
        return []
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    stay = int((passing["max_padj"] <= max_padj).sum())
    return [
        f"Of {len(passing):,} changed edges, {stay:,} keep padj ≤ {max_padj:g} whichever single sample is left out."
    ]


def _responses(stored: StoredResult, evidence: Evidence, max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.table
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    n_tested = int(table["padj"].notna().sum())
    return [f"The activity of {len(passing):,} of {n_tested:,} tested pathways of receiving groups changed."]


_SENTENCES: dict[str, Callable[[StoredResult, Evidence, float], list[str]]] = {
    "score": _scores,
    "compare": _changes,
    "circuits": _circuits,
    "loops": _loops,
    "expectations": _verdicts,
    "influence": _stability,
    "response": _responses,
}


def _not_assessed(stored: StoredResult) -> list[str]:
    """Say how much was not tested, by reason; of rows that have a status, by status, too."""
    title, lines = kind_of(stored.kind).title, []
    untested = stored.tables.get("untested")
    if untested is not None and len(untested) and "reason" in untested:
        lines.append(f"{title}: {len(untested):,} not tested ({_counted(untested['reason'])}).")
    if stored.kind == "compare":
        left = stored.table.loc[stored.table["padj"].isna().to_numpy(), "status"]
        if len(left):
            lines.append(f"{title}: {len(left):,} rows without a p-value ({_counted(left)}).")
    return lines
