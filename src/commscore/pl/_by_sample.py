"""By sample: interactions × samples, with the receiver's response below the same samples."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..check import AxesOrNone, Count, Label, Levels, checked
from ..get._columns import label_codes, labels_of
from ._bar import mark_below
from ._colours import DIVERGING, MISSING, obs_colours, symmetric
from ._fit import room, sized
from ._response import wide_response
from ._table import (
    axes,
    contrast_of,
    need_columns,
    need_rows,
    one_contrast,
    ordered,
    pick,
    ranked,
    reference_first,
    table_of,
)
from ._text import INCH_PER_LETTER, bare, beside, counted, edge_labels, inches, legend, patches, shorten, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

_EDGE = ["interaction", "source", "target"]
_PROGRAMMES = 12
"""Most rows of the response: those that differ most between samples."""
_PER_SAMPLE, _NARROWEST, _WIDEST, _NAMED = 0.24, 2.0, 14.0, 0.075
"""Inches of a sample, the fewest and most of all samples, and the fewest of a sample that is named."""
_WORD = 10
"""Letters of the name of a condition that must have room above its samples, else a legend has the names."""
_LONGEST_BAR, _SHORTEST_BAR = 14, 8
"""Rows beside which a colour bar stands at most, and the fewest beside which its label is whole."""


@checked
@sized
def by_sample(
    samples: AnnData,
    *,
    condition_key: str,
    comparison: AnnData | pd.DataFrame | None = None,
    contrast: Label | None = None,
    response: AnnData | pd.DataFrame | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    order: Levels | None = None,
    key: str = "commscore_compare",
    response_key: str = "commscore_response",
    top: Count = 30,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the interactions of every sample beside what the receiving cells do in the same samples.

    Parameters
    ----------
    samples
    condition_key
        Column of ``samples.obs`` by which the samples are put together.
    comparison
        What :func:`commscore.tl.compare` found (an AnnData that it has written to, or its table): its surest
        rows are drawn. Without it, the edges that differ most between samples.
    contrast
        Contrast of ``comparison``; may be left out if there is one.
    response
        What the receiving cells do, drawn below: an AnnData that :func:`commscore.tl.response` has written to, its
        table ``activities``, or any table samples × programmes with the index of ``samples.obs_names``.
    source, target, interaction, gene
    order
        Conditions from left to right; by default those of ``comparison``, its reference first, else the categories
        of the column.
    key, response_key
        Key in ``comparison.uns`` and in ``response.uns``.
    top
        Number of edges.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Every row is drawn as the difference from its own mean over the samples; a sample without the source or
        the target is grey. What was left out is said below the title.

    Raises
    ------
    KeyError
        If ``condition_key`` is not a column.
    ValueError
        If no edge or no sample is left, or ``response`` has other samples.
    """
    if condition_key not in samples.obs:
        msg = (
            f"condition_key={condition_key!r} is not a column of samples.obs (it has {', '.join(samples.obs.columns)})"
        )
        raise KeyError(msg)
    edges = pick(samples.var, source=source, target=target, interaction=interaction, gene=gene)
    edges = need_rows(edges, "no edge in samples", "see tl.profile")
    table = None
    if comparison is not None:
        table = one_contrast(table_of(comparison, key), contrast_of(comparison, key, contrast))[0]
    edges = _chosen(samples, edges, table)
    top = room().rows(top, fixed=1.9, each=0.16)
    shown = edges.iloc[:top]
    levels = label_codes(samples.obs[condition_key])[1]
    conditions = reference_first(comparison, key, levels) if order is None else ordered(order, levels)
    columns = _columns(samples, condition_key, conditions)
    upper = _centred(np.asarray(samples[columns, shown.index].X, np.float64).T)
    active = wide_response(response, response_key, target=target, samples=columns)
    lower, doing, quiet = _response(
        active, columns, most=room().rows(_PROGRAMMES, fixed=1.9 + 0.16 * len(shown), each=0.16)
    )
    labels = beside([*edge_labels(shown, 24), *((name,) for name in shorten(doing, 48).values())])
    wide = _each(len(columns)) * len(columns) if not room().limited else 0.0
    ax = axes(
        ax,
        width=inches(labels) + wide + 1.5,
        height=0.2 * len(labels) + inches(shorten(columns, 24).values()) + 1.7,
    )
    _meshes(ax, upper, lower)
    _decorate(ax, labels, columns, rows=(len(shown), len(doing)))
    stage = labels_of(samples.obs.loc[columns, condition_key])
    _strip(ax, stage, obs_colours(samples, condition_key, conditions))
    what = "Interactions by sample" + (" and the receivers' response" if doing else "")
    dropped = samples.n_obs - len(columns)
    title(
        ax,
        what,
        counted(len(edges) - len(shown), "edge"),
        counted(quiet, "programme"),
        counted(dropped, "sample"),
        pad=18,
        more="grey: the sample lacks a group" if np.isnan(upper).any() or np.isnan(lower).any() else "",
    )
    return ax


def _chosen(samples: AnnData, edges: pd.DataFrame, table: pd.DataFrame | None) -> pd.DataFrame:
    """Return the edges in the order in which they are drawn: the surest first, or the most variable."""
    if table is None:
        spread = pd.Series(np.nanstd(_finite_values(samples, edges), axis=0), edges.index)
        return edges.loc[spread.sort_values(ascending=False, kind="stable").index]
    need_columns(table, *_EDGE, "padj", "effect")
    table = ranked(table[table["padj"].notna().to_numpy()], ["padj"], [True])
    at = pd.Series(edges.index, pd.MultiIndex.from_frame(edges[_EDGE].astype(str)))
    keys = [k for k in pd.MultiIndex.from_frame(table[_EDGE].astype(str)) if k in at.index]
    return need_rows(
        edges.loc[at.loc[keys].to_list()], "no tested row of comparison is in samples", "make both from the same data"
    )


def _finite_values(samples: AnnData, edges: pd.DataFrame) -> Any:
    values = np.asarray(samples[:, edges.index].X, np.float64)
    return np.where(np.isfinite(values).any(axis=0), values, 0.0)


def _columns(samples: AnnData, condition_key: str, conditions: list[str]) -> list[str]:
    stage = labels_of(samples.obs[condition_key])
    return [name for c in conditions for name in samples.obs_names[stage == c]]


def _centred(rows: Any) -> Any:
    finite = np.isfinite(rows)
    mean = np.where(finite, rows, 0.0).sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    return rows - mean[:, None]


def _response(response: pd.DataFrame | None, columns: list[str], *, most: int) -> tuple[Any, list[str], int]:
    """Return programmes × samples, their names, and how many are left out."""
    if response is None:
        return np.zeros((0, len(columns))), [], 0
    missing = [c for c in columns if c not in response.index]
    if missing:
        msg = f"response lacks samples {', '.join(missing[:5])}: its index must hold the names of samples.obs_names"
        raise ValueError(msg)
    rows = _centred(response.loc[columns].to_numpy(np.float64).T)
    reach = np.where(np.isfinite(rows), np.abs(rows), 0.0).max(axis=1, initial=0.0)
    rows_shown = np.sort(np.argsort(-reach, kind="stable")[:most])
    return rows[rows_shown], [str(response.columns[i]) for i in rows_shown], len(rows) - len(rows_shown)


def _meshes(ax: Any, upper: Any, lower: Any) -> None:
    """Draw the interactions, and below a gap of one row the response in its own colours."""
    from matplotlib import colormaps

    n = upper.shape[1]
    parts = (
        (upper, 0.0, DIVERGING, "log2(L·R), from the row mean (− below)"),
        (lower, len(upper) + 0.6, "PuOr_r", "response, from the row mean (− below)"),
    )
    for values, start, cmap, label in parts:
        if not len(values):
            continue
        high = symmetric(values)
        mesh = ax.pcolormesh(
            np.arange(n + 1) - 0.5,
            start + np.arange(len(values) + 1) - 0.5,
            np.ma.masked_invalid(values),
            cmap=colormaps[cmap].with_extremes(bad=MISSING),
            vmin=-high,
            vmax=high,
            rasterized=values.size > 20_000,
        )
        if _each(n) >= _NAMED:
            mark_below(ax, values, high, corner=(0.0, start))
        _bar(ax, mesh, label, rows=(start, len(values)), whole=len(upper) + len(lower) + 1.1 + 0.6 * bool(len(lower)))


def _bar(ax: Any, mesh: Any, label: str, *, rows: tuple[float, int], whole: float) -> None:
    """Draw the colour bar of some rows beside them."""
    start, n = rows
    high = min(n, _LONGEST_BAR)
    wide = max(0.12 / (_each(mesh.get_coordinates().shape[1] - 1) * (mesh.get_coordinates().shape[1] - 1)), 0.015)
    beside = ax.inset_axes((1 + 1.2 * wide, 1 - (start + 1.1 + high) / whole, wide, high / whole))
    words = label if n >= _SHORTEST_BAR else label.partition(",")[0]
    bar = ax.figure.colorbar(mesh, cax=beside, label=words, extend="both")
    bar.ax.tick_params(labelsize=7)
    bar.ax.yaxis.label.set_size(7.5)


def _decorate(ax: Any, labels: list[str], columns: list[str], *, rows: tuple[int, int]) -> None:
    upper, lower = rows
    at = [*range(upper), *(upper + 0.6 + np.arange(lower))]
    ax.set_yticks(at, labels, fontsize=7.5)
    each = _each(len(columns))
    if each >= _NAMED:
        ax.set_xticks(range(len(columns)), shorten(columns, 24).values(), rotation=90, fontsize=min(7, 66 * each))
    else:
        ax.set_xticks([])
        ax.set_xlabel(f"{len(columns)} samples", fontsize=8)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(max(at) + 0.5, -1.6)
    ax.tick_params(length=0)
    bare(ax, "top", "right", "left", "bottom")


def _each(n: int) -> float:
    """Return the inches of a sample."""
    return min(max(_PER_SAMPLE, _NARROWEST / n), _WIDEST / n, 0.26 * room().width / n)


def _strip(ax: Any, stage: Any, colours: dict[str, Any]) -> None:
    """Draw the conditions as a strip above the samples, their names over it, or in a legend where they do not fit."""
    edges = np.flatnonzero(np.r_[True, stage[1:] != stage[:-1], True])
    for first, last in itertools.pairwise(edges):
        ax.barh(-1.1, last - first, left=first - 0.5, height=0.8, color=colours[stage[first]], ec="white", lw=0.8)
        if first:
            ax.axvline(first - 0.5, color="white", lw=1.8)
    each = _each(len(stage))
    present = {c: v for c, v in colours.items() if c in set(stage)}
    most = int(min(np.diff(edges)) * each / INCH_PER_LETTER)
    if most >= min(_WORD, max(map(len, present))):
        short = shorten(present, most)
        for first, last in itertools.pairwise(edges):
            ax.text((first + last - 1) / 2, -1.62, short[stage[first]], ha="center", va="bottom", fontsize=8)
    else:  # above the colour bars
        place: dict[str, Any] = {} if room().narrow else {"loc": "lower left", "bbox_to_anchor": (1.02, 0.97)}
        legend(ax, patches(present, shorten(present, 24)), **place)
