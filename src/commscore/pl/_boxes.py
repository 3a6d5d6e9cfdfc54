"""Boxes for cells with lines of text in them, and signed arrows between them; all sizes in inches."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from ._text import INCH_PER_LETTER, inches, shorten

_LINE, _PAD = 0.17, 0.12
_GAP = 0.55


@dataclass
class Box:
    """A cell role: its name, its groups, what is said after them, and its inner steps as (words, colour, missing)."""

    name: str
    below: str = ""
    after: str = ""
    vacant: bool = False
    lines: list[tuple[str, Any, bool]] = field(default_factory=list)
    at: tuple[float, float] = (0.0, 0.0)

    @property
    def groups(self) -> str:
        """Names of the groups, shortened, and what is said after them."""
        return shorten([self.below], 30)[self.below] + self.after

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches."""
        words = inches([self.name, *(line[0] for line in self.lines)]) * 0.95 + (0.18 if self.lines else 0.0)
        return max(words, 0.8 * inches([self.groups])) + 2 * _PAD, _LINE * (2 + len(self.lines)) + 2 * _PAD


def place(boxes: dict[str, Box], letters: int, *, parallel: int = 1) -> tuple[float, float]:
    """Put the boxes on an ellipse, as near as labels of ``letters`` between them allow; return width and height."""
    order = list(boxes.values())
    across = letters * INCH_PER_LETTER + 0.5
    angles = np.pi - 2 * np.pi * np.arange(len(order)) / len(order)
    radius = 0.0
    while len(order) > 1:
        radius += 0.1
        for box, angle in zip(order, angles, strict=True):
            box.at = (1.35 * radius * float(np.cos(angle)), radius * float(np.sin(angle)))
        if all(_apart(a, b, across) for a, b in combinations(order, 2)):
            break
    reach = np.array([[abs(b.at[i]) + b.size[i] / 2 for i in (0, 1)] for b in order]).max(axis=0)
    # two boxes stand side by side, and arrows bulge above and below them
    bulge = 0.7 if len(order) != 2 else max(0.7, 2 * (0.5 + 0.24 * parallel - order[0].size[1] / 2))
    return 2 * float(reach[0]) + 0.5, 2 * float(reach[1]) + (0.3 if len(order) == 1 else bulge)


def _apart(a: Box, b: Box, across: float) -> bool:
    gaps = [abs(a.at[i] - b.at[i]) - (a.size[i] + b.size[i]) / 2 for i in (0, 1)]
    return gaps[0] >= across or gaps[1] >= 2 * _GAP


def draw_box(ax: Any, box: Box) -> Any:
    """Draw a box with its text; return the patch that arrows stop at."""
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = box.at, box.size
    patch = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.1",
        facecolor="#F5F5F5",
        edgecolor="0.4",
        linewidth=1.0,
        zorder=2,
    )
    ax.add_patch(patch)
    top = y + height / 2 - _PAD - _LINE / 2
    ax.text(x, top, box.name, ha="center", va="center", fontsize=8.5, fontweight="bold", zorder=4)
    style = "italic" if box.vacant else "normal"
    ax.text(x, top - _LINE, box.groups, ha="center", va="center", fontsize=7, color="0.4", style=style, zorder=4)
    left = x - width / 2 + _PAD
    for i, (words, colour, missing) in enumerate(box.lines):
        at = top - (2 + i) * _LINE
        ax.scatter(
            [left + 0.05],
            [at],
            marker="s",
            s=34,
            facecolors="none" if missing else colour,
            edgecolors=colour if missing else "0.3",
            linewidths=0.8,
            linestyle="--" if missing else "-",
            zorder=4,
        )
        ax.text(left + 0.18, at, words, va="center", fontsize=7.5, color="0.5" if missing else "0.1", zorder=4)
    return patch


def draw_edge(
    ax: Any,
    patches: tuple[Any, Any],
    boxes: tuple[Box, Box],
    *,
    index: tuple[int, int],
    label: str,
    colour: Any,
    missing: bool,
    restrains: bool,
) -> Any:
    """Draw a curved arrow (a bar where it restrains) with its label; ``index`` is its place among parallel ones."""
    from matplotlib.patches import FancyArrowPatch

    start, end = (np.array(b.at) for b in boxes)
    along = end - start
    distance = float(np.hypot(*along)) or 1.0
    # parallel arrows stand 0.24 inches apart in the middle; the other direction bends to the other side
    bend = 2 * (0.22 + 0.24 * index[0]) / distance
    arrow = FancyArrowPatch(
        tuple(start),
        tuple(end),
        patchA=patches[0],
        patchB=patches[1],
        connectionstyle=f"arc3,rad={bend:.4f}",
        arrowstyle="-[,widthB=0.5,lengthB=0.05" if restrains else "-|>",
        mutation_scale=11,
        color=colour,
        linewidth=1.8,
        linestyle=(0, (3, 2)) if missing else "-",
        shrinkA=1,
        shrinkB=3,
        zorder=3,
    )
    if not missing:
        outline(arrow)
    ax.add_patch(arrow)
    t = 0.5 if abs(along[0]) >= abs(along[1]) else (index[0] + 1) / (index[1] + 1)
    control = (start + end) / 2 + bend * np.array([along[1], -along[0]])
    x, y = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    ax.text(
        x,
        y,
        label,
        ha="center",
        va="center",
        fontsize=7.5,
        color="0.5" if missing else "0.1",
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.9},
    )
    return arrow


def outline(arrow: Any, scale: float = 1.0) -> None:
    """Give an arrow a dark edge, so that pale colours stay visible."""
    from matplotlib.patheffects import Normal, Stroke

    arrow.set_path_effects([Stroke(linewidth=3.0 * scale, foreground="0.45"), Normal()])
