"""Figures as data URIs: drawings where they are small, pixels where they are not."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import pl
from ..pl._table import NothingToDrawError
from . import _by_sample
from ._blocks import Figure, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from anndata import AnnData

    from ._stored import StoredResult

_MOST_BYTES = 250_000
"""A larger drawing becomes pixels."""
_DPI = 130
_MOST_CONTRASTS = 6
_MOST_CIRCUITS = 4
_STYLE: Any = {"svg.hashsalt": "commscore", "figure.facecolor": "white", "savefig.facecolor": "white"}


@dataclass(frozen=True)
class FigureRequest:
    """What is to be drawn."""

    stored: StoredResult
    adata: AnnData
    top: int
    max_padj: float
    response_key: str | None = None
    """Where the response of the receiving cells in the same samples is stored, if it is."""


def of(ask: FigureRequest) -> list[Figure | Text]:
    """Return the figures of a result; a sentence where there was nothing to draw."""
    if ask.stored.table.empty:
        return []
    make = _MAKERS.get(ask.stored.kind)
    return make(ask) if make else []


def encode(figure: Any) -> str:
    """Return a matplotlib figure as a data URI; the same figure gives the same bytes."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None})
        kind, content = "svg+xml", drawn.getvalue()
        if len(content) > _MOST_BYTES:
            drawn = io.BytesIO()
            figure.savefig(drawn, format="png", bbox_inches="tight", dpi=_DPI, metadata={"Software": None})
            kind, content = "png", drawn.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _drawn(title: str, draw: Callable[[], Any], *, alt: str, caption: str) -> Figure | Text:
    """Draw, or say why there is nothing to see."""
    from matplotlib import pyplot as plt

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        before = set(plt.get_fignums())
        try:
            uri = encode(draw().figure)
        except ValueError as error:
            why = error.why if isinstance(error, NothingToDrawError) else str(error)
            return Text(f"{title}: no figure, because {why}.")
        finally:  # a report has more figures than pyplot keeps without a warning
            for number in set(plt.get_fignums()) - before:
                plt.close(number)
    return Figure(title, uri, alt, caption)


def _score(ask: FigureRequest) -> list[Figure | Text]:
    table, key, adata, max_padj = ask.stored.table, ask.stored.key, ask.adata, ask.max_padj
    score, padj = first(table, "score"), first(table, "padj")
    tested = None if padj is None or table[padj].isna().all() else max_padj
    passing = table if tested is None else table[(table[padj] <= tested).to_numpy()]
    selection = "all rows" if tested is None else f"padj ≤ {max_padj:g}"
    figures: list[Figure | Text] = []
    if score is not None:
        figures.append(
            _drawn(
                "Strongest interactions",
                lambda: pl.dotplot(adata, key=key, top=ask.top),
                alt=f"Dot plot of interactions against pairs of groups. {_strongest(table, score)}",
                caption="Colour: score. Size: the smaller the adjusted p-value, the larger the dot.",
            )
        )
    figures.append(
        _drawn(
            "Interactions between groups",
            lambda: pl.heatmap(adata, key=key, max_padj=tested),
            alt=f"Heat map of the number of interactions ({selection}), sources in rows, targets in columns. "
            f"{_most(passing)}",
            caption=f"Number of interactions with {selection} from each source (rows) to each target (columns).",
        )
    )
    figures.append(
        _drawn(
            "Interactions that go together",
            lambda: pl.clustermap(adata, key=key, max_padj=tested, top=ask.top),
            alt=f"Heat map of scores, interactions in rows, pairs of groups in columns, both sorted so that what is "
            f"alike stands together. {_strongest(table, score) if score else ''}",
            caption=f"Scores of the interactions with {selection} somewhere, clustered; strips of colours name source, "
            "target and mode.",
        )
    )
    figures.append(
        _drawn(
            "Ways of communication",
            lambda: pl.spectrum(adata, key=key, max_padj=tested),
            alt=f"Bars of the number of interactions ({selection}) of each source by mode. {_modes(passing)}",
            caption=f"Interactions with {selection} of each source by mode of communication.",
        )
    )
    return figures


def _compare(ask: FigureRequest) -> list[Figure | Text]:
    table, max_padj = ask.stored.table, ask.max_padj
    names = [str(c) for c in table["contrast"].dropna().unique()]
    figures: list[Figure | Text] = []
    for name in [n for n in names if n != "stages"][:_MOST_CONTRASTS]:
        moved = _moved(table[(table["contrast"] == name).to_numpy()], max_padj)
        figures += [
            _drawn(f"{name}: {title}", partial(draw, name), alt=f"{what} {name}. {moved}", caption=caption)
            for title, draw, what, caption in _of_contrast(ask)
        ]
    if len(names) > _MOST_CONTRASTS:
        figures.append(
            Text(f"Figures of the first {_MOST_CONTRASTS} contrasts; the tables below hold all {len(names)}.")
        )
    if "stages" in names:
        figures.append(
            _drawn(
                "Course over the stages",
                lambda: pl.shapes(ask.adata, key=ask.stored.key, max_padj=max_padj),
                alt=f"Changed interactions sorted by the shape of their course. {_counts(table, 'shape')}",
                caption="Every changed interaction over the stages, by the shape of its course.",
            )
        )
    return figures + _samples(ask)


def _samples(ask: FigureRequest) -> list[Figure | Text]:
    """Draw what the samples behind the surest changes look like."""
    samples = _by_sample.samples_of(ask)
    if samples is None:
        return []
    drawings = [
        *_by_sample.trends(ask, samples),
        _by_sample.beside_response(ask, samples, response_key=ask.response_key),
    ]
    return [_drawn(title, draw, alt=alt, caption=caption) for title, draw, alt, caption in drawings]


def _response(ask: FigureRequest) -> list[Figure | Text]:
    table, key = ask.stored.table, ask.stored.key
    names = [str(c) for c in table["contrast"].dropna().unique() if c not in ("stages", "all")]
    return [
        _drawn(
            f"{name}: response of the receiving cells",
            partial(pl.response, ask.adata, key=key, contrast=name, max_padj=ask.max_padj),
            alt=f"Heat map of the change of activity of pathways in every receiving group, {name}. "
            f"{_responded(table[(table['contrast'] == name).to_numpy()], ask.max_padj)}",
            caption=f"Change of activity (log2); triangles: padj ≤ {ask.max_padj:g}; grey: not tested.",
        )
        for name in names[:_MOST_CONTRASTS]
    ]


def _influence(ask: FigureRequest) -> list[Figure | Text]:
    """Draw the surest edges of the comparison without each sample, if it is still stored."""
    if ask.stored.changed:
        return [Text(f"Effects without each sample: no figure, because {ask.stored.changed}.")]
    stability = ask.stored.tables.get("stability")
    names = [str(c) for c in ask.stored.table["contrast"].dropna().unique() if c != "stages"]
    turned = ""
    if stability is not None:
        tested = stability[stability["padj"].notna().to_numpy()]
        turned = f"{int((~tested['sign_stable'].astype(bool)).sum())} of {len(tested)} tested "
    return [
        _drawn(
            f"{name}: without each sample",
            partial(pl.influence, ask.adata, influence_key=ask.stored.key, contrast=name, top=ask.top),
            alt=f"Effects of the surest interactions in {name} with their intervals, and a tick for the effect without "
            f"each sample. {turned + 'rows change sign or were not made again without one.' if turned else ''}",
            caption="Dot and line: all samples, 95 % interval. Ticks: one sample left out; orange: the sign turns.",
        )
        for name in names[:_MOST_CONTRASTS]
    ]


def _responded(table: pd.DataFrame, max_padj: float) -> str:
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    if passing.empty:
        return f"None has padj ≤ {max_padj:g}."
    row = passing.loc[passing["padj"].idxmin()]
    way = "up" if row["effect"] > 0 else "down"
    return f"{len(passing)} have padj ≤ {max_padj:g}; the surest is {row['pathway']} in {row['target']}, {way}."


def _of_contrast(ask: FigureRequest) -> list[tuple[str, Callable[[str], Any], str, str]]:
    adata, key, top, max_padj = ask.adata, ask.stored.key, ask.top, ask.max_padj
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


def _circuits(ask: FigureRequest) -> list[Figure | Text]:
    """Count circuits and draw the first of the table, complete ones first; coloured by their change in one contrast."""
    table, changes = ask.stored.table, ask.stored.tables.get("changes")
    contrasts = [] if changes is None else [str(c) for c in changes["contrast"].dropna().unique()]
    contrast = contrasts[0] if len(contrasts) == 1 else None
    best = table[(table["n_expressed"] > 0).to_numpy()].head(_MOST_CIRCUITS)
    return [
        Text(circuits_in_words(table, ask.max_padj)),
        *(
            _drawn(
                str(row["name"]),
                partial(pl.circuit, ask.adata, row["circuit"], key=ask.stored.key, contrast=contrast),
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


def circuits_in_words(table: pd.DataFrame, max_padj: float) -> str:
    """Say how many circuits are complete, partial, a single step or broken, and how many of these pass."""
    names = {"complete": "complete", "step": "of a single step", "partial": "partial"}
    status, passing = table["status"].astype(str), table["padj"] <= max_padj
    counts = [
        f"{n} {words} ({int(passing[status == name].sum())} with padj ≤ {max_padj:g})"
        for name, words in names.items()
        if (n := int((status == name).sum()))
    ]
    without = {"broken": "broken (a step is missing: no p-value)", "not_assessable": "not assessable"}
    counts += [f"{n} {words}" for name, words in without.items() if (n := int((status == name).sum()))]
    return f"{len(table)} circuits: {', '.join(counts)}."


def _loops(ask: FigureRequest) -> list[Figure | Text]:
    counts = _counts(ask.stored.table, "kind")
    return [
        _drawn(
            "Strongest loops and relays",
            lambda: pl.loops(ask.adata, key=ask.stored.key, top=ask.top),
            alt=f"Loops and relays as lines of cells with the interaction between each and the next. {counts}",
            caption="One line per loop (it ends where it begins) or relay, the strongest first.",
        )
    ]


def _expectations(ask: FigureRequest) -> list[Figure | Text]:
    verdicts = _counts(ask.stored.table, "verdict")
    return [
        _drawn(
            "Expected changes",
            lambda: pl.expectations(ask.adata, key=ask.stored.key, top=ask.top),
            alt=f"Forest plot of the effects of expected changes with their intervals. Verdicts: {verdicts}",
            caption="Effect and interval of each expected change, and what the data say of it.",
        )
    ]


def _balance(ask: FigureRequest) -> list[Figure | Text]:
    means = ask.stored.table.groupby("condition", observed=True)["balance"].mean()
    listing = ", ".join(f"{name}: {value:.2g}" for name, value in means.items())
    return [
        _drawn(
            "Balance of the samples",
            lambda: pl.balance(ask.adata, key=ask.stored.key),
            alt=f"Log2 of pro-tumour over anti-tumour flow of every sample by condition. Means: {listing}.",
            caption="Above zero, flow that drives the tumour prevails.",
        )
    ]


def _therapies(ask: FigureRequest) -> list[Figure | Text]:
    status = _counts(ask.stored.table, "status")
    return [
        _drawn(
            "Flow that falls",
            lambda: pl.therapies(ask.adata, key=ask.stored.key, top=ask.top),
            alt="Share of flow (without antigen presentation) that falls when the targets of each therapy are taken "
            f"out. {status}",
            caption="An in-silico cut of edges, not a prediction of response.",
        )
    ]


_MAKERS: dict[str, Callable[[FigureRequest], list[Figure | Text]]] = {
    "score": _score,
    "compare": _compare,
    "circuits": _circuits,
    "loops": _loops,
    "expectations": _expectations,
    "balance": _balance,
    "therapies": _therapies,
    "response": _response,
    "influence": _influence,
}


def first(table: pd.DataFrame, name: str) -> str | None:
    """Return the column ``name``, or the first ``name_<method>`` where several methods were asked for."""
    return name if name in table else next((str(c) for c in table if str(c).startswith(f"{name}_")), None)


def _strongest(table: pd.DataFrame, score: str) -> str:
    values = table[score]
    if values.isna().all():
        return ""
    row = table.loc[values.idxmax()]
    return f"The highest score has {row['interaction']} from {row['source']} to {row['target']}."


def _most(table: pd.DataFrame) -> str:
    if table.empty:
        return "None passes."
    counts = table.groupby(["source", "target"], observed=True).size()
    source, target = counts.idxmax()
    return f"The most, {counts.max()}, go from {source} to {target}."


def _modes(table: pd.DataFrame) -> str:
    return _counts(table, "mode")


def _counts(table: pd.DataFrame, column: str) -> str:
    if column not in table:
        return ""
    counts = table[column].value_counts()
    return ", ".join(f"{name}: {n}" for name, n in counts.items() if n) + "."


def _moved(table: pd.DataFrame, max_padj: float) -> str:
    passing = table[(table["padj"] <= max_padj).to_numpy()]
    if passing.empty:
        return f"No interaction has padj ≤ {max_padj:g}."
    row = passing.loc[passing["padj"].idxmin()]
    return (
        f"{len(passing)} interactions have padj ≤ {max_padj:g} ({_counts(passing, 'shift')[:-1]}); the surest is "
        f"{row['interaction']} from {row['source']} to {row['target']}."
    )
