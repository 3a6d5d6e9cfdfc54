"""Coupling against least squares in every block, and what it says where nothing is coupled."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pytest
from scipy import sparse, stats

from commscore import arrays
from commscore.arrays import Entities, GeneColumns
from commscore.core.space.blocks import TissueBlocks, default_side, tissue_blocks
from commscore.core.space.coupling import CoupledTissue, ReplicateRule, couple
from commscore.core.space.decoys import decoy_receptors
from commscore.core.space.design import LEAST_CELLS, Segments, SpatialDesign
from commscore.core.space.entities import entity_columns
from commscore.core.space.neighbours import Reach, neighbours_of
from commscore.core.space.proximity import proximity_of
from commscore.core.threads import team

REACH = Reach("gaussian", 30.0)
BOTH = ("position", "contacts")


def columns_of(values):
    m = sparse.csc_matrix(values)
    m.sort_indices()
    return GeneColumns.of(m.data, m.indices.astype(np.uint32), m.indptr.astype(np.int64), n_cells=m.shape[0])


class Small:
    """700 cells of three groups in two samples, with six genes, in the order of their segments."""

    def __init__(self, *, n_samples=2, n=700, rng=0):
        rng = np.random.default_rng(rng)
        points, sample = rng.uniform(0, 400, (n, 2)), np.sort(rng.integers(0, n_samples, n))
        group = rng.integers(0, 3, n)
        blocks = tissue_blocks(points, sample, 100.0)
        order = np.lexsort((group, blocks.of_cell))
        self.points, self.sample, self.group = points[order], sample[order], group[order]
        self.blocks = TissueBlocks(blocks.of_cell[order], blocks.sample, blocks.side)
        self.values = rng.poisson(0.7, (n, 6)).astype(float)[order]
        every = np.array([(s, t, lig, rec) for s in range(3) for t in range(3) for lig in (0, 1) for rec in (1, 4, 5)])
        self.tests = arrays.Tests(*every.T.astype(np.int64))

    def tissue(self, adjust, composition=None, n_threads=1):
        segments = Segments.of(self.group, self.blocks)
        with team(n_threads) as threads:
            neighbours = neighbours_of(self.points, self.sample, REACH, team=threads)
        reached = neighbours.reached(self.group, 3)
        design = SpatialDesign.of(segments, self.points, reached, adjust=adjust, composition=composition)
        return CoupledTissue(self.group, 3, neighbours, reached, design)

    def couple(self, adjust, *, n_threads=1, composition=None, **rule):
        rule = ReplicateRule(**({"by_samples": False, "min_blocks": 4} | rule))
        with team(n_threads) as threads:
            tissue = self.tissue(adjust, composition, n_threads)
            return couple(tissue, columns_of(self.values), self.tests, rule=rule, team=threads)

    @cached_property
    def weights(self):
        away = np.linalg.norm(self.points[:, None] - self.points[None], axis=2)
        w = np.where(away <= REACH.radius, np.exp(-(away**2) / (2 * REACH.um**2)), 0.0).astype(np.float32)
        w[self.sample[:, None] != self.sample[None]] = 0.0
        np.fill_diagonal(w, 0.0)
        return w.astype(float)


def of_blocks(small, test, adjust):
    """u of every block that counts, its sample, and the squares of both sides; least squares block by block."""
    s, t, ligand, receptor = test
    w = small.weights
    z = small.values[small.group == s, ligand] @ w[small.group == s]
    around = w[small.group == s].sum(axis=0)
    found = []
    for b in range(small.blocks.n):
        own = (small.group == t) & (small.blocks.of_cell == b)
        r = small.values[own, receptor]
        if own.sum() < LEAST_CELLS or z[own].sum() <= 0 or r.sum() <= 0:
            continue
        design = [np.ones(own.sum())]
        design += list(small.points[own].T) if "position" in adjust else []
        design += [around[own]] if "contacts" in adjust else []
        design = np.stack(design, axis=1)
        rest = z[own] - design @ np.linalg.lstsq(design, z[own], rcond=None)[0]
        squares = (rest**2).sum(), ((r - r.mean()) ** 2).sum()
        found.append((rest @ r, small.blocks.sample[b], *squares))
    return np.array(found)


@pytest.mark.parametrize("adjust", [BOTH, ("position",), ("contacts",), ()])
def test_block_t_is_that_of_least_squares_in_every_block(adjust):
    small = Small()
    found = small.couple(adjust)
    for i, test in enumerate(zip(*(getattr(small.tests, n) for n in ("source", "target", "ligand", "receptor")))):
        u = of_blocks(small, test, adjust)
        expected = stats.ttest_1samp(u[:, 0], 0.0, alternative="greater")
        assert found.n_blocks[i] == found.n[i] == len(u)
        assert found.t[i] == pytest.approx(expected.statistic, rel=1e-4)
        assert found.pvalue[i] == pytest.approx(expected.pvalue, rel=1e-3)
        correlation = u[:, 0].sum() / np.sqrt(u[:, 2].sum() * u[:, 3].sum())
        assert found.correlation[i] == pytest.approx(correlation, rel=1e-4)
        plain = stats.ttest_1samp(of_blocks(small, test, ())[:, 0], 0.0, alternative="greater")
        assert found.pvalue_unadjusted[i] == pytest.approx(plain.pvalue, rel=1e-3)


def test_over_samples_the_partial_correlation_of_each_is_one_value():
    small = Small(n_samples=4, n=1200)
    found = small.couple(BOTH, by_samples=True)
    for i, test in enumerate(zip(*(getattr(small.tests, n) for n in ("source", "target", "ligand", "receptor")))):
        u = of_blocks(small, test, BOTH)
        sums = np.stack([np.bincount(u[:, 1].astype(int), u[:, c], 4) for c in (0, 2, 3)])
        expected = stats.ttest_1samp(sums[0] / np.sqrt(sums[1] * sums[2]), 0.0, alternative="greater")
        assert found.n[i] == 4
        assert found.t[i] == pytest.approx(expected.statistic, rel=1e-3)
        assert found.pvalue[i] == pytest.approx(expected.pvalue, rel=1e-3)


def test_levels_are_means_over_pairs_of_neighbours():
    small, w = Small(), Small().weights
    found = small.couple(BOTH)
    for i in range(0, small.tests.n, 5):
        source, target = small.group == small.tests.source[i], small.group == small.tests.target[i]
        pairs = w[np.ix_(source, target)]
        ligand, receptor = small.values[source, small.tests.ligand[i]], small.values[target, small.tests.receptor[i]]
        assert found.score[i] == pytest.approx(ligand @ pairs @ receptor / pairs.sum(), rel=1e-5)
        assert found.ligand_near[i] == pytest.approx(ligand @ pairs.sum(axis=1) / pairs.sum(), rel=1e-5)
        assert found.receptor_near[i] == pytest.approx(pairs.sum(axis=0) @ receptor / pairs.sum(), rel=1e-5)


def test_threads_do_not_change_the_bytes():
    small = Small()
    one, three = small.couple(BOTH), small.couple(BOTH, n_threads=3)
    for name in ("t", "pvalue", "score", "receptor_near", "correlation"):
        assert getattr(one, name).tobytes() == getattr(three, name).tobytes()


def test_a_ligand_that_follows_nothing_but_the_number_of_its_cells_has_nothing_left():
    """A ligand that is the same in all cells of the source arrives where they are: adjusted, no block is left."""
    small = Small()
    small.values[:, 0] = 1.0
    found = small.couple(BOTH)
    constant = small.tests.ligand == 0
    assert (found.n_blocks[constant] == 0).all()
    assert np.isnan(found.pvalue[constant]).all()
    assert (found.n_blocks[~constant] > 0).all()


def test_composition_has_one_slope_in_a_sample():
    """Frisch and Waugh: what is left is that of one regression per sample with a plane in every block."""
    small = Small()
    small.group[:] = 0
    small.blocks = tissue_blocks(small.points, small.sample, 100.0)
    order = np.argsort(small.blocks.of_cell, kind="stable")
    small.points, small.values, small.sample = small.points[order], small.values[order], small.sample[order]
    small.blocks = TissueBlocks(small.blocks.of_cell[order], small.blocks.sample, 100.0)
    composition = np.random.default_rng(3).dirichlet([1.0, 2.0, 1.0], len(small.points))
    tissue = small.tissue(("position",), composition=composition[:, :2])
    arrived = tissue.neighbours.reached(small.group, 3) * small.values[:, :1]
    left = tissue.design.adjust(np.ascontiguousarray(arrived)).values[:, 0]
    for s in range(2):
        own = small.sample == s
        block = small.blocks.of_cell[own]
        dummies = (block[:, None] == np.unique(block)).astype(float)
        planes = [dummies * c[own][:, None] for c in (np.ones(own.size), *small.points.T)]
        design = np.hstack([*planes, composition[own, :2]])
        rest = arrived[own, 0] - design @ np.linalg.lstsq(design, arrived[own, 0], rcond=1e-10)[0]
        np.testing.assert_allclose(left[own], rest, atol=1e-6 * np.abs(arrived).max())


def test_flipped_signs_are_an_exact_permutation_test():
    small = Small()
    signs = np.random.default_rng(5).choice([-1.0, 1.0], (500, small.blocks.n))
    found = small.couple(BOTH, signs=signs)
    test = tuple(int(getattr(small.tests, n)[7]) for n in ("source", "target", "ligand", "receptor"))
    w = small.weights
    z = small.values[small.group == test[0], test[2]] @ w[small.group == test[0]]
    used = [
        b
        for b in range(small.blocks.n)
        for own in [(small.group == test[1]) & (small.blocks.of_cell == b)]
        if own.sum() >= LEAST_CELLS and z[own].sum() > 0 and small.values[own, test[3]].sum() > 0
    ]
    u = of_blocks(small, test, BOTH)[:, 0]
    higher = (signs[:, used] @ u >= u.sum() - 1e-9 * np.abs(u).sum()).sum()
    assert found.pvalue[7] == pytest.approx((1 + higher) / 501)


def test_proximity_is_the_ratio_to_what_numbers_give_and_its_interval_a_jackknife():
    small, w = Small(), Small().weights
    share = np.eye(3)[small.group]
    found = proximity_of(share, np.stack([w[small.group == k].sum(axis=0) for k in range(3)], axis=1), small.blocks)

    def ratio(out):
        contacts, expected = np.zeros((3, 3)), np.zeros((3, 3))
        for s in range(2):
            of_sample = small.sample == s
            kept = of_sample & ~out
            between = np.array([[w[np.ix_(of_sample & (small.group == a), kept & (small.group == b))].sum()
                                 for b in range(3)] for a in range(3)])  # fmt: skip
            n = np.array([(kept & (small.group == k)).sum() for k in range(3)])
            contacts += between
            expected += between.sum() * (np.outer(n, n) - np.diag(n)) / (n.sum() * (n.sum() - 1))
        return np.log2(contacts / expected)

    whole = ratio(np.zeros(small.group.size, bool))
    np.testing.assert_allclose(found.log2, whole, rtol=1e-6)
    without = np.stack([ratio(small.blocks.of_cell == b) for b in range(small.blocks.n)])
    n = small.blocks.n
    error = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(found.high - found.log2, stats.t.ppf(0.975, n - 1) * error, rtol=1e-6)
    assert ((found.low < 0) & (found.high > 0)).mean() > 0.5  # these cells are mixed


def test_entities_join_subunits_in_every_cell():
    values = np.random.default_rng(0).poisson(1.0, (50, 3)).astype(np.float32)
    entities = Entities.of([[0], [0, 1], [0, 1, 2]])
    for rule, join in {"min": np.min, "mean": np.mean, "geometric": stats.gmean}.items():
        found = entity_columns(columns_of(values), entities, rule)
        for e, members in enumerate([[0], [0, 1], [0, 1, 2]]):
            column = np.zeros(50)
            some = slice(found.indptr[e], found.indptr[e + 1])
            column[found.rows[some]] = found.data[some]
            np.testing.assert_allclose(column, join(values[:, members].astype(float), axis=1), rtol=1e-6)


def test_blocks_are_nested_in_samples_and_regions():
    small = Small()
    region = (small.points[:, 0] > 150).astype(np.int64)
    blocks = tissue_blocks(small.points, small.sample, 100.0, region=region)
    for b in range(blocks.n):
        own = blocks.of_cell == b
        assert set(small.sample[own]) == {blocks.sample[b]}
        assert len(set(region[own])) == 1
        assert np.ptp(small.points[own], axis=0).max() <= 100.0
    assert blocks.n > small.blocks.n
    assert default_side(small.points, small.sample, 1.0) == pytest.approx(40.0, rel=0.05)
    assert default_side(small.points, small.sample, 50.0) == 300.0


def test_decoys_are_no_known_pairs_and_have_the_level_of_the_receptor():
    entities = Entities.of([[i] for i in range(60)] + [[40, 41]])
    ligand, receptor = np.arange(20), np.arange(20) + 30
    level = np.linspace(0, 1, 61)
    pair, decoy = decoy_receptors((ligand, receptor), (ligand, receptor), level, entities=entities, n=2, key=1)
    assert np.bincount(pair).tolist() == [2] * 20
    known = set(zip(ligand.tolist(), receptor.tolist()))
    drawn = set(zip(ligand[pair].tolist(), decoy.tolist()))
    assert len(drawn) == 40
    assert not drawn & known
    assert np.abs(level[decoy] - level[receptor[pair]]).max() <= 11 / 60
    again = decoy_receptors((ligand, receptor), (ligand, receptor), level, entities=entities, n=2, key=1)[1]
    np.testing.assert_array_equal(decoy, again)


def test_a_receptor_that_shares_a_gene_with_a_true_one_is_no_decoy():
    entities = Entities.of([[0], [1], [1, 2], [3]])
    pairs = np.array([0, 0, 3]), np.array([1, 3, 2])
    pair, decoy = decoy_receptors(
        (np.array([0]), np.array([1])), (np.array([0]), np.array([1])), np.zeros(4), entities=entities, n=1, key=0
    )
    assert pair.size == decoy.size == 0  # the only receptor is the true one
    pair, decoy = decoy_receptors(
        (np.array([0, 3]), np.array([1, 2])), pairs, np.zeros(4), entities=entities, n=1, key=0
    )
    assert 0 not in pair.tolist()
