"""Matrices in blocks: the same sums, columns and rows as of the whole, however it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from commscore.core.read import tiles as blocks
from commscore.core.read.matrix import cell_sums, columns_of, gene_major, products_over, statistics_of
from commscore.core.read.pseudobulk import pseudobulk
from commscore.core.read.statistics import UNUSED
from commscore.core.read.tiles import MatrixView, Serial, Take, Tile, load, room
from commscore.core.threads import team
from commscore.stats.analytic import keys_of

N, G = 83, 11


@dataclass(frozen=True)
class Cut(Serial):
    """A matrix in memory, cut at given rows, or at given columns."""

    matrix: Any
    rows: tuple[int, ...] = ()
    genes: tuple[int, ...] = ()

    @property
    def shape(self):
        return self.matrix.shape

    @property
    def dtype(self):
        return self.matrix.dtype

    def tiles(self):
        rows, genes = [0, *self.rows, self.shape[0]], [0, *self.genes, self.shape[1]]
        return [Tile(a, b, c, d) for a, b in pairwise(rows) for c, d in pairwise(genes)]

    def read(self, tile):
        return self.matrix[tile.rows][:, tile.columns]

    def only(self, columns):
        return MatrixView(Cut(self.matrix, self.rows), columns=columns)

    def in_rows(self, columns):
        return Cut(self.matrix, self.rows), columns


@pytest.fixture
def x():
    rng = np.random.default_rng(2)
    return np.where(rng.random((N, G)) < 0.4, rng.gamma(2.0, 1.0, (N, G)), 0)


KINDS = {"csr": sparse.csr_array, "csc": sparse.csc_matrix, "dense": np.asarray}
CUTS = [(), (1,), (40, 41, 82), tuple(range(1, N)), (5, 5, 50)]


@pytest.mark.parametrize("cuts", CUTS, ids=len)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_columns_are_those_of_the_whole(x, kind, cuts, dtype):
    matrix = KINDS[kind](x.astype(dtype))
    rng = np.random.default_rng(3)
    cells, columns = rng.permutation(N)[:60], rng.permutation(G)[:7]
    with team(2) as threads:
        want = gene_major(matrix, cells=cells, columns=columns, team=threads)
        got = gene_major(Cut(matrix, cuts), cells=cells, columns=columns, team=threads)
        counts = np.diff(want.indptr)
        known = columns_of(Cut(matrix, cuts), cells=cells, columns=columns, team=threads, counts=counts)
    for one in (got, known):
        assert one.data.dtype == want.data.dtype
        for name in ("data", "rows", "indptr", "seen"):
            np.testing.assert_array_equal(getattr(one, name), getattr(want, name))


def test_columns_beyond_the_limit_lie_in_a_file(x, monkeypatch):
    monkeypatch.setattr(blocks, "IN_MEMORY", 100)
    with team(1) as threads:
        got = gene_major(Cut(sparse.csr_matrix(x), (30,)), cells=np.arange(N), columns=np.arange(G), team=threads)
    assert isinstance(got.data, np.memmap)
    assert isinstance(got.rows, np.memmap)
    np.testing.assert_array_equal(got.data, x.T[x.T != 0])
    np.testing.assert_array_equal(got.rows, np.nonzero(x.T)[1])


def test_room_is_a_clear_error_on_a_full_disk(monkeypatch):
    monkeypatch.setattr(blocks, "IN_MEMORY", 0)
    with pytest.raises(OSError, match=r"take 46\d+\.\d GB of temporary files in .*; set TMPDIR .*null='analytic'"):
        room(1 << 59, np.float64)


@pytest.mark.parametrize("genes", [(), (1, 6)], ids=["rows", "tiles"])
@pytest.mark.parametrize("cuts", CUTS, ids=len)
@pytest.mark.parametrize("kind", KINDS)
def test_sums_of_bins_and_cells(x, kind, cuts, genes):
    counts = np.ceil(x)
    matrix = Cut(KINDS[kind](counts), cuts, genes)
    rng = np.random.default_rng(4)
    cells = rng.permutation(N)[:70]
    sample, group, columns = rng.integers(0, 3, 70), rng.integers(0, 2, 70), np.array([9, 0, 4])
    with team(2) as threads:
        got = pseudobulk(
            matrix, cells=cells, sample=sample, group=group, shape=(3, 2), columns=columns, team=threads
        )  # fmt: skip
    for s in range(3):
        for k in range(2):
            inside = counts[cells[(sample == s) & (group == k)]]
            np.testing.assert_array_equal(got.counts[s, k], inside[:, columns].sum(axis=0))
            np.testing.assert_array_equal(got.prop[s, k], (inside[:, columns] > 0).mean(axis=0))
            assert got.library[s, k] == inside.sum()
            assert got.n_cells[s, k] == len(inside)
    total, square = cell_sums(matrix, cells)
    np.testing.assert_allclose(total, counts[cells].sum(axis=1))
    np.testing.assert_allclose(square, (counts[cells] ** 2).sum(axis=1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_choice_of_rows_and_columns_is_a_matrix_of_its_own(x, kind):
    rows, columns = np.array([0, 3, 4, 40, 80]), np.array([7, 2, 5])
    matrix = Cut(KINDS[kind](x), (4, 20, 41), (3,))
    part = MatrixView(matrix, rows).only(columns)
    assert part.shape == (5, 3)
    assert part.dtype == x.dtype
    found = load(part)
    np.testing.assert_array_equal(found.toarray() if sparse.issparse(found) else found, x[np.ix_(rows, columns)])
    tiles = [tile for tile, _ in part.each(Take())]
    assert [(t.start, t.stop) for t in tiles] == [(0, 2), (2, 3), (3, 4), (4, 5)]
    with team(1) as threads:
        wanted = gene_major(x[rows], cells=np.arange(5), columns=columns[[2, 0]], team=threads)
        got = gene_major(part, cells=np.arange(5), columns=np.array([2, 0]), team=threads)
    np.testing.assert_array_equal(got.data, wanted.data)
    np.testing.assert_array_equal(got.rows, wanted.rows)


def test_an_error_while_reading_ends_the_reading(x):
    class Broken(Cut):
        def read(self, tile):
            if tile.start:
                msg = "the file ends early"
                raise OSError(msg)
            return super().read(tile)

    with pytest.raises(OSError, match="ends early"):
        cell_sums(Broken(x, (10, 20)), np.arange(N))


@pytest.mark.parametrize("genes", [(), (1, 6)], ids=["rows", "tiles"])
@pytest.mark.parametrize("cuts", CUTS, ids=len)
@pytest.mark.parametrize("kind", KINDS)
def test_statistics_are_those_of_the_whole(x, kind, cuts, genes):
    matrix = KINDS[kind](x.astype(np.float32))
    rng = np.random.default_rng(5)
    labels = rng.choice(np.array([0, 1, 2, UNUSED], np.uint16), N)
    columns = np.array([9, 0, 4, 5])
    options = {"n_groups": 3, "keys": keys_of(4, np.array([0, 1, 2]), np.array([1, 3, 3])), "linear": True}
    with team(2) as threads:
        want = statistics_of(matrix, columns, labels, team=threads, background=True, **options)
        cut = Cut(matrix, cuts, genes)
        got = statistics_of(cut, columns, labels, team=threads, background=True, **options)
        products = products_over(cut, columns, labels, keys=options["keys"], n_groups=3, team=threads)
    for k in range(3):  # the reference of the reference
        np.testing.assert_allclose(want.total[:, k], x.astype(np.float32)[labels == k][:, columns].sum(axis=0))
        np.testing.assert_allclose(want.level[0, k], x[labels == k].mean(axis=1).sum(), rtol=1e-6)
    for name in ("sizes", "total", "expressed", "seen"):
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name))
    for one, other in ((got.bins, want.bins), (got.products, want.products), (products, want.products)):
        for value, wanted in zip(vars(one).values(), vars(other).values(), strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-12)
    np.testing.assert_allclose(got.linear, want.linear, rtol=1e-12)
    np.testing.assert_allclose(got.level, want.level, rtol=1e-12)


def test_products_read_only_the_tiles_of_their_sample():
    read = []

    class Watched(Cut):
        def read(self, tile):
            read.append(tile.start)
            return super().read(tile)

    x = np.random.default_rng(6).random((60_000, 2))
    labels = np.zeros(60_000, np.uint16)
    rows = Watched(x, tuple(range(100, 60_000, 100)))
    object.__setattr__(rows, "in_rows", lambda columns: (rows, columns))
    with team(1) as threads:
        got = products_over(rows, np.arange(2), labels, keys=np.array([1]), n_groups=1, team=threads)
    assert got.n_cells == 64 * (50_000 // 64)
    assert len(read) < 600
