"""Columns of a few genes are those of all genes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from commscore.arrays import Groups
from commscore.core.read.cells import CellReader
from commscore.core.read.columns import around
from commscore.core.read.matrix import gene_major
from commscore.core.threads import team

N, VARS = 700, 20
COLUMNS = np.array([5, 0, 19, 7, 3])


def reading(make, threads, *, dtype=np.float32, everything=False):
    rng = np.random.default_rng(0)
    x = np.log1p(rng.poisson(0.7, (N, VARS)) * rng.lognormal(0, 0.3, (N, 1))).astype(dtype)
    cells = None if everything else np.sort(rng.permutation(N)[:600])
    n = N if cells is None else cells.size
    groups = Groups.of(rng.integers(0, 3, n), 3)
    return CellReader(make(x), cells, groups, COLUMNS, threads, order=lambda: np.random.default_rng(1).permutation(n))


def twice(x):
    """CSR in which every entry is stored in two halves."""
    m = sparse.csr_matrix(x)
    return sparse.csr_matrix((np.repeat(m.data / 2, 2), np.repeat(m.indices, 2), m.indptr * 2), shape=x.shape)


@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, np.asarray, twice])
def test_columns_of_a_few_genes_are_those_of_all(make, dtype, everything):
    with team(1) as threads:
        r = reading(make, threads, dtype=dtype, everything=everything)
        whole = gene_major(r.matrix, cells=r.placed, columns=COLUMNS, team=threads)
        some = r.read_again(np.array([1, 4])).columns
    assert some.n_genes == whole.n_genes
    assert some.extent == whole.extent
    for g in range(COLUMNS.size):
        a, b = (slice(c.indptr[g], c.indptr[g + 1]) for c in (some, whole))
        if g in (1, 4):
            np.testing.assert_array_equal(some.data[a], whole.data[b])
            np.testing.assert_array_equal(some.rows[a], whole.rows[b])
        else:
            assert a.start == a.stop


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, np.asarray, twice])
def test_statistics_are_of_the_cells_in_use_in_their_groups(make):
    with team(1) as threads:
        r = reading(make, threads)
        cells, statistics = r.read(), r.statistics
    whole = cells.columns
    for g in range(COLUMNS.size):
        own = slice(whole.indptr[g], whole.indptr[g + 1])
        want = np.bincount(cells.groups.labels[whole.rows[own]], whole.data[own], minlength=3)
        np.testing.assert_allclose(statistics.total[g], want, rtol=1e-6)
    np.testing.assert_array_equal(statistics.sizes, r.groups.sizes)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, np.asarray])
def test_rows_around_some_cells_are_a_view(make):
    rng = np.random.default_rng(0)
    x = make(rng.poisson(0.5, (50, 6)).astype(np.float32))
    cells = np.array([12, 13, 30])
    rows, start = around(x, cells)
    np.testing.assert_array_equal(_dense(rows[cells - start]), _dense(x[cells]))
    own, theirs = (m.data if sparse.issparse(m) else m for m in (rows, x))
    assert np.shares_memory(own, theirs)


def _dense(rows):
    return rows.toarray() if sparse.issparse(rows) else rows


def test_columns_of_a_few_genes_are_right_where_picking_them_fails(monkeypatch):
    """Rows that do not hold what the statistics counted are laid out as a whole."""
    from commscore.core.read import cells as module

    monkeypatch.setattr(module, "pick", lambda *_: False)
    with team(1) as threads:
        r = reading(sparse.csr_matrix, threads)
        whole, some = r.read().columns, r.read_again(np.array([1, 4])).columns
    for g in (1, 4):
        a, b = (slice(c.indptr[g], c.indptr[g + 1]) for c in (some, whole))
        np.testing.assert_array_equal(some.data[a], whole.data[b])
        np.testing.assert_array_equal(some.rows[a], whole.rows[b])
