"""Columns that are sums of others: the same in every container, order and format, and nothing of the matrix changes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from commscore.core.read.matrix import cell_sums, gene_major
from commscore.core.read.sums import OneBlock, WithSums
from commscore.core.read.tiles import ALONE, load

MEMBERS = ((0, 3), (4, 1, 2))


def slow(x, *, is_log):
    """Every virtual gene, cell by cell."""
    out = np.zeros((x.shape[0], len(MEMBERS)))
    for cell in range(x.shape[0]):
        for number, members in enumerate(MEMBERS):
            values = [float(x[cell, m]) for m in members]
            out[cell, number] = np.log1p(sum(np.expm1(v) for v in values)) if is_log else sum(values)
    return out


@pytest.fixture
def values():
    rng = np.random.default_rng(3)
    return np.where(rng.random((40, 6)) < 0.4, rng.gamma(2.0, 1.0, (40, 6)), 0.0)


FORMATS = {
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_matrix,
    "csr_array": sparse.csr_array,
    "dense": np.asarray,
    "fortran": np.asfortranarray,
}


@pytest.mark.parametrize("is_log", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", FORMATS)
def test_sums_are_those_of_every_cell(values, kind, dtype, is_log):
    x = values.astype(dtype)
    matrix = FORMATS[kind](x)
    before = matrix.copy()
    columns = np.array([5, 7, 0, 6])
    found = load(WithSums(matrix, MEMBERS, is_log).only(columns))
    assert sparse.issparse(found) == sparse.issparse(matrix)
    assert found.dtype == dtype
    found = found.toarray() if sparse.issparse(found) else found
    expected = slow(x, is_log=is_log)
    np.testing.assert_array_equal(found[:, [0, 2]], x[:, [5, 0]])  # its own columns are copied, bit by bit
    np.testing.assert_allclose(found[:, [1, 3]], expected[:, [1, 0]], rtol=1e-6 if dtype == np.float32 else 1e-14)
    np.testing.assert_array_equal(found[:, [1, 3]] > 0, expected[:, [1, 0]] > 0)
    assert not (abs(matrix - before)).sum()


def test_the_last_bits_are_the_same_in_every_format_and_order_of_genes(values):
    order = np.array([4, 2, 0, 5, 1, 3])
    place = {int(gene): i for i, gene in enumerate(order)}
    moved = tuple(tuple(place[m] for m in members) for members in MEMBERS)
    at = np.array([6, 7])
    dense = load(WithSums(values, MEMBERS, is_log=True).only(at))
    for matrix, members in ((values[:, order], moved), (sparse.csr_matrix(values[:, order]), moved)):
        found = load(WithSums(matrix, members, is_log=True).only(at))
        np.testing.assert_array_equal(found.toarray() if sparse.issparse(found) else found, dense)


def test_entries_that_are_stored_in_parts_are_one_value_and_stored_zeros_are_none():
    data, indices = np.array([1.0, 0.5, 2.0, 0.0]), np.array([0, 0, 3, 1])
    matrix = sparse.csr_matrix((data, indices, np.array([0, 3, 4])), shape=(2, 6))
    columns = gene_major(
        WithSums(matrix, MEMBERS, is_log=True), cells=np.arange(2), columns=np.array([6, 7]), team=ALONE
    )
    assert columns.indptr.tolist() == [0, 1, 1]
    assert columns.data[0] == pytest.approx(np.log1p(np.expm1(1.5) + np.expm1(2.0)))


def test_shape_and_sums_of_cells_are_those_of_the_matrix_itself(values):
    with_sums = WithSums(sparse.csr_matrix(values), MEMBERS, is_log=False)
    assert with_sums.shape == values.shape
    cells = np.array([3, 1, 17])
    np.testing.assert_allclose(cell_sums(with_sums, cells)[0], values[cells].sum(axis=1))
    np.testing.assert_allclose(cell_sums(with_sums, cells)[1], (values[cells] ** 2).sum(axis=1))


def test_columns_of_columns(values):
    blocks = WithSums(values, MEMBERS, is_log=False).only(np.array([7, 0, 6]))
    assert blocks.shape == (40, 3)
    np.testing.assert_array_equal(load(blocks.only(np.array([2, 0]))), load(blocks)[:, [2, 0]])
    np.testing.assert_array_equal(load(OneBlock(values).only(np.array([2, 0]))), values[:, [2, 0]])
