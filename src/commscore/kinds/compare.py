"""What changed between conditions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import pl
from ..get._choose import surest_first
from ..tables.compare import STORED
from ._base import Drawing, Facts, Listing, ResultKind, View
from ._by_sample import of_samples
from ._compare_methods import methods_in_words, works_of
from ._views import BY_P, EDGE, FACTORS, UNTESTED
from ._words import ALPHA, TOP, claims, counted, counts, edge, figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ._base import FigureRequest, StoredResult

_MOST_CONTRASTS = 6
_DRIVERS = {
    "ligand": ", most of it by the ligand",
    "receptor": ", most of it by the receptor",
    "source_abundance": ", most of it by the number of source cells",
    "target_abundance": ", most of it by the number of target cells",
    "mixed": ", by several parts",
}


def _figures(request: FigureRequest) -> Iterator[Drawing | str]:
    table, max_padj = request.stored.table, request.max_padj
    names = [str(c) for c in table["contrast"].dropna().unique()]
    for name in [n for n in names if n != "stages"][:_MOST_CONTRASTS]:
        moved = _moved(table[(table["contrast"] == name).to_numpy()], max_padj)
        for title, draw, what, caption in _of_contrast(request):
            yield Drawing(f"{name}: {title}", partial(draw, name), alt=f"{what} {name}. {moved}", caption=caption)
    if len(names) > _MOST_CONTRASTS:
        yield f"Figures of the first {_MOST_CONTRASTS} contrasts; the tables below hold all {len(names)}."
    if "stages" in names:
        yield Drawing(
            "Course over the stages",
            lambda: pl.shapes(request.adata, key=request.stored.key, max_padj=max_padj),
            alt=f"Changed interactions sorted by the shape of their course. {counts(table, 'shape')}",
            caption="Every changed interaction over the stages, by the shape of its course.",
        )
    yield from of_samples(request)


def _of_contrast(request: FigureRequest) -> list[tuple[str, Callable[[str], Any], str, str]]:
    adata, key, top, max_padj = request.adata, request.stored.key, request.top, request.max_padj
    labels = min(top, 12)
    return [
        (
            "effects and evidence",
            lambda c: pl.volcano(adata, key=key, contrast=c, max_padj=max_padj, top=labels),
            "Volcano plot of",
            "Change of ligand × receptor (log2) against the evidence for it.",
        ),
        (
            "which side moved",
            lambda c: pl.quadrant(adata, key=key, contrast=c, max_padj=max_padj, top=labels),
            "Change of the ligand against change of the receptor in",
            "Change of the ligand in the source against change of the receptor in the target (log2).",
        ),
        (
            "what drives the changes",
            lambda c: pl.drivers(adata, key=key, contrast=c, max_padj=max_padj, top=top),
            "Parts of the changes in",
            "Additive parts of the change of log2 flow: abundance of source and target, relative to the groups "
            "that the methods name, and expression of ligand and receptor.",
        ),
        (
            "pairs of groups",
            lambda c: pl.shift_heatmap(adata, key=key, contrast=c, max_padj=max_padj, top=top),
            "Heat map of changes by pair of groups in",
            "Mean change of the strongest interactions by pair of groups.",
        ),
    ]


def _moved(table: pd.DataFrame, max_padj: float) -> str:
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    if passing.empty:
        return f"No interaction has padj ≤ {max_padj:g}."
    row = _surest_first(passing).iloc[0]
    return (
        f"{len(passing)} interactions have padj ≤ {max_padj:g} ({counts(passing, 'shift')[:-1]}); the surest is "
        f"{edge(row)}."
    )


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:
    lines = []
    for contrast, rows in stored.table.groupby("contrast", observed=True):
        n_tested = int(rows["padj"].notna().sum())
        passing = rows[(rows["padj"] <= max_padj).to_numpy()]
        if passing.empty:
            least = f"; the smallest is {rows['padj'].min():.2g}" if n_tested else ""
            lines.append(f"{contrast}: none of {n_tested:,} tested edges has padj ≤ {max_padj:g}{least}.")
            continue
        words = counted(passing["shift"])
        lines.append(f"{contrast}: {len(passing):,} of {n_tested:,} tested edges have padj ≤ {max_padj:g} ({words}).")
        best = _surest_first(passing).drop_duplicates("interaction").head(TOP)
        lines += [_change(row, cite) for row in best.to_dict("records")]
    return lines


def _surest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Order rows by ``padj``; many are equal where cells were the replicates, and the largest change is then first."""
    return rows.iloc[surest_first(rows, schema=STORED.schema)]


def _change(row: Any, cite: Callable[[str], str]) -> str:
    effect = "" if pd.isna(row["effect"]) else f"log2 change {row['effect']:.2g}"
    if effect and not pd.isna(row["ci_low"]):
        effect += f" (95 % interval {row['ci_low']:.2g} to {row['ci_high']:.2g})"
    why = _DRIVERS.get(str(row.get("driver")), "")
    parts = [part for part in (effect, f"padj {row['padj']:.2g}", str(row["shift"]).replace("_", " ")) if part]
    return f"{edge(row)}: {', '.join(parts)}{why}{cite(str(row['interaction']))}."


def _cautions(stored: StoredResult) -> list[str]:
    said = [f"Of the samples compared: {text}." for text in stored.params.get("cautions", ())]
    if stored.params.get("unit") == "cells":
        return [
            *claims(stored.table),
            *said,
            "Cells were the replicates of the comparison: its p-values say that these samples differ, as any two "
            "samples do, not that the conditions do.",
        ]
    return [*claims(stored.table), *said, *_without_counts(stored), *_few_samples(stored.table)]


def _without_counts(stored: StoredResult) -> list[str]:
    if stored.params.get("scale") != "lognorm":
        return []
    return [
        "There were no counts: means of normalised values were compared, which move with sequencing depth. Where "
        "samples of one condition are shallower, changes may be of that."
    ]


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


def _gaps(stored: StoredResult) -> list[str]:
    left = stored.table.loc[stored.table["padj"].isna().to_numpy(), "status"]
    gaps = [f"{len(left):,} rows without a p-value ({counted(left)})"] if len(left) else []
    others = stored.tables["left_out"]
    n = others.groupby(others["status"].astype(str))["n_rows"].sum()
    words = ", ".join(f"{k:,} {status.replace('_', ' ')}" for status, k in n.items())
    return [*gaps, f"{n.sum():,} rows that are not in the table ({words})"] if n.sum() else gaps


def _facts(stored: StoredResult, max_padj: float) -> list[Facts]:
    table = stored.table
    contrasts = [str(c) for c in table["contrast"].dropna().unique()]
    moved = table[(table["padj"] <= max_padj).to_numpy()]
    facts = [
        Facts(
            "Contrasts",
            ("Contrast", "Reference samples", "Other samples", "Rows", "Tested", f"padj ≤ {max_padj:g}"),
            [[c, *_sizes(table, c, max_padj)] for c in contrasts],
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
    numbers = pd.crosstab(table[column].astype(object), table["contrast"].astype(object))
    order = table[column].cat.categories if hasattr(table[column], "cat") else numbers.index
    rows = [
        [str(v), *(f"{numbers.at[v, c]:,}" if c in numbers else "0" for c in contrasts)]
        for v in order
        if v in numbers.index
    ]
    return Facts(title, (column.capitalize(), *contrasts), rows)


def _summary(stored: StoredResult) -> dict[str, Any]:
    table, alpha = stored.table, float(stored.params.get("alpha", ALPHA))
    significant = table[(table["pvalue"].notna() & (table["padj"] <= alpha)).to_numpy()]
    contrasts = sorted(table["contrast"].astype(str).unique())
    return {
        "significant": len(significant),
        "significant_by_contrast": {c: int((significant["contrast"] == c).sum()) for c in contrasts},
        "alpha": alpha,
        "unit": str(table["unit"].iloc[0]) if len(table) else None,
    }


def _listing(stored: StoredResult, rows: int) -> Listing:
    """Return the surest shifts, each interaction where it is surest."""
    table, alpha = stored.table, float(stored.params.get("alpha", ALPHA))
    tested = table[table["pvalue"].notna().to_numpy()]
    shape = ("shape",) if tested["shape"].notna().any() else ()
    text = ("contrast", "source", "target", "interaction", "shift", *shape, "driver")
    best = tested.drop_duplicates(["contrast", "interaction"])
    lines = [
        [
            *("" if row[n] != row[n] else str(row[n]) for n in text),
            figures(row["effect"], "+.2f"),
            figures(row["pvalue"]),
            figures(row["padj"]),
        ]
        for row in best.head(rows).to_dict("records")
    ]
    unit = str(table["unit"].iloc[0]) if len(table) else "samples"
    n_significant = int((tested["padj"] <= alpha).sum())
    return Listing(
        lines,
        (*text, "log2FC", "p", "padj"),
        f"{len(tested)} of {len(table)} rows tested, {n_significant} with padj ≤ {alpha:g}",
        ("log2FC", "p", "padj"),
        f"each interaction where it is surest; replicates: {unit}",
    )


KIND = ResultKind(
    "Comparison",
    "What changed between conditions, how surely, and which part moved. Effects are log2 fold changes of "
    "ligand × receptor.",
    {
        "table": View(
            "Compared interactions",
            (
                *EDGE,
                "contrast",
                "mode",
                "direction",
                "effect",
                "pvalue",
                "padj",
                "shift",
                "shape",
                "driver",
                "status",
                "evidence",
            ),
            ("contrast", "source", "target", "mode", "direction", "shift", "shape", "driver", "status"),
            BY_P,
        ),
        "totals": View("Totals by pair of groups and by mode", filters=("contrast", "by"), sort=BY_P),
        "two_factors": View("Differences of differences", filters=("contrast", "class"), sort=BY_P),
        "contrasts": View("Contrasts"),
        "factors": FACTORS,
        "ambient": View("Ambient RNA in the samples", filters=("condition",)),
        "untested": UNTESTED,
        "left_out": View("Rows that are not in the table", filters=("contrast", "status")),
    },
    hidden=("interactions",),
    place=2,
    plot="volcano",
    figures=_figures,
    findings=_findings,
    cautions=_cautions,
    gaps=_gaps,
    facts=_facts,
    methods=methods_in_words,
    works=works_of,
    summary=_summary,
    listing=_listing,
    needs={"two_factors": "factor_key"},
    examples=(
        "commscore compare cohort.h5ad --groupby cell_type --condition-key stage --sample-key sample --order normal "
        "--order primary --order metastasis --out shifts.csv",
    ),
)
