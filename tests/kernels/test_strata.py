"""Labels permuted within strata: what is drawn, and that the kernel adds up what it says."""

from __future__ import annotations

import numpy as np
import pytest

from commscore.arrays import Groups
from commscore.core.permute import schemes
from commscore.core.permute.strata import StratumCircles
from commscore.core.read.columns import snap
from commscore.core.read.matrix import gene_major
from commscore.core.threads import Team

ALONE = Team(1, None)
SIZES = (100, 30, 70, 2)  # turned, drawn unit by unit, turned, hardly anything


def cells(rng, sizes=SIZES, k=3):
    """Values, groups and strata of cells in any order; the last stratum has one group only."""
    strata = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    labels = rng.integers(0, k, strata.size)
    labels[strata == len(sizes) - 1] = 1
    x = rng.random((strata.size, 5)) * (rng.random((strata.size, 5)) < 0.3)
    return x, labels, strata


def drawn(scheme, x, labels, strata, *, key=11, n_perms=47, width=600):
    """Labels (in the order of the cells) and group means of every permutation, from all blocks."""
    of_strata = Groups.of(strata, strata.max() + 1)
    order = schemes.order(scheme, key=key, n_cells=labels.size, strata=of_strata)
    groups = Groups.of(labels[order], labels.max() + 1)
    made = schemes.make(scheme, groups=groups, n_perms=n_perms, key=key, strata=of_strata.sizes)
    columns = gene_major(x, cells=order, columns=np.arange(x.shape[1]), team=ALONE)
    snap(columns, ALONE)
    slots = np.arange(x.shape[1] * groups.n).reshape(x.shape[1], groups.n)
    means, labelled = [], []
    for block in made.blocks(columns, width, ALONE):
        out = np.full((slots.size, block.columns), np.nan)
        block.fill(np.arange(x.shape[1]), slots, out)
        own = np.empty((labels.size, block.columns), int)
        own[order] = block.labels(0, block.columns)
        if scheme == "ring" and block.drop:
            np.testing.assert_array_equal(own[:, block.drop[0]], labels)
        means.append(np.delete(out, block.drop, axis=1))
        labelled.append(np.delete(own, block.drop, axis=1))
    return np.concatenate(labelled, axis=1), np.concatenate(means, axis=1)


@pytest.mark.parametrize("scheme", schemes.NAMES)
@pytest.mark.parametrize("width", [1, 3, 600])
@pytest.mark.parametrize("n_perms", [1, 47, 300])
def test_groups_keep_their_cells_in_every_stratum_and_means_are_theirs(scheme, width, n_perms):
    x, labels, strata = cells(np.random.default_rng(5))
    permuted, means = drawn(scheme, x, labels, strata, n_perms=n_perms, width=width)
    assert permuted.shape[1] == n_perms
    for own, found in zip(permuted.T, means.T, strict=True):
        for s in range(len(SIZES)):
            np.testing.assert_array_equal(np.bincount(own[strata == s]), np.bincount(labels[strata == s]))
        expected = np.stack([x[own == k].mean(axis=0) for k in range(3)], axis=1)
        np.testing.assert_allclose(found.reshape(5, 3), expected, atol=1e-9)


@pytest.mark.parametrize("scheme", schemes.NAMES)
def test_blocks_change_nothing(scheme):
    x, labels, strata = cells(np.random.default_rng(6))
    one, other = (drawn(scheme, x, labels, strata, n_perms=150, width=w)[1] for w in (600, 7))
    assert sorted(map(tuple, one.T.tolist())) == sorted(map(tuple, other.T.tolist()))


@pytest.mark.parametrize("scheme", schemes.NAMES)
def test_every_cell_is_in_every_group_as_often_as_its_stratum_has_it(scheme):
    """A cell under the ring has the labels of others of its stratum; under the other schemes any of them."""
    x, labels, strata = cells(np.random.default_rng(7), sizes=(9, 70))
    labels[strata == 1] = np.random.default_rng(0).integers(0, 3, 70)
    hits, n_keys = np.zeros((labels.size, 3)), 300
    for key in range(n_keys):
        permuted, _ = drawn(scheme, x, labels, strata, key=key, n_perms=5)
        for own in permuted.T:
            hits[np.arange(labels.size), own] += 1
    for s in range(2):
        there = strata == s
        share = np.bincount(labels[there], minlength=3) / there.sum()
        error = np.sqrt(share * (1 - share) / n_keys)  # permutations of one key are dependent
        assert (np.abs(hits[there] / (5 * n_keys) - share) < 4.5 * error).all()


def test_strata_do_not_come_back_in_lockstep():
    """With strata that are not much larger than a lap, more permutations than cells are all different."""
    x, labels, strata = cells(np.random.default_rng(8), sizes=(70, 80))
    for scheme in schemes.NAMES:
        permuted, _ = drawn(scheme, x, labels, strata, n_perms=900)
        assert len({own.tobytes() for own in permuted.T}) == 900


def test_the_ring_is_exact():
    """n = 19: P(p <= a) is a, at 0.05, 0.1, 0.2 and 0.5, where labels are drawn within strata."""
    rng = np.random.default_rng(9)
    x, labels, strata = cells(rng, sizes=(70, 5, 12))
    rates, n_rounds = np.zeros(4), 3000
    for key in range(n_rounds):
        own = labels.copy()
        for s in range(3):
            own[strata == s] = rng.permutation(labels[strata == s])
        _, means = drawn("ring", x[:, :1], own, strata, key=key, n_perms=19)
        observed = x[own == 0, 0].mean()
        p = (1 + (means[0] >= observed - 1e-12).sum()) / 20
        rates += p <= np.array([0.05, 0.1, 0.2, 0.5]) + 1e-12
    expected = np.array([0.05, 0.1, 0.2, 0.5])
    assert (np.abs(rates / n_rounds - expected) < 4 * np.sqrt(expected * (1 - expected) / n_rounds)).all()


def test_one_stratum_is_no_stratum():
    _, labels, _ = cells(np.random.default_rng(10))
    for scheme in schemes.NAMES:
        one = Groups.of(np.zeros(labels.size, int), 1)
        order = schemes.order(scheme, key=3, n_cells=labels.size)
        np.testing.assert_array_equal(schemes.order(scheme, key=3, n_cells=labels.size, strata=one), order)
        groups = Groups.of(labels[order], 3)
        kinds = [type(schemes.make(scheme, groups=groups, n_perms=9, key=3, strata=s)) for s in (None, one.sizes)]
        assert kinds[0] is kinds[1]


def test_circles_skip_groups_that_a_stratum_lacks():
    own = np.array([[3, 0, 5], [0, 4, 0]])
    circles = StratumCircles.of(own, 4)
    for s, sizes in enumerate(own):
        lookup = circles.groups(s, sizes)
        template = circles.template[:8] if s == 0 else circles.template[8:]
        for groups in lookup:
            np.testing.assert_array_equal(np.bincount(groups[template], minlength=3), sizes)
