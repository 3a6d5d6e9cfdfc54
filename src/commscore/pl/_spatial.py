"""One interaction on the tissue: received, sent, or the expression of both sides; sections side by side, in µm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import as_list, choose, text
from .._validate import one_of
from ..check import AxesOrNone, ColourMap, Count, Label, checked
from ..get import load
from ..study.arrival import arriving_signal
from ._bar import colour_bar
from ._fit import sized
from ._table import NothingToDrawError, axes
from ._text import counted, heading, shorten, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from ..arrays import Bools, Floats
    from ..study.arrival import ArrivingSignal

_MEANING = {
    "received": "receptor × ligand that arrives",
    "sent": "ligand × receptor around",
    "ligand": "ligand",
    "receptor": "receptor",
}
VALUES = (*_MEANING, "both")
_SIDES = {"ligand": "Blues", "receptor": "Oranges"}
"""Colour maps where both sides are drawn."""
_REST = "#E4E4E4"
"""Cells of other groups, or without the value."""
_GAP = 0.08
"""Between sections, as a share of the widest."""
_LEAST = 1 / 160
"""Diameter of a grey dot, as a share of the widest section: smaller ones are not seen."""
_SEEN = 1 / 100
"""And of one with a value."""
_PIXELS = 20_000
"""More dots than this are pixels in a vector figure."""
_MOST_SEEN = 0.99
"""Quantile at which colours end."""


@checked
@sized
def spatial(
    adata: AnnData,
    interaction: str,
    *,
    key: str = "commscore_spatial",
    value: str = "received",
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    sample: Label | Sequence[Label] | None = None,
    top: Count = 8,
    cmap: ColourMap = "viridis_r",
    ax: AxesOrNone = None,
) -> Any:
    """Draw where in the tissue an interaction is received or sent, or where both of its sides are expressed.

    Parameters
    ----------
    adata
        Annotated data that :func:`commscore.tl.spatial` has written to, with the expression and positions it had then.
    interaction
        Interaction of the result, ``LIGAND^RECEPTOR``.
    key
    value
        ``"received"``: receptor of a target cell × the ligand of the source cells around, by the weight of the range.
        ``"sent"``: ligand of a source cell × the receptor of the target cells around. ``"ligand"``, ``"receptor"``:
        their expression. ``"both"``: the two expressions in two colours; a cell of both sides has two dots.
    source, target
        Only cells of these groups send and receive, one or several; by default all do. Spots have no groups.
    sample
        Only these samples (sections), one or several.
    top
        Number of samples, in the order of the column.
    cmap
        Colour map; not of ``"both"``, whose ligand is blue and whose receptor is orange.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Sections side by side at one scale, in µm, with y downwards as in images; the bar says how long some µm are.
        Cells without the value, and of other groups, are grey; colours end at the 99th percentile of what is above 0.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or the genes are not in the data any more.
    ValueError
        If the interaction, a group or a sample does not occur, or no cell has the value.

    Examples
    --------
    >>> import commscore as cs, scanpy as sc
    >>> adata = cs.ds.simulate_tissue(n_cells=1500, rng=1)
    >>> sc.pp.normalize_total(adata, target_sum=1e4)
    >>> sc.pp.log1p(adata)
    >>> cs.tl.spatial(adata, "cell_type", um_per_unit=1, decoys=0)
    >>> cs.pl.spatial(adata, "CSF1^CSF1R", value="both").get_aspect()
    1.0
    """
    one_of("value", value, VALUES)
    result = load(adata, key)
    if not result.schema.startswith("commscore.spatial/"):
        msg = f"adata.uns[{key!r}] holds {result.schema}; give the key of a result of cs.tl.spatial"
        raise ValueError(msg)
    signal = arriving_signal(adata, result, interaction, source=source, target=target)
    names = signal.samples if sample is None else choose("sample", sample, options=signal.samples, what="a sample")
    sections = _Sections.of(signal, names[:top])
    parts = _parts(signal, value, cmap)
    if not any((values[sections.drawn] > 0).any() for values, *_ in parts.values()):
        raise NothingToDrawError(f"no cell has {value} of {interaction}", "choose other groups or samples")
    wide, high = sections.size
    ax = axes(ax, width=min(4.6 * np.sqrt(wide / high), 12.0) + 1.6, height=min(4.6 * np.sqrt(high / wide), 9.0) + 0.9)
    _frame(ax, sections)
    _dots(ax, sections, parts, pitch=signal.pitch)
    _scale(ax, sections)
    what = "ligand and receptor" if value == "both" else value
    hidden = counted(len(names) - len(names[:top]), "sample")
    title(ax, f"{heading(interaction)}: {what}", hidden, more=_pair(source, target))
    return ax


@dataclass(frozen=True)
class _Sections:
    """Where sections lie on the axes, in µm: their names and corners, places of all cells, and which are drawn."""

    names: list[str]
    corners: Floats
    widest: Floats
    points: Floats
    drawn: Bools

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of all together."""
        whole = self.corners.max(axis=0) + self.widest
        return float(whole[0]), float(whole[1])

    @classmethod
    def of(cls, signal: ArrivingSignal, names: list[str]) -> _Sections:
        """Put sections into rows from left to right, in a shape that a page holds."""
        points, drawn = signal.points[:, :2].astype(np.float64), np.zeros(len(signal.points), bool)
        owned = [signal.sample == signal.samples.index(name) for name in names]
        spans = np.array([np.ptp(points[own], axis=0) for own in owned])
        widest = np.maximum(spans.max(axis=0), signal.pitch)
        step = widest + np.array([_GAP, 2 * _GAP]) * widest.max()
        columns = max(1, min(len(names), round(float(np.sqrt(1.6 * len(names) * step[1] / step[0])))))
        corners = np.array([[i % columns, i // columns] for i in range(len(names))]) * step
        for own, corner, span in zip(owned, corners, spans, strict=True):
            points[own] += corner + (widest - span) / 2 - points[own].min(axis=0)
            drawn |= own
        return cls(names, corners, widest, points, drawn)


def _parts(signal: ArrivingSignal, value: str, cmap: Any) -> dict[str, tuple[Floats, Bools, Any]]:
    """Return what is drawn: values, the cells that can have them, and their colours."""
    own = {"ligand": signal.is_source, "sent": signal.is_source}
    named = {side: _visible(colours) for side, colours in _SIDES.items()} if value == "both" else {value: cmap}
    cells = {name: own.get(name, signal.is_target) for name in named}
    return {n: (getattr(signal, n) * cells[n], cells[n], colours) for n, colours in named.items()}


def _visible(name: str) -> Any:
    """Return a colour map without its lightest quarter, which is not seen beside grey."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[name](np.linspace(0.25, 1.0, 192)), name)


def _frame(ax: Any, sections: _Sections) -> None:
    wide, high = sections.size
    air = 0.03 * max(wide, high)
    ax.set_aspect("equal")
    ax.set_xlim(-air, wide + air)
    ax.set_ylim(high + 3 * air, -(3 if any(sections.names) else 1) * air)
    ax.set_axis_off()
    for (x, y), name in zip(sections.corners, shorten(sections.names, 24).values(), strict=True):
        ax.text(x + sections.widest[0] / 2, y - 0.4 * air, name, ha="center", va="bottom", fontsize=8)


def _dots(ax: Any, sections: _Sections, parts: dict[str, Any], *, pitch: float) -> None:
    """Draw every cell in grey, and on it what it has; the highest values on top, and the side that fewer cells have."""
    grey, size = (max(0.9 * pitch, least * float(sections.widest.max())) for least in (_LEAST, _SEEN))
    _circles(ax, sections.points[sections.drawn], grey, facecolors=_REST)
    shared = np.all([cells for _, cells, _ in parts.values()], axis=0) if len(parts) > 1 else np.zeros(0)
    ways = {"ligand": -0.25, "receptor": 0.25}  # of the two dots of a cell
    for name, (values, _, colours) in reversed(parts.items()):  # the last bar stands next to the axes
        at = np.flatnonzero(sections.drawn & (values > 0))
        if not at.size:
            continue
        at = at[np.argsort(values[at], kind="stable")]
        beside = shared[at] if shared.size else np.zeros(at.size, bool)
        places = sections.points[at] + np.column_stack([ways.get(name, 0.0) * size * beside, np.zeros(at.size)])
        dots = _circles(ax, places, np.where(beside, 0.5 * size, size), array=values[at], cmap=colours)
        dots.set_clim(0.0, float(np.quantile(values[at], _MOST_SEEN)))
        dots.set_label(name)
        dots.set_zorder(1 + 1 / (1 + at.size))
        colour_bar(ax, dots, _MEANING[name], shrink=0.5, extend="max")


def _circles(ax: Any, places: Floats, size: Any, **look: Any) -> Any:
    """Draw circles with diameters in µm."""
    from matplotlib.collections import EllipseCollection

    wide = np.broadcast_to(np.asarray(size, np.float64), len(places))
    flat: dict[str, Any] = {
        "angles": np.zeros(len(places)),
        "units": "xy",
        "linewidths": 0,
        "rasterized": len(places) > _PIXELS,
    }
    circles = EllipseCollection(wide, wide, offsets=places, offset_transform=ax.transData, **flat, **look)
    return ax.add_collection(circles, autolim=False)


def _scale(ax: Any, sections: _Sections) -> None:
    """Draw how long some µm are: 1, 2 or 5 times a power of ten, about a quarter of a section."""
    wide, high = sections.size
    about = float(sections.widest[0]) / 4
    power = 10.0 ** np.floor(np.log10(about))
    length = power * max(step for step in (1, 2, 5) if step * power <= about)
    y = high + 0.045 * max(wide, high)
    ax.plot([0, length], [y, y], color="black", lw=2, solid_capstyle="butt", label="scale")
    words = f"{length:,.0f} µm" if length >= 1 else f"{length:g} µm"
    ax.text(length + 0.015 * wide, y, words, ha="left", va="center", fontsize=8)


def _pair(source: Any, target: Any) -> str:
    """Say which groups send and receive."""
    if source is None and target is None:
        return ""
    return " → ".join("all" if side is None else ", ".join(map(text, as_list(side))) for side in (source, target))
