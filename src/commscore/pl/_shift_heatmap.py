"""Heat map of changes: interactions × pairs of groups, or × contrasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._validate import one_of
from ..check import AxesOrNone, Count, Label, Proportion, checked
from ..get._frames import by_frequency
from ._bar import colour_bar
from ._colours import DIVERGING, MISSING, symmetric
from ._fit import room, sized
from ._table import (
    axes,
    contrast_of,
    names_by_row,
    need_columns,
    need_rows,
    one_contrast,
    pick,
    ranked,
    table_of,
    unit_note,
)
from ._text import Names, bare, counted, fitted, heading, inches, short_labels, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_MARKS = {
    "up": "▲",
    "down": "▼",
    "ligand_up": "△",
    "receptor_up": "△",
    "ligand_down": "▽",
    "receptor_down": "▽",
    "gained": "+",
    "lost": "–",
    "compensated": "×",
}


@checked
@sized
def shift_heatmap(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_compare",
    contrast: Label | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    by: str = "pair",
    value: str = "effect",
    max_padj: Proportion = 0.05,
    top: Count = 40,
    max_columns: Count = 40,
    ax: AxesOrNone = None,
) -> Any:
    """Draw what changed between conditions.

    Parameters
    ----------
    data : comparison
    key
    contrast
        Contrast to draw with ``by="pair"``; may be left out if there is one.
    source, target, interaction, gene
    by
        ``"pair"``: rows are interactions, columns source → target pairs of one contrast. ``"contrast"``: rows
        are interactions of a pair, columns the contrasts.
    value
        Column for the colour: ``"effect"``, ``"d_flow"``, ``"ligand_effect"``, …
    max_padj
        Rows of the figure have at least one adjusted p-value up to this, 0 to 1; cells up to it get a mark.
    top, max_columns
        Number of rows, the smallest p-value first, and of columns, the most significant cells first.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Significant cells have a mark, so that the direction is seen without colours: ``▲`` up, ``▼`` down, ``△``
        and ``▽`` only the ligand or only the receptor up or down, ``+`` gained, ``–`` lost, ``×`` compensated, ``•``
        any other. Cells without a number are grey. What was left out
        is said below the title.

    Raises
    ------
    ValueError
        If nothing changed, the contrast is unknown or must be named, or the table lacks a column.
    """
    one_of("by", by, ["pair", "contrast"])
    frame = table_of(data, key)
    need_columns(frame, "contrast", "source", "target", "interaction", "padj", "shift", value)
    what = "Changed interactions"
    if by == "pair":
        frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
        what = f"{heading(contrast)}: changed interactions"
    elif contrast is not None:
        frame = pick(frame, contrast=contrast)
    frame = _with_names(pick(frame, source=source, target=target, interaction=interaction, gene=gene), by)
    sure = need_rows(frame[(frame["padj"] <= max_padj).to_numpy()], f"no row has padj ≤ {max_padj:g}", "raise max_padj")
    rows = list(dict.fromkeys(ranked(sure, ["padj"], [True])["_row"]))
    top = room().rows(top, fixed=0.3 * room().height + 0.7 if room().limited else 0.0, each=0.18)
    max_columns = room().columns(max_columns, fixed=0.4 * room().width + 0.9 if room().limited else 0.0, each=0.18)
    often = by_frequency(sure.loc[sure["_row"].isin(rows[:top]), "_column"])
    order = list(dict.fromkeys(frame["_column"]))
    commonest = set(often.index[:max_columns])
    columns = [c for c in order if c in commonest]
    ax = _draw(ax, frame, value, names=(rows[:top], columns), limit=max_padj)
    hidden = counted(len(rows) - len(rows[:top]), "row"), counted(len(often) - len(columns), "column")
    title(ax, f"{what} (padj ≤ {max_padj:g})", *hidden, more=unit_note(frame))
    return ax


def _with_names(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Name the row and the column of every number by tuples."""
    pairs = names_by_row(frame, "source", "target")
    if by == "pair":
        rows = frame.assign(_row=names_by_row(frame, "interaction"), _column=pairs)
        return rows.sort_values(["source", "target"], kind="stable")
    return frame.assign(
        _row=names_by_row(frame, "interaction", "source", "target"), _column=names_by_row(frame, "contrast")
    )


def _draw(ax: Any, frame: pd.DataFrame, value: str, *, names: tuple[list[Names], list[Names]], limit: float) -> Any:
    rows, columns = names
    at_row, at_column = ({name: i for i, name in enumerate(part)} for part in names)
    cells = frame[frame["_row"].isin(rows).to_numpy() & frame["_column"].isin(columns).to_numpy()]
    places = cells["_row"].map(at_row).to_numpy(np.int64), cells["_column"].map(at_column).to_numpy(np.int64)
    matrix = np.full((len(rows), len(columns)), np.nan)
    matrix[places] = cells[value].to_numpy(float)
    short = [
        [fitted(n, room().across(64, 0.38)) for n in rows],
        short_labels(columns, (room().upward(43, 0.32) - 3) // 2),
    ]
    ax = axes(
        ax,
        width=inches(short[0]) + 0.24 * len(columns) + 2.0,
        height=inches(short[1]) + max(0.2 * len(rows), 1.6) + 1.0,
    )
    high = symmetric(matrix)
    mesh = ax.imshow(np.ma.masked_invalid(matrix), cmap=DIVERGING, vmin=-high, vmax=high, aspect="auto")
    ax.set_facecolor(MISSING)
    ax.set_xticks(range(len(columns)), short[1], rotation=90, fontsize=7.5)
    ax.set_yticks(range(len(rows)), short[0], fontsize=7.5)
    ax.tick_params(length=0)
    bare(ax, "top", "right", "left", "bottom")
    for row, y, x in zip(cells.itertuples(), *places, strict=True):
        mark = _MARKS.get(str(row.shift), "•") if row.padj <= limit else ""
        if mark:
            number = getattr(row, value)
            pale = not abs(number) > 0.6 * high
            ax.text(x, y, mark, ha="center", va="center_baseline", fontsize=6, color="black" if pale else "white")
    colour_bar(ax, mesh, _meaning(value), extend="both")
    marks = "▲ up   ▼ down   △ ▽ one side   + gained   – lost   × compensated"
    rest = f"no mark: padj > {limit:g}" + ("   grey: not tested" if np.isnan(matrix).any() else "")
    ax.set_xlabel(f"{marks}\n{rest}", fontsize=7.5)
    return ax


def _meaning(value: str) -> str:
    meanings = {"effect": "log2 fold change\nof ligand × receptor", "d_flow": "change of log2 flow"}
    return meanings.get(value, value)
