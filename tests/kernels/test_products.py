from __future__ import annotations

import numpy as np

from commscore.kernels import products as kernels


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


DENSITY = (0.5, 0.1, 0.0, 0.9, 0.003, 0.02)


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
