"""Relabellings against brute force, detection against scipy."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from commscore.stats import exact


def brute(labels, block):
    """Every distinct relabelling by going through all permutations."""
    found = set()
    for order in permutations(range(labels.size)):
        if block is None or (block[list(order)] == block).all():
            found.add(tuple(labels[list(order)].tolist()))
    return found


@pytest.mark.parametrize(
    ("labels", "block"),
    [
        ([0, 0, 0, 1, 1, 1], None),
        ([0, 1, 1, 0, 1, 1, 1], None),
        ([0, 0, 1, 1, 2, 2], None),
        ([0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2]),
        ([2, 0, 1, 1, 0, 0, 1], [5, 5, 5, 5, 9, 9, 9]),
        ([1, 0, 1], [0, 0, 1]),
    ],
)
def test_every_relabelling_once_the_observed_first(labels, block):
    labels = np.array(labels)
    block = None if block is None else np.array(block)
    table, complete = exact.relabellings(labels, block=block)
    assert complete
    assert table[0].tolist() == labels.tolist()
    assert {tuple(r) for r in table.tolist()} == brute(labels, block)
    assert len(table) == len(brute(labels, block)) == exact.n_relabellings(labels, block)


def test_too_many_are_drawn_within_blocks():
    labels, block = np.tile([0, 1, 1, 0], 10), np.repeat(np.arange(10), 4)
    table, complete = exact.relabellings(labels, block=block, limit=300, seed=3)
    assert not complete
    assert table.shape == (301, 40)
    assert table[0].tolist() == labels.tolist()
    assert (table.reshape(301, 10, 4).sum(axis=2) == 2).all()
    again, _ = exact.relabellings(labels, block=block, limit=300, seed=3)
    other, _ = exact.relabellings(labels, block=block, limit=300, seed=4)
    assert (table == again).all()
    assert (table != other).any()


def test_drawn_relabellings_are_uniform():
    labels = np.array([0, 0, 1, 1, 1])
    table, _ = exact.relabellings(labels, limit=5, seed=0)
    assert table.shape[0] == 6
    drawn = np.vstack([exact.relabellings(labels, limit=5, seed=s)[0][1:] for s in range(2000)])
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert stats.chisquare(counts).pvalue > 1e-4
    assert counts.size == 10


@pytest.mark.parametrize(("n", "m"), [(3, 3), (4, 6), (10, 10)])
def test_detection_is_fishers_exact_test(n, m):
    table = exact.detection_pvalues(n, m)
    for a in range(n + 1):
        for b in range(m + 1):
            want = stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue
            assert table[a, b] == pytest.approx(want, rel=1e-9)


def test_exact_pvalue_is_a_proportion():
    np.testing.assert_allclose(exact.exact_pvalue(np.array([2, 20]), 20), [0.1, 1.0])
