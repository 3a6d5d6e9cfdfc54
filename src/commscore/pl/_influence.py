"""Influence: what every change would be without any one of the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd

from ..check import MAY_BE_EMPTY, AxesOrNone, Count, Label, checked
from ..get import load
from ..get._sources import changed_source, keys_of_sources
from ._colours import DARK, GREY, UP
from ._fit import room, sized
from ._table import axes, contrast_of, need_columns, need_rows, one_contrast, pick, ranked, table_of
from ._text import bare, beside, counted, edge_labels, heading, inches, legend, shorten, title, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anndata import AnnData

    from ..get import Result

_EDGE = ["interaction", "source", "target"]


@checked
@sized
def influence(
    data: AnnData | pd.DataFrame,
    refits: Annotated[Mapping[str, Result | pd.DataFrame], MAY_BE_EMPTY] | Result | pd.DataFrame | None = None,
    *,
    key: str | None = None,
    influence_key: str = "commscore_influence",
    contrast: Label | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    top: Count = 25,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the effect of every edge with its interval, and the effects without each sample.

    Parameters
    ----------
    data : comparison
    refits
        Result or table of :func:`commscore.tl.leave_one_out`, or sample -> the same comparison without it (results or
        tables). By default what is stored under ``influence_key``.
    key
        Key of the comparison; by default the one that ``refits`` were made from, which is also the only one that fits.
    influence_key
        Key of the stored refits.
    contrast : drawn
    source, target, interaction, gene
        Only these, one or several; a gene is a subunit of the ligand or the receptor. A single edge is
        drawn with one line per sample.
    top
        Number of edges, the smallest adjusted p-value first (samples, the furthest effect first).
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Grey ticks are refits, orange ones have the other sign; the sample whose absence moves the effect most
        is named. What was left out, and how many edges have no refit, is said below the title.

    Raises
    ------
    ValueError
        If there are no refits, they are those of another comparison, there is no tested row, or the contrast is unknown
        or must be named.
    """
    refits = _stored(data, refits, influence_key)
    key = _key_of(data, refits, key=key, influence_key=influence_key)
    frame = table_of(data, key)
    need_columns(frame, "contrast", *_EDGE, "effect", "ci_low", "ci_high", "padj")
    frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
    frame = pick(frame, source=source, target=target, interaction=interaction, gene=gene)
    tested = frame[(frame["padj"].notna() & frame["effect"].notna()).to_numpy()]
    tested = ranked(need_rows(tested, "no tested row", "see the column status"), ["padj"], [True])
    effects = _refitted(_refits_by_sample(refits), contrast)
    if len(tested) == 1:
        return _one(ax, tested, effects, contrast=contrast, top=top)
    shown = tested.iloc[: room().rows(top, fixed=1.6, each=0.3)]
    alone = int((~_keys(shown).isin(effects.index)).sum())
    if alone == len(shown):
        msg = "refits has none of the edges that would be drawn: give those of this comparison"
        raise ValueError(msg)
    labels = beside(edge_labels(shown, 24))
    ax = axes(ax, width=inches(labels) + 5.2, height=0.3 * len(shown) + 1.5)
    for y, (at, row) in enumerate(zip(_keys(shown), shown.itertuples(), strict=True)):
        _row(ax, y, row)
        if at in effects.index:
            _ticks(ax, y, effects.loc[at].dropna(), effect=float(row.effect))
    ax.margins(x=0.12)  # for the names of samples at the ends
    _decorate(ax, labels)
    title(
        ax,
        f"{heading(contrast)}: effect without each sample",
        counted(len(tested) - len(shown), "edge"),
        more="small print: the sample whose absence moves the effect most"
        + (f"; {counted(alone, 'edge')} without any refit" if alone else ""),
    )
    return ax


def _keys(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[_EDGE].astype(str))


def _stored(data: Any, refits: Any, key: str) -> Any:
    """Return the refits that are given, else the stored ones."""
    if refits is not None:
        return refits
    if hasattr(data, "uns"):
        return load(data, key)
    msg = "refits is needed where data is a bare table: give the result of cs.tl.leave_one_out"
    raise ValueError(msg)


def _key_of(data: Any, refits: Any, *, key: str | None, influence_key: str) -> str:
    """Return the key of the comparison that the refits were made from; refuse another one, or one made since."""
    params = getattr(refits, "params", {})
    sources = keys_of_sources(params)
    key = (sources[0] if sources else "commscore_compare") if key is None else key
    if isinstance(data, pd.DataFrame) or not sources:
        return key
    if key not in sources:
        msg = f"influence_key={influence_key!r}: these refits were made from {sources[0]!r}, not from key={key!r}"
        raise ValueError(msg)
    changed = changed_source(data, params)
    if changed:
        msg = f"influence_key={influence_key!r}: {changed}; run cs.tl.leave_one_out again"
        raise ValueError(msg)
    return key


def _refits_by_sample(refits: Any) -> Mapping[str, Any]:
    """Return sample -> comparison without it, also from the one table of all of them."""
    table = refits if isinstance(refits, pd.DataFrame) else getattr(refits, "table", None)
    if table is None:
        return dict(refits)
    need_columns(table, "left_out", "contrast", *_EDGE, "effect")
    return {str(name): part for name, part in table.groupby("left_out", observed=True, sort=False)}


def _refitted(refits: Mapping[str, Any], contrast: str) -> pd.DataFrame:
    """Return edges × samples left out."""
    columns = {}
    for name, refit in refits.items():
        table = refit if isinstance(refit, pd.DataFrame) else refit.table
        rows = table[(table["contrast"] == contrast).to_numpy()]
        columns[str(name)] = pd.Series(rows["effect"].to_numpy(float), _keys(rows))
    if not columns or all(c.empty for c in columns.values()):
        msg = f"refits has no comparison {contrast!r}: give one per sample, made without it"
        raise ValueError(msg)
    return pd.DataFrame(columns)


def _row(ax: Any, y: float, row: Any) -> None:
    ax.plot([row.ci_low, row.ci_high], [y, y], color=DARK, lw=1.1, zorder=2, solid_capstyle="butt")
    ax.scatter([row.effect], [y], s=30, color=DARK, zorder=4)


def _ticks(ax: Any, y: float, effects: pd.Series, *, effect: float) -> None:
    turned = np.sign(effects.to_numpy()) * np.sign(effect) < 0
    for flips, colour in ((False, "#777777"), (True, UP)):
        at = effects.to_numpy()[turned == flips]
        ax.scatter(at, np.full(len(at), y), marker="|", s=64, linewidths=1.5, color=colour, zorder=3)
    if len(effects):
        far = (effects - effect).abs().idxmax()
        ax.annotate(
            f"−{shorten([far], 16)[far]}",
            (effects[far], y),
            xytext=(0, 8.5 * room().scale),
            textcoords="offset points",
            fontsize=6,
            ha="center",
            va="center",
            color=UP if turned.any() else "0.35",
        )


def _one(ax: Any, tested: pd.DataFrame, effects: pd.DataFrame, *, contrast: str, top: int) -> Any:
    """Draw one edge: a line per sample left out, below the effect with all of them."""
    at, row = _keys(tested)[0], next(tested.itertuples())
    if at not in effects.index:
        msg = f"refits does not have {' '.join(at)}: give comparisons of the same data"
        raise ValueError(msg)
    refits = effects.loc[at].dropna()
    refits = refits.loc[(refits - row.effect).abs().sort_values(ascending=False, kind="stable").index]
    shown = refits.iloc[: room().rows(top, fixed=1.8, each=0.2)]
    labels = ["all samples", *beside((f"without {s}",) for s in shorten(shown.index, 24).values())]
    ax = axes(ax, width=inches(labels) + 4.6, height=0.24 * len(labels) + 1.5)
    ax.axvspan(row.ci_low, row.ci_high, color=GREY, alpha=0.3, lw=0, zorder=0)
    _row(ax, 0, row)
    turned = np.sign(shown.to_numpy()) * np.sign(row.effect) < 0
    y = np.arange(1, len(labels))
    ax.hlines(y, row.effect, shown.to_numpy(), color="0.6", lw=1)
    ax.scatter(shown.to_numpy(), y, s=26, color=np.where(turned, UP, "#777777"), zorder=3)
    _decorate(ax, labels)
    label = written(edge_labels(tested, 24)[0])
    title(ax, f"{heading(contrast)}: {label} without each sample", counted(len(refits) - len(shown), "sample"))
    return ax


def _decorate(ax: Any, labels: list[str]) -> None:
    from matplotlib.lines import Line2D

    ax.axvline(0, color="0.6", lw=0.8, zorder=0)
    ax.set_yticks(range(len(labels)), labels, fontsize=7.5)
    ax.set_ylim(len(labels) - 0.3, -0.7)
    ax.set_xlabel("log2 fold change of ligand × receptor")
    bare(ax)
    look: dict[str, Any] = {"color": "none", "markeredgewidth": 1.5}
    legend(
        ax,
        [
            Line2D([], [], color=DARK, marker="o", ms=5, lw=1.1, label="all samples, 95 % interval"),
            Line2D([], [], marker="|", ms=9, markeredgecolor="#777777", label="one sample left out", **look),
            Line2D([], [], marker="|", ms=9, markeredgecolor=UP, label="… and the sign turns", **look),
        ],
    )
