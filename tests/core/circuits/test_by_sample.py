"""Steps and circuits over samples: against labels shuffled in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import cohort_of_samples as slow
from commscore.arrays import Entities, Groups
from commscore.core import circuits as core
from commscore.core.permute import Draws, moments, permute
from commscore.core.permute.strata import StrataOfCells
from commscore.core.read.cells import LabelledCells
from commscore.core.threads import team

# nodes: gene 0 in role 0; complex 1_2 in role 1; gene 3 in role 0; gene 4 in the strongest group; gene 5 in role 1
MOLECULES, ROLES = [[0], [1, 2], [3], [4], [5]], [0, 1, 0, 2, 1]
MEMBERS = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1]], bool)
STEPS = [(0, 1), (3, 4), (2, 4)]


def make_graph():
    source, target = np.array(STEPS).T
    return core.CircuitGraph(
        Entities.of(MOLECULES), np.array(ROLES), MEMBERS, np.array([False, False, True]), source, target,
        core.Gates.of([]), np.array([0, 0, 1]), np.array([True, True, False]), 3,
    )  # fmt: skip


def slow_nodes(means, sizes, *, strongest):
    """Molecules in their roles; means: genes × groups. The strongest group speaks for the last role, or all cells."""
    out = []
    for genes, role in zip(MOLECULES, ROLES, strict=True):
        inside = np.flatnonzero(MEMBERS[role])
        if role == 2 and strongest:
            out.append(max(means[genes, k].min() for k in inside))
        else:
            n = max(sizes[inside].sum(), 1)
            out.append(min(sum(means[g, k] * sizes[k] for k in inside) / n for g in genes))
    return np.array(out)


def slow_scores(x, labels, *, strongest=True):
    """Scores of the steps, and strength and lowest score of the first circuit (of the first two steps)."""
    sizes = np.bincount(labels, minlength=4)
    means = np.stack([x[labels == k].mean(axis=0) if sizes[k] else np.zeros(x.shape[1]) for k in range(4)], axis=1)
    nodes = slow_nodes(means, sizes, strongest=strongest)
    scores = np.array([np.sqrt(nodes[a] * nodes[b]) for a, b in STEPS])
    return scores, np.sqrt(scores[0] * scores[1]), scores[:2].min()


@pytest.fixture
def cells():
    rng = np.random.default_rng(3)
    x = np.where(rng.random((150, 6)) < 0.7, rng.gamma(2, 1, (150, 6)), 0)
    strata = rng.permutation(np.repeat([0, 1, 2, 3], [30, 35, 40, 45]))
    labels = rng.integers(0, 4, 150)
    labels[(strata == 0) & (labels == 0)] = 3  # no group 0, and with it no role 0, in the first sample
    return x, labels, strata


def laid_out(x, labels, strata, *, n=2000, scheme="rotation"):
    draws = Draws(n=n, scheme=scheme, key=7, memory=1 << 26, strata=Groups.of(strata, 4))
    with team(1) as one:
        read = LabelledCells.read(
            x, cells=np.arange(150), groups=Groups.of(labels, 4), columns=np.arange(6), order=draws.order(150), team=one
        )
        return read.with_exact_sums(), draws


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
def test_p_values_within_samples(cells, scheme):
    x, labels, strata = cells
    read, draws = laid_out(*cells, scheme=scheme)
    counter = core.CircuitCounter(make_graph(), read, means=read.observe().mean, rule="min")
    permute(read, counter, draws)
    rng, n = np.random.default_rng(0), 2000
    observed = slow_scores(x, labels)
    hits = np.zeros(3), 0, 0
    for _ in range(n):
        permuted = slow_scores(x, slow.shuffled_within(labels, strata, rng))
        hits = [h + (p >= o - 1e-12) for h, p, o in zip(hits, permuted, observed, strict=True)]
    for found, expected in ((counter.steps, hits[0]), (counter.mean[0], hits[1]), (counter.lowest[0], hits[2])):
        p = np.asarray(expected) / n
        assert (np.abs(found / 2000 - p) < 4.5 * np.sqrt(p * (1 - p) * 2 / n) + 2 / n).all()


def test_excess_and_variance_in_samples(cells, monkeypatch):
    monkeypatch.setattr(moments, "_LEAST", 3000)
    x, labels, strata = cells
    read, draws = laid_out(*cells)
    graph = make_graph()
    own = StrataOfCells.of(read.groups, draws.strata.sizes).own
    steps, strengths, lowest = core.circuit_excess(graph, read, own, draws=draws, rule="min")
    # the first step begins in role 0, the third too: the first sample has neither of them, nor the first circuit
    np.testing.assert_array_equal(steps.used[:, 0], [False, True, False])
    assert steps.used[:, 1:].all()
    np.testing.assert_array_equal(strengths.used, [[False, True, True, True], [False] * 4, [False] * 4])
    rng = np.random.default_rng(1)
    for s in range(1, 4):
        inside = strata == s
        here, of_cells = x[inside], labels[inside]
        permuted = [slow_scores(here, rng.permutation(of_cells), strongest=False) for _ in range(3000)]
        observed = slow_scores(here, of_cells, strongest=False)
        for rows, kind, circuit in ((steps, 0, slice(None)), (strengths, 1, 0), (lowest, 2, 0)):
            values = np.array([p[kind] for p in permuted])
            d, sd = observed[kind] - values.mean(axis=0), values.std(axis=0)
            assert (np.abs(rows.excess[circuit, s] - d) < 4.5 * sd * np.sqrt(2 / 3000)).all()
            assert (np.abs(rows.variance[circuit, s] / sd**2 - 1) < 0.15).all()
