"""Totals and histograms in whole numbers: compiled kernels against their source, values against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from commscore.arrays import HIGH, LOW, NOT_FINITE
from commscore.kernels import scan
from commscore.stats.analytic import Bins
from commscore.stats.analytic.summary import as_bits, tables

N, GENES, GROUPS = 40, 5, 3


def values(dtype):
    rng = np.random.default_rng(0)
    x = (rng.gamma(2.0, 1.0, (N, GENES)) * (rng.random((N, GENES)) < 0.6)).astype(dtype)
    x[3, 1], x[4, 2] = 1e-6, 300.0
    labels = rng.integers(0, GROUPS, N).astype(np.uint16)
    labels[::7] = scan.UNUSED
    return x, labels


def run(kind, x, labels, *, compiled):
    """Totals, bins, rest and what was seen, of all values."""
    totals, bins, rest = tables(GROUPS, GENES, x.dtype)
    seen, out = scan.nothing_seen(), (totals, bins, rest)
    kernel = {"csr": scan.rows_csr, "csc": scan.columns_csc, "dense": scan.rows_dense}[kind]
    kernel = kernel if compiled else kernel.py_func
    if kind == "dense":
        kernel(x, as_bits(x), 0, N, labels, np.arange(GENES), *out, seen)
    elif kind == "csr":
        m = sparse.csr_matrix(x)
        gene_of = np.arange(GENES, dtype=np.uint32)
        kernel(m.data, as_bits(m.data), m.indices, m.indptr, 0, N, labels, gene_of, *out, seen)
    else:
        m = sparse.csc_matrix(x)
        kernel(m.data, as_bits(m.data), m.indices, m.indptr, np.arange(GENES), labels, 0, *out, seen)
    return *out, seen


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
def test_the_compiled_kernel_is_its_source(kind, dtype):
    x, labels = values(dtype)
    for a, b in zip(run(kind, x, labels, compiled=True), run(kind, x, labels, compiled=False), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bins_are_eighths_of_octaves_with_exact_sums(dtype):
    x, labels = values(dtype)
    _, bins, rest, seen = run("csr", x, labels, compiled=True)
    made = Bins.read(bins, rest, extent=(seen[LOW], seen[HIGH]))
    summary, used = made.summary(N), x[labels != scan.UNUSED].astype(float)
    for g in range(GENES):
        v = used[used[:, g] > 0, g]
        exponent = np.floor(np.log2(v))
        number = (8 * (exponent + 127) + np.floor(8 * (v / 2.0**exponent - 1))).astype(int) - made.first
        size = summary.counts.shape[1]
        np.testing.assert_array_equal(summary.counts[g], np.bincount(number, minlength=size))
        np.testing.assert_allclose(summary.sums[g], np.bincount(number, v, minlength=size), rtol=1e-14)
        np.testing.assert_allclose(summary.squares[g], ((v - v.mean()) ** 2).sum(), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gene_that_is_the_same_everywhere_has_no_deviance(dtype):
    x = np.full((N, GENES), np.log1p(0.7)).astype(dtype)
    _, bins, rest, _ = run("dense", x, np.zeros(N, np.uint16), compiled=True)
    assert (Bins.read(bins, rest, extent=(0.1, 1.0)).summary(N).deviance == 0).all()


@pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
def test_what_is_no_expression_is_seen_and_left_out(kind):
    x, labels = values(np.float32)
    labels[:] = 0
    clean = run(kind, np.where(np.arange(N)[:, None] < 3, 0, x).astype(np.float32), labels, compiled=True)
    x[:3] = 0
    x[0, 0], x[1, 0], x[2, 0] = np.nan, np.inf, -2.0
    dirty = run(kind, x, labels, compiled=True)
    for a, b in zip(clean[:3], dirty[:3], strict=True):
        np.testing.assert_array_equal(a, b)
    assert dirty[3][NOT_FINITE] == 1
    assert dirty[3][LOW] == -2
