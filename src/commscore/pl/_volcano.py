"""Volcano: how much every interaction changed against how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, CountOrZero, Label, Proportion, checked
from ._fit import room, sized
from ._place import label_points
from ._points import even_limits, scatter_shifts
from ._table import axes, contrast_of, need_columns, need_rows, one_contrast, pick, ranked, table_of, unit_note
from ._text import bare, counted, edge_labels, heading, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_MANY = 10
"""Rows with the same smallest p-value from which on this is said."""


@checked
@sized
def volcano(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_compare",
    contrast: Label | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    pvalue: str = "padj",
    max_padj: Proportion = 0.05,
    top: CountOrZero = 12,
    ax: AxesOrNone = None,
) -> Any:
    """Draw the log2 fold change of ligand × receptor against the p-value of every tested row.

    Parameters
    ----------
    data : comparison
    key
    contrast : drawn
    source, target, interaction, gene
    pvalue
        Column for the vertical axis, drawn as −log10.
    max_padj
        Where the dashed line is drawn, and which rows may get a label, 0 to 1.
    top
        Number of rows with a label, the smallest p-values first, of equal ones the largest effects.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Colour tells the shift. Rows without effect or p-value are counted below the title.

    Raises
    ------
    ValueError
        If no row has both numbers, the contrast is unknown or must be named, or the table lacks a column.
    """
    frame = table_of(data, key)
    need_columns(frame, "contrast", "source", "target", "interaction", "effect", "shift", pvalue)
    frame, contrast = one_contrast(frame, contrast_of(data, key, contrast))
    frame = pick(frame, source=source, target=target, interaction=interaction, gene=gene)
    drawable = np.isfinite(frame["effect"].to_numpy(float)) & np.isfinite(frame[pvalue].to_numpy(float))
    shown = need_rows(frame[drawable], f"no row of {contrast!r} has both effect and {pvalue}", "see the column status")
    shown = shown.assign(_y=-np.log10(np.clip(shown[pvalue].to_numpy(float), 1e-300, 1.0)))
    shown = shown.assign(_size=shown["effect"].abs())
    surest = ranked(shown[(shown[pvalue] <= max_padj).to_numpy()], [pvalue, "_size"], [True, False])
    surest = surest.iloc[: room().rows(top, fixed=1.2, each=0.3)]
    ax = axes(ax, width=8.0, height=5.6)
    scatter_shifts(ax, shown, "effect", y="_y", line=("--", f"{pvalue} = {max_padj:g}"))
    ax.axhline(-np.log10(max(max_padj, 1e-300)), color="0.5", lw=0.8, ls="--", zorder=0)
    ax.axvline(0, color="0.8", lw=0.8, zorder=0)
    ax.set_xlim(*even_limits(shown["effect"]))
    ax.set_ylim(0, 1.3 * max(float(shown["_y"].max()), -np.log10(max(max_padj, 1e-300))))
    ax.set_xlabel("log2 fold change of ligand × receptor")
    ax.set_ylabel(f"−log10 {pvalue}")
    bare(ax)
    missing = len(frame) - len(shown)
    left_out = counted(missing, "row") + (" without effect or p-value" if missing else "")
    more = ", ".join(filter(None, (unit_note(frame), _ties(shown[pvalue], pvalue))))
    title(ax, f"{heading(contrast)}: {counted(len(shown), 'tested row')}", left_out, more=more)
    label_points(ax, surest["effect"], surest["_y"], labels=edge_labels(surest), avoid=shown[["effect", "_y"]])
    return ax


def _ties(pvalues: pd.Series, name: str) -> str:
    """Say that many rows stand at the top because no p-value can be smaller, or equal ones were joined."""
    n = int((pvalues == pvalues.min()).sum())
    return f"{n} rows share the smallest {name}" if n >= _MANY else ""
