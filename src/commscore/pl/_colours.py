"""Colours that stay apart for colour-blind readers, and the same colour for the same thing in every plot."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._labels import text
from .._validate import warn
from ..get._columns import in_memory, label_names
from ._table import names_of, params_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from anndata import AnnData

    from ..arrays import Floats

GREY, DARK = "#B8B8B8", "#404040"
UP, DOWN, BOTH = "#D55E00", "#0072B2", "#AA3377"
SHIFTS = {
    "gained": "#7F2704",
    "up": UP,
    "ligand_up": "#F4A582",
    "receptor_up": "#F4A582",
    "lost": "#08306B",
    "down": DOWN,
    "ligand_down": "#92C5DE",
    "receptor_down": "#92C5DE",
    "compensated": BOTH,
    "stable": "#117733",
    "detected_only_alt": "#8A8A8A",
    "detected_only_ref": "#8A8A8A",
    "inconclusive": GREY,
    "not_assessable": "#E0E0E0",
}
"""Warm for more, cold for less; pale: one side moved, purple: both went apart, grey: nothing was shown."""
MARKERS = {
    "ligand_up": "^",
    "ligand_down": "^",
    "receptor_up": "s",
    "receptor_down": "s",
    "compensated": "D",
    "stable": "v",
    "detected_only_alt": "P",
    "detected_only_ref": "X",
}
"""Markers of the shifts that share a colour, and of those that must not be overlooked; dots for the others."""
PARTS = {"d_source": "#56B4E9", "d_ligand": "#E69F00", "d_target": "#0072B2", "d_receptor": "#D55E00"}
"""Abundances in blue, expression in orange; senders light, receivers dark."""
HATCHED = ("d_source", "d_target")
"""Parts that are hatched, so that they stay apart without colours."""
DIVERGING = "RdBu_r"
MISSING = "#DADADA"
"""Cells without a value beside a diverging scale, whose middle is white."""
# Okabe & Ito (2008) without black and yellow, then the first of the muted scheme of Paul Tol
_DISTINCT = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#332288", "#999933")
_POOL = ("tab20b", "tab20c", "Set3", "Dark2")
"""Colour maps whose colours are given out after those, and to what stands beside groups."""
_MOST = 44
_LIGHTEST = 80.0
"""Of dots and lines; what is lighter is not seen on white."""
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_SIGHTS = (
    np.eye(3),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
)
"""Linear RGB to what readers with all cones, without long and without middle ones see: doi:10.1109/TVCG.2009.113."""


def default_palette(names: Sequence[str]) -> dict[str, Any]:
    """Return one colour per name; very many names share colours (they are always written)."""
    colours = _in_order()
    return {str(name): colours[i % len(colours)] for i, name in enumerate(names)}


@cache
def _in_order() -> tuple[str, ...]:
    """Return our own colours, each as far from those before it as can be."""
    more = palette_apart([str(i) for i in range(_MOST - len(_DISTINCT))], _DISTINCT, lightest=_LIGHTEST)
    return (*_DISTINCT, *more.values())


def group_colours(
    data: AnnData | pd.DataFrame, key: str, names: Sequence[str], *, palette: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the colour of every group: ``palette``, else ``adata.uns[f"{groupby}_colors"]``, else our own."""
    if palette is not None:
        return named_colours(palette, names)
    groupby = _groupby(data, key)
    return _stored(data, groupby, names) or _ordered(data, groupby, names)


def named_colours(palette: Mapping[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the colours that ``palette`` has for these names; its keys may be numbers, as labels everywhere."""
    colours = {text(label): colour for label, colour in palette.items()}
    missing = [n for n in names if n not in colours]
    if missing:
        msg = f"palette has no colour for {', '.join(map(repr, missing))}; name every group, or leave it out"
        raise ValueError(msg)
    wrong = [n for n in names if not _is_colour(colours[n])]
    if wrong:
        msg = f"palette has {colours[wrong[0]]!r} for {wrong[0]!r}, which is no colour of Matplotlib; give '#0072B2'"
        raise ValueError(msg)
    return {n: colours[n] for n in names}


def _groupby(data: Any, key: str) -> str | None:
    """Return the column of the groups: of the call, or of the result that the call was made from."""
    params = params_of(data, key)
    if "groupby" not in params and isinstance(params.get("key"), str):
        params = params_of(data, params["key"])
    return params.get("groupby")


def obs_colours(adata: AnnData | None, column: str | None, names: Sequence[str]) -> dict[str, Any]:
    """Return the colours of the values of a column of ``adata.obs``, or our own."""
    return _stored(adata, column, names) or _ordered(adata, column, names)


def _ordered(data: Any, column: str | None, names: Sequence[str]) -> dict[str, Any]:
    """Return our own colours, given out in the order of the labels, so that plots of the same data agree."""
    if isinstance(data, pd.DataFrame) and {"source", "target"} <= set(data.columns):
        whole = default_palette(names_of(data["source"], data["target"]))
    else:
        values = in_memory(data, column) if column is not None and column in data.obs else None
        whole = default_palette([] if values is None else label_names(values))
    return {n: whole[n] for n in names} if all(n in whole for n in names) else default_palette(names)


def _stored(data: Any, column: str | None, names: Sequence[str]) -> dict[str, Any]:
    if column is None or f"{column}_colors" not in data.uns or column not in data.obs:
        return {}
    values = in_memory(data, column)
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return {}
    categories = [text(c) for c in values.cat.categories]
    colours = _read_colours(data.uns[f"{column}_colors"], categories)
    wrong = [c for c in colours if not _is_colour(c)]
    if wrong or len(colours) < len(categories):
        why = f"{wrong[0]!r:.40} is no colour of Matplotlib" if wrong else f"{len(colours)} colours"
        warn(
            f"adata.uns['{column}_colors']: {why}, for {len(categories)} categories; our own colours are drawn instead"
        )
        return {}
    stored = dict(zip(categories, colours, strict=False))
    return {n: stored[n] for n in names} if all(n in stored for n in names) else {}


def _read_colours(stored: Any, categories: Sequence[str]) -> list[Any]:
    """Return stored colours in the order of the categories; rows of an array of numbers are RGB or RGBA."""
    if hasattr(stored, "items"):
        by_name = {text(name): colour for name, colour in stored.items()}
        stored = [by_name[c] for c in categories if c in by_name]
    if isinstance(stored, str | bytes) or not np.iterable(stored):
        return [stored]
    colours = [c.decode("utf-8", "replace") if isinstance(c, bytes) else c for c in stored]
    return [str(c) if isinstance(c, str) else tuple(c) if isinstance(c, np.ndarray | list) else c for c in colours]


def _is_colour(colour: Any) -> bool:
    """Return whether it is a colour that Matplotlib draws and that can be seen."""
    from matplotlib.colors import is_color_like, to_rgba

    if not isinstance(colour, str | tuple) or str(colour).lower() == "none" or not is_color_like(colour):
        return False
    rgba = to_rgba(colour)
    return bool(np.isfinite(rgba).all() and rgba[3] > 0)


def symmetric(values: Any) -> float:
    """Return the limit of a diverging scale: the 98th percentile of the absolute values, never 0."""
    finite = np.abs(np.asarray(values, np.float64))
    finite = finite[np.isfinite(finite)]
    high = float(np.quantile(finite, 0.98)) if finite.size else 0.0
    return high if high > 0 else 1.0


def palette_apart(names: Sequence[str], others: Iterable[Any], *, lightest: float = 90.0) -> dict[str, Any]:
    """Return one colour per name, far from ``others`` and from each other for colour-blind readers, too.

    ``lightest`` is a lightness of CIELAB, where white has 100.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex, to_rgb

    pool = np.concatenate([colormaps[name](np.arange(colormaps[name].N))[:, :3] for name in _POOL])
    pool = pool[_lab(pool, _SIGHTS[0])[:, 0] <= lightest]
    seen = [_lab(pool, sight) for sight in _SIGHTS]
    rivals = np.array([to_rgb(c) for c in others]).reshape(-1, 3)
    nearest = np.full(len(pool), np.inf)
    if len(rivals):
        nearest = _nearest(seen, [_lab(rivals, sight) for sight in _SIGHTS])
    palette = {}
    for name in names:
        best = int(np.argmax(nearest))
        palette[str(name)] = to_hex(tuple(pool[best]))
        nearest = np.minimum(nearest, _nearest(seen, [own[best : best + 1] for own in seen]))
    return palette


def _nearest(seen: list[Floats], rivals: list[Floats]) -> Floats:
    """Return the distance of every colour from the nearest of the rivals, to the eye that sees least difference."""
    apart = [np.linalg.norm(a[:, None] - b[None], axis=2).min(axis=1) for a, b in zip(seen, rivals, strict=True)]
    return np.asarray(np.min(apart, axis=0), np.float64)


def _lab(rgb: Floats, sight: Floats) -> Floats:
    """Return CIELAB of colours as an eye sees them."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ sight.T, 0, 1) @ _TO_XYZ.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])
