"""What tests of plots share."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.text import Text


def hexes(colours) -> list[str]:
    """Colours as #rrggbb."""
    return [to_hex(c) for c in np.atleast_2d(colours)]


def labels(axis) -> list[str]:
    """Tick labels."""
    return [t.get_text() for t in axis.get_ticklabels()]


def overlaps(texts, figure) -> int:
    """Number of pairs of texts that overlap by more than a pixel each way."""
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(t) for t in texts]  # of an annotation without its line
    return sum(
        min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
        for i, a in enumerate(boxes)
        for b in boxes[:i]
    )


def lines_through_words(ax) -> int:
    """Number of texts that the line to another label goes through."""
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(t) for t in ax.texts]
    steps = np.linspace(0, 1, 60)[:, None]
    found = 0
    for i, text in enumerate(ax.texts):
        if getattr(text, "arrow_patch", None) is None:
            continue
        (x0, y0), (x1, y1) = text.arrow_patch.get_path().vertices[[0, -1]]
        path = text.arrow_patch.get_transform().transform(np.array([x0, y0]) + steps * np.array([x1 - x0, y1 - y0]))
        found += sum(
            bool(((path > b.min + 1) & (path < b.max - 1)).all(axis=1).any()) for j, b in enumerate(boxes) if j != i
        )
    return found
