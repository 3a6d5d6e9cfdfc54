"""Shapes: every interaction that changed over stages, sorted by its course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._labels import text
from .._names import contrast_name
from ..check import AxesOrNone, Count, CountOrZero, Levels, Proportion, checked
from ..tables.compare import SHAPES
from ._colours import DOWN, UP
from ._fit import room, sized
from ._table import axes, contrast_between, need_columns, need_rows, params_of, ranked, table_of
from ._text import bare, counted, inches, shorten, title

if TYPE_CHECKING:
    from anndata import AnnData

_EDGE = ["interaction", "source", "target"]
_GAP = 0.9


@checked
@sized
def shapes(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore_compare",
    order: Levels | None = None,
    value: str = "effect",
    max_padj: Proportion = 0.05,
    top: Count = 60,
    names: CountOrZero = 4,
    ax: AxesOrNone = None,
) -> Any:
    """Draw an atlas of what changed over stages: one field per shape, one line per interaction and pair.

    Parameters
    ----------
    data
        AnnData in which :func:`commscore.tl.compare` has compared ordered stages, or its table.
    key
    order
        Stages in order, the reference first; needed for a bare table.
    value
        Column drawn at each stage: ``"effect"``, ``"ligand_effect"``, ``"receptor_effect"`` or ``"d_flow"``,
        all as the difference from the reference, which is 0.
    max_padj
        Only edges whose stages differ with an adjusted p-value of at most this, 0 to 1.
    top
        Number of lines per shape, the smallest p-value first.
    names
        Number of edges named below each field.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        All fields share the axes; orange lines are furthest from the reference above it, blue ones below. What was
        left out is said below the title.

    Raises
    ------
    ValueError
        If there is no contrast "stages", nothing changed, or the stages are not known.
    """
    frame = table_of(data, key)
    need_columns(frame, "contrast", *_EDGE, "padj", "shape", value)
    order = _stages(frame, order or params_of(data, key).get("order"))
    contrasts = _contrasts(frame, order, contrast_between(data, key, order))
    rows = frame[(frame["contrast"] == "stages").to_numpy()]
    changed = rows[(rows["padj"] <= max_padj).to_numpy() & rows["shape"].notna().to_numpy()]
    changed = ranked(
        need_rows(changed, f"no edge changed over stages with padj ≤ {max_padj:g}", "raise max_padj"), ["padj"], [True]
    )
    fields = [s for s in SHAPES if (changed["shape"] == s).any()]
    paths = _paths(frame, contrasts, value)
    width = len(order) - 1 + _GAP
    short = list(shorten(order, 16).values())
    ax = axes(ax, width=max(4.5, 1.9 * len(fields) + 1.0), height=3.6 + 0.16 * names + inches(short))
    hidden = 0
    for i, shape in enumerate(fields):
        edges = changed[(changed["shape"] == shape).to_numpy()]
        hidden += max(len(edges) - top, 0)
        _field(ax, i * width, edges.iloc[:top], paths=paths)
        words = shape.replace("_", " ")
        ax.text(
            i * width + (len(order) - 1) / 2,
            1.01,
            f"{words}\n({len(edges)})",
            transform=ax.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8.5,
        )
    _decorate(ax, len(fields), short, width=width)
    _list(ax, changed, fields, width=width, names=names, below=inches(short))
    ax.set_ylabel(
        {"effect": "log2 fold change of\nligand × receptor"}.get(value, value) + f" vs {short[0]}", fontsize=8.5
    )
    title(ax, f"Courses over {len(order)} stages (padj ≤ {max_padj:g})", counted(hidden, "line"), pad=34)
    return ax


def _stages(frame: pd.DataFrame, order: Any) -> list[str]:
    contrasts = set(frame["contrast"].astype(str))
    if "stages" not in contrasts:
        msg = (
            f"the table has no contrast 'stages' (it has {', '.join(sorted(contrasts))}); run tl.compare with order=[…]"
        )
        raise ValueError(msg)
    if order is None or not len(order):
        msg = "order is not known: name the stages in order, the reference first"
        raise ValueError(msg)
    stages = [text(s) for s in order]
    if len(stages) < 2:
        msg = f"order must name at least two stages, found {stages}"
        raise ValueError(msg)
    return stages


def _contrasts(frame: pd.DataFrame, order: list[str], names: dict[str, str]) -> list[str]:
    """Return the contrast of every later stage with the first one."""
    missing = [contrast_name(s, order[0]) for s in order[1:] if names.get(s) not in set(frame["contrast"].astype(str))]
    if missing:
        msg = f"order={order}: the table has no contrast {', '.join(map(repr, missing))}"
        raise ValueError(msg)
    return [names[s] for s in order[1:]]


def _paths(frame: pd.DataFrame, contrasts: list[str], value: str) -> pd.DataFrame:
    """Return edges × stages: 0 at the reference, the value of the pairwise contrasts after it."""
    plain = frame.assign(**{c: frame[c].astype(str) for c in ("contrast", *_EDGE)})
    wide = plain.pivot(index=_EDGE, columns="contrast", values=value)
    return pd.concat([pd.Series(0.0, wide.index), *(wide[c] for c in contrasts)], axis=1)


def _field(ax: Any, start: float, edges: pd.DataFrame, *, paths: pd.DataFrame) -> None:
    at = pd.MultiIndex.from_frame(edges[_EDGE].astype(str))
    lines = paths.reindex(at).to_numpy(float)
    x = start + np.arange(lines.shape[1])
    for line in lines:
        far = line[np.nanargmax(np.abs(line))] if np.isfinite(line).any() else 0.0
        ax.plot(x, line, color=UP if far > 0 else DOWN, lw=0.9, alpha=max(0.25, min(0.9, 6.0 / len(lines))))


def _decorate(ax: Any, n: int, stages: list[str], *, width: float) -> None:
    at = [i * width + k for i in range(n) for k in range(len(stages))]
    ax.set_xticks(at, stages * n, rotation=90, fontsize=7)
    for i in range(1, n):
        ax.axvline(i * width - _GAP / 2, color="0.85", lw=0.8)
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
    ax.set_xlim(-_GAP / 2, n * width - _GAP / 2)
    bare(ax)


def _list(ax: Any, changed: pd.DataFrame, fields: list[str], *, width: float, names: int, below: float) -> None:
    """Name the surest edges of every field below it."""
    if not names:
        return
    from ._text import edge_labels, two_lines

    most = room().across(34, 0.62 / len(fields))  # of 6 pt, which are narrower
    names = room().rows(names, fixed=0.45 * room().height + 1.4 if room().limited else 0.0, each=0.2)
    for i, shape in enumerate(fields):
        whole = changed[(changed["shape"] == shape).to_numpy()]
        labels = [two_lines(label, most) for label in edge_labels(whole.iloc[:names], 15)]
        lines = "\n".join(label.replace("\n", "\n   ") for label in labels)
        lines += f"\nand {len(whole) - names} more" if len(whole) > names else ""
        ax.annotate(
            lines,
            (i * width - _GAP / 3, 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -72 * below - 14),
            textcoords="offset points",
            fontsize=6,
            va="top",
        )
