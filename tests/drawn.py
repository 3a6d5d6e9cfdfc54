"""What tests of plots share."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex


def hexes(colours) -> list[str]:
    """Colours as #rrggbb."""
    return [to_hex(c) for c in np.atleast_2d(colours)]


def labels(axis) -> list[str]:
    """Tick labels."""
    return [t.get_text() for t in axis.get_ticklabels()]


def overlaps(texts, figure) -> int:
    """Number of pairs of texts that overlap by more than a pixel each way."""
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in texts]
    return sum(
        min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
        for i, a in enumerate(boxes)
        for b in boxes[:i]
    )
