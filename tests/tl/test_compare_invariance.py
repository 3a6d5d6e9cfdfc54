"""What must not matter to tl.compare: containers, order, unrelated cells, depth, numbers of cells, outliers."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from compared import plain, planted_cohort, run


@pytest.fixture(scope="module")
def cohort():
    return planted_cohort()


@pytest.fixture(scope="module")
def result(cohort):
    return run(cohort)


def test_containers_do_not_matter(cohort, result):
    for change in (sparse.csc_matrix, lambda m: m.toarray(), lambda m: m.astype(np.int64), unsorted):
        a = cohort.copy()
        a.layers["counts"] = change(cohort.layers["counts"])
        pd.testing.assert_frame_equal(run(a).table, result.table)


def unsorted(m):
    m = m.copy()
    for r in range(m.shape[0]):
        part = slice(m.indptr[r], m.indptr[r + 1])
        m.indices[part], m.data[part] = m.indices[part][::-1].copy(), m.data[part][::-1].copy()
    m.has_sorted_indices = False
    return m


def assert_same(one, two):
    one, two = plain(one), plain(two)
    nothing = np.abs(one["effect"]) < 1e-9  # the sign of a zero is rounding
    one.loc[nothing, "sign_stable"] = two.loc[nothing, "sign_stable"]
    for name in one:
        if one[name].dtype.kind == "f":
            np.testing.assert_allclose(one[name], two[name], rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            pd.testing.assert_series_equal(one[name], two[name], check_dtype=False)


def test_order_of_cells_samples_groups_and_genes_does_not_matter(cohort, result):
    rng = np.random.default_rng(0)
    a = cohort[rng.permutation(cohort.n_obs)][:, rng.permutation(cohort.n_vars)].copy()
    assert_same(run(a).table, result.table)
    b = cohort.copy()
    names = b.obs["cell_type"].cat.categories
    b.obs["cell_type"] = b.obs["cell_type"].cat.reorder_categories(names[::-1].tolist())
    b.obs["sample"] = b.obs["sample"].cat.reorder_categories(b.obs["sample"].cat.categories[::-1].tolist())
    assert_same(run(b).table, result.table)
    c = cohort.copy()
    c.obs["sample"] = c.obs["sample"].astype(str) + "x"
    c.obs["cell_type"] = c.obs["cell_type"].astype(object)
    assert_same(run(c).table, result.table)


def test_an_unrelated_cell_type_does_not_matter(cohort, result):
    """Only the moderation, shared by all rows, may move p-values a little; abundances are proportions."""
    rng = np.random.default_rng(1)
    n = 400
    sample = rng.choice(cohort.obs["sample"].cat.categories, n)
    obs = cohort.obs.drop_duplicates("sample").set_index("sample").loc[sample, ["condition", "patient"]].reset_index()
    obs["cell_type"] = "neuron"
    obs.index = [f"new{i}" for i in range(n)]
    more = ad.AnnData(
        sparse.csr_matrix(rng.poisson(1.0, (n, cohort.n_vars)).astype(np.float32)), obs=obs, var=cohort.var
    )
    more.layers["counts"] = more.X.copy()
    joined = ad.concat([cohort, more])
    joined.uns["interactions"] = cohort.uns["interactions"]
    table = run(joined).table
    old = plain(table[(table["source"] != "neuron") & (table["target"] != "neuron")])
    before = plain(result.table)
    np.testing.assert_allclose(old["effect"], before["effect"], atol=1e-9)
    both = before["pvalue"].notna()
    assert (old["status"] == before["status"]).all()
    ratio = np.log10(old.loc[both, "pvalue"] / before.loc[both, "pvalue"])
    assert np.abs(ratio).median() < 0.1


def thinned(a, rng, share):
    out, counts = a.copy(), a.layers["counts"].copy()
    case = np.repeat((a.obs["condition"] == "case").to_numpy(), np.diff(counts.indptr))
    counts.data = np.where(case, rng.binomial(counts.data.astype(int), share), counts.data).astype(np.float32)
    out.layers["counts"] = counts
    return out


def fewer_cells(a, rng, share):
    case = (a.obs["condition"] == "case").to_numpy()
    return a[~case | (rng.random(a.n_obs) < share)].copy()


def with_outlier(a, _, factor):
    out, counts = a.copy(), a.layers["counts"].copy()
    listed = np.flatnonzero((a.var["role"] != "background").to_numpy()[counts.indices])
    at = listed[np.argmax(counts.data[listed])]
    counts.data[at] = np.round(counts.data[at] * factor)
    out.layers["counts"] = counts
    return out


@pytest.fixture(scope="module")
def plain_cohorts():
    """Cohorts of four groups with what is found in them; a third of the receptors are complexes."""
    pairs = [(f"L{i}", f"R{i}" if i % 3 else f"R{i}_S{i}") for i in range(60)]
    groups = {"tumour": 0.3, "CAF": 0.25, "macrophage": 0.25, "T cell": 0.2}
    made = [
        cs.ds.simulate(n_samples=6, n_cells=600, donor_sd=0.2, n_counts=2000, groups=groups, interactions=pairs, rng=i)
        for i in range(6)
    ]
    return [(a, run(a, n_perms=1).table) for a in made]


def by_edge(table):
    """Index by what a row is of: tables need not have the same rows."""
    keys = ["source", "target", "interaction"]
    return table.astype(dict.fromkeys(keys, str)).set_index(keys)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "amount"), [(thinned, 0.5), (thinned, 0.25), (fewer_cells, 0.25), (with_outlier, 1.5)]
)
def test_technical_changes_of_one_condition_move_little(change, amount, plain_cohorts):
    """Total change: by how much the geometric mean of the fold changes of L·R moves, over the rows tested before."""
    rng, moved, found = np.random.default_rng(2), [], []
    for a, before in plain_cohorts:
        after = run(change(a, rng, amount), n_perms=1).table
        tested = by_edge(before[before["pvalue"].notna()])
        assert len(tested) > 150
        moved.append((by_edge(after)["effect"] - tested["effect"]).reindex(tested.index).mean())
        found.append((after["pvalue"].dropna() <= 0.05).mean())
    assert abs(2 ** np.mean(moved) - 1) < 0.01
    assert np.mean(found) < 0.07
