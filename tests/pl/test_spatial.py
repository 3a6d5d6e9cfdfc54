"""One interaction on the tissue: places, values by brute force, sections, the scale."""

from __future__ import annotations

import itertools

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from drawn import hexes

PAIR = "CSF1^CSF1R"
UM = 2.0


def normalised(adata: ad.AnnData) -> ad.AnnData:
    adata.X = adata.X.multiply(1e4 / np.asarray(adata.X.sum(axis=1)).ravel()[:, None]).tocsr()
    adata.X.data = np.log1p(adata.X.data)
    return adata


@pytest.fixture(scope="module")
def tissue():
    adata = normalised(cs.ds.simulate_tissue(n_samples=3, n_cells=300, rng=0))
    adata.obsm["spatial"] = adata.obsm["spatial"] / UM
    cs.tl.spatial(adata, "cell_type", um_per_unit=UM, sample_key="sample", decoys=0)
    return adata


def by_hand(adata, source, target):
    """Ligand, receptor, received and sent of every cell, from all distances."""
    points = UM * adata.obsm["spatial"]
    away = np.linalg.norm(points[:, None] - points[None], axis=2)
    weight = np.exp(-(away**2) / (2 * 50.0**2)) * (away <= 50 * np.sqrt(-2 * np.log(0.01)))
    np.fill_diagonal(weight, 0.0)
    sample = adata.obs["sample"].to_numpy()
    weight[sample[:, None] != sample[None]] = 0.0
    of = adata.obs["cell_type"].to_numpy()
    ligand, receptor = (adata[:, g].X.toarray()[:, 0] for g in PAIR.split("^"))
    sending, receiving = ligand * (of == source), receptor * (of == target)
    return {
        "ligand": sending, "receptor": receiving,
        "received": receiving * (sending @ weight), "sent": sending * (weight @ receiving),
    }  # fmt: skip


@pytest.mark.parametrize("value", ["received", "sent", "ligand", "receptor"])
def test_values_are_those_of_all_distances(tissue, value):
    ax = cs.pl.spatial(tissue, PAIR, value=value, source="tumour", target="macrophage")
    expected = by_hand(tissue, "tumour", "macrophage")[value]
    grey, dots = ax.collections
    np.testing.assert_allclose(dots.get_array(), np.sort(expected[expected > 0]), rtol=1e-5)
    assert len(grey.get_offsets()) == tissue.n_obs
    assert dots.get_clim() == (0.0, pytest.approx(np.quantile(expected[expected > 0], 0.99), rel=1e-5))


def test_cells_lie_where_they_are_and_sections_apart(tissue):
    ax = cs.pl.spatial(tissue, PAIR, value="ligand")
    places, points = np.asarray(ax.collections[0].get_offsets()), UM * tissue.obsm["spatial"]
    boxes = []
    for name in tissue.obs["sample"].unique():
        own = (tissue.obs["sample"] == name).to_numpy()
        np.testing.assert_allclose(np.diff(places[own], axis=0), np.diff(points[own], axis=0), atol=1e-3)
        boxes.append((places[own].min(axis=0), places[own].max(axis=0)))
    for (low, high), (low_b, high_b) in itertools.combinations(boxes, 2):
        assert (low_b > high).any() or (low > high_b).any()
    assert ax.yaxis_inverted()
    assert [t.get_text() for t in ax.texts[:3]] == sorted(tissue.obs["sample"].unique())


def test_the_scale_is_as_long_as_it_says(tissue):
    ax = cs.pl.spatial(tissue, PAIR, value="ligand", sample=tissue.obs["sample"].iloc[0])
    (line,) = ax.lines
    assert ax.texts[-1].get_text() == f"{np.ptp(line.get_xdata()):,.0f} µm"
    assert ax.get_aspect() == 1.0
    assert len(ax.collections[0].get_offsets()) == (tissue.obs["sample"] == tissue.obs["sample"].iloc[0]).sum()


def test_both_sides_have_colours_of_their_own(tissue):
    ax = cs.pl.spatial(tissue, PAIR, value="both", source="tumour", target="macrophage")
    hand = by_hand(tissue, "tumour", "macrophage")
    sides = {c.get_label(): c for c in ax.collections[1:]}
    for side in ("ligand", "receptor"):
        assert len(sides[side].get_array()) == (hand[side] > 0).sum()
    darkest = {side: hexes(dots.get_cmap()(1.0))[0] for side, dots in sides.items()}
    assert darkest == {"ligand": "#08306b", "receptor": "#7f2704"}
    every = cs.pl.spatial(tissue, PAIR, value="both").collections
    widths = {round(float(w), 3) for c in every[1:] for w in np.unique(c.get_widths())}
    assert len(widths) == 1  # all cells are of both sides, so that every dot is half as wide
    assert widths.pop() == pytest.approx(float(every[0].get_widths()[0]) / 2, abs=1e-3)


def test_spots_reach_themselves():
    spots = normalised(cs.ds.simulate_tissue(n_cells=4000, spot_pitch=100, rng=1))
    shares = [c for c in spots.obs if c.startswith("prop_")]
    cs.tl.spatial(spots, um_per_unit=1, composition_key=shares, decoys=0)
    ax = cs.pl.spatial(spots, PAIR)
    ligand, receptor = (spots[:, g].X.toarray()[:, 0] for g in PAIR.split("^"))
    away = np.linalg.norm(spots.obsm["spatial"][:, None] - spots.obsm["spatial"][None], axis=2)
    weight = np.exp(-(away**2) / (2 * 100.0**2)) * (away <= 100 * np.sqrt(-2 * np.log(0.01)))
    expected = receptor * (ligand @ weight)
    np.testing.assert_allclose(ax.collections[1].get_array(), np.sort(expected[expected > 0]), rtol=1e-5)


def test_a_graph_of_the_user_is_read_from_sender_to_receiver():
    adata = normalised(cs.ds.simulate_tissue(n_cells=400, rng=0))
    graph = sparse.random(400, 400, 0.1, rng=np.random.default_rng(0), format="csr")
    adata.obsp["near"] = graph
    cs.tl.spatial(adata, "cell_type", um_per_unit=1, connectivity_key="near", decoys=0)
    ligand, receptor = (adata[:, g].X.toarray()[:, 0] for g in PAIR.split("^"))
    weight = graph.toarray()
    np.fill_diagonal(weight, 0.0)
    for value, expected in (("received", receptor * (ligand @ weight)), ("sent", ligand * (weight @ receptor))):
        drawn = cs.pl.spatial(adata, PAIR, value=value).collections[1].get_array()
        np.testing.assert_allclose(drawn, np.sort(expected[expected > 0]), rtol=1e-5)


def test_what_cannot_be_drawn_is_an_error(tissue, cohort):
    with pytest.raises(ValueError, match=r"interaction='CSF1\^CSF1' is not in the table"):
        cs.pl.spatial(tissue, "CSF1^CSF1")
    with pytest.raises(ValueError, match=r"source='tumor'.*did you mean 'tumour'"):
        cs.pl.spatial(tissue, PAIR, source="tumor")
    with pytest.raises(ValueError, match="value='flow' is not one of"):
        cs.pl.spatial(tissue, PAIR, value="flow")
    with pytest.raises(ValueError, match="give the key of a result of"):
        cs.pl.spatial(cohort, PAIR, key="commscore")
    silent = tissue.copy()
    silent.X = silent.X.multiply(pd.Series(silent.var_names != "CSF1").to_numpy()[None, :]).tocsr()
    with pytest.raises(ValueError, match="no cell has received of CSF1"):
        cs.pl.spatial(silent, PAIR)
