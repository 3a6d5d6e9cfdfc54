"""``cs.tl.spatial``: planted tissues, spots, samples, and what it refuses."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse
from scipy.stats import binomtest

import commscore as cs
from commscore.tables import spatial as schema
from commscore.tl._spatial import _calibration
from commscore.tl._spatial._calibration import calibration, warn_of_calibration

PAIRS = [("L1", "R1"), ("L2", "R2"), ("L3", "R3_R4"), ("L4", "R5"), ("L5", "R6"), ("L6", "R7")]
GENES = [f"L{i}" for i in range(1, 7)] + [f"R{i}" for i in range(1, 8)]
GROUPS = ("A", "B", "C")
EFFECTS = [
    {"interaction": "L1^R1", "source": "A", "target": "C", "strength": 1.0},
    {"source": "A", "target": "B", "part": "proximity", "strength": 0.9},
]
KEYS = {"um_per_unit": 1, "ranges": 30, "inplace": False}


def simulated(effects=EFFECTS, **options):
    adata = cs.ds.simulate_tissue(
        groups=GROUPS,
        interactions=PAIRS,
        expressed={g: dict.fromkeys(GROUPS, 3.0) for g in GENES},
        effects=effects,
        coupling_range=30.0,
        n_background=60,
        **({"n_cells": 5000, "field_sd": 1.5, "clustering": 1.0} | options),
    )
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def spatial(adata, groupby="cell_type", **options):
    """Call without the warnings of calibration and of few interactions, which have tests of their own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "p ≤ 0.05 in")
        warnings.filterwarnings("ignore", ".*more n_perms")
        return cs.tl.spatial(adata, groupby, **(KEYS | {"resource": resource()} | options))


def resource():
    return pd.DataFrame(PAIRS, columns=["ligand", "receptor"])


@pytest.fixture(scope="module")
def tissue():
    return simulated()


@pytest.fixture(scope="module")
def result(tissue):
    return spatial(tissue)


def row(table, interaction="L1^R1", source="A", target="C"):
    own = (table["interaction"] == interaction) & (table["source"] == source) & (table["target"] == target)
    return table[own].iloc[0]


def test_what_was_planted_comes_first(result):
    first = result.table.iloc[0]
    assert (first["interaction"], first["source"], first["target"]) == ("L1^R1", "A", "C")
    assert first["padj"] < 1e-3
    assert first["coupling"] > 0.1
    assert first["coordination"] > 1.1
    others = result.table.iloc[1:]
    assert (others["pvalue"] <= 0.05).mean() < 0.15
    assert (result.table.loc[:, "unit"] == "blocks").all()


def test_groups_that_lie_together_meet_more_than_their_numbers_say(result):
    near, apart = row(result.table, target="B"), row(result.table)
    assert near["proximity_low"] > 0 > apart["proximity_high"]
    proximity = result.extra["proximity"]
    own = proximity[(proximity["source"] == "A") & (proximity["target"] == "B")].iloc[0]
    assert own["proximity"] == near["proximity"]
    assert own["contacts"] == near["contacts"]


def test_columns_are_those_of_the_tables(result):
    assert list(result.table.columns) == list(schema.SPATIAL.names)
    for name, table in schema.STORED.tables.items():
        frame = result.table if name == "table" else result.extra[name]
        assert list(frame.columns) == list(table.names)
    assert result.schema == "commscore.spatial/2"


def test_specificity_is_that_of_score(tissue, result):
    options = {"null": "auto", "expr_prop": 0.05, "min_cells": 20, "n_perms": 999}
    scores = cs.tl.score(tissue, "cell_type", resource=resource(), inplace=False, **options)
    for _, expected in scores.table.iterrows():
        own = row(result.table, expected["interaction"], expected["source"], expected["target"])
        assert own["specificity_pvalue"] == expected["pvalue"]
        assert own["ligand_mean"] == expected["ligand_mean"]


def test_positions_that_are_shuffled_leave_nothing(tissue):
    shuffled = tissue.copy()
    shuffled.obsm["spatial"] = np.random.default_rng(0).permutation(shuffled.obsm["spatial"])
    table = spatial(shuffled).table
    assert table["proximity"].abs().max() < 0.1
    assert (table["pvalue"] <= 0.05).mean() < 0.15
    assert row(table)["pvalue"] > 0.01


def test_units_rotation_and_far_cells_change_nothing(tissue, result):
    moved = tissue.copy()
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    moved.obsm["spatial"] = (tissue.obsm["spatial"] @ turn) / 1000 + 7
    table = spatial(moved, um_per_unit=1000).table
    both = result.table.merge(table, on=["source", "target", "interaction"])
    np.testing.assert_allclose(both["proximity_x"], both["proximity_y"], rtol=1e-6)
    np.testing.assert_allclose(both["score_x"], both["score_y"], rtol=1e-5)


def test_threads_give_the_same_bytes(tissue, result):
    again = spatial(tissue, n_jobs=3)
    pd.testing.assert_frame_equal(again.table, result.table, check_exact=True)
    pd.testing.assert_frame_equal(again.extra["decoys"], result.extra["decoys"], check_exact=True)


def test_decoys_are_other_pairs_and_their_shares_are_stored(result):
    decoys, shares = result.extra["decoys"], result.params["calibration"]
    pairs = set(zip(decoys["ligand_complex"], decoys["receptor_complex"], strict=True))
    assert pairs
    assert not pairs & set(PAIRS)
    assert shares["n_decoy"] == len(decoys)
    assert shares["decoy_0.05"] == pytest.approx((decoys["pvalue"] <= 0.05).mean())
    assert shares["known_0.01_unadjusted"] == pytest.approx((result.table["pvalue_unadjusted"] <= 0.01).mean())
    assert spatial(simulated(n_cells=600), decoys=0).params["calibration"]["n_decoy"] == 0


def shares(known, decoys):
    """Return the calibration of (called, tested) known pairs and decoys."""
    values = {
        k: np.r_[np.full(a, 0.001), np.full(n - a, 0.5)] for k, (a, n) in {"known": known, "decoy": decoys}.items()
    }
    return calibration({k: (v, v) for k, v in values.items()})


def warned(known, decoys, **given):
    """Return what is said of them."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warn_of_calibration(shares(known, decoys), **({"region_key": None, "mixed": False} | given))
    return " ".join(str(w.message) for w in said)


def test_intervals_of_shares_are_those_of_wilson():
    stored = shares((6, 100), (22, 258))
    interval = binomtest(22, 258).proportion_ci(0.95, method="wilson")
    assert (stored["decoy_0.05_low"], stored["decoy_0.05_high"]) == pytest.approx((interval.low, interval.high))
    assert stored["known_0.01_unadjusted_low"] < stored["known_0.01_unadjusted"] == 0.06


def test_too_many_decoys_are_warned_of_only_where_chance_gives_them_seldom():
    said = warned((17, 258), (26, 258))
    assert "10.1 % (7.0 to 14.4) of 258 of decoys" in said
    assert "calls too many pairs" in said
    assert "calls too many" not in warned((17, 258), (22, 258))  # 8.5 %: chance gives as many once in 90 times
    assert warned((5, 50), (5, 50)) == ""  # 10 %, and chance gives as many in one of ten
    assert warned((0, 2), (0, 1)) == ""
    assert "calls too many" not in warned((300, 5000), (375, 5000))  # surely above 5 %, and below 8 %


def test_known_pairs_that_couple_no_more_often_than_decoys_are_warned_of_where_both_are_many():
    assert "known pairs couple no more often than decoys" in warned((5, 100), (5, 100))
    assert warned((4, 99), (5, 100)) == ""
    assert warned((6, 100), (5, 100)) == ""


def test_the_advice_is_what_was_not_given():
    assert "Give composition_key or region_key or other blocks" in warned((17, 258), (26, 258), mixed=True)
    said = warned((17, 258), (26, 258), region_key="niche")
    assert "Give other blocks" in said
    assert "_key" not in said


def test_the_tool_warns_of_its_own_shares(monkeypatch):
    monkeypatch.setattr(_calibration, "_ENOUGH", 1)
    with pytest.warns(UserWarning, match=r"known pairs couple no more often than decoys|calls too many pairs"):
        cs.tl.spatial(simulated(effects=[], n_cells=1500), "cell_type", resource=resource(), **KEYS)


def test_from_three_samples_on_the_sample_is_the_replicate():
    adata = simulated(n_samples=5, n_cells=2000)
    table = spatial(adata, sample_key="sample").table
    first = row(table)
    assert first["unit"] == "samples"
    assert first["n_samples"] == 5
    assert first["pvalue"] < 0.01
    # sections lie on top of each other: without samples their cells would be neighbours
    with pytest.raises(ValueError, match="sample_key='donor'"):
        spatial(adata)
    two = adata[adata.obs["sample"].isin(["tissue_1", "tissue_2"])].copy()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*needs 3, so that pvalue")
        pooled = spatial(two, sample_key="sample").table
    assert (pooled["unit"] == "blocks").all()


def test_samples_are_not_neighbours():
    one = simulated(n_cells=700)
    del one.obs["donor"]
    twice = ad.concat([one, one], keys=["a", "b"], label="sample", index_unique="-")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*needs 3, so that pvalue")
        both = spatial(twice, sample_key="sample").table
    alone = spatial(one).table
    joined = alone.merge(both, on=["source", "target", "interaction"])
    np.testing.assert_array_equal(joined["contacts_y"], 2 * joined["contacts_x"])
    np.testing.assert_allclose(joined["proximity_y"], joined["proximity_x"], atol=0.01)


def test_spots_are_tested_as_spots():
    spots = simulated(n_cells=12_000, spot_pitch=60.0, clustering=1.0)
    shares = [c for c in spots.obs if c.startswith("prop_")]
    result = spatial(spots, None, composition_key=shares, ranges=None)
    assert set(result.table["source"]) == {"spots"}
    assert result.table["specificity_pvalue"].isna().all()
    assert (result.table["range_um"] == 60.0).all()
    proximity = result.extra["proximity"].set_index(["source", "target"])["proximity"]
    assert proximity["A", "B"] > proximity["A", "C"]
    spots.obsm["mixed"] = spots.obs[shares]
    again = spatial(spots, None, composition_key="mixed", ranges=None).table
    pd.testing.assert_frame_equal(again, result.table, check_exact=True)
    with pytest.raises(ValueError, match="a spot's label is not a cell type"):
        spatial(spots, "sample", composition_key="mixed")
    spots.obs["prop_A"] = spots.obs["prop_A"] * 2
    with pytest.raises(ValueError, match="must sum to 1 in every spot"):
        spatial(spots, None, composition_key=shares)


def test_scale_factors_of_visium_say_what_a_unit_is_and_that_these_are_spots():
    spots = simulated(n_cells=6000, spot_pitch=100.0)
    spots.obsm["spatial"] = spots.obsm["spatial"] * 3.5  # pixels
    spots.uns["spatial"] = {"library": {"scalefactors": {"spot_diameter_fullres": 190.0, "tissue_hires_scalef": 0.1}}}
    with pytest.warns(UserWarning, match="spots without composition_key"):
        result = spatial(spots, None, um_per_unit=None, ranges=None)
    assert result.params["um_per_unit"] == pytest.approx(1 / 3.5)
    np.testing.assert_allclose(result.table["range_um"], 100.0)
    with pytest.raises(ValueError, match="a spot's label is not a cell type"):
        spatial(spots, "sample", um_per_unit=None)
    # bins of HD are no spots of many cells
    spots.uns["spatial"]["library"]["scalefactors"] |= {"microns_per_pixel": 0.04}
    with pytest.raises(ValueError, match="groupby is needed"):
        spatial(spots, None, um_per_unit=None)


def test_regions_cut_blocks_at_their_borders(tissue, result):
    adata = tissue.copy()
    adata.obs["niche"] = np.where(adata.obsm["spatial"][:, 1] > 901.0, "upper", "lower")
    inside = spatial(adata, region_key="niche")
    assert inside.params["n_blocks"][0] > result.params["n_blocks"][0]
    adata.obs["niche"] = "one"
    same = spatial(adata, region_key="niche")
    pd.testing.assert_frame_equal(same.table, result.table, check_exact=True)


def test_modes_say_how_far_and_what_cannot_be_asked(tissue):
    frame = resource().assign(mode=["contact", "ecm", "paracrine", "hormone", "autocrine", "unknown"])
    result = spatial(tissue, resource=frame, ranges=None)
    reach = result.table.groupby("mode", observed=True)["range_um"].unique().map(list).to_dict()
    assert reach == {"contact": [25.0], "ecm": [30.0], "paracrine": [50.0], "unknown": [50.0]}
    untested = result.untested.set_index("interaction")["reason"].to_dict()
    assert untested == {"L4^R5": "not_local", "L5^R6": "not_local"}
    own = spatial(tissue, resource=frame, ranges={"contact": 15.0}).table
    assert (own.loc[own["mode"] == "contact", "range_um"] == 15.0).all()
    spots = simulated(n_cells=6000, spot_pitch=60.0)
    shares = [c for c in spots.obs if c.startswith("prop_")]
    below = spatial(spots, None, composition_key=shares, resource=frame, ranges=None).untested
    assert below.set_index("interaction")["reason"]["L1^R1"] == "below_resolution"


def test_too_little_is_said_and_not_tested(tissue):
    few = spatial(tissue, min_blocks=10_000).table
    assert (few["status"] == "too_few_blocks").all()
    assert few["pvalue"].isna().all()
    assert few["score"].notna().all()
    apart = spatial(tissue, min_contacts=10**9).table
    assert (apart["status"] == "too_few_contacts").all()


def test_a_graph_of_the_user_stands_for_ranges(tissue, result):
    from scipy.spatial import cKDTree

    near = cKDTree(tissue.obsm["spatial"]).sparse_distance_matrix(
        cKDTree(tissue.obsm["spatial"]), 91.04, output_type="coo_matrix"
    )
    adata = tissue.copy()
    weights = np.where(near.data > 0, np.exp(-(near.data**2) / (2 * 30.0**2)), 0.0)
    adata.obsp["near"] = sparse.csr_matrix((weights, (near.row, near.col)), near.shape)
    table = spatial(adata, connectivity_key="near", blocks=result.params["block_sides_um"][0]).table
    both = result.table.merge(table, on=["source", "target", "interaction"])
    np.testing.assert_allclose(both["score_x"], both["score_y"], rtol=1e-3)
    np.testing.assert_allclose(both["coupling_t_x"], both["coupling_t_y"], rtol=0.05, atol=0.02)
    adata.obs["sample"] = np.where(adata.obsm["spatial"][:, 0] > 500, "a", "b")
    with pytest.raises(ValueError, match="joins cells of different samples"):
        spatial(adata, connectivity_key="near", sample_key="sample")


def test_flips_agree_with_t(tissue, result):
    flipped = spatial(tissue, null="flips").table
    both = result.table.merge(flipped, on=["source", "target", "interaction"])
    assert np.corrcoef(both["pvalue_x"], both["pvalue_y"])[0, 1] > 0.99
    assert both["pvalue_y"].min() >= 1 / 1000


def test_what_cannot_be_positions_is_refused(tissue):
    adata = tissue.copy()
    with pytest.raises(ValueError, match=r"um_per_unit is needed.*nearest cell is 1\d\."):
        spatial(adata, um_per_unit=None)
    with pytest.raises(KeyError, match="did you mean 'spatial'"):
        spatial(adata, spatial_key="spatal")
    with pytest.raises(ValueError, match="groupby is needed"):
        spatial(adata, None)
    with pytest.warns(UserWarning, match="are the coordinates pixels, or mm"):
        cs.tl.spatial(adata, "cell_type", um_per_unit=0.01, resource=resource(), inplace=False, decoys=0)
    adata.obsm["spatial"][:50] = adata.obsm["spatial"][50]
    with pytest.raises(ValueError, match="exactly where another one does"):
        spatial(adata)
    adata.obsm["spatial"][3, 1] = np.nan
    with pytest.raises(ValueError, match="1 cells without a position"):
        spatial(adata)
    adata.obsm["spatial"] = np.zeros((adata.n_obs, 4))
    with pytest.raises(ValueError, match="two or three numbers"):
        spatial(adata)


def test_stored_read_back_and_told(tissue, tmp_path):
    adata = tissue.copy()
    before = adata.obsm["spatial"].copy(), adata.X.data.copy()
    spatial(adata, inplace=True)
    np.testing.assert_array_equal(adata.obsm["spatial"], before[0])
    np.testing.assert_array_equal(adata.X.data, before[1])
    adata.write_h5ad(tmp_path / "s.h5ad")
    stored = ad.read_h5ad(tmp_path / "s.h5ad")
    pd.testing.assert_frame_equal(
        cs.get.table(stored, "commscore_spatial"), cs.get.table(adata, "commscore_spatial"), check_categorical=False
    )
    assert cs.get.params(stored, "commscore_spatial")["calibration"]["n_known"] > 0
    page = cs.report.write(stored, tmp_path / "r.html", figures=False)
    text = page.read_text(encoding="utf-8")
    assert "a ligand with the receptor of another ligand" in text


@pytest.mark.slow
def test_real_sections_of_breast():
    """Neighbours of B and T cells, and of B and cancer cells, as two other implementations found them."""
    try:
        adata = cs.ds.fetch("breast_xenium10k")
    except (OSError, RuntimeError) as error:
        pytest.skip(f"needs the data set: {error}")
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "only .* of the .* interactions")
        result = cs.tl.spatial(adata, "cell_type", um_per_unit=1, resource="liana:consensus", decoys=10, inplace=False)
    proximity = result.extra["proximity"].set_index(["source", "target"])["proximity"]
    assert proximity["B cells", "T cells"] == pytest.approx(1.15, abs=0.02)
    assert proximity["B cells", "Breast cancer"] == pytest.approx(-1.72, abs=0.02)
    assert result.params["calibration"]["decoy_0.05"] <= 0.06
