"""One pass over blocks against NumPy on the dense matrix."""

from __future__ import annotations

import pickle
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from scipy import sparse

from commscore.core.read.statistics import UNUSED, ReadRequest, block_statistics
from commscore.core.threads import team
from commscore.stats.analytic import keys_of

N, VARS, GROUPS = 9000, 12, 3
COLUMNS = np.array([7, 0, 3, 11, 4])
GENES = COLUMNS.size


def made(dtype=np.float32, *, n=N):
    """Log-normalised values, and labels of which some cells have none."""
    rng = np.random.default_rng(0)
    x = np.log1p(rng.poisson(rng.lognormal(-1, 1, VARS), (n, VARS)) * rng.lognormal(0, 0.3, (n, 1))).astype(dtype)
    x[:, 3] = 1.25
    labels = rng.integers(0, GROUPS + 1, n).astype(np.uint16)
    labels[labels == GROUPS] = UNUSED
    return x, labels


def wanted(labels, **options):
    keys = keys_of(GENES, np.array([0, 1, 4, 2]), np.array([1, 4, 3, 2]))
    options = {"keys": keys, "linear": True, "background": True} | options
    return ReadRequest.of(COLUMNS, labels, n_vars=VARS, n_groups=GROUPS, **options)


CONTAINERS = {
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_array,
    "dense": np.asarray,
    "fortran": np.asfortranarray,
    "long": lambda x: sparse.csr_matrix((sparse.csr_matrix(x).data, *_long(x)), shape=x.shape),
    "coo": sparse.coo_matrix,
}


def _long(x):
    m = sparse.csr_matrix(x)
    return m.indices.astype(np.int64), m.indptr.astype(np.int64)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_statistics_are_those_of_the_dense_matrix(container, dtype):
    x, labels = made(dtype)
    p = block_statistics(CONTAINERS[container](x), labels, wanted(labels))
    x = x.astype(float)
    own = x[:, COLUMNS]
    of = np.eye(GROUPS + 1)[np.where(labels == UNUSED, GROUPS, labels)][:, :GROUPS]
    np.testing.assert_array_equal(p.sizes, of.sum(axis=0))
    np.testing.assert_allclose(p.total, own.T @ of, rtol=1e-12)
    np.testing.assert_array_equal(p.expressed, (own > 0).T @ of)
    np.testing.assert_allclose(p.linear, np.expm1(own).T @ of, rtol=1e-12)
    np.testing.assert_allclose(p.level, [x.mean(axis=1) @ of, (x**2).mean(axis=1) @ of], rtol=1e-12)
    used = own[labels != UNUSED]
    assert p.extent == (used[used > 0].min(), used.max())
    assert p.whole == (dtype is np.int32)
    summary = p.bins.summary(p.n_cells)
    np.testing.assert_allclose(summary.mean, used.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(summary.deviance, ((used - used.mean(axis=0)) ** 2).sum(axis=0), rtol=1e-9, atol=1e-9)
    keys = p.products.keys
    np.testing.assert_allclose(p.products.shared[:, 3], (used[:, keys // GENES] * used[:, keys % GENES]).sum(axis=0))
    np.testing.assert_allclose(p.products.sums, np.stack([used.sum(axis=0), (used**2).sum(axis=0)], axis=1))


def same(a, b):
    """Whether two statistics have the same bytes."""
    return pickle.dumps(a) == pickle.dumps(b)


@pytest.mark.parametrize("container", ["csr", "csc", "dense"])
def test_threads_change_no_bit(container):
    x, labels = made()
    block, asked = CONTAINERS[container](x), wanted(labels)
    with team(2) as two:
        assert same(block_statistics(block, labels, asked), block_statistics(block, labels, asked, team=two))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_of_any_size_add_up(dtype):
    x, labels = made(dtype)
    asked, m = wanted(labels), sparse.csr_matrix(x)
    whole = block_statistics(m, labels, asked)
    for edges in ([0, 1, 2, 4000, 8999, N], [0, 0, 6000, N]):
        blocks = list(pairwise(edges))
        parts = [block_statistics(m[a:b], labels[a:b], asked, first=a) for a, b in blocks]
        for both in (reduce(add, parts), reduce(add, parts[::-1])):
            assert same(both.bins.summary(N), whole.bins.summary(N))
            np.testing.assert_array_equal(both.expressed, whole.expressed)
            np.testing.assert_allclose(both.total, whole.total, rtol=0 if dtype is np.float32 else 1e-12)
            np.testing.assert_allclose(both.products.shared, whole.products.shared, rtol=1e-12)
            np.testing.assert_allclose(both.linear, whole.linear, rtol=1e-12)
            np.testing.assert_allclose(both.level, whole.level, rtol=1e-12)
            assert both.extent == whole.extent


def test_parts_travel_between_processes():
    x, labels = made(n=300)
    part = block_statistics(sparse.csr_matrix(x), labels, wanted(labels))
    there = pickle.loads(pickle.dumps(part))  # noqa: S301 -- our own bytes
    assert same(there, part)
