"""Circuits over samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from small_circuits import GROUPS, STEPS, cohort, run


@pytest.fixture(scope="module")
def planted():
    return cohort(n_samples=3, n_cells=200)


def test_planted_circuits_recur_from_sample_to_sample(planted):
    found = run(planted, sample_key="sample")
    table = found.table.set_index("circuit")
    there = ["bone", "egf", "csf", "any"]
    assert (table.loc[there, "pvalue"] < 0.01).all()
    assert (table.loc[there, "pvalue_within_raw"] == 1 / 200).all()
    np.testing.assert_allclose(table.loc[there, "pvalue_within"], 6 / 5 / 200)  # of six candidates one is broken
    assert (table.loc[there, ["n_samples", "n_positive"]] == 6).all(axis=None)
    assert (table.loc[there, "excess"] > 2 * table.loc[there, "excess_se"]).all()
    assert (table["unit"] == "samples").all()
    assert table.loc["wrong", ["pvalue", "pvalue_within"]].isna().all()
    edges = found.extra["edges"]
    tested = edges["status"] == "expressed"
    assert edges.loc[tested, ["pvalue", "padj", "pvalue_within", "padj_within"]].notna().all(axis=None)
    assert edges.loc[~tested, ["pvalue", "padj", "pvalue_within", "padj_within"]].isna().all(axis=None)
    bone = edges[(edges["circuit"] == "bone") & edges["in_strength"]]
    assert table.loc["bone", "all_pvalue"] == pytest.approx(bone["pvalue_raw"].max() * 6 / 5)


def test_one_sample_gives_the_p_values_of_one_pool(planted):
    one = planted[planted.obs["sample"] == planted.obs["sample"].iloc[0]].copy()
    with pytest.warns(UserWarning, match="has 1 sample among these cells"):
        own = run(one, sample_key="sample")
    pool = run(one)
    for name in ("pvalue", "padj", "weakest_pvalue", "all_pvalue", "strength"):
        np.testing.assert_array_equal(own.table[name], pool.table[name])
    np.testing.assert_array_equal(own.table["pvalue_within"], pool.table["pvalue"])
    np.testing.assert_array_equal(own.extra["edges"]["padj"], pool.extra["edges"]["padj"])
    assert (own.table["unit"] == "cells").all()
    assert pool.table[["excess", "pvalue_within"]].isna().all(axis=None)


def test_one_sample_that_has_a_circuit_is_no_cohort(planted):
    """A signal of one sample alone: significant within samples, not over them."""
    adata = planted.copy()
    x = adata.X.toarray()
    others = (adata.obs["sample"] != adata.obs["sample"].iloc[0]).to_numpy()
    rng = np.random.default_rng(0)
    for gene in ("CSF1", "CSF1R"):
        at = adata.var_names.get_loc(gene)
        x[others, at] = rng.permutation(x[others, at])
    adata.X = x
    row = run(adata, sample_key="sample", expr_prop=0.0).table.set_index("circuit").loc["csf"]
    assert row["pvalue_within"] <= 0.05
    assert row["pvalue"] > 0.05
    assert row["n_samples"] == 6


def test_the_strongest_of_any_groups_does_not_recur_because_donors_differ(planted):
    """Another group makes the ligand in every sample: its largest value is high in each of them, and says nothing."""
    adata = planted.copy()
    x, rng = adata.X.toarray(), np.random.default_rng(0)
    ligand, receptor = (adata.var_names.get_loc(g) for g in ("IL6", "IL6R"))
    for i, sample in enumerate(adata.obs["sample"].unique()):
        inside = (adata.obs["sample"] == sample).to_numpy()
        x[inside, ligand] = rng.permutation(x[inside, ligand])
        x[inside, receptor] = rng.permutation(x[inside, receptor])
        x[inside & (adata.obs["cell_type"] == GROUPS[i]).to_numpy(), ligand] += 2.0
    adata.X = x
    steps = [*STEPS[:-1], ("any", 1, "communication", "any", "macrophage", "IL6", "IL6R", 1),
             ("both", 1, "communication", "any", "any", "IL6", "IL6R", 1)]  # fmt: skip
    table = run(adata, steps=steps, sample_key="sample", expr_prop=0.0).table.set_index("circuit")
    assert table.loc["any", "pvalue_raw"] > 0.05
    assert table.loc["any", "n_samples"] == 6
    assert table.loc["both", ["pvalue", "excess"]].isna().all()  # all cells on both sides: nothing to compare with
    assert table.loc["both", "n_samples"] == 0
    assert table.loc["both", "pvalue_within"] <= 1.0


def test_threads_memory_and_names_of_samples_change_nothing(planted):
    expected = run(planted, sample_key="sample").table
    for options in ({"n_jobs": 2}, {"memory": 1}):
        pd.testing.assert_frame_equal(run(planted, sample_key="sample", **options).table, expected)
    renamed = planted.copy()
    renamed.obs["sample"] = planted.obs["sample"].astype(str).map(lambda s: f"z{hash(s) % 97}{s}")
    pd.testing.assert_frame_equal(run(renamed, sample_key="sample").table, expected)


@pytest.mark.filterwarnings("error:.* looks like samples")
def test_samples_that_nobody_named_are(planted):
    with pytest.warns(UserWarning, match="looks like samples.*Give sample_key='patient'"):
        run(planted, n_perms=9)
