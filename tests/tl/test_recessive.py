"""Weak but specific and stable edges."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import stats

import commscore as cs

PAIRS = [("W", "RW"), ("S1", "R1"), ("S2", "R2"), ("S3", "R3"), ("U", "RU"), ("F", "RF")]
ALL = ["a", "b", "c", "d"]
EXPRESSED = {
    "W": {"a": 0.4}, "RW": {"b": 0.4},  # weak, one pair of groups only
    "S1": dict.fromkeys(ALL, 5), "R1": dict.fromkeys(ALL, 5), "S2": {"a": 4, "c": 4}, "R2": {"b": 5, "d": 4},
    "S3": {"d": 6}, "R3": {"c": 6}, "U": dict.fromkeys(ALL, 0.4), "RU": dict.fromkeys(ALL, 0.4),  # weak everywhere
    "F": {"b": 0.4}, "RF": {"c": 0.4},
}  # fmt: skip


@pytest.fixture(scope="module")
def scored():
    adata = cs.ds.simulate(n_samples=3, n_cells=400, groups=ALL, interactions=PAIRS, expressed=EXPRESSED, rng=2)
    # F is weak and specific, but seen in a single sample: not stable
    alone = (adata.obs["sample"] == "case_3").to_numpy()
    x = adata.X.toarray()
    x[~alone, adata.var_names.get_loc("F")] = 0
    x[np.flatnonzero(alone & (adata.obs["cell_type"] == "b").to_numpy()), adata.var_names.get_loc("F")] += 3
    adata.X = x
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    cs.tl.score(adata, "cell_type", resource=adata.uns["interactions"], n_perms=199, null="auto", expr_prop=0.1)
    return adata


def run(adata, **kwargs):
    return cs.tl.recessive(adata, **({"inplace": False, "n_boot": 40} | kwargs))


def pick(table, source, target, interaction):
    return table[
        (table["source"] == source) & (table["target"] == target) & (table["interaction"] == interaction)
    ].iloc[0]


@pytest.mark.parametrize("sample_key", [None, "sample"])
def test_the_planted_edge_is_first_and_strong_or_even_ones_are_not(scored, sample_key):
    table = run(scored, sample_key=sample_key).table
    weak = pick(table, "a", "b", "W^RW")
    assert weak["recessive"]
    assert weak["rank"] <= 2
    for strong in (("d", "c", "S3^R3"), ("a", "b", "S1^R1")):
        assert not pick(table, *strong)["recessive"]
    assert not table.loc[table["interaction"] == "U^RU", "recessive"].any()


def test_an_edge_of_one_sample_is_not_stable(scored):
    by_sample = pick(run(scored, sample_key="sample").table, "b", "c", "F^RF")
    assert by_sample["stability"] == pytest.approx(5 / 6)
    assert not by_sample["recessive"]
    by_cell = pick(run(scored).table, "b", "c", "F^RF")
    assert by_cell["stability"] > 0.9  # cells of one sample cannot show it


def test_columns_by_hand(scored):
    stored, table = cs.get.table(scored), run(scored).table
    merged = table.astype({"source": str, "target": str, "interaction": str}).merge(
        stored.astype({"source": str, "target": str, "interaction": str}), on=["source", "target", "interaction"],
        suffixes=("", "_stored"), validate="one_to_one",
    )  # fmt: skip
    assert len(merged) == len(stored) == len(table)
    flow = merged["ligand_mean"] * merged["receptor_mean"]
    np.testing.assert_allclose(merged["flow"], flow)
    np.testing.assert_allclose(merged["magnitude"], (stats.rankdata(flow) - 0.5) / len(flow))
    share = flow / flow.groupby(merged["interaction"]).transform("sum")
    np.testing.assert_allclose(merged["specificity"], share)
    np.testing.assert_allclose(merged["excess"], share * 16)
    rank = (stats.rankdata(merged["specificity"]) - 0.5) / len(flow)
    np.testing.assert_allclose(merged["recessive_score"], (1 - merged["magnitude"]) * rank * merged["stability"])
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table["recessive_score"].is_monotonic_decreasing


def test_leaving_out_samples_by_hand(scored):
    table = run(scored, sample_key="sample", min_excess=1.5).table
    x = pd.DataFrame(np.asarray(scored.X), columns=scored.var_names)
    stored, kept = cs.get.table(scored), np.zeros(len(table))
    for sample in scored.obs["sample"].cat.categories:
        part = (scored.obs["sample"] != sample).to_numpy()
        by = x[part].groupby(scored.obs["cell_type"].astype(str).to_numpy()[part])
        mean, prop = by.mean(), x[part].gt(0).groupby(scored.obs["cell_type"].astype(str).to_numpy()[part]).mean()
        rows = list(
            zip(stored["source"], stored["target"], stored["ligand_complex"], stored["receptor_complex"], strict=True)
        )
        flow = pd.Series([mean.loc[s, a] * mean.loc[t, b] for s, t, a, b in rows])
        least = np.array([min(prop.loc[s, a], prop.loc[t, b]) for s, t, a, b in rows])
        excess = 16 * flow / flow.groupby(stored["interaction"].astype(str)).transform("sum")
        kept += (least >= 0.1) & (excess >= 1.5)
    expected = dict(
        zip(stored[["source", "target", "interaction"]].itertuples(index=False, name=None), kept / 6, strict=True)
    )
    for row in table.itertuples():
        assert row.stability == pytest.approx(expected[row.source, row.target, row.interaction])


def test_same_seed_same_bytes_and_storage(scored, tmp_path):
    pd.testing.assert_frame_equal(run(scored, rng=4).table, run(scored, rng=4).table)
    near = [run(scored, rng=r, min_excess=1.0).table.sort_values(["interaction", "source", "target"]) for r in (4, 5)]
    assert not np.array_equal(near[0]["stability"], near[1]["stability"])
    adata = scored.copy()
    run(adata, inplace=True)
    adata.write_h5ad(tmp_path / "a.h5ad")
    assert cs.get.load(ad.read_h5ad(tmp_path / "a.h5ad"), "commscore_recessive").schema == "commscore.recessive/1"
    assert cs.get.table(adata, "commscore_recessive", source="a", max_padj=0.05)["rank"].min() >= 1


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"sample_key": "condition"}, ValueError, "has 2 samples, leaving one out needs three"),
        ({"sample_key": "smple"}, KeyError, "did you mean 'sample'"),
        ({"max_magnitude": 2}, ValueError, "max_magnitude"),
        ({"score": "score_x"}, KeyError, "score='score_x'"), ({"n_boot": 0}, ValueError, "n_boot"),
        ({"magnitude": 1}, TypeError, "did you mean 'max_magnitude'"), ({"key": "y"}, KeyError, "has no 'y'"),
    ],
)  # fmt: skip
def test_errors(scored, change, error, match):
    with pytest.raises(error, match=match):
        run(scored, **change)
