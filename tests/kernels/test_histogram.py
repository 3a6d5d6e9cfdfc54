from __future__ import annotations

import numpy as np
import pytest

from commscore.kernels import histogram as kernels


def columns(rng, *, n_cells, density, dtype=np.float32):
    """Random gene-major columns, one gene per density."""
    data, rows, indptr = [], [], [0]
    for d in density:
        cells = np.nonzero(rng.random(n_cells) < d)[0]
        data.append(rng.gamma(2.0, 1.0, cells.size).astype(dtype) + dtype(0.01))
        rows.append(cells.astype(np.uint32))
        indptr.append(indptr[-1] + cells.size)
    return np.concatenate(data), np.concatenate(rows), np.array(indptr, np.int64)


def dense(data, rows, indptr, n_cells):
    out = np.zeros((n_cells, indptr.size - 1))
    for g in range(indptr.size - 1):
        out[rows[indptr[g] : indptr[g + 1]], g] = data[indptr[g] : indptr[g + 1]]
    return out


def run(data, indptr, *, ranges=None, function=kernels.histogram):
    g = indptr.size - 1
    counts, sums, centres, squares = np.zeros((g, 128)), np.zeros((g, 128)), np.zeros(g), np.zeros(g)
    single = data.dtype == np.float32
    bits, shift, bias = (
        (data.view(np.uint32), np.uint64(20), 127) if single else (data.view(np.uint64), np.uint64(49), 1023)
    )
    for start, stop in ranges or [(0, g)]:
        c, s, q = np.empty((4, 128), np.int64), np.empty((4, 128)), np.empty(4)
        function(
            data, bits, shift, (bias - 12) << 3, indptr, c, s, q, start, stop, counts, sums, centres, squares
        )  # fmt: skip
    return counts, sums, centres, squares


DENSITY = (0.5, 0.1, 0.0, 0.9, 0.003, 0.02)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bins_are_eighths_of_octaves_with_exact_sums(dtype):
    data, _, indptr = columns(np.random.default_rng(0), n_cells=997, density=DENSITY, dtype=dtype)
    counts, sums, centres, squares = run(data, indptr)
    exponent, edge = np.floor(np.log2(data.astype(float))), None
    for g in range(len(DENSITY)):
        x = data[indptr[g] : indptr[g + 1]].astype(float)
        e = exponent[indptr[g] : indptr[g + 1]]
        edge = np.clip(8 * (e + 12) + np.floor(8 * (x / 2.0**e - 1)), 0, 127).astype(int)
        np.testing.assert_array_equal(counts[g], np.bincount(edge, minlength=128))
        np.testing.assert_allclose(sums[g], np.bincount(edge, x, minlength=128), rtol=1e-12)
        if x.size:
            np.testing.assert_allclose(centres[g], x.mean(), rtol=1e-12)
            np.testing.assert_allclose(squares[g], ((x - x.mean()) ** 2).sum(), rtol=1e-10, atol=1e-12)


def test_values_outside_the_bins_keep_their_sum():
    data = np.array([1e-9, 1e-30, 1e9, 3e38, 1.0], np.float32)
    counts, sums, _, _ = run(data, np.array([0, 5]))
    assert counts[0, 0] == 2
    assert counts[0, 127] == 2
    assert counts.sum() == 5
    np.testing.assert_allclose(sums[0, 127], 1e9 + float(data[3]))


def test_nearly_equal_values_keep_their_variance():
    data = (1000.0 + np.random.default_rng(1).normal(0, 1e-6, 4001)).astype(np.float64)
    squares = run(data, np.array([0, data.size]))[3]
    np.testing.assert_allclose(squares[0], ((data - data.mean()) ** 2).sum(), rtol=1e-4)


def test_ranges_change_no_bit_and_the_compiled_kernel_is_its_source():
    data, _, indptr = columns(np.random.default_rng(2), n_cells=300, density=DENSITY)
    whole = run(data, indptr)
    parts = run(data, indptr, ranges=[(4, 6), (0, 1), (1, 4)])
    source = run(data, indptr, function=kernels.histogram.py_func)
    for a, b, c in zip(whole, parts, source, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_cross_products_against_dense_products():
    n = 500
    data, rows, indptr = columns(np.random.default_rng(3), n_cells=n, density=DENSITY)
    x = dense(data, rows, indptr, n)
    first, second = (a.ravel() for a in np.triu_indices(len(DENSITY)))
    out, parts, source = (np.empty((first.size, 4)) for _ in range(3))
    kernels.cross_products(data, rows, indptr, np.zeros(n), first, second, 0, first.size, out)
    for a, b in ((0, 3), (3, first.size)):
        kernels.cross_products(data, rows, indptr, np.zeros(n), first, second, a, b, parts)
    kernels.cross_products.py_func(data, rows, indptr, np.zeros(n), first, second, 0, first.size, source)
    for p, (a, b) in enumerate(zip(first, second, strict=True)):
        both = (x[:, a] > 0) & (x[:, b] > 0)
        want = [both.sum(), x[both, a].sum(), x[both, b].sum(), (x[:, a] * x[:, b]).sum()]
        np.testing.assert_allclose(out[p], want, rtol=1e-12)
    np.testing.assert_array_equal(out, parts)
    np.testing.assert_array_equal(out, source)


def test_blocks_of_cells_are_copied_without_gaps():
    n = 400
    data, rows, indptr = columns(np.random.default_rng(4), n_cells=n, density=DENSITY)
    edges = np.array([0, 7, 50, 51, 200, 260, 390, 400], np.int64)
    g = len(DENSITY)
    bounds = np.empty((g, edges.size), np.int64)
    for a, b in ((2, g), (0, 2)):
        kernels.blocks_of_rows(rows, indptr, edges, a, b, bounds)
    ends = np.concatenate([[0], np.cumsum((bounds[:, 1::2] - bounds[:, ::2]).sum(axis=1))])
    out_data, out_rows = np.empty(ends[-1], np.float32), np.empty(ends[-1], np.uint32)
    kernels.copy_blocks(data, rows, bounds, edges, ends, 0, g, out_data, out_rows)
    chosen = np.concatenate([np.arange(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)])
    np.testing.assert_array_equal(dense(out_data, out_rows, ends, chosen.size), dense(data, rows, indptr, n)[chosen])
