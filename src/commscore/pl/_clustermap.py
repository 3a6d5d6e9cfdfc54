"""Clustered heat map: interactions × pairs of groups, or × samples, what is alike side by side."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..check import ColourMap, Count, Label, Palette, Proportion, checked
from ..get._columns import label_codes, labels_of
from ..get._frames import by_frequency
from ._bar import mark_below
from ._colours import DIVERGING, MISSING, group_colours, named_colours, obs_colours, palette_apart, symmetric
from ._literal import literal
from ._table import (
    claim_note,
    contrast_of,
    names_by_row,
    names_of,
    need_columns,
    need_rows,
    one_contrast,
    pick,
    ranked,
    scored,
    significant,
)
from ._text import Names, counted, distinct, edge_labels, fitted, heading, inches, patches, short_labels, shorten, title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from anndata import AnnData

_CELL, _STRIP, _TREE, _LINE = 0.17, 0.15, 0.55, 0.165
"""Inches."""
_LETTERS = 3
"""Most letters on a strip."""
_LEGEND = 20
"""Most entries of a legend; groups beyond that are told by the labels of the columns."""


@dataclass
class _Wide:
    """What is drawn: rows × columns, their strips of colours by name, legends, and words."""

    values: pd.DataFrame
    label: str
    heading: str
    left_out: tuple[str, ...]
    more: str = ""
    over: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, Any] = field(default_factory=dict)
    legends: dict[str, dict[str, Any]] = field(default_factory=dict)
    dots: Any = None
    short: dict[str, str] = field(default_factory=dict)
    """Labels of rows and columns that are more than a name."""
    ends: dict[str, Names] = field(default_factory=dict)
    """Source and target of the columns."""
    letters: dict[str, list[str]] = field(default_factory=dict)
    """Names along the strips that nothing else tells."""


@checked
def clustermap(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore",
    value: str = "score",
    condition_key: str | None = None,
    contrast: Label | None = None,
    method: str | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    max_padj: Proportion | None = 0.05,
    top: Count = 40,
    max_columns: Count = 60,
    cmap: ColourMap | None = None,
    palette: Palette | None = None,
) -> Any:
    """Draw interactions × pairs of groups, or edges × samples, clustered in both directions.

    Parameters
    ----------
    data
        AnnData with a stored result, or a result's table: columns are source → target pairs. Or samples × edges, as
        :func:`commscore.tl.profile` gives them, together with ``condition_key``: columns are samples.
    key
    value
        Column for the colour; of a comparison for example ``"effect"``. Not used for samples.
    condition_key
        Column of ``data.obs`` for the strip of colours above the samples; says that ``data`` is of samples.
    contrast
        Contrast of a comparison; may be left out if there is one.
    method : drawn
    source, target, interaction, gene
    max_padj
        Only interactions with at least one adjusted p-value of at most this, 0 to 1; the cells that have it get a
        dot. ``None`` for all interactions. A table without p-values is drawn whole. Not used for samples.
    top
        Number of interactions, the smallest adjusted p-value first, then the largest value (of edges: the most
        variable between samples).
    max_columns
        Number of columns: the pairs with the most such cells, or the first samples.
    cmap
        Colour map; by default one for amounts, or a diverging one where values have both signs.
    palette
        Group (or condition) -> colour, by default ``adata.uns[f"{groupby}_colors"]``, else our own.

    Returns
    -------
    seaborn.matrix.ClusterGrid
        ``.figure`` is its figure, ``.data2d`` what is drawn, in the order in which it is drawn. Strips of colours
        tell source, target, mode and condition. Cells without a value are white (grey on a diverging scale); they
        count as the lowest value (of samples: as the row's mean) when rows and columns are put together, by average
        linkage of Euclidean distances.

    Raises
    ------
    ImportError
        If seaborn is missing.
    KeyError
        If ``condition_key`` is not a column.
    ValueError
        If nothing is left to draw, or the table lacks a column.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=50)
    >>> grid = cs.pl.clustermap(adata, max_padj=None, top=20)
    >>> sorted(grid.data2d.index)
    ['HLA-DPA1_HLA-DPB1^CD4', 'HLA-DQA1_HLA-DQB1^CD4', 'HLA-DRA_HLA-DRB1^CD4', 'MIF^CD74_CXCR4']
    """
    only: dict[str, Any] = {"source": source, "target": target, "interaction": interaction, "gene": gene}
    if condition_key is not None:
        return _draw(_of_samples(data, condition_key, top=top, most=max_columns, palette=palette, only=only), cmap)
    frame, method = scored(data, key, method)
    frame = pick(frame, **only)
    need_columns(frame, "source", "target", "interaction", value)
    if "contrast" in frame or contrast is not None:
        frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
    frame = need_rows(frame[frame[value].notna().to_numpy()], f"no row has a {value}", "choose another value")
    sure, rule = significant(frame, max_padj, method)
    wide = _of_pairs(frame, sure, value, top=top, most=max_columns)
    wide.dots = wide.dots.reindex_like(wide.values).notna() if len(sure) < len(frame) else None
    rule = rule if wide.dots is None else f"• {rule}"
    wide.heading = f"{heading(contrast) + ': ' if contrast else ''}{wide.label} of interactions ({rule})"
    wide.more = claim_note(frame)
    groups = names_of(frame["source"], frame["target"])
    _colour_pairs(wide, frame, group_colours(data, key, groups, palette=palette))
    return _draw(wide, cmap)


def _of_pairs(frame: pd.DataFrame, sure: pd.DataFrame, value: str, *, top: int, most: int) -> _Wide:
    """Return every value of the surest interactions as interactions × pairs, the pairs with the most sure values."""
    frame, sure = _with_names(frame, value), _with_names(sure, value)
    by = ["padj", "_size"] if "padj" in sure else ["_size"]
    names = list(dict.fromkeys(ranked(sure, by, [True, False][-len(by) :])["_name"]))
    sure = sure[sure["_name"].isin(names[:top]).to_numpy()]
    cells = frame[frame["_name"].isin(names[:top]).to_numpy()]
    often = list(dict.fromkeys([*by_frequency(sure["_pair"]).index, *by_frequency(cells["_pair"]).index]))
    cells = cells[cells["_pair"].isin(often[:most]).to_numpy()]
    texts = distinct(often)
    cells, sure = (part.assign(_text=part["_pair"].map(texts)) for part in (cells, sure))
    values = cells.pivot(index="_name", columns="_text", values=value).dropna(how="all")
    left_out = counted(len(names) - len(values), "interaction"), counted(len(often) - values.shape[1], "pair")
    wide = _Wide(values.rename_axis(index=None, columns=None), value.replace("_", " "), "", left_out)
    wide.dots = sure.pivot(index="_name", columns="_text", values=value)
    wide.short = dict(zip(texts.values(), short_labels(texts), strict=True))
    wide.ends = {text: pair for pair, text in texts.items()}
    return wide


def _with_names(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    return frame.assign(
        _pair=names_by_row(frame, "source", "target"), _name=frame["interaction"].astype(str), _size=frame[value].abs()
    )


def _colour_pairs(wide: _Wide, frame: pd.DataFrame, colours: Mapping[str, Any]) -> None:
    ends = [wide.ends[text] for text in wide.values.columns]
    wide.over = {side: [colours[pair[i]] for pair in ends] for i, side in enumerate(("source", "target"))}
    wide.legends["group"] = {g: c for g, c in colours.items() if any(g in pair for pair in ends)}
    if "mode" in frame:
        modes = frame.assign(_name=frame["interaction"].astype(str)).drop_duplicates("_name").set_index("_name")["mode"]
        # of all modes in the table, so that figures of the same data agree
        by_mode = palette_apart(names_of(modes), colours.values())
        own = modes.loc[wide.values.index].astype(str)
        wide.letters["mode"] = [m.replace("_", " ") for m in own]
        wide.beside = {"mode": [by_mode[m] for m in own]}
        wide.legends["mode"] = {m.replace("_", " "): c for m, c in by_mode.items() if m in set(own)}


def _of_samples(data: Any, condition_key: str, *, top: int, most: int, palette: Any, only: dict[str, Any]) -> _Wide:
    """Return edges × samples as differences from the row's mean, the most variable edges."""
    if condition_key not in getattr(data, "obs", ()):
        has = ", ".join(data.obs.columns) if hasattr(data, "obs") else f"no obs: it is a {type(data).__name__}"
        msg = (
            f"condition_key={condition_key!r} is not a column of data.obs (it has {has}); data is what tl.profile gives"
        )
        raise KeyError(msg)
    if any(names is not None for names in only.values()):
        data = data[:, pick(data.var, **only).index]
    matrix = np.asarray(data.X, np.float64).T
    finite = np.isfinite(matrix)
    enough = finite.sum(axis=1) > 1
    need_rows(data.var[enough], "no edge has a value in two samples", "see tl.profile")
    count = np.maximum(finite.sum(axis=1), 1)[:, None]
    centred = matrix - np.where(finite, matrix, 0.0).sum(axis=1)[:, None] / count
    spread = np.where(enough, (np.where(finite, centred, 0.0) ** 2).sum(axis=1) / count[:, 0], -1.0)
    order = np.argsort(-spread, kind="stable")[: int(min(top, enough.sum()))]
    texts = distinct(edge_labels(data.var.iloc[order], 24))
    names = data.obs_names[:most].astype(str)
    values = pd.DataFrame(centred[order][:, :most], index=list(texts.values()), columns=names)
    stage = labels_of(data.obs[condition_key].iloc[:most])
    present = label_codes(data.obs[condition_key].iloc[:most])[1]
    colours = obs_colours(data, condition_key, present) if palette is None else named_colours(palette, present)
    grey = " (grey: the sample lacks a group)" if values.isna().to_numpy().any() else ""
    left_out = counted(int(enough.sum()) - len(order), "edge"), counted(data.n_obs - len(names), "sample")
    wide = _Wide(values, "log2(L·R), from the row mean (− below)", f"Interactions by sample{grey}", left_out)
    wide.short = {text: fitted(label, 60) for label, text in texts.items()}
    legend_title = heading(condition_key)
    wide.over, wide.legends = {legend_title: [colours[s] for s in stage]}, {legend_title: colours}
    wide.letters[legend_title] = list(stage)
    return wide


@literal()
def _draw(wide: _Wide, cmap: str | None) -> Any:
    try:
        import seaborn as sns
    except ImportError as error:
        msg = "clustermap needs seaborn: pip install seaborn"
        raise ImportError(msg) from error
    values = wide.values
    signed = bool((values.to_numpy() < 0).any())
    limits = {"vmin": -symmetric(values), "vmax": symmetric(values)} if signed else {}
    with warnings.catch_warnings():
        # seaborn lays the figure out once before we do, when the long names are still in it
        warnings.filterwarnings("ignore", message="Tight layout not applied")
        grid = sns.clustermap(
            values.fillna(0.0 if signed else float(np.nanmin(values.to_numpy()))),
            mask=values.isna(),
            method="average",
            metric="euclidean",
            row_cluster=len(values) > 1,
            col_cluster=values.shape[1] > 1,
            cmap=cmap or (DIVERGING if signed else "viridis"),
            figsize=(5, 5),
            linewidths=0.3,
            linecolor="white",
            row_colors=pd.DataFrame(wide.beside, index=values.index) if wide.beside else None,
            col_colors=pd.DataFrame(wide.over, index=values.columns),
            xticklabels=True,
            yticklabels=True,
            cbar_kws={"extend": "both" if signed else "neither"},
            **limits,
        )
    if signed:
        grid.ax_heatmap.set_facecolor(MISSING)
        shown = values.loc[grid.data2d.index, grid.data2d.columns].to_numpy(np.float64)
        mark_below(grid.ax_heatmap, shown, symmetric(values), corner=(0.5, 0.5))
    _lay_out(grid, wide)
    return grid


def _lay_out(grid: Any, wide: _Wide) -> None:
    """Give every part its size in inches, so that names of any length and tables of any size fit."""
    n_rows, n_columns = wide.values.shape
    names = _short(wide, wide.values.index), _short(wide, wide.values.columns)
    main = _CELL * max(n_columns, 4), _CELL * max(n_rows, 4)
    shown = {name: colours for name, colours in wide.legends.items() if len(colours) <= _LEGEND}
    entries = [shorten(c, 26) for c in shown.values()]
    key_high = [_LINE * (len(c) + 1.6) for c in entries]
    key_wide = max([inches(e.values()) + 0.45 for e in entries] + [inches([wide.label]), 1.0])
    left, right = 0.15 + _TREE + _STRIP * len(wide.beside), 1.08 * inches(names[0].values()) + 0.3
    below, above = 0.86 * inches([*names[1].values(), *wide.beside]) + 0.2, _TREE + _STRIP * len(wide.over) + 0.75
    tall = max(main[1], 1.95 + sum(key_high) - above - below)
    width, height = left + main[0] + right + key_wide, below + tall + above
    grid.figure.set_size_inches(width, height)
    floor = below + tall - main[1]

    def put(ax: Any, x: float, y: float, *, size: tuple[float, float]) -> None:
        ax.set_position((x / width, y / height, size[0] / width, size[1] / height))

    put(grid.ax_heatmap, left, floor, size=main)
    put(grid.ax_row_dendrogram, 0.15, floor, size=(_TREE - 0.03, main[1]))
    strips = _STRIP * len(wide.over)
    put(grid.ax_col_colors, left, floor + main[1] + 0.03, size=(main[0], strips - 0.03))
    put(grid.ax_col_dendrogram, left, floor + main[1] + strips + 0.03, size=(main[0], _TREE - 0.06))
    if wide.beside:
        put(grid.ax_row_colors, 0.15 + _TREE, floor, size=(_STRIP * len(wide.beside) - 0.03, main[1]))
    at = left + main[0] + right
    put(grid.ax_cbar, at, height - 1.6, size=(0.13, 1.0))
    _write(grid, wide, names=names)
    top = height - 1.85
    for (name, colours), labels, high in zip(shown.items(), entries, key_high, strict=True):
        grid.figure.legend(
            handles=patches(colours, _with_initials(labels) if name in wide.letters else labels),
            title=name,
            frameon=False,
            fontsize=7.5,
            title_fontsize=8,
            loc="upper left",
            bbox_to_anchor=((at - 0.05) / width, top / height),
            borderaxespad=0,
            borderpad=0,
            handlelength=1.0,
            alignment="left",
        )
        top -= high
    title(grid.ax_col_dendrogram, wide.heading, *wide.left_out, more=wide.more, wide=main[0] + right)


def _short(wide: _Wide, names: Any) -> dict[str, str]:
    return shorten((n for n in names if n not in wide.short), 44) | {n: wide.short[n] for n in names if n in wide.short}


def _write(grid: Any, wide: _Wide, *, names: tuple[dict[str, str], dict[str, str]]) -> None:
    """Write names at rows, columns and strips, and the meaning of the colours."""
    rows, columns = (
        [short[str(n)] for n in order]
        for short, order in zip(names, (grid.data2d.index, grid.data2d.columns), strict=True)
    )
    ax = grid.ax_heatmap
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=7.5, rotation=0)
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=7.5, rotation=90)
    ax.set(xlabel="", ylabel="")
    strips = [grid.ax_col_colors] + ([grid.ax_row_colors] if wide.beside else [])
    for strip in (ax, *strips):
        strip.tick_params(length=0, labelsize=7.5)
    grid.ax_cbar.tick_params(labelsize=7)
    grid.ax_cbar.set_title(wide.label, fontsize=8, loc="left")
    _letter(grid, wide)
    if wide.dots is not None:
        where = np.argwhere(wide.dots.loc[grid.data2d.index, grid.data2d.columns].to_numpy())
        dark = _dark(ax, where)
        ax.scatter(where[:, 1] + 0.5, where[:, 0] + 0.5, s=5, c=np.where(dark, "white", "black"), linewidths=0)


def _initials(names: Iterable[str]) -> dict[str, str]:
    """Return the fewest first letters of every name that no other name begins with.

    Examples
    --------
    >>> _initials(["contact", "checkpoint", "ecm"])
    {'contact': 'co', 'checkpoint': 'ch', 'ecm': 'e'}
    """
    whole = list(dict.fromkeys(names))

    def first(name: str) -> str:
        others = [n for n in whole if n != name]
        return next((name[:k] for k in range(1, len(name)) if not any(n.startswith(name[:k]) for n in others)), name)

    return {name: first(name) for name in whole}


def _with_initials(labels: Mapping[str, str]) -> dict[str, str]:
    first = _initials(labels)
    return {name: f"{label} ({first[name]})" for name, label in labels.items()}


def _letter(grid: Any, wide: _Wide) -> None:
    """Write the initials of modes or conditions on their strip, for readers without colours."""
    for name, own in wide.letters.items():
        is_row = name in wide.beside
        ax, index = (grid.ax_row_colors, "index") if is_row else (grid.ax_col_colors, "columns")
        by_label = dict(zip(getattr(wide.values, index), own, strict=True))
        first, colours = _initials(wide.legends[name]), wide.legends[name]
        for i, label in enumerate(getattr(grid.data2d, index)):
            if len(letters := first[by_label[label]]) > _LETTERS:
                continue
            ink = "black" if _bright(colours[by_label[label]]) else "white"
            x, y = (0.5, i + 0.5) if is_row else (i + 0.5, 0.5)
            ax.text(x, y, letters, ha="center", va="center_baseline", fontsize=5.5, color=ink)


def _bright(colour: Any) -> bool:
    from matplotlib.colors import to_rgb

    return float(np.dot(to_rgb(colour), (0.3, 0.6, 0.1))) >= 0.5


def _dark(ax: Any, where: Any) -> Any:
    """Return in which cells (row, column) a black dot would not be seen."""
    mesh = ax.collections[0]
    values = np.ma.filled(np.ma.asarray(mesh.get_array(), np.float64), np.nan)
    values = values.reshape(mesh.get_coordinates().shape[0] - 1, -1)
    red, green, blue = mesh.cmap(mesh.norm(values[where[:, 0], where[:, 1]]))[:, :3].T
    return 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
