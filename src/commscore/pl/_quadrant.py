"""Quadrants: change of the ligand against change of the receptor, so that opposite moves are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, CountOrZero, Label, Proportion, checked
from ._colours import BOTH, DOWN, UP
from ._fit import room, sized
from ._place import label_points
from ._points import even_limits, scatter_shifts
from ._table import axes, contrast_of, need_columns, need_rows, one_contrast, pick, ranked, table_of, unit_note
from ._text import counted, edge_labels, heading, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_CORNERS = (
    (1, 1, "both up", UP),
    (-1, -1, "both down", DOWN),
    (1, -1, "ligand up\nreceptor down", BOTH),
    (-1, 1, "ligand down\nreceptor up", BOTH),
)


@checked
@sized
def quadrant(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_compare",
    contrast: Label | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    max_padj: Proportion = 0.05,
    top: CountOrZero = 12,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the change of the ligand in the source against the change of the receptor in the target.

    On the falling diagonal the two cancel: a score that multiplies them would call such a row unchanged.

    Parameters
    ----------
    data : comparison
    key
    contrast : drawn
    source, target, interaction, gene
    max_padj
        Rows up to this adjusted p-value may get a label, 0 to 1.
    top
        Number of rows with a label: compensated ones first, then by p-value, then by how far both sides moved.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Colour tells the shift; ``compensated`` rows are diamonds, triangles mark a ligand and squares a receptor
        alone. Rows without an effect on both sides are counted below the title.

    Raises
    ------
    ValueError
        If no row has both effects, a name is unknown or must be given, or the table lacks a column.
    """
    frame = table_of(data, key)
    sides = ["ligand_effect", "receptor_effect"]
    need_columns(frame, "contrast", "source", "target", "interaction", "shift", "padj", *sides)
    frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
    frame = pick(frame, source=source, target=target, interaction=interaction, gene=gene)
    drawable = np.isfinite(frame[sides].to_numpy(float)).all(axis=1) & frame["padj"].notna().to_numpy()
    shown = need_rows(frame[drawable], f"no tested row of {contrast!r} has both effects", "see the column status")
    sure = shown[(shown["padj"] <= max_padj).to_numpy()]
    sure = sure.assign(_later=(sure["shift"].astype(object) != "compensated"), _size=sure[sides].abs().sum(axis=1))
    surest = ranked(sure, ["_later", "padj", "_size"], [True, True, False])
    surest = surest.iloc[: room().rows(top, fixed=1.2, each=0.3)]
    ax = axes(ax, width=8.0, height=6.2)
    scatter_shifts(ax, shown, sides[0], y=sides[1], line=(":", "the two cancel"))
    _frame(ax, even_limits(shown[sides[0]])[1], even_limits(shown[sides[1]])[1])
    ax.set_xlabel("log2 fold change of the ligand in the source")
    ax.set_ylabel("log2 fold change of the receptor in the target")
    missing = len(frame) - len(shown)
    left_out = counted(missing, "row") + (" not tested" if missing else "")
    title(ax, f"{heading(contrast)}: which side moved", left_out, more=unit_note(frame))
    label_points(ax, surest[sides[0]], surest[sides[1]], labels=edge_labels(surest), avoid=shown[sides])
    return ax


def _frame(ax: Any, right: float, upper: float) -> None:
    """Set limits, each side its own, and name the corners."""
    ax.set_xlim(-right, right)
    ax.set_ylim(-upper, upper)
    ax.plot([-right, right], [0, 0], color="0.7", lw=0.8, zorder=0)
    ax.axvline(0, color="0.7", lw=0.8, zorder=0)
    ax.plot([-right, right], [right, -right], color="0.6", lw=0.8, ls=":", zorder=0)
    for x, y, words, colour in _CORNERS:
        text = words if room().limited else words.replace("\n", ", ")
        ax.text(
            x * right / 2,
            y * upper * 0.97,
            text,
            color=colour,
            fontsize=6.5 if room().limited else 7.5,
            ha="center",
            va="top" if y > 0 else "bottom",
        )
        if x != y:
            ax.fill_between([0, right * x], 0, upper * y, color=colour, alpha=0.05, lw=0, zorder=-1)
