"""Chord diagram: arcs for groups, ribbons for what passes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..check import AxesOrNone, Count, Label, Palette, Proportion, checked
from ._colours import group_colours
from ._fit import room, sized
from ._table import axes, claim_note, names_of, need_columns, need_rows, pick, scored, significant, top_groups, totals
from ._text import counted, inches, noted, shorten, title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Sized

    import pandas as pd
    from anndata import AnnData

_RADIUS = 2.4
"""Inches, of a figure of our own."""


@checked
@sized
def chord(
    data: AnnData | pd.DataFrame,
    *,
    key: str = "commscore",
    value: str = "count",
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    top: Count = 60,
    max_groups: Count = 40,
    palette: Palette | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw groups as arcs of a circle and a ribbon for every source → target pair.

    Parameters
    ----------
    data : result
    key
    value : width
    max_padj : drawn
    method : drawn
    source, target, interaction, gene
    top
        Number of ribbons, the widest first.
    max_groups
    palette
    ax
        Polar axes to draw on (``figure.add_subplot(projection="polar")``); a new figure by default.

    Returns
    -------
    matplotlib.projections.polar.PolarAxes
        An arc is as long as what its group sends and receives; ribbons have the colour of their source and
        point at their target. What was left out is said below the title.

    Raises
    ------
    ValueError
        If nothing is left to draw, the table lacks a column, or ``ax`` is not polar.
    """
    frame, method = scored(data, key, method)
    need_columns(frame, "source", "target", "interaction")
    frame = pick(frame, source=source, target=target, interaction=interaction, gene=gene)
    frame, rule = significant(frame, max_padj, method)
    whole = totals(frame, value, names_of(frame["source"], frame["target"]))
    groups = top_groups(whole, max_groups)
    pairs = whole.loc[groups, groups].stack()
    pairs = need_rows(pairs[pairs > 0], f"no pair has a {value} above 0", "choose another value")
    shown = pairs.sort_values(ascending=False, kind="stable").iloc[:top]
    circos = _circos(shown, group_colours(data, key, groups, palette=palette))
    names = [s.name for s in circos.sectors]
    beyond = 0.1 + (0.9 * inches(_short(names).values()) if _crowded(names) else 0.2)
    ax = _polar(ax, beyond)
    circos.plotfig(ax=ax)
    ax.set_rlim(0, 100 * (1 + beyond / _radius(ax, beyond)))  # names lie inside the axes
    left_out = counted(len(whole) - len(groups), "group"), counted(len(pairs) - len(shown), "narrower ribbon")
    text = f"{'Interactions' if value == 'count' else f'Sum of {value}'} between groups ({rule})"
    title(
        ax,
        text,
        *left_out,
        more=noted("ribbons in the colour of their source, pointing at their target", claim_note(frame)),
    )
    return ax


def _polar(ax: Any, beyond: float) -> Any:
    if ax is None:
        side = 2 * (_RADIUS + beyond) + 0.3
        return axes(None, width=side, height=side + 0.4, projection="polar")
    if getattr(ax, "name", "") != "polar":
        msg = "ax must be polar axes: make them with figure.add_subplot(projection='polar')"
        raise ValueError(msg)
    return ax


def _radius(ax: Any, beyond: float) -> float:
    """Return the inches that the circle has beside its names."""
    if not room().limited:
        return _RADIUS
    box = ax.get_window_extent()
    return float(max(min(box.width, box.height) / (2 * room().scale * ax.figure.dpi) - beyond, 0.4))


def _short(names: Iterable[str]) -> dict[str, str]:
    return shorten(names, room().across(24, 0.2))


def _crowded(names: Sized) -> bool:
    return len(names) > 8


def _circos(shown: pd.Series, colours: Mapping[str, Any]) -> Any:
    import matplotlib as mpl

    try:
        with mpl.rc_context():  # its import writes into the global settings
            from pycirclize import Circos
    except ImportError as error:
        msg = "chord needs pyCirclize: pip install pycirclize"
        raise ImportError(msg) from error

    out, into = (shown.groupby(level=level).sum() for level in (0, 1))
    length = {g: float(out.get(g, 0.0) + into.get(g, 0.0)) for g in colours}
    length = {g: v for g, v in length.items() if v > 0}
    gap = min(3.0, 120.0 / len(length)) if len(length) > 1 else 0
    circos = Circos(length, space=gap)
    for name, label in _short(length).items():
        sector = circos.get_sector(name)
        sector.add_track((95, 100)).axis(fc=colours[name], ec="none")
        upright = "vertical" if _crowded(length) else "horizontal"
        sector.text(label, r=103, size=7 if len(length) > 14 else 8.5, orientation=upright)
    # each ribbon takes the next free piece of both arcs: what is sent first, then what is received
    sent = dict.fromkeys(length, 0.0)
    received = {g: float(out.get(g, 0.0)) for g in length}
    for (source, target), width in shown.items():
        start, end = sent[source], received[target]
        sent[source], received[target] = start + width, end + width
        circos.link(
            (source, start, start + width),
            (target, end, end + width),
            color=colours[source],
            alpha=0.6,
            direction=1,
            lw=0,
        )
    return circos
