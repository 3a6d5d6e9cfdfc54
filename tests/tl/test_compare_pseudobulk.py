"""Sums of counts by sample and group, against pandas, whatever the container."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

import commscore as cs
from commscore.core.log_rates import log_cpm, log_rates
from commscore.core.read.pseudobulk import pseudobulk
from commscore.core.threads import team
from commscore.kernels import pseudobulk as kernel


@pytest.fixture
def counts():
    rng = np.random.default_rng(1)
    x = rng.poisson(0.7, (83, 9))
    sample, group = rng.integers(0, 4, 83), rng.integers(0, 3, 83)
    sample[(sample == 2) & (group == 1)] = 0  # an empty sample × group
    return x, sample, group


def unsorted_csr(x):
    m = sparse.csr_matrix(x)
    for row in range(m.shape[0]):
        part = slice(m.indptr[row], m.indptr[row + 1])
        m.indices[part], m.data[part] = m.indices[part][::-1].copy(), m.data[part][::-1].copy()
    m.has_sorted_indices = False
    return m


def in_parts(x):
    """Every value stored as two entries, and zeros stored too."""
    row, column = np.nonzero(x)
    value = x[row, column]
    first = value // 2
    rows, columns = np.concatenate([row, row, [0]]), np.concatenate([column, column, [0]])
    order = np.argsort(rows, kind="stable")
    data = np.concatenate([first, value - first, [0]])[order]
    indptr = np.searchsorted(rows[order], np.arange(x.shape[0] + 1))
    return sparse.csr_matrix((data, columns[order], indptr), shape=x.shape)


CONTAINERS = {
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_matrix,
    "coo": sparse.coo_matrix,
    "dense": np.asarray,
    "fortran": np.asfortranarray,
    "unsorted": unsorted_csr,
    "parts": in_parts,
    "parts csc": lambda x: sparse.csc_matrix((lambda m: (m.data, m.indices, m.indptr))(in_parts(x.T)), shape=x.shape),
    "array": sparse.csr_array,
}


def expected(x, sample, group, columns):
    frame = pd.DataFrame(x).assign(sample=sample, group=group)
    grouped = frame.groupby(["sample", "group"])
    index = pd.MultiIndex.from_product([range(4), range(3)])
    values = list(range(x.shape[1]))
    total = grouped[values].sum().reindex(index, fill_value=0)
    prop = (frame[values] > 0).groupby([frame["sample"], frame["group"]]).mean().reindex(index)
    return (
        total[columns].to_numpy().reshape(4, 3, -1),
        total.sum(axis=1).to_numpy().reshape(4, 3),
        grouped.size().reindex(index, fill_value=0).to_numpy().reshape(4, 3),
        prop[columns].to_numpy().reshape(4, 3, -1),
    )


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8, np.float64, np.int64])
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_sums_equal_pandas(counts, container, dtype, n_jobs):
    x, sample, group = counts
    columns = np.array([7, 0, 3])
    matrix = CONTAINERS[container](x.astype(dtype))
    with team(n_jobs) as threads:
        got = pseudobulk(
            matrix, cells=np.arange(83), sample=sample, group=group, shape=(4, 3), columns=columns, team=threads
        )
    for value, wanted in zip((got.counts, got.library, got.n_cells, got.prop), expected(x, sample, group, columns)):
        np.testing.assert_array_equal(value, wanted)
    assert got.seen == 0


@pytest.mark.parametrize("container", ["csr", "csc", "dense"])
def test_some_cells_only(counts, container):
    x, sample, group = counts
    cells = np.flatnonzero(np.arange(83) % 3 > 0)
    with team(1) as threads:
        got = pseudobulk(CONTAINERS[container](x), cells=cells, sample=sample[cells], group=group[cells], shape=(4, 3),
                         columns=np.arange(9), team=threads)  # fmt: skip
    want = expected(x[cells], sample[cells], group[cells], list(range(9)))
    np.testing.assert_array_equal(got.counts, want[0])
    np.testing.assert_array_equal(got.library, want[1])


@pytest.mark.parametrize("container", ["csr", "csc", "dense"])
@pytest.mark.parametrize(
    ("value", "bit"), [(0.5, kernel.FRACTIONAL), (-1, kernel.NEGATIVE), (np.nan, kernel.NOT_FINITE)]
)
def test_what_is_no_count_is_seen(counts, container, value, bit):
    x, sample, group = counts
    x = x.astype(float)
    x[40, 5] = value  # a gene that is not asked for
    with team(1) as threads:
        got = pseudobulk(CONTAINERS[container](x), cells=np.arange(83), sample=sample, group=group, shape=(4, 3),
                         columns=np.array([0]), team=threads)  # fmt: skip
    assert got.seen & bit


def bulk_of(x, sample, group):
    with team(1) as threads:
        return pseudobulk(x, cells=np.arange(len(x)), sample=sample, group=group, shape=(4, 3),
                          columns=np.arange(x.shape[1]), team=threads)  # fmt: skip


def test_log_cpm_by_hand(counts):
    x, sample, group = counts
    bulk = bulk_of(x, sample, group)
    got = log_cpm(bulk, min_cells=3)
    for k in range(3):
        used = [s for s in range(4) if bulk.n_cells[s, k] >= 3]
        mean = np.mean([bulk.library[s, k] for s in used])
        for s in range(4):
            if s not in used:
                assert np.isnan(got[s, k]).all()
                continue
            prior = 0.5 * bulk.library[s, k] / mean
            total = sum(bulk.counts[u, k] for u in used)
            share = bulk.library[s, k] / sum(bulk.library[u, k] for u in used)
            m = total * share
            want = np.log2((bulk.counts[s, k] + prior + m * (1 - share) / (2 * (m + prior))) / bulk.library[s, k] * 1e6)
            left = mean_log2(total, share, prior + m * (1 - share) / (2 * (m + prior))) - np.log2(m + prior)
            want -= np.where((m > 0) & (m < 16), left, 0.0)
            np.testing.assert_allclose(got[s, k], want, rtol=1e-12)
    assert np.isnan(got[2, 1]).all()


def mean_log2(total, share, added):
    """Mean of log2(X + added) over binomial X: ``share`` of ``total`` counts."""
    k = np.arange(3000)[:, None]
    return (stats.binom.pmf(k, total, share) * np.log2(k + added)).sum(axis=0)


@pytest.mark.parametrize("depth", [0.5, 0.25, 0.05])
@pytest.mark.parametrize("total", [1, 2, 5, 15, 40, 200])
def test_depth_alone_moves_nothing(depth, total):
    """Counts shared out by depth: the mean over all ways to do so is the same in both samples."""
    library = np.array([1.0, depth]) * 1e5
    first = np.arange(total + 1.0)
    counts = np.stack([first, total - first])
    chance = stats.binom.pmf(first, total, 1 / (1 + depth))
    value = log_rates(counts, library[:, None] * np.ones(total + 1))
    mean = (value * chance).sum(axis=1)
    np.testing.assert_allclose(mean[1] - mean[0], 0, atol=2e-3 if total > 15 else 1e-9)
    prior, expected = 0.5 * library / library.mean(), total * library / library.sum()
    half = expected * library[::-1] / library.sum() / (2 * (expected + prior))
    plain = np.log2((counts + (prior + half)[:, None]) / library[:, None] * 1e6)
    quick = log_rates(counts, library[:, None] * np.ones(total + 1), exact=False)
    np.testing.assert_allclose(quick, plain, rtol=1e-12)
    np.testing.assert_allclose(value[expected >= 16], plain[expected >= 16], rtol=1e-12)


def simulated(**kwargs):
    return cs.ds.simulate(n_samples=2, n_cells=60, n_background=40, rng=3, **kwargs)


def test_counts_are_found_where_they_are():
    from commscore.study.counts import raw_counts

    a = simulated()
    a.layers["other"] = a.layers["counts"].copy()
    assert raw_counts(a, counts_layer="other", use_raw=False).name == "adata.layers['other']"
    assert raw_counts(a, counts_layer=None, use_raw=False).name == "adata.layers['counts']"
    del a.layers["counts"]
    assert raw_counts(a, counts_layer=None, use_raw=False).name == "adata.X"
    a.raw = a.copy()
    a.X = a.X.multiply(0.37).tocsr()
    assert raw_counts(a, counts_layer=None, use_raw=False).name == "adata.raw.X"
    assert raw_counts(a, counts_layer=None, use_raw=True).name == "adata.raw.X"
    a.X = None
    assert raw_counts(a, counts_layer=None, use_raw=False).name == "adata.raw.X"


@pytest.mark.parametrize("change", [lambda x: x * np.random.default_rng(0).uniform(0.5, 1.5, x.shape), lambda x: x - 1])
def test_without_counts_the_error_says_what_to_do(change):
    from commscore.study.counts import raw_counts

    a = simulated()
    normal = ad.AnnData(np.asarray(change(a.X.toarray())), obs=a.obs, var=a.var)
    with pytest.raises(ValueError, match=r"no raw counts found: adata\.X holds .*adata\.layers\['counts'\]"):
        raw_counts(normal, counts_layer=None, use_raw=False)
    normal.layers["norm"] = normal.X
    if (normal.X < 0).any():
        with pytest.raises(ValueError, match=r"layers\['norm'\] holds negative values"):
            raw_counts(normal, counts_layer="norm", use_raw=False)
    else:  # whoever names values with fractions calls them counts: corrected ones
        assert raw_counts(normal, counts_layer="norm", use_raw=False).fractional
    with pytest.raises(KeyError, match=r"layer='nrm' is not in adata.layers .*did you mean 'norm'"):
        raw_counts(normal, counts_layer="nrm", use_raw=False)
