"""Therapies: how much of the communication each would cut in silico."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import read_names
from ..check import AxesOrNone, Count, checked
from ..tables.therapies import CAUTION
from ._colours import default_palette
from ._fit import room, sized
from ._table import axes, names_of, need_columns, need_rows, pick, table_of
from ._text import bare, beside, inches, legend, shorten, title

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_MARKERS = "osD^vPX"


@checked
@sized
def therapies(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_therapies",
    context: str | None = None,
    top: Count = 25,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the share of flow (without antigen presentation) that falls with the targets of a therapy, by context.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.therapies` has written to, or its table.
    key
    context
        Only this condition or sample.
    top
        Number of therapies, the largest share first.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        One dot per context, a line between the contexts; the numbers count the edges and circuits cut in the
        context with the largest share. Therapies that cut nothing, or antigen presentation alone, are counted below
        the title.

    Raises
    ------
    ValueError
        If no therapy cuts an edge, the context is unknown, or the table lacks a column.
    """
    frame = table_of(data, key)
    need_columns(frame, "context", "therapy", "status", "share", "n_edges", "n_circuits", "reported")
    frame = pick(frame, context=context)
    cuts = frame[((frame["status"] == "cuts") & frame["share"].notna()).to_numpy()]
    cuts = need_rows(cuts, "no therapy cuts an edge", "see the columns status and reason")
    best = cuts.sort_values("share", ascending=False, kind="stable").drop_duplicates("therapy")
    shown = best.iloc[: room().rows(top, fixed=1.5, each=0.2)]
    rows = cuts[cuts["therapy"].isin(shown["therapy"]).to_numpy()]
    names = [str(t) for t in shown["therapy"]]
    labels = [_label(n, str(r)) for n, r in zip(shorten(names, 34).values(), shown["reported"], strict=True)]
    labels = beside((label,) for label in labels)
    ax = axes(ax, width=inches(labels) + 5.0, height=0.26 * len(names) + 1.8)
    _draw(ax, rows, {n: i for i, n in enumerate(names)})
    for y, row in enumerate(shown.itertuples()):
        ax.annotate(
            f"{row.n_edges} | {row.n_circuits}",
            (row.share, y),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color="0.35",
        )
    ax.set_yticks(range(len(names)), labels, fontsize=7.5)
    ax.set_ylim(len(names) - 0.3, -0.7)
    ax.set_xlim(0, (1.35 if room().narrow else 1.15) * float(rows["share"].max()))
    if room().narrow:
        ax.xaxis.get_major_locator().set_params(nbins=3)
    ax.set_xlabel(f"share of flow without antigen presentation   (edges | circuits cut)\n{CAUTION}", fontsize=8.5)
    bare(ax)
    apart = set(frame["therapy"][((frame["status"] == "cuts") & frame["share"].isna()).to_numpy()])
    apart -= set(best["therapy"])
    nothing, less = frame["therapy"].nunique() - len(best) - len(apart), len(best) - len(names)
    counts = {"that cut less": less, "that cut antigen presentation alone": len(apart), "that cut nothing": nothing}
    left_out = [f"{n} {what}" for what, n in counts.items() if n]
    title(ax, "What therapies would cut", *left_out)
    return ax


def _label(name: str, reported: str) -> str:
    return f"{name} ({', '.join(read_names(reported)).replace('_', ' ')})" if reported else name


def _draw(ax: Any, rows: pd.DataFrame, at: dict[str, int]) -> None:
    contexts = names_of(rows["context"])
    colours = default_palette(contexts)
    y = rows["therapy"].astype(str).map(at)
    ends = rows.groupby(y)["share"].agg(["min", "max"])
    start = np.zeros(len(ends)) if len(contexts) == 1 else ends["min"]
    ax.hlines(ends.index, start, ends["max"], color="0.75", lw=2, zorder=1)
    handles = []
    for i, name in enumerate(contexts):
        own = (rows["context"].astype(str) == name).to_numpy()
        dots = ax.scatter(
            rows["share"][own],
            y[own],
            s=40,
            color=colours[name],
            marker=_MARKERS[i % len(_MARKERS)],
            edgecolors="white",
            linewidths=0.6,
            zorder=3,
        )
        dots.set_label(shorten([name], 24)[name])
        handles.append(dots)
    if len(contexts) > 1:
        legend(ax, handles, "context")
