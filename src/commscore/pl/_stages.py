"""Samples as points beside the estimate of their stage, as trend and balance draw them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._colours import DARK

_BESIDE = 0.24


def stage_points(ax: Any, values: list[Any], colours: list[Any]) -> list[float]:
    """Draw the samples side by side, the line through the stage means, and return these."""
    for i, (found, colour) in enumerate(zip(values, colours, strict=True)):
        spread = (
            np.linspace(-1, 1, len(found)) * min(0.16, 0.04 * len(found)) if len(found) > 1 else np.zeros(len(found))
        )
        ax.scatter(i + spread - 0.08, np.sort(found), s=30, color=colour, edgecolors="white", linewidths=0.6, zorder=3)
    means = [float(v.mean()) if len(v) else float("nan") for v in values]
    ax.plot(range(len(means)), means, color="0.6", lw=1.2, zorder=1)
    return means


def places(stage: int, n: int) -> Any:
    """Return where the samples of a stage stand, side by side."""
    return stage - 0.08 + (np.linspace(-1, 1, n) * min(0.16, 0.04 * n) if n > 1 else np.zeros(n))


def estimate(ax: Any, stage: int, value: float, *, ends: tuple[float, float] | None) -> None:
    """Draw an estimate with its interval beside the samples."""
    if ends is not None and np.isfinite(ends).all():
        ax.plot([stage + _BESIDE] * 2, ends, color=DARK, lw=1.6, zorder=2)
    ax.scatter([stage + _BESIDE], [value], marker="D", s=28, color=DARK, zorder=3)
