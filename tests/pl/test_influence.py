"""Influence: ticks are the refits without each sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.pl._colours import UP
from drawn import hexes, labels


@pytest.fixture
def refits(changes):
    return {f"p{i}": changes.assign(effect=changes["effect"] + d) for i, d in enumerate([0.1, -0.2, -0.4])}


def test_ticks_are_the_refits(changes, refits):
    ax = cs.pl.influence(changes, refits)
    names = labels(ax.yaxis)
    assert len(names) == 5
    tested = changes[changes["padj"].notna()].sort_values("padj")
    for y, row in enumerate(tested.itertuples()):
        drawn = sorted(
            float(p[0]) for c in ax.collections for p in c.get_offsets() if p[1] == y and c.get_linewidths()[0] == 1.5
        )
        assert drawn == pytest.approx(sorted([row.effect + 0.1, row.effect - 0.2, row.effect - 0.4]))
    assert "−p2" in {t.get_text() for t in ax.texts}


def test_turned_signs_are_orange(changes, refits):
    ax = cs.pl.influence(changes, refits)
    orange = [
        (float(p[0]), int(p[1])) for c in ax.collections for p in c.get_offsets()
        if len(c.get_edgecolors()) and hexes(c.get_edgecolors()[0][:3])[0] == UP.lower()
    ]  # fmt: skip
    tested = changes[changes["padj"].notna()].sort_values("padj")["effect"].to_numpy()
    wanted = [(e + d, y) for y, e in enumerate(tested) for d in (0.1, -0.2, -0.4) if np.sign(e + d) * np.sign(e) < 0]
    assert len(wanted) >= 2
    np.testing.assert_allclose(sorted(orange), sorted(wanted))


def test_one_edge_has_a_line_per_sample(changes, refits):
    ax = cs.pl.influence(changes, refits, interaction="A^B", source="tumour", target="CAF")
    assert labels(ax.yaxis) == ["all samples", "without p2", "without p1", "without p0"]
    np.testing.assert_allclose(ax.collections[-1].get_offsets()[:, 0], [2.1, 2.3, 2.6])


def test_the_stored_comparisons_without_each_sample_are_drawn(changes, refits):
    table = pd.concat([t.assign(left_out=name) for name, t in refits.items()])
    drawn = [labels(cs.pl.influence(changes, r, interaction="A^B", source="tumour", target="CAF").yaxis)
             for r in (refits, table)]  # fmt: skip
    assert drawn[0] == drawn[1]
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    adata = cs.ds.simulate(n_samples=3, n_cells=200, shifts=[shift], rng=0)
    keys = {"condition_key": "condition", "sample_key": "sample", "resource": adata.uns["interactions"]}
    cs.tl.compare(adata, "cell_type", **keys)
    with pytest.raises(KeyError, match="commscore_influence"):
        cs.pl.influence(adata)
    cs.tl.leave_one_out(adata, resource=adata.uns["interactions"])
    ax = cs.pl.influence(adata, interaction="CSF1^CSF1R", source="tumour", target="macrophage")
    assert len(labels(ax.yaxis)) == 7
    with pytest.raises(ValueError, match="refits is needed"):
        cs.pl.influence(changes)


def test_left_out_and_errors(changes, refits):
    assert "not shown: 4 edges" in cs.pl.influence(changes, refits, top=1).get_title()
    with pytest.raises(ValueError, match="refits has no comparison 'case vs control'"):
        cs.pl.influence(changes, {})
    with pytest.raises(ValueError, match="no tested row"):
        cs.pl.influence(changes.iloc[[5]], refits)
    with pytest.raises(ValueError, match="refits does not have A\\^B tumour CAF"):
        cs.pl.influence(changes.iloc[[0]], {"p0": changes.iloc[[1]]})
