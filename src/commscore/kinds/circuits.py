"""Circuits of the reviews."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .. import pl
from ..get._frames import by_frequency
from ._base import Drawing, Listing, ResultKind, View
from ._views import BY_P, FACTORS, ROLES, UNTESTED
from ._words import ALPHA, TOP, by_value, claims, counted, figures, molecules_in_words
from ._works import BENJAMINI_HOCHBERG, MODERATION, PERMUTATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from ._base import FigureRequest, StoredResult
    from ._works import Work

_MOST_CIRCUITS = 4


def _figures(request: FigureRequest) -> list[Drawing | str]:
    """Count circuits and draw the first of the table, complete ones first; coloured by their change in one contrast."""
    table, changes = request.stored.table, request.stored.tables.get("changes")
    contrasts = [] if changes is None else [str(c) for c in changes["contrast"].dropna().unique()]
    contrast = contrasts[0] if len(contrasts) == 1 else None
    best = table[(table["n_expressed"] > 0).to_numpy()].head(_MOST_CIRCUITS)
    return [
        _in_words(table, request.max_padj),
        *(
            Drawing(
                str(row["name"]),
                partial(pl.circuit, request.adata, row["circuit"], key=request.stored.key, contrast=contrast),
                alt=f"Circuit {row['name']}: roles of cells as boxes, steps as arrows. {row['n_expressed']} "
                f"of {row['n_steps']} steps are expressed; {_of_status(row)}.",
                caption="Steps inside a cell in its box, steps between cells as arrows; dashed: not there or not "
                "measured." + (f" Colour: change in {contrast}." if contrast else ""),
            )
            for row in best.to_dict("records")
        ),
    ]


def _of_status(row: dict[str, Any]) -> str:
    return (
        "it is a single step" if row["status"] == "step" else f"the circuit is {str(row['status']).replace('_', ' ')}"
    )


def _in_words(table: pd.DataFrame, max_padj: float) -> str:
    """Say how many circuits are complete, partial, a single step or broken, and how many of these pass."""
    names = {"complete": "complete", "step": "of a single step", "partial": "partial"}
    status, passing = table["status"].astype(str), table["padj"] <= max_padj
    numbers = [
        f"{n} {words} ({int(passing[status == name].sum())} with padj ≤ {max_padj:g})"
        for name, words in names.items()
        if (n := int((status == name).sum()))
    ]
    without = {"broken": "broken (a step is missing: no p-value)", "not_assessable": "not assessable"}
    without["not_in_rna"] = "of which RNA can show no step"
    numbers += [f"{n} {words}" for name, words in without.items() if (n := int((status == name).sum()))]
    return f"{len(table)} circuits: {', '.join(numbers)}."


def _passing(rows: pd.DataFrame) -> str:
    """Say how many of the circuits that pass are complete, partial or a single step."""
    by = by_frequency(rows["status"].astype(str))
    names = {"complete": "complete", "step": "single step", "partial": "partial"}
    return ", ".join(f"{by[name]} {words}" for name, words in names.items() if name in by) or "0"


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:  # noqa: ARG001
    table = stored.table
    whole = table[((table["status"] == "complete") & (table["padj"] <= max_padj)).to_numpy()]
    lines = [f"Of {len(table):,} circuits of the reviews: {counted(table['status'])}."]
    rows: Any = whole.head(TOP).itertuples(index=False)
    names = ", ".join(f"{row.name} (strength {row.strength:.2g}, padj {row.padj:.2g})" for row in rows)
    return [*lines, f"Complete with padj ≤ {max_padj:g}: {len(whole):,}{f'; {names}' if names else ''}."]


def _cautions(stored: StoredResult) -> list[str]:
    return claims(stored.tables["edges"]) if "edges" in stored.tables else []


def _methods(p: Mapping[str, str]) -> str:
    within = ""
    if p.get("sample_key", "none") != "none":
        within = (
            f" within samples (column {p.get('sample_key')}) and, where three samples or more have the cells, over "
            "samples by a precision-weighted moderated t of each sample's excess over its permuted labels"
        )
    return (
        f"Circuits of the resource were measured among the groups of {p.get('groupby')}; strength is the geometric "
        f"mean of the scores of the measured activating steps, tested with {p.get('n_perms')} joint permutations of "
        f"the labels{within} (seed {p.get('rng')}). The sign of a step between cells is the effect on its receptor; "
        "steps that end at a protein of which the mRNA says little were not scored." + molecules_in_words(p)
    )


def _works(params: Mapping[str, Any]) -> tuple[Work, ...]:  # noqa: ARG001
    return (PERMUTATIONS, MODERATION, BENJAMINI_HOCHBERG)


def _summary(stored: StoredResult) -> dict[str, Any]:
    """Return the counts; a run in which every circuit is broken has tested steps, or changes, all the same."""
    table = stored.table
    tested = {"circuits": table} | {n: stored.tables[n] for n in ("edges", "changes") if n in stored.tables}
    by_table = {name: int(frame["pvalue"].notna().sum()) for name, frame in tested.items()}
    passing = table[(table["padj"] <= ALPHA).to_numpy()]
    return {
        "tested": sum(by_table.values()),
        "tested_by_table": by_table,
        "significant": int((passing["status"] == "complete").sum()),
        "significant_by_status": by_value(passing["status"]),
    }


def _listing(stored: StoredResult, rows: int) -> Listing:
    """Return circuits in the order of the table, complete ones first."""
    table, text = stored.table, ("circuit", "kind", "status")
    complete, single = ((table["status"] == name).to_numpy() for name in ("complete", "step"))
    sure = (table["padj"] <= ALPHA).to_numpy()
    lines = [
        [
            *(str(row[n]) for n in text),
            f"{row['n_expressed']} of {row['n_steps']}",
            figures(row["strength"], ".3f"),
            figures(row["pvalue"]),
            figures(row["padj"]),
        ]
        for row in table.head(rows).to_dict("records")
    ]
    return Listing(
        lines,
        (*text, "steps", "strength", "p", "padj"),
        f"{len(table)} circuits: {int(complete.sum())} complete, {int((complete & sure).sum())} of them with "
        f"padj ≤ {ALPHA}; {int(single.sum())} single steps, {int((single & sure).sum())} with padj ≤ {ALPHA}",
        ("steps", "strength", "p", "padj"),
        "steps: expressed, of all; a broken circuit (a step is not expressed) has no p",
    )


KIND = ResultKind(
    "Circuits",
    "Loops, cascades and single steps that the reviews describe, measured step by step, complete ones first. "
    "Complete: every step is measured and expressed. Broken: a step is not expressed; it has no p-value.",
    {
        "table": View(
            "Circuits",
            (
                "name",
                "kind",
                "status",
                "claim",
                "n_steps",
                "n_expressed",
                "strength",
                "n_samples",
                "pvalue",
                "padj",
                "padj_within",
                "weakest_edge",
                "missing",
                "source",
                "lines",
            ),
            ("kind", "status", "claim", "source"),
        ),
        "edges": View(
            "Steps of the circuits",
            (
                "circuit",
                "step",
                "edge",
                "source_role",
                "target_role",
                "from",
                "to",
                "sign",
                "status",
                "score",
                "n_samples",
                "padj",
                "padj_within",
                "source_review",
                "lines",
            ),
            ("edge", "source_role", "target_role", "status"),
        ),
        "changes": View(
            "Changes of the circuits between conditions",
            ("circuit", "contrast", "step", "edge", "effect", "pvalue", "padj", "status", "driver"),
            ("contrast", "status"),
            BY_P,
        ),
        "roles": ROLES,
        "factors": FACTORS,
        "untested": UNTESTED,
    },
    place=4,
    plot="circuit",
    figures=_figures,
    findings=_findings,
    cautions=_cautions,
    passing=_passing,
    methods=_methods,
    works=_works,
    summary=_summary,
    listing=_listing,
    needs={"changes": "condition_key", "contrasts": "condition_key", "factors": "condition_key"},
    examples=(
        "commscore circuits cohort.h5ad --groupby cell_type --roles roles.json --condition-key stage "
        "--sample-key sample --changes changes.csv",
    ),
)
