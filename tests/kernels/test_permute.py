"""Kernels: compiled and interpreted give the same, and labellings are what they claim to be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import reference
from commscore.arrays import NOT_FINITE, GeneColumns, Groups
from commscore.core.permute import schemes
from commscore.core.read.columns import snap
from commscore.core.read.matrix import gene_major
from commscore.core.threads import Team, team
from commscore.kernels import groups as group_kernels
from commscore.kernels import layout, permute, rng


def one_worker():
    return Team(1, None)


@pytest.mark.parametrize("stream", [0, 1, 2**64 - 1])
@pytest.mark.parametrize("n", [2, 3, 50])
def test_shuffle_is_the_documented_one(n, stream):
    values = np.arange(n)
    rng.shuffle(values, np.uint64(12345), np.uint64(stream))
    np.testing.assert_array_equal(values, reference.shuffled(range(n), 12345, stream))


def test_shuffle_is_uniform_over_orders():
    counts = {}
    for stream in range(12_000):
        values = np.arange(4)
        rng.shuffle(values, np.uint64(1), np.uint64(stream))
        counts[tuple(values)] = counts.get(tuple(values), 0) + 1
    assert len(counts) == 24
    chi2 = sum((c - 500) ** 2 / 500 for c in counts.values())
    assert chi2 < 49.7  # 0.999 quantile, 23 degrees of freedom


def means(scheme, labels, x, n_perms, width):
    """Group means of all permutations, genes × groups × permutations, through the scheme."""
    order = schemes.order(scheme, key=11, n_cells=labels.size)
    groups = Groups.of(labels[order], labels.max() + 1)
    made = schemes.make(scheme, groups=groups, n_perms=n_perms, key=11)
    columns = gene_major(x, cells=order, columns=np.arange(x.shape[1]), team=one_worker())
    snap(columns, one_worker())
    slots = np.arange(x.shape[1] * groups.n).reshape(x.shape[1], groups.n)
    parts = []
    for block in made.blocks(columns, width, one_worker()):
        out = np.full((slots.size, block.columns), np.nan)
        block.fill(np.arange(x.shape[1]), slots, out)
        parts.append(np.delete(out, block.drop, axis=1))
        of_labels = block.labels(0, block.columns)
        dense = np.zeros((labels.size, x.shape[1]))
        for g in range(x.shape[1]):
            a, b = columns.indptr[g : g + 2]
            dense[columns.rows[a:b], g] = columns.data[a:b]
        again = [reference.group_means(dense, column, groups.n).T for column in of_labels.T]
        np.testing.assert_allclose(out, np.stack(again, axis=2).reshape(out.shape), rtol=1e-12, atol=1e-15)
    return np.concatenate(parts, axis=1).reshape(x.shape[1], groups.n, -1)


SMALL = [(5, [3, 7, 11, 12, 20], 47), (5, [3, 7, 11, 12, 20], 300), (2, [3, 4], 60), (60, [2] * 60, 20)]


@pytest.mark.parametrize("scheme", schemes.NAMES)
@pytest.mark.parametrize("width", [1, 3, 600])
@pytest.mark.parametrize(("k", "sizes", "n_perms"), SMALL)
def test_means_of_all_permutations(scheme, width, k, sizes, n_perms):
    """Also where there are fewer cells than shifts, or than orders, or many groups."""
    generator = np.random.default_rng(2)
    labels = generator.permutation(np.repeat(np.arange(k), sizes))
    x = generator.random((labels.size, 4)) * (generator.random((labels.size, 4)) < 0.5)
    got = means(scheme, labels, x, n_perms, width)
    permuted = reference.labellings(labels, n_perms, 11, scheme)
    expected = np.stack([reference.group_means(x, p, k).T for p in permuted], axis=2)
    assert got.shape == expected.shape
    if scheme == "rotation":  # a block runs through its shifts, then its rotations: the set counts, not the order
        got, expected = (np.array(sorted(v.reshape(-1, n_perms).T.round(12).tolist())) for v in (got, expected))
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scheme", schemes.NAMES)
def test_each_labelling_is_uniform(scheme):
    """Every cell is in every group as often as the group is large, in each permutation of a set.

    The ring gives a cell the label of another cell, each as often: its turns are not repeated.
    """
    labels = np.repeat(np.arange(3), [2, 3, 5])
    hits = np.zeros((10, 3))
    n_keys, n_perms = 400, 6
    for key in range(n_keys):
        for p in reference.labellings(labels, n_perms, key, scheme):
            hits[np.arange(10), p] += 1
    own = np.eye(3)[labels]
    share = (np.array([2, 3, 5]) - own) / 9 if scheme == "ring" else np.array([0.2, 0.3, 0.5])
    expected = n_keys * n_perms * share
    # permutations of one key are dependent: the spread is bounded by that of n_keys independent draws
    sd = n_perms * np.sqrt(n_keys * np.array([0.16, 0.21, 0.25]))
    assert (np.abs(hits - expected) < 4 * sd).all()


def test_ring_is_exactly_valid_in_a_small_sample():
    """P(p ≤ α) ≤ α over all orders of few cells, where anything approximate shows."""
    generator = np.random.default_rng(0)
    x = np.array([0.0, 0.0, 1.0, 2.0, 5.0, 9.0, 10.0])
    labels = np.repeat([0, 1], [3, 4])
    p = []
    for i in range(3000):
        own = generator.permutation(labels)
        statistic = lambda lab: x[lab == 1].mean()  # noqa: E731
        null = [statistic(q) for q in reference.ring(own, 9, i)]
        p.append((1 + sum(v >= statistic(own) - 1e-9 for v in null)) / 10)
    for alpha in (0.1, 0.2, 0.3, 0.5):
        share = np.mean(np.array(p) <= alpha + 1e-9)
        assert share <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / 3000)


@pytest.mark.parametrize("scheme", schemes.NAMES)
def test_no_labelling_twice(scheme):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(3), [20, 30, 50]))
    permuted = reference.labellings(labels, 90, 5, scheme)
    assert len({p.tobytes() for p in permuted} | {labels.astype(int).tobytes()}) == 91


KERNELS = [
    (rng.shuffle, lambda g: (np.arange(9), np.uint64(3), np.uint64(4))),
    (
        permute.fill_slab,
        lambda g: (np.arange(6, dtype=np.uint16), 6, np.uint64(1), 0, np.zeros((6, 3), np.uint16), 0, 3),
    ),
    (group_kernels.snap, lambda g: (g.random(50), 2.0**-9)),
]


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("case", range(len(KERNELS)))
def test_interpreted_equals_compiled(case):
    kernel, make = KERNELS[case]
    one, two, untouched = (make(np.random.default_rng(0)) for _ in range(3))
    kernel(*one)
    kernel.py_func(*two)
    assert not all(np.array_equal(a, b) for a, b in zip(one, untouched, strict=True))  # it wrote
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_interpreted_engine_equals_compiled():
    """The accumulating, reading and counting kernels without compilation, on one small problem."""
    g = np.random.default_rng(5)
    dense = g.random((12, 3)).astype(np.float32) * (g.random((12, 3)) < 0.6)
    m = sparse.csr_matrix(dense)
    results = []
    for pick in (lambda k: k, lambda k: k.py_func):
        counts = np.zeros((1, 3), np.int64)
        gene_of = np.arange(3, dtype=np.int32)
        cells = np.arange(12)
        part_of = np.zeros(12, np.int32)
        seen = pick(layout.count_csr)(m.data, m.indices, m.indptr, part_of, 0, 12, gene_of, counts)
        indptr = np.concatenate([[0], np.cumsum(counts[0])])
        data, rows, cursor = np.empty(m.nnz, np.float32), np.empty(m.nnz, np.uint32), indptr[:-1].copy()
        pick(layout.fill_csr)(m.data, m.indices, m.indptr, cells, 0, gene_of, cursor, data, rows)
        slab = np.repeat(np.arange(4, dtype=np.uint16), 3)[:, None] + np.array([[0, 4]], np.uint16)
        flat = np.zeros((3, 8))
        pick(permute.add_slab)(data, rows, indptr, np.arange(3), slab, 5, flat)
        acc = flat.reshape(3, 2, 4)
        low, high = np.array([[0, 2], [1, 3]]), np.array([[2, 0], [3, 1]])
        sizes, slots = np.array([6, 6]), np.arange(6).reshape(3, 2)
        values = np.zeros((8, 4))
        pick(permute.means_of_segments)(acc, low, high, sizes, slots, values[:6])
        members, starts = np.array([0, 2, 1, 3]), np.array([0, 2, 4])
        joined = []
        for rule in (permute.MIN, permute.GEOMETRIC, permute.MEAN):
            pick(permute.join_subunits)(values, starts, members, rule, 6, 0, 2)
            joined.append(values[6:].copy())
        codes = np.tile(np.repeat(np.arange(4, dtype=np.uint16), 3), 2)
        turned, ring = np.zeros((6, 6)), np.zeros((6, 5))
        pick(permute.turned_segments)(
            data, rows, indptr, np.arange(3), codes * np.uint16(3), 2, 4, low, high, sizes, slots, turned
        )
        places = np.array([1, 2, 5, 6, 8, 11, 0, 3, 4, 7, 9, 10])
        pick(permute.turned_groups)(
            data, rows, indptr, np.arange(3), places, np.array([0, 6, 12]), 3, sizes, slots, ring
        )
        hits = []
        for form in (permute.SUM, permute.PRODUCT):
            for strict in (False, True):
                n = np.zeros(2, np.int64)
                limit = np.array([values[0, 0], 0.1])
                pick(permute.count_exceeding)(
                    values, 4, np.array([0, 1]), np.array([2, 3]), limit, form, strict, 0, 2, n
                )
                hits.append(n)
        total, squares, expressed = np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((3, 2), np.int64)
        labels = np.repeat(np.arange(2, dtype=np.uint16), 6)
        pick(group_kernels.totals)(data, rows, indptr, 0, 3, labels, total, expressed)
        pick(group_kernels.deviations)(data, rows, indptr, 0, 3, labels, sizes, total, expressed, squares)
        results.append([seen, data, rows, acc, values, *joined, ring, turned, *hits, total, squares, expressed])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)
    np.testing.assert_allclose(
        results[0][-3] / 6, [[dense[:6, i].mean(), dense[6:, i].mean()] for i in range(3)], rtol=1e-6
    )
    halves = dense.astype(float).reshape(2, 6, 3)
    np.testing.assert_allclose(results[0][-2], 6 * halves.var(axis=1).T, rtol=1e-5)


def test_interpreted_layouts_equal_compiled():
    g = np.random.default_rng(5)
    dense = g.random((9, 4)) * (g.random((9, 4)) < 0.6)
    m = sparse.csc_matrix(dense)
    cells, wanted = np.array([8, 0, 3, 5]), np.array([2, 0])
    row_of = np.full(9, -1)
    row_of[cells] = np.arange(4)
    results = []
    for pick in (lambda k: k, lambda k: k.py_func):
        counts = np.zeros(2, np.int64)
        pick(layout.count_csc)(m.data, m.indices, m.indptr, wanted, row_of, counts)
        starts = np.concatenate([[0], np.cumsum(counts)])
        data, rows = np.empty(starts[-1]), np.empty(starts[-1], np.uint32)
        pick(layout.fill_csc)(m.data, m.indices, m.indptr, wanted, row_of, starts[:-1], data, rows)
        again, cursor = np.zeros(2, np.int64), starts[:-1].copy()
        pick(layout.count_dense)(dense, cells, wanted, again)
        data2, rows2 = np.empty(starts[-1]), np.empty(starts[-1], np.uint32)
        pick(layout.fill_dense)(dense, cells, 0, wanted, cursor, data2, rows2)
        np.testing.assert_array_equal(counts, again)
        np.testing.assert_array_equal(data, data2)
        np.testing.assert_array_equal(rows, rows2)
        results.append(data)
    np.testing.assert_array_equal(*results)
    part = dense[cells][:, wanted]
    np.testing.assert_array_equal(results[0], part.T[part.T != 0])


@pytest.mark.parametrize("pick", [lambda k: k, lambda k: k.py_func], ids=["compiled", "interpreted"])
def test_what_was_seen(pick):
    def look(*values):
        seen = layout.nothing_seen()
        for v in values:
            pick(layout.look)(v, seen)
        return seen.tolist()

    assert look(3.0, 5.0) == [3, 5, 0, 0, 0]
    assert look(3.0, -0.5) == [-0.5, 3, 0, 1, 0]
    assert look(np.nan)[NOT_FINITE] == 1
    assert look(1.0, np.inf)[NOT_FINITE] == 1
    assert look(1.0, -np.inf)[NOT_FINITE] == 1


@pytest.mark.parametrize("kind", ["sorted", "unsorted", "long index", "float64"])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("n_cells", [60, 9000])
def test_rows_become_columns(kind, workers, n_cells):
    """Any order of cells and of stored entries, explicit zeros, columns that are not asked for, one tile or more."""
    g = np.random.default_rng(5)
    dense = np.round(g.random((n_cells, 9)) * (g.random((n_cells, 9)) < 0.4), 3)
    m = sparse.csr_matrix(dense if kind == "float64" else dense.astype(np.float32))
    m.data[::7] = 0
    if kind == "unsorted":
        for r in range(n_cells):
            part = slice(*m.indptr[r : r + 2])
            o = g.permutation(m.indptr[r + 1] - m.indptr[r])
            m.indices[part], m.data[part] = m.indices[part][o], m.data[part][o]
    if kind == "long index":
        m.indices, m.indptr = m.indices.astype(np.int64), m.indptr.astype(np.int64)
    cells, wanted = g.permutation(n_cells)[: n_cells - 19], np.array([7, 0, 3, 5])
    with team(workers) as crew:
        columns = gene_major(m, cells=cells, columns=wanted, team=crew)
    expected = m.toarray()[cells][:, wanted]
    assert columns.data.dtype == m.data.dtype
    for i in range(4):
        a, b = columns.indptr[i : i + 2]
        np.testing.assert_array_equal(columns.rows[a:b], np.flatnonzero(expected[:, i]))
        np.testing.assert_array_equal(columns.data[a:b], expected[expected[:, i] != 0, i])
    seen = expected[expected != 0]
    assert columns.extent == (seen.min(), seen.max())


def columns_of(data):
    rows = np.arange(data.size, dtype=np.uint32)
    seen = layout.nothing_seen()
    for v in data:
        layout.look(float(v), seen)
    return GeneColumns(data, rows, np.array([0, data.size]), data.size, seen)


def test_snapped_sums_are_exact_in_any_order():
    g = np.random.default_rng(1)
    data = g.gamma(1.0, 3.0, 5000)
    columns = columns_of(data.copy())
    assert snap(columns, one_worker())
    snapped = columns.data
    assert np.abs(snapped - data).max() <= 5000 * data.max() * 2.0**-53
    sums = {float(np.add.reduce(g.permutation(snapped))) for _ in range(20)}
    cumulative = {float(np.cumsum(g.permutation(snapped))[-1]) for _ in range(20)}
    assert len(sums | cumulative) == 1


def test_snap_keeps_log_normalised_float32():
    data = np.log1p(np.random.default_rng(1).integers(1, 50, 1000) / 3).astype(np.float32)
    columns = columns_of(data.copy())
    assert not snap(columns, one_worker())
    np.testing.assert_array_equal(columns.data, data)


def test_team_covers_every_range_and_passes_errors_on():
    for workers in (1, 3):
        with team(workers) as crew:
            seen = [i for a, b in crew.run(lambda a, b: (a, b), 17, step=4) for i in range(a, b)]
            assert seen == list(range(17))
            assert crew.run(lambda a, b: 1, 0) == []
            with pytest.raises(ZeroDivisionError):
                crew.run(lambda a, b: 1 // 0, 5)
