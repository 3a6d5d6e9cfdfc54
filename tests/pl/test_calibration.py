"""Known pairs beside decoys: heights, numbers, what chance gives."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
from matplotlib.container import BarContainer

import commscore as cs
from drawn import hexes, labels

SHARES = {
    "n_known": 298, "known_0.05": 0.06, "known_0.01": 0.007, "known_0.05_unadjusted": 0.097,
    "known_0.01_unadjusted": 0.023, "n_decoy": 2376, "decoy_0.05": 0.045, "decoy_0.01": 0.009,
    "decoy_0.05_unadjusted": 0.074, "decoy_0.01_unadjusted": 0.027,
}  # fmt: skip
SHARES |= {f"{at}_{end}": SHARES[at] * f for at in list(SHARES) if "0." in at for end, f in (("low", 0.5), ("high", 2))}


@pytest.fixture(scope="module")
def tissue():
    adata = cs.ds.simulate_tissue(n_cells=600, rng=0)
    adata.X = adata.X.multiply(1e4 / np.asarray(adata.X.sum(axis=1)).ravel()[:, None]).tocsr()
    adata.X.data = np.log1p(adata.X.data)
    cs.tl.spatial(adata, "cell_type", um_per_unit=1, decoys=0)
    return adata


def with_shares(tissue: ad.AnnData, shares: dict[str, float]) -> ad.AnnData:
    adata = tissue.copy()
    result = cs.get.load(adata, "commscore_spatial")
    result.params["calibration"] = shares
    cs.get.store(adata, "commscore_spatial", result)
    return adata


def test_bars_have_the_stored_shares(tissue):
    ax = cs.pl.calibration(with_shares(tissue, SHARES))
    known, decoys = (c for c in ax.containers if isinstance(c, BarContainer))
    ends = ("0.05", "0.01", "0.05_unadjusted", "0.01_unadjusted")
    for bars, kind, colour in ((known, "known", "#0072b2"), (decoys, "decoy", "#e69f00")):
        assert [bar.get_height() for bar in bars] == [SHARES[f"{kind}_{end}"] for end in ends]
        assert hexes([bar.get_facecolor() for bar in bars]) == [colour] * 4
    assert [t.get_text() for t in ax.texts][:4] == ["6.0", "0.7", "9.7", "2.3"]
    assert {bar.get_hatch() for bar in decoys} == {"///"}
    (_, _, (lines,)) = known.errorbar
    np.testing.assert_allclose(
        [s[:, 1] for s in lines.get_segments()], [[SHARES[f"known_{e}"] * f for f in (0.5, 2)] for e in ends]
    )
    assert ax.get_ylim()[1] > 2 * 0.097
    assert [segment[0, 1] for segment in ax.collections[-1].get_segments()] == [0.05, 0.01, 0.05, 0.01]
    assert labels(ax.xaxis)[2] == "p ≤ 0.05\nnot adjusted"
    named = [t.get_text() for t in ax.get_legend().get_texts()]
    assert named == ["known pairs (298)", "decoys (2,376)", "chance"]


def test_without_decoys_the_figure_says_so(tissue):
    ax = cs.pl.calibration(tissue)
    assert sum(isinstance(c, BarContainer) for c in ax.containers) == 1
    assert "no decoys were tested" in ax.get_title()


def test_nothing_tested_and_other_results_are_errors(tissue, cohort):
    none = {name: 0 if name.startswith("n_") else np.nan for name in SHARES}
    with pytest.raises(ValueError, match="no coupling was tested"):
        cs.pl.calibration(with_shares(tissue, none))
    with pytest.raises(ValueError, match="has no calibration"):
        cs.pl.calibration(cohort, key="commscore")
