"""What tl.compare stores, and the tables beside the main one."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import commscore as cs
from commscore.tables import compare as schema
from commscore.tl._compare._totals import totals_table
from compared import KEYS, planted_cohort, run


@pytest.fixture(scope="module")
def cohort():
    return planted_cohort()


@pytest.fixture(scope="module")
def result(cohort):
    return run(cohort)


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_results_survive_writing(tmp_path, ending):
    a = cs.ds.simulate(n_samples=3, n_cells=120, n_background=20, rng=0)
    a.obs["kind"] = np.where(a.obs["sample"].astype(str).str.endswith("1"), "one/two", "b & c")
    cs.tl.compare(a, "cell_type", **KEYS, covariates=["kind"], order=["control", "case"])
    path = tmp_path / f"data.{ending}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the formats, not ours
        getattr(a, f"write_{ending}")(path)
        back = getattr(ad, f"read_{ending}")(path)
    key = "commscore_compare"
    pd.testing.assert_frame_equal(cs.get.table(back, key), cs.get.table(a, key), check_index_type=False)
    for reader in (cs.get.untested, cs.get.totals):
        pd.testing.assert_frame_equal(
            reader(back, key), reader(a, key), check_index_type=False, check_dtype=False, check_categorical=False
        )  # fmt: skip
    assert cs.get.params(back, key)["reference"] == "control"
    assert cs.get.load(back, key).schema == "commscore.compare/6"


def test_not_in_place_touches_nothing(cohort):
    before = cohort.copy()
    run(cohort)
    assert list(cohort.uns) == list(before.uns)
    assert list(cohort.obs) == list(before.obs)
    assert (cohort.X != before.X).nnz == 0
    assert (cohort.layers["counts"] != before.layers["counts"]).nnz == 0


def test_the_same_seed_gives_the_same_table(cohort, result):
    pd.testing.assert_frame_equal(run(cohort).table, result.table)


def test_totals_against_pandas(cohort, result):
    totals, table = result.extra["totals"], result.table
    assert tuple(totals.columns) == schema.TOTALS.names
    tested = table[table["pvalue"].notna()]
    for by, names in (("pair", ["source", "target"]), ("mode", ["mode"])):
        part = totals[totals["by"] == by]
        sizes = tested.groupby(names, observed=True).size()
        want = tested.groupby(names, observed=True)["effect"].mean()
        least = tested.groupby(names, observed=True)["pvalue"].min()
        got = part[part["n_tested"] > 0].set_index(names if len(names) > 1 else names[0])
        assert len(got) == len(sizes)
        for index, row in got.iterrows():
            assert row["n_tested"] == sizes[index]
            assert row["effect"] == pytest.approx(want[index], abs=1e-9)
            assert least[index] * 0.99 <= row["pvalue"]
            assert row["pvalue"] == pytest.approx(cauchy_of(tested, names, index), rel=1e-9)
            found = tested.loc[tested["pvalue"] == least[index], "interaction"].astype(str).tolist()
            assert row["strongest"] in found
        np.testing.assert_allclose(got["padj"], stats.false_discovery_control(got["pvalue"]), rtol=1e-9)
    counts = ["n_up", "n_down", "n_compensated", "n_one_sided"]
    assert (totals[counts].sum(axis=1) == totals["n_shifted"]).all()
    a = cohort.copy()
    cs.get.store(a, "commscore_compare", result)
    assert (cs.get.totals(a, by="mode")["by"] == "mode").all()
    with pytest.raises(ValueError, match=r"by='moed' is not one of .*did you mean 'mode'"):
        cs.get.totals(a, by="moed")


def cauchy_of(tested, names, index):
    """Combine the p-values of one total; those of 1 stand for one half."""
    values = index if isinstance(index, tuple) else (index,)
    p = tested.loc[(tested[names].astype(str) == list(values)).all(axis=1), "pvalue"]
    return stats.cauchy.sf(np.tan((0.5 - p.where(p < 1, 0.5)) * np.pi).mean())


def test_a_row_that_says_nothing_does_not_silence_its_total(cohort):
    """Relabelling gives p = 1 where the observed labels divide the samples least; a change beside it stays visible."""
    table = run(cohort, test="permutation").table
    ones = (table["pvalue"] == 1) & (table["mode"] == "unknown")
    assert ones.any()
    tested = table[table["pvalue"].notna()]
    totals = totals_table(table, alpha=0.05)
    got = totals.loc[(totals["by"] == "mode") & (totals["mode"] == "unknown"), "pvalue"].item()
    assert got == pytest.approx(cauchy_of(tested, ["mode"], "unknown"), rel=1e-9)
    assert got < 0.99
    alone = table[ones].head(1)
    assert totals_table(alone, alpha=0.05)["pvalue"].tolist() == [0.5, 0.5]


def test_totals_need_a_comparison(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=10)
    with pytest.raises(KeyError, match=r"has no totals; run cs.tl.compare"):
        cs.get.totals(small, "commscore")


def test_permutation_gives_the_relabelling_p(cohort, result):
    table = run(cohort, test="permutation").table
    tested = table["status"] == "tested"
    np.testing.assert_array_equal(table.loc[tested, "pvalue"], table.loc[tested, "exact_pvalue"])
    np.testing.assert_allclose(table["effect"], result.table["effect"], atol=1e-12)
    assert (table["unit"] == "samples").all()
