"""Samples as points beside the estimate of their stage, as trend and balance draw them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ._colours import DARK
from ._text import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

_BESIDE = 0.24
_MANY = 10


def stage_points(ax: Any, values: list[Any], colours: list[Any]) -> list[float]:
    """Draw the samples side by side, the line through the stage means, and return these."""
    for i, (points, colour) in enumerate(zip(values, colours, strict=True)):
        size, x = 30 if len(points) <= _MANY else 18, places(i, len(points))
        ax.scatter(x, np.sort(points), s=size, color=colour, edgecolors="white", linewidths=0.6, zorder=3)
    means = [float(v.mean()) if len(v) else float("nan") for v in values]
    ax.plot(range(len(means)), means, color="0.6", lw=1.2, zorder=1)
    return means


def places(stage: int, n: int) -> Any:
    """Return where the samples of a stage stand, in the order of their values: side by side, or scattered if many."""
    if n > _MANY:  # golden ratio: evenly scattered, always the same
        return stage - 0.08 + 0.18 * (2 * ((np.arange(n) * 0.6180339887) % 1) - 1)
    return stage - 0.08 + (np.linspace(-1, 1, n) * min(0.16, 0.04 * n) if n > 1 else np.zeros(n))


def name_stages(ax: Any, stages: Sequence[str], counts: Sequence[int]) -> None:
    """Write the stages and their numbers of samples below the axis, long names in lines."""
    short = shorten(stages, 34)
    lines = [textwrap.fill(short[s].replace("_", "_ "), 13).replace("_ ", "_") for s in stages]
    ax.set_xticks(
        range(len(lines)),
        [f"{s}\n(n = {n})" for s, n in zip(lines, counts, strict=True)],
        fontsize=9 if max(map(len, short.values()), default=0) <= 13 else 7.5,
    )


def estimate(ax: Any, stage: int, value: float, *, ends: tuple[float, float] | None) -> None:
    """Draw an estimate with its interval beside the samples."""
    if ends is not None and np.isfinite(ends).all():
        ax.plot([stage + _BESIDE] * 2, ends, color=DARK, lw=1.6, zorder=2)
    ax.scatter([stage + _BESIDE], [value], marker="D", s=28, color=DARK, zorder=3)


def explain_marks(ax: Any, has_estimates: bool, *more: str) -> None:
    """Say below the axis what is drawn beside the samples."""
    marks = ["line: means of the samples", *(["diamond: estimate with 95 % interval"] if has_estimates else []), *more]
    ax.set_xlabel("\n".join(marks), fontsize=7.5, color="0.3")
