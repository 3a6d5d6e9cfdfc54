"""How probable it is that permuted labels list a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import cohort_of_samples as slow
from commscore import arrays
from commscore.arrays import Entities
from commscore.kernels.hypergeometric import pass_probabilities
from commscore.stats import selection
from commscore.stats.analytic.summary import serial


def at_least(fraction):
    return lambda prop: prop >= fraction


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_tails_are_those_of_convolved_hypergeometrics(seed, n_strata):
    rng = np.random.default_rng(seed)
    cells = rng.integers(1, 60, n_strata)
    marked, drawn = (np.floor(rng.random((20, n_strata)) * (cells + 1)).astype(int) for _ in range(2))
    threshold = np.array([rng.integers(0, min(e.sum(), d.sum()) + 2) for e, d in zip(marked, drawn, strict=True)])
    out = np.empty(20)
    pass_probabilities(*(a.astype(float) for a in (cells, marked, drawn, threshold)), 0, 20, out)
    for row in range(20):
        expected = slow.convolved(cells, marked[row], drawn[row], threshold[row])
        assert out[row] == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_far_tails_keep_their_relative_accuracy():
    out = np.empty(1)
    one = [np.array(a, float) for a in ([20_000], [[100]], [[500]], [80])]
    pass_probabilities(*one, 0, 1, out)
    assert out[0] == pytest.approx(stats.hypergeom.sf(79, 20_000, 100, 500), rel=1e-9)
    assert out[0] < 1e-100


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 1 / 3, 1.0])
def test_fewest_expressing_cells_pass_and_one_fewer_does_not(fraction):
    n = np.arange(1, 200)
    fewest = selection.fewest_expressing(n, at_least(fraction))
    assert (fewest / n >= fraction).all()
    assert ((fewest - 1) / n < fraction).all()


def test_probability_is_the_share_of_permuted_labels_that_list_a_row():
    """Single genes, a complex, a gene on both sides; two strata; against labels permuted within them."""
    rng = np.random.default_rng(1)
    strata, labels = np.repeat([0, 1], [40, 60]), rng.integers(0, 3, 100)
    x = rng.random((100, 4)) < np.array([0.15, 0.3, 0.2, 0.25]) * np.where(strata == 0, 0.5, 1.2)[:, None]
    entities = Entities.of([[0], [1], [2, 3]])
    tests = arrays.Tests(*np.array([(0, 1, 0, 1), (1, 1, 0, 0), (2, 0, 2, 1), (1, 2, 1, 2), (2, 2, 2, 0)]).T)
    cells = np.array([[np.sum((strata == s) & (labels == k)) for k in range(3)] for s in range(2)])
    expressed = np.stack([x[strata == s].sum(axis=0) for s in range(2)], axis=1)
    found = selection.pass_probability(
        tests, entities, expressed=expressed, cells=cells, passes=at_least(0.2), run=serial
    )
    hits, n = np.zeros(tests.n), 4000
    for _ in range(n):
        permuted = slow.shuffled_within(labels, strata, rng)
        prop = np.array([x[permuted == k].mean(axis=0) for k in range(3)])
        passing = np.array([prop[:, 0], prop[:, 1], prop[:, 2:].min(axis=1)]) >= 0.2
        hits += passing[tests.ligand, tests.source] & passing[tests.receptor, tests.target]
    assert (np.abs(found - hits / n) <= 0.05 * found + 4 * np.sqrt(found * (1 - found) / n)).all()
    assert (found > 0.02).all()
    assert (found < 0.98).all()


def test_corrected_p_values_hold_among_listed_rows():
    """Uniform p-values of rows that are listed when they are small, or by chance."""
    p = np.array([0.01, 0.2, 0.5, np.nan])
    np.testing.assert_allclose(selection.corrected(p, np.array([0.1, 0.25, 0.25, 0.5])), [0.1, 0.8, 1.0, np.nan])
