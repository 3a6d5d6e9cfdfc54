"""Simulated tissues: their structure, and what was planted is found again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial import cKDTree

import commscore as cs
from commscore.ds._simulate._fields import FieldSource

PAIRS = [("L", "R"), ("A_B", "C")]
GROUPS = {"s": 1.0, "t": 1.0}
HIGH = {g: {"s": 30.0, "t": 30.0} for g in ("L", "R", "A", "B", "C")}
PLAIN = {
    "groups": GROUPS,
    "interactions": PAIRS,
    "expressed": HIGH,
    "donor_sd": 0.0,
    "size_sd": 0.0,
    "dispersion": 0.0,
    "n_background": 10,
}


def dense(adata, gene):
    return adata[:, gene].X.toarray().ravel().astype(float)


def of(adata, group):
    return (adata.obs["cell_type"] == group).to_numpy()


def test_structure():
    adata = cs.ds.simulate_tissue(n_samples=2, n_cells=200, n_background=20)
    assert sparse.issparse(adata.X)
    assert adata.X.format == "csr"
    assert adata.X.dtype == np.float32
    assert (adata.X.data == np.round(adata.X.data)).all()
    assert (adata.layers["counts"] != adata.X).nnz == 0
    assert not np.shares_memory(adata.layers["counts"].data, adata.X.data)
    assert adata.n_obs == 400
    assert adata.obsm["spatial"].shape == (400, 2)
    assert adata.obs["sample"].nunique() == adata.obs["donor"].nunique() == 2
    width = 1000 * np.sqrt(200 / 1500)  # of a section at 1,500 cells per mm²
    assert adata.obsm["spatial"].min() >= 0
    assert width * 0.9 < adata.obsm["spatial"].max() <= width


def test_same_rng_same_bytes(tmp_path):
    effect = {"interaction": "CXCL12^CXCR4", "source": "CAF", "target": "T cell"}
    one, again, other = (cs.ds.simulate_tissue(n_cells=150, effects=[effect], spill=0.1, rng=r) for r in (1, 1, 2))
    assert one.X.data.tobytes() == again.X.data.tobytes()
    assert one.obsm["spatial"].tobytes() == again.obsm["spatial"].tobytes()
    assert one.obsm["spatial"].tobytes() != other.obsm["spatial"].tobytes()
    one.write_h5ad(tmp_path / "t.h5ad")
    assert one.uns["truth"]["condition"].tolist() == ["all"]


@pytest.mark.parametrize("reach", [0.0, 40.0])
def test_fields_have_the_correlation_that_is_stated(reach):
    rng = np.random.default_rng(0)
    width = 1500.0
    at = rng.uniform(0, width - 60, (1500, 2))
    points = np.concatenate([at, at + np.array([60.0, 0.0])])  # pairs 60 µm apart
    source = FieldSource(points, width=width, range_um=reach)
    values = np.stack([source.draw(rng) for _ in range(12)]).reshape(12, 2, 1500)
    assert values.mean() == pytest.approx(0, abs=0.1)
    assert values.var() == pytest.approx(1, rel=0.1)
    expected = np.exp(-(60.0**2) / (4 * reach**2)) if reach else 0.0
    assert (values[:, 0] * values[:, 1]).mean() == pytest.approx(expected, abs=0.08)


def share_of_own_group_nearby(adata):
    near = cKDTree(adata.obsm["spatial"]).query(adata.obsm["spatial"], k=6)[1][:, 1:]
    group = adata.obs["cell_type"].cat.codes.to_numpy()
    return (group[near] == group[:, None]).mean()


def test_groups_cluster_as_they_are_told_to():
    mixed = share_of_own_group_nearby(cs.ds.simulate_tissue(n_cells=3000, clustering=0.0, **PLAIN))
    clustered = share_of_own_group_nearby(cs.ds.simulate_tissue(n_cells=3000, clustering=3.0, **PLAIN))
    assert mixed == pytest.approx(0.5, abs=0.03)
    assert clustered > 0.75


def test_proximity_brings_two_groups_together_and_leaves_the_third():
    settings = PLAIN | {"groups": ("s", "t", "u"), "expressed": None}
    apart, near = (
        cs.ds.simulate_tissue(n_cells=3000, effects=effects, **settings)
        for effects in ([], [{"source": "s", "target": "t", "part": "proximity", "strength": 1.0}])
    )

    def meeting(adata, first, second):
        tree = cKDTree(adata.obsm["spatial"][of(adata, second)])
        found = tree.query_ball_point(adata.obsm["spatial"][of(adata, first)], 40.0, return_length=True)
        return found.mean() / of(adata, second).mean()

    assert meeting(near, "s", "t") > 1.5 * meeting(apart, "s", "t")
    assert meeting(near, "s", "u") < meeting(near, "s", "t")


def test_the_receptor_follows_the_ligand_that_arrives():
    effect = {"interaction": "L^R", "source": "s", "target": "t", "strength": 0.5}
    settings = PLAIN | {"field_sd": 0.5, "clustering": 0.0, "n_cells": 3000}
    following, alone = (cs.ds.simulate_tissue(effects=e, **settings) for e in ([effect], []))
    for adata, low, high in ((following, 0.55, 1.0), (alone, -0.15, 0.15)):
        away = np.linalg.norm(
            adata.obsm["spatial"][of(adata, "t")][:, None] - adata.obsm["spatial"][of(adata, "s")][None], axis=2
        )
        arrived = np.exp(-(away**2) / (2 * 50.0**2)) @ dense(adata, "L")[of(adata, "s")]
        r = np.corrcoef(arrived, np.log1p(dense(adata, "R")[of(adata, "t")]))[0, 1]
        assert low < r < high


def test_levels_move_where_and_when_they_are_told_to():
    effects = [
        {"interaction": "L^R", "source": "s", "target": "t", "part": "ligand", "strength": 1.0, "condition": "b"},
        {"interaction": "A_B^C", "source": "s", "target": "t", "part": "receptor_near", "strength": 2.0},
    ]
    settings = PLAIN | {"field_sd": 0.0, "conditions": ("a", "b"), "n_cells": 2000}
    adata = cs.ds.simulate_tissue(effects=effects, **settings)
    for condition, fold in (("a", 1.0), ("b", 2.0)):
        part = adata[adata.obs["condition"] == condition]
        assert dense(part, "L")[of(part, "s")].mean() / 30 == pytest.approx(fold, rel=0.03)
        assert dense(part, "L")[of(part, "t")].mean() / 30 == pytest.approx(1.0, rel=0.03)
        receptor = dense(part, "C")[of(part, "t")]
        assert (receptor > 70).mean() == pytest.approx(0.5, abs=0.05)  # half of the cells at 120 in place of 30
    truth = adata.uns["truth"]
    assert truth["condition"].tolist() == ["b", "all"]
    assert truth["strength"].tolist() == [1.0, 2.0]


def test_spilling_moves_counts_to_neighbours_and_loses_none():
    settings = PLAIN | {"expressed": HIGH | {"L": {"s": 30.0}}, "clustering": 0.0, "n_cells": 4000, "field_sd": 0.0}
    clean, spilt = (cs.ds.simulate_tissue(spill=share, density=8000.0, **settings) for share in (0.0, 0.2))
    assert dense(spilt, "L").sum() == pytest.approx(dense(clean, "L").sum(), rel=0.02)
    # mixed cells: a target gets a fifth of the mean of its neighbours, half of which are sources
    assert dense(clean, "L")[of(clean, "t")].mean() == pytest.approx(30 / 50, rel=0.1)
    assert dense(spilt, "L")[of(spilt, "t")].mean() == pytest.approx(0.8 * 30 / 50 + 0.2 * 15.3, rel=0.1)


def test_spots_are_sums_of_their_cells():
    cells = cs.ds.simulate_tissue(n_samples=2, n_cells=500, **PLAIN)
    spots = cs.ds.simulate_tissue(n_samples=2, n_cells=500, spot_pitch=100.0, **PLAIN)
    assert spots.X.sum() == cells.X.sum()
    assert spots.obs["n_cells"].sum() == 1000
    np.testing.assert_allclose(spots.obs[["prop_s", "prop_t"]].sum(axis=1), 1.0)
    assert ((spots.obsm["spatial"] - 50) % 100 == 0).all()
    first = cells[cells.obs["sample"] == "tissue_1"]
    inside = ((first.obsm["spatial"] // 100) == (spots.obsm["spatial"][3] // 100)).all(axis=1)
    np.testing.assert_array_equal(first.X[inside].sum(axis=0), spots.X[3].todense())
    assert spots.obs["prop_s"].iloc[3] == pytest.approx((first.obs["cell_type"][inside] == "s").mean())


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ({"source": "s", "target": "t"}, "part='coordination' needs an interaction"),
        ({"source": "s", "target": "t", "part": "proximity", "strength": 2.0}, "correlation, -1 to 1, found 2.0"),
        ({"source": "s", "target": "s", "part": "proximity"}, "needs two groups"),
        ({"source": "s", "target": "x", "interaction": "L^R"}, r"effects\[0\].target: 'x' is not a group"),
        ({"source": "s", "target": "t", "interaction": "L^C"}, "not a simulated interaction"),
        ({"source": "s", "target": "t", "interaction": "L^R", "condition": "b"}, "not a condition"),
        ({"source": "s", "target": "t", "interaction": "L^R", "strength": 0.0}, "strength must not be zero"),
        ({"source": "s", "target": "t", "interaction": "L^R", "part": "reach"}, "part='reach' is not one of"),
    ],
)
def test_wrong_effects_are_refused(effect, message):
    with pytest.raises(ValueError, match=message):
        cs.ds.simulate_tissue(n_cells=20, effects=[effect], **PLAIN)
