"""Plots: each takes an AnnData that a tool has written to, or a table, and returns Axes; none computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from ._balance import balance
    from ._by_sample import by_sample
    from ._chord import chord
    from ._circuit import circuit
    from ._clustermap import clustermap
    from ._diff_network import diff_network
    from ._dotplot import dotplot
    from ._drivers import drivers
    from ._expectations import expectations
    from ._heatmap import heatmap
    from ._influence import influence
    from ._loops import loops
    from ._network import network
    from ._quadrant import quadrant
    from ._response_map import response
    from ._roles import roles
    from ._sankey import sankey
    from ._shapes import shapes
    from ._shift_heatmap import shift_heatmap
    from ._spectrum import spectrum
    from ._therapies import therapies
    from ._trend import trend
    from ._volcano import volcano

__all__ = [
    "balance",
    "by_sample",
    "chord",
    "circuit",
    "clustermap",
    "diff_network",
    "dotplot",
    "drivers",
    "expectations",
    "heatmap",
    "influence",
    "loops",
    "network",
    "quadrant",
    "response",
    "roles",
    "sankey",
    "shapes",
    "shift_heatmap",
    "spectrum",
    "therapies",
    "trend",
    "volcano",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "balance": "_balance",
        "by_sample": "_by_sample",
        "chord": "_chord",
        "circuit": "_circuit",
        "clustermap": "_clustermap",
        "diff_network": "_diff_network",
        "dotplot": "_dotplot",
        "drivers": "_drivers",
        "expectations": "_expectations",
        "heatmap": "_heatmap",
        "influence": "_influence",
        "loops": "_loops",
        "network": "_network",
        "quadrant": "_quadrant",
        "response": "_response_map",
        "roles": "_roles",
        "sankey": "_sankey",
        "shapes": "_shapes",
        "shift_heatmap": "_shift_heatmap",
        "spectrum": "_spectrum",
        "therapies": "_therapies",
        "trend": "_trend",
        "volcano": "_volcano",
    },
)
