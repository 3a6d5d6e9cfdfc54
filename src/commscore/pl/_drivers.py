"""Drivers: which part made up a change: senders, ligand, receivers or receptor."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, Count, Label, Proportion, checked
from ..tables.compare import PARTS as NAMES
from ._colours import DARK, HATCHED, PARTS
from ._fit import room, sized
from ._table import axes, contrast_of, need_columns, need_rows, one_contrast, pick, table_of, unit_note
from ._text import bare, beside, counted, edge_labels, heading, inches, legend, patches, title, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_WORDS = {
    "d_source": "abundance\nof source",
    "d_ligand": "ligand\nin source",
    "d_target": "abundance\nof target",
    "d_receptor": "receptor\nin target",
}


@checked
@sized
def drivers(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_compare",
    contrast: Label | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    max_padj: Proportion | None = 0.05,
    top: Count = 25,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the change of log2 flow as the sum of its four parts.

    Parameters
    ----------
    data : comparison
    key
    contrast : drawn
    source, target, interaction, gene
        Only these, one or several; a gene is a subunit of the ligand or the receptor. A single edge is
        drawn as a waterfall, several as bars.
    max_padj
        Of several edges, only those with an adjusted p-value of at most this, 0 to 1; ``None`` for all.
    top
        Number of edges, the largest change of flow first.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        What was left out is said below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, or the contrast is unknown or must be named.
    """
    frame = table_of(data, key)
    need_columns(frame, "contrast", "source", "target", "interaction", "padj", *NAMES, "d_flow")
    frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
    frame = pick(frame, source=source, target=target, interaction=interaction, gene=gene)
    whole = frame[np.isfinite(frame[[*NAMES, "d_flow"]].to_numpy(float)).all(axis=1)]
    whole = need_rows(whole, "no row has all four parts", "a group is missing in one of the conditions")
    if len(whole) == 1:
        return _waterfall(ax, whole, contrast)
    if max_padj is not None:
        passing = whole[(whole["padj"] <= max_padj).to_numpy()]
        whole = need_rows(passing, f"no row has padj ≤ {max_padj:g}", "raise max_padj, or set max_padj=None")
    size = whole["d_flow"].abs().sort_values(ascending=False, kind="stable")
    shown = whole.loc[size.index].iloc[: room().rows(top, fixed=1.4, each=0.2)]
    return _bars(ax, shown, contrast, hidden=len(whole) - len(shown))


def _waterfall(ax: Any, one: pd.DataFrame, contrast: str) -> Any:
    ax = axes(ax, width=5.6, height=3.9)
    row = one.iloc[0]
    steps = [float(row[n]) for n in NAMES]
    ends = np.concatenate([[0.0], np.cumsum(steps)])
    for i, (name, step) in enumerate(zip(NAMES, steps, strict=True)):
        ax.bar(i, step, bottom=ends[i], width=0.62, color=PARTS[name], ec="white", lw=0.5, hatch=_hatch(name))
        ax.plot([i - 0.31, i + 1.31], [ends[i + 1]] * 2, color="0.4", lw=0.7)
    ax.bar(len(steps), float(row["d_flow"]), width=0.62, color=DARK)
    tops = [*(max(a, b) for a, b in itertools.pairwise(ends)), max(float(row["d_flow"]), 0.0)]
    for i, (top, value) in enumerate(zip(tops, [*steps, float(row["d_flow"])], strict=True)):
        ax.annotate(
            f"{value:+.2f}".replace("-", "−"),
            (i, top),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    ax.axhline(0, color="0.3", lw=0.8)
    ax.use_sticky_edges = False
    ax.margins(y=0.14)
    ax.set_xticks(range(5), [*_WORDS.values(), "flow"], fontsize=8)
    ax.set_ylabel("change of log2 flow")
    bare(ax)
    driver = row.get("driver")
    note = f"driver: {str(driver).replace('_', ' ')}" if isinstance(driver, str) else ""
    title(ax, f"{heading(contrast)}: {written(edge_labels(one, 24)[0])}", more=note)
    return ax


def _hatch(name: str) -> str:
    return "/////" if name in HATCHED else ""


def _bars(ax: Any, shown: pd.DataFrame, contrast: str, *, hidden: int) -> Any:
    labels = beside(edge_labels(shown, 24))
    ax = axes(ax, width=inches(labels) + 5.2, height=0.26 * len(shown) + 1.5)
    y = np.arange(len(shown))
    above, below = np.zeros(len(shown)), np.zeros(len(shown))
    for name in NAMES:
        part = shown[name].to_numpy(float)
        start = np.where(part >= 0, above, below)
        ax.barh(y, part, left=start, height=0.7, color=PARTS[name], ec="white", lw=0.4, hatch=_hatch(name))
        above, below = above + np.maximum(part, 0), below + np.minimum(part, 0)
    flow = ax.scatter(shown["d_flow"], y, marker="D", s=24, color=DARK, edgecolors="white", linewidths=0.5, zorder=3)
    flow.set_label("flow (sum)")
    ax.axvline(0, color="0.3", lw=0.8)
    ax.set_yticks(y, labels, fontsize=7.5)
    ax.set_ylim(len(shown) - 0.3, -0.7)
    ax.set_xlabel("change of log2 flow")
    bare(ax)
    words = {n: w.replace("\n", " ") for n, w in _WORDS.items()}
    keys = patches(PARTS, words)
    for key, name in zip(keys, PARTS, strict=True):
        key.set(hatch=_hatch(name), edgecolor="white")
    legend(ax, [*keys, flow], "part")
    title(ax, f"{heading(contrast)}: what made the change", counted(hidden, "edge"), more=unit_note(shown))
    return ax
