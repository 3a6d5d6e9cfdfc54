"""The spectrum: bars count interactions by mode and group."""

from __future__ import annotations

import pytest

import commscore as cs
from drawn import hexes, labels

PALETTE = {"tumour": "#ff0000", "CAF": "#00ff00", "T cell": "#0000ff"}


@pytest.mark.parametrize("by", ["source", "target"])
def test_bars_are_the_counts(edges, by):
    ax = cs.pl.spectrum(edges, by=by, max_padj=None, palette=PALETTE)
    modes = [m.replace(" ", "_") for m in labels(ax.yaxis)]
    groups = labels(ax.xaxis)
    counts = edges.groupby(["mode", by], observed=False).size()
    highest = counts.max()
    for bar in ax.patches:
        group, mode = groups[round(bar.get_x() + bar.get_width() / 2)], modes[round(-bar.get_y())]
        assert bar.get_height() == pytest.approx(0.82 * counts[mode, group] / highest)
        assert hexes(bar.get_facecolor())[0] == PALETTE[group]
    assert len(ax.patches) == len(modes) * len(groups)


def test_left_out_and_errors(edges):
    ax = cs.pl.spectrum(edges, top=1)
    assert labels(ax.xaxis) == ["tumour"]
    assert "not shown: 1 group" in ax.get_title()
    with pytest.raises(ValueError, match="by='pair' is not one of"):
        cs.pl.spectrum(edges, by="pair")
    with pytest.raises(ValueError, match="no column 'mode'"):
        cs.pl.spectrum(edges.drop(columns="mode"))
