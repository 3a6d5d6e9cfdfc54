"""Calibration: how often known pairs and decoys are called in a tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import AxesOrNone, checked
from ._fit import sized
from ._table import NothingToDrawError, axes, params_of, table_of
from ._text import bare, legend, title

if TYPE_CHECKING:
    from anndata import AnnData

_LOOK = {"known": ("known pairs", "#0072B2", ""), "decoy": ("decoys", "#E69F00", "///")}
"""Name, colour and hatch, so that the two stay apart without colours."""
_TESTS = {
    "0.05": ("p ≤ 0.05", 0.05),
    "0.01": ("p ≤ 0.01", 0.01),
    "0.05_unadjusted": ("p ≤ 0.05\nnot adjusted", 0.05),
    "0.01_unadjusted": ("p ≤ 0.01\nnot adjusted", 0.01),
}
_WIDE = 0.38


@checked
@sized
def calibration(adata: AnnData, *, key: str = "commscore_spatial", ax: AxesOrNone = None) -> Any:
    """Draw how often the coupling of known pairs and of decoys is called, beside what chance gives.

    A decoy is a ligand with the receptor of another ligand. Where decoys stand above the line, p-values do not hold in
    these data; where known pairs stand no higher than decoys, coupling is no evidence of communication.

    Parameters
    ----------
    adata
        Annotated data that :func:`commscore.tl.spatial` has written to.
    key
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Shares of the tests with p ≤ 0.05 and p ≤ 0.01, adjusted and not, with their 95 % intervals (as of independent
        tests); lines are at 0.05 and 0.01.

    Raises
    ------
    ValueError
        If nothing was tested, or the result is none of :func:`commscore.tl.spatial`.
    """
    table_of(adata, key)
    shares = params_of(adata, key).get("calibration")
    if shares is None:
        msg = f"adata.uns[{key!r}] has no calibration; it is a result of cs.tl.spatial that has"
        raise ValueError(msg)
    kinds = [kind for kind in _LOOK if shares.get(f"n_{kind}")]
    if not kinds:
        raise NothingToDrawError("no coupling was tested", "see the column status")
    ax = axes(ax, width=5.6, height=3.6)
    handles = [_bars(ax, shares, kind) for kind in kinds]
    highest = max(float(shares[f"{kind}_{end}_high"]) for kind in kinds for end in _TESTS)
    ax.set_ylim(0, 1.12 * max(highest, 0.05))
    at = np.arange(len(_TESTS))
    levels = [level for _, level in _TESTS.values()]
    handles.append(ax.hlines(levels, at - 0.45, at + 0.45, color="black", lw=1.2, ls="--", label="chance"))
    ax.set_xticks(at, [name for name, _ in _TESTS.values()], fontsize=8)
    ax.set_ylabel("share of tests", fontsize=8.5)
    ax.tick_params(axis="y", labelsize=8)
    ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.3g}%")
    bare(ax)
    legend(ax, handles)
    missing = "" if "decoy" in kinds else "no decoys were tested: nothing tells whether p-values hold"
    title(ax, "How often the receptor follows the ligand that arrives", more=missing)
    return ax


def _bars(ax: Any, shares: dict[str, float], kind: str) -> Any:
    name, colour, hatch = _LOOK[kind]
    at = np.arange(len(_TESTS)) + (-0.5 if kind == "known" else 0.5) * _WIDE
    heights = [float(shares[f"{kind}_{end}"]) for end in _TESTS]
    low, high = (np.array([float(shares[f"{kind}_{end}_{side}"]) for end in _TESTS]) for side in ("low", "high"))
    tops = np.asarray(heights)
    reach = np.clip([tops - low, high - tops], 0, None)
    lines = {"ecolor": "#333333", "elinewidth": 0.8, "capsize": 2}
    look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
    bars = ax.bar(at, heights, _WIDE, yerr=reach, error_kw=lines, **look)
    words = ax.bar_label(bars, [f"{100 * h:.1f}" for h in heights], fontsize=7, padding=2)
    for word in words:  # the line of chance is not to cross it
        word.set(bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6}, zorder=4)
    bars.set_label(f"{name} ({int(shares[f'n_{kind}']):,})")
    return bars
