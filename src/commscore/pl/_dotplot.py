"""Dots: interactions × pairs of groups, colour for the score, size for the p-value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import natural_key
from ..check import AxesOrNone, ColourMap, Count, Label, Proportion, checked
from ..get._frames import by_frequency
from ._bar import colour_bar
from ._fit import room, sized
from ._table import axes, claim_note, names_by_row, need_columns, pick, scored, significant
from ._text import counted, legend, short_labels, shorten, title, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd
    from anndata import AnnData

_SMALLEST, _LARGEST, _CROSS = 12.0, 130.0, 18.0
_ALPHA = 0.05
"""Dots up to this p-value are outlined."""
_LEAST = 1e-30
"""P-values below this have dots of the same size."""


@checked
@sized
def dotplot(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore",
    score: str = "score",
    pvalue: str = "padj",
    method: str | None = None,
    max_padj: Proportion | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    top: Count = 25,
    max_pairs: Count = 30,
    cmap: ColourMap = "viridis",
    ax: AxesOrNone = None,
) -> Any:
    """Draw the strongest interactions.

    Parameters
    ----------
    data : result
    key
    score, pvalue
        Columns for colour and size (−log10; without p-values all dots have one size). Of a column that ends in
        ``_rank``, the smallest values are the best and the brightest. With samples ``"padj"`` is that over samples, and
        ``"padj_within"`` that within them; the legend says of how many samples.
    method
        Of a table with several methods, the one to draw; by default the first, which the colour bar names.
    max_padj
        Only rows with an adjusted p-value of at most this, 0 to 1. By default all: small dots say "not significant".
    source, target, interaction, gene
    top
        Number of interactions, by their best adjusted p-value, then by their best score, then those that reviews tell
        of. These are in bold where the table has others too.
    max_pairs
        Number of source → target pairs: those in which an interaction is at its best, then by their number of dots.
    cmap
    ax

    Returns
    -------
    matplotlib.axes.Axes
        What was left out is said below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, or the table lacks a column.
    """
    frame, method = scored(data, key, method)
    need_columns(frame, "source", "target", "interaction", score)
    frame, rule = significant(pick(frame, source=source, target=target, interaction=interaction, gene=gene), max_padj)
    frame = frame.assign(_pair=names_by_row(frame, "source", "target"))
    if pvalue != "padj":  # scores without p-values are drawn without them; another column must be there
        need_columns(frame, pvalue)
    has_p = pvalue in frame and frame[pvalue].notna().any()
    longest = room().across(40, 0.3), (room().upward(43, 0.4) - 3) // 2
    top = room().rows(top, fixed=_across(frame["_pair"].map(written), 2 * longest[1] + 3) + 0.6, each=0.2)
    max_pairs = room().columns(max_pairs, fixed=_across(frame["interaction"], longest[0]) + 1.4, each=0.2)
    of_reviews = _of_reviews(frame)
    rows = _strongest(frame, score, pvalue if has_p else None, of_reviews=of_reviews)
    of_top = frame[frame["interaction"].isin(rows[:top]).to_numpy()]
    pairs = _pairs(of_top, score, pvalue if has_p else None)
    pair_names = sorted(pairs[:max_pairs], key=lambda pair: [natural_key(name) for name in pair])
    on_top = set(of_top.loc[of_top["_pair"].isin(pair_names).to_numpy(), "interaction"].astype(str))
    names = [n for n in rows[:top] if n in on_top]
    shown = of_top[(of_top["interaction"].isin(names) & of_top["_pair"].isin(pair_names)).to_numpy()]
    labels = list(shorten(names, longest[0]).values()), short_labels(pair_names, longest[1])
    ax = axes(ax, **_size_for(*labels))
    x = shown["_pair"].map({n: i for i, n in enumerate(pair_names)}).to_numpy(float)
    y = shown["interaction"].astype(object).map({n: i for i, n in enumerate(names)}).to_numpy(float)
    p = shown[pvalue].to_numpy(float) if has_p else np.full(len(shown), 0.1)
    tested, strength = ~np.isnan(p), _strength(p)
    cmap = reverse(cmap) if score.endswith("_rank") else cmap
    outlined = np.where(p <= _ALPHA, 0.8, 0.0)
    ends = {"sizes": _size(strength), "outlined": outlined, "filled": tested, "cmap": cmap}
    dots = _dots(ax, x, y, values=shown[score].to_numpy(float), **ends)
    _decorate(ax, *labels)
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name in of_reviews else "normal")
    hidden = len(rows) - len(names), len(pairs) - len(pair_names)
    text = "Interactions between groups" + (f" ({rule})" if rule != "all rows" else "")
    left_out = counted(hidden[0], "interaction"), counted(hidden[1], "pair")
    marks = [f"outlined: {pvalue} ≤ {_ALPHA:g}" if has_p else ""]
    marks += ["bold: described in reviews" if of_reviews & set(names) else ""]
    marks.append(claim_note(shown))
    title(ax, text, *left_out, more=", ".join(filter(None, marks)))
    of = f" ({method})" if method and score == "score" else ""
    colour_bar(ax, dots, score.replace("_", " ") + of, shrink=0.6, anchor=(0, 0))
    if has_p:
        heading = f"−log10 {pvalue}{_samples(shown, pvalue)}"
        _size_legend(ax, strength, heading, capped=bool((p < _LEAST).any()), untested=not tested.all())
    return ax


def _dots(ax: Any, x: Any, y: Any, *, values: Any, sizes: Any, outlined: Any, filled: Any, cmap: str) -> Any:
    """Draw dots, and crosses where there is no p-value; return what the colour bar is of."""
    ends = {"cmap": cmap, "vmin": np.nanmin(values), "vmax": np.nanmax(values)}
    look = {"s": sizes[filled], "linewidths": outlined[filled], "edgecolors": "0.15"}
    dots = ax.scatter(x[filled], y[filled], c=values[filled], **look, **ends)
    if not filled.all():
        ax.scatter(x[~filled], y[~filled], c=values[~filled], s=_CROSS, marker="x", linewidths=1.0, **ends)
    return dots


def _samples(shown: pd.DataFrame, pvalue: str) -> str:
    """Return of how many samples p-values are, where they are over or within samples."""
    if not pvalue.startswith(("padj", "pvalue")):
        return ""
    if "n_samples" not in shown:
        return "\nof one pool of cells" if "null" in shown else ""
    unit = str(shown["unit"].iloc[0]) if "unit" in shown else "samples"
    how = "within" if pvalue.endswith("_within") or unit == "cells" else "over"
    fewest, most = int(shown["n_samples"].min()), int(shown["n_samples"].max())
    number = str(most) if fewest == most else f"{fewest} to {most}"
    return f"\n{how} {number} sample{'s' if most != 1 else ''}"


def _across(names: pd.Series, longest: int) -> float:
    """Return the inches that names of at most so many letters take."""
    return 0.07 * min(int(names.astype(str).str.len().max()), longest)


def reverse(cmap: str) -> str:
    """Return the name of the colour map the other way round."""
    return cmap.removesuffix("_r") if cmap.endswith("_r") else f"{cmap}_r"


def _size_for(names: list[str], pairs: list[str]) -> dict[str, float]:
    """Inches that hold the dots, the labels (about 0.07 per letter) and the legends."""
    left, below = (0.07 * max(map(len, labels), default=1) for labels in (names, pairs))
    return {"width": left + 0.3 * len(pairs) + 2.4, "height": below + max(0.26 * len(names), 1.5) + 1.0}


def _strongest(frame: pd.DataFrame, score: str, pvalue: str | None, *, of_reviews: set[str]) -> list[str]:
    low = score.endswith("_rank")
    best = frame.groupby("interaction", observed=True).agg(
        p=(pvalue or score, "min"), s=(score, "min" if low else "max")
    )
    best["listed"] = [str(i) not in of_reviews for i in best.index]  # among equals, what reviews tell of comes first
    by, ascending = (["p", "s", "listed"], [True, low, True]) if pvalue else (["s", "listed"], [low, True])
    return [str(i) for i in best.sort_values(by, ascending=ascending, kind="stable").index]


def _of_reviews(frame: pd.DataFrame) -> set[str]:
    """Return the interactions that reviews tell of, where the others are on a list or follow from a rule."""
    if "basis" not in frame:
        return set()
    told = frame["basis"].isin(("stated", "inferred"))
    return set() if told.all() else set(frame.loc[told, "interaction"].astype(str))


def _pairs(frame: pd.DataFrame, score: str, pvalue: str | None) -> list[tuple[str, str]]:
    """Return the pairs: first those in which an interaction is at its best, so that no row is empty, then by dots."""
    low = score.endswith("_rank")
    by, ascending = ([pvalue, score], [True, low]) if pvalue else ([score], [low])
    best = frame.sort_values(by, ascending=ascending, kind="stable").drop_duplicates("interaction")["_pair"]
    return list(dict.fromkeys([*best, *by_frequency(frame["_pair"]).index]))


def _strength(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(-np.log10(np.clip(np.nan_to_num(p, nan=1.0), _LEAST, 1.0)), np.float64)


def _size(strength: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    high = max(float(strength.max(initial=0.0)), 1e-9)
    return _SMALLEST + (_LARGEST - _SMALLEST) * strength / high


def _decorate(ax: Any, names: list[str], pairs: list[str]) -> None:
    ax.set_xticks(range(len(pairs)), pairs, rotation=90, fontsize=8)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.set_xlim(-0.7, len(pairs) - 0.3)
    ax.set_ylim(len(names) - 0.3, -0.7)
    ax.set_axisbelow(True)
    ax.grid(color="0.92", linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _size_legend(ax: Any, strength: npt.NDArray[np.float64], heading: str, *, capped: bool, untested: bool) -> None:
    high = float(strength.max(initial=0.0))
    steps = np.unique(np.round(np.linspace(0, high, 4), 1))
    handles = [
        ax.scatter(
            [],
            [],
            s=float(_size(np.array([v, high]))[0]),
            color="0.6",
            edgecolors="0.25",
            label=f"{'≥ ' if capped and v == steps[-1] else ''}{v:g}",
        )
        for v in steps
    ]
    if untested:
        handles.append(ax.scatter([], [], s=_CROSS, marker="x", color="0.4", linewidths=1.0, label="not tested"))
    if room().narrow:
        legend(ax, handles, heading)
        return
    ax.legend(
        handles=handles,
        title=heading,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        bbox_transform=ax.transAxes,
        frameon=False,
        fontsize=7,
        title_fontsize=7,
        labelspacing=1.0,
        handletextpad=1.0,
    )
