from __future__ import annotations

import numpy as np
import pytest

from commscore.arrays import GeneColumns
from commscore.stats.analytic import Pairs, Products, keys_of, spread, summarise


def gene_major(x, dtype=np.float32):
    rows = [np.nonzero(column)[0] for column in x.T]
    data = np.concatenate([x[r, g] for g, r in enumerate(rows)]).astype(dtype)
    indptr = np.concatenate([[0], np.cumsum([r.size for r in rows])])
    return GeneColumns.of(data, np.concatenate(rows).astype(np.uint32), indptr, n_cells=len(x))


def cells(n, g, *, seed=0):
    """Expression with a shared factor, so that genes correlate."""
    rng = np.random.default_rng(seed)
    factor = rng.lognormal(0, 1, (n, 1))
    counts = rng.poisson(factor * rng.lognormal(-1.5, 1, g))
    return np.log1p(counts * rng.lognormal(0, 0.3, (n, 1))).astype(np.float32).astype(float)


def test_moments_are_those_of_all_cells():
    x = cells(1203, 17)
    s = summarise(gene_major(x))
    np.testing.assert_array_equal(s.n_nonzero, (x > 0).sum(axis=0))
    np.testing.assert_allclose(s.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(s.deviance, ((x - x.mean(axis=0)) ** 2).sum(axis=0), rtol=1e-10)


def test_float32_and_float64_give_the_same():
    x = cells(500, 5)
    a, b = summarise(gene_major(x)), summarise(gene_major(x, np.float64))
    np.testing.assert_array_equal(a.counts, b.counts)
    np.testing.assert_array_equal(a.sums, b.sums)


def test_ranges_change_no_bit():
    columns = gene_major(cells(400, 30))

    def backwards(work, n):
        for start in reversed(range(0, n, 7)):
            work(start, min(n, start + 7))

    a, b = summarise(columns), summarise(columns, run=backwards)
    assert a.sums.tobytes() == b.sums.tobytes()
    assert a.squares.tobytes() == b.squares.tobytes()


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_sample_is_64_evenly_spaced_blocks_of_the_cells_in_use(share):
    used = np.random.default_rng(0).random(4000) < share
    cells = np.flatnonzero(used)
    np.testing.assert_array_equal(spread(used, n_cells=cells.size), [[0, 4000]])
    few = spread(used, n_cells=640)
    rows = np.concatenate([np.arange(a, b) for a, b in few])
    starts = np.arange(64) * cells.size // 64
    np.testing.assert_array_equal(np.intersect1d(rows, cells), cells[(starts[:, None] + np.arange(10)).ravel()])


def test_correlations_of_the_pairs_asked_for():
    x = cells(900, 8)
    columns = gene_major(x)
    first, second = np.array([3, 0, 5, 5, 2]), np.array([1, 7, 5, 6, 3])
    pairs = Pairs.of(Products.of(columns, keys_of(8, first, second)))
    np.testing.assert_array_equal(pairs.keys, [7, 8 + 3, 16 + 3, 40 + 6])
    np.testing.assert_allclose(pairs.between(first, second), np.corrcoef(x.T)[first, second], atol=1e-10)
    both = (x[:, 1] > 0) & (x[:, 3] > 0)
    want = [both.mean(), (x[:, 1] * both).mean(), (x[:, 3] * both).mean()]
    np.testing.assert_allclose(pairs.shared[1], want, rtol=1e-12)


def test_a_gene_that_is_constant_correlates_with_nothing():
    x = cells(100, 3)
    x[:, 1] = 2.0
    columns = gene_major(x)
    pairs = Pairs.of(Products.of(columns, keys_of(3, np.array([0]), np.array([1]))))
    assert pairs.correlation[0] == 0.0


def test_products_of_chunks_add_up_if_they_are_of_the_same_pairs():
    x, keys = cells(300, 4), keys_of(4, np.array([0, 1]), np.array([1, 3]))
    whole = Products.of(gene_major(x), keys)
    both = Products.of(gene_major(x[:100]), keys) + Products.of(gene_major(x[100:]), keys)
    assert both.n_cells == 300
    np.testing.assert_allclose(both.shared, whole.shared, rtol=1e-12)
    np.testing.assert_allclose(both.sums, whole.sums, rtol=1e-12)
    with pytest.raises(ValueError, match="same `keys`"):
        whole + Products.of(gene_major(x), keys[:1])


def test_wrong_data_are_refused():
    with pytest.raises(TypeError, match="float32 or float64, found int64"):
        GeneColumns.of(np.ones(3, np.int64), np.zeros(3, np.uint32), np.array([0, 3]), n_cells=5)
    with pytest.raises(ValueError, match="one shape"):
        GeneColumns.of(np.ones(3), np.zeros(2, np.uint32), np.array([0, 3]), n_cells=5)
