"""Scores of steps, gates, strengths and their joint null against plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import reference
from commscore.arrays import Entities, Groups
from commscore.core import circuits as core
from commscore.core.permute import Draws, permute
from commscore.core.read.cells import LabelledCells
from commscore.core.threads import team

# nodes: gene 0 in role 0; complex 1_2 in role 1; gene 3 in role 0; gene 4 in the strongest group; gene 5 in role 1
MOLECULES = [[0], [1, 2], [3], [4], [5]]
ROLES = [0, 1, 0, 2, 1]
MEMBERS = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1]], bool)


def make_graph(gates=(), source=(0, 3, 2), target=(1, 4, 4), circuit=(0, 0, 1), counts=(True, True, True)):
    return core.CircuitGraph(
        Entities.of(MOLECULES), np.array(ROLES), MEMBERS, np.array([False, False, True]), np.array(source),
        np.array(target), core.Gates.of(list(gates)), np.array(circuit), np.array(counts), 3,
    )  # fmt: skip


def slow_nodes(means, sizes, rule="min"):
    """means: genes × groups."""
    out = []
    for genes, role in zip(MOLECULES, ROLES, strict=True):
        inside = np.flatnonzero(MEMBERS[role])
        if role == 2:
            out.append(max(reference.join(means[genes, k], rule) for k in inside))
        else:
            pooled = [sum(means[g, k] * sizes[k] for k in inside) / sizes[inside].sum() for g in genes]
            out.append(reference.join(np.array(pooled), rule))
    return np.array(out)


@pytest.fixture
def cells():
    rng = np.random.default_rng(3)
    x = np.where(rng.random((70, 6)) < 0.6, rng.gamma(2, 1, (70, 6)), 0)
    return x, np.repeat([0, 1, 2, 3], [9, 14, 20, 27])


@pytest.mark.parametrize("rule", ["min", "geometric", "mean"])
def test_molecules_in_their_roles(cells, rule):
    x, labels = cells
    means, sizes = reference.group_means(x, labels, 4).T, np.bincount(labels)
    found = core.node_values(means[:, :, None], make_graph(), sizes=sizes, rule=rule)[:, 0]
    np.testing.assert_allclose(found, slow_nodes(means, sizes, rule), rtol=1e-12)


def test_a_role_of_several_groups_is_the_mean_over_its_cells(cells):
    x, labels = cells
    means = reference.group_means(x, labels, 4).T
    found = core.node_values(means[:, :, None], make_graph(), sizes=np.bincount(labels), rule="min")[4, 0]
    assert found == pytest.approx(x[np.isin(labels, [1, 2]), 5].mean())


def scored(gates, values):
    return core.step_scores(np.array(values, float)[:, None], make_graph(gates))[:, 0]


def test_gates_act_as_they_are_defined():
    values = [4.0, 1.0, 2.0, 9.0, 4.0]  # step 0: nodes 0 → 1, step 1: 3 → 4, step 2: 2 → 4
    plain = scored([], values)
    np.testing.assert_allclose(plain, [2, 6, np.sqrt(8)])
    released = scored([(1, 2, core.RELEASE)], values)  # the ligand 9 is limited to 2
    np.testing.assert_allclose(released, [2, np.sqrt(2 * 4), np.sqrt(8)])
    held = scored([(1, 1, core.CORECEPTOR)], values)  # the receptor 4 is limited to 1
    np.testing.assert_allclose(held, [2, 3, np.sqrt(8)])
    decoy = scored([(1, 0, core.DECOY)], values)  # receptor and decoy are equal: half of the ligand
    np.testing.assert_allclose(decoy, [2, np.sqrt(9 / 2 * 4), np.sqrt(8)])
    two = scored([(1, 0, core.DECOY), (1, 2, core.DECOY)], values)
    np.testing.assert_allclose(two[1], np.sqrt(9 * 4 / (4 + 4 + 2) * 4))


def test_gates_at_their_limits():
    assert scored([(0, 4, core.RELEASE)], [4, 1, 2, 9, 0])[0] == 0  # nothing released
    assert scored([(0, 4, core.DECOY)], [4, 1, 2, 9, 0])[0] == 2  # no decoy
    assert scored([(0, 4, core.DECOY)], [4, 0, 2, 9, 0])[0] == 0  # neither receptor nor decoy


def test_strength_is_geometric_mean_and_minimum_of_steps_that_count():
    graph = make_graph(counts=(True, True, False))
    found = core.strengths(np.array([[2.0, 0.0], [8.0, 1.0], [5.0, 5.0]]), graph)
    np.testing.assert_allclose(found.mean[0], [4.0, 0.0])
    np.testing.assert_allclose(found.lowest[0], [2.0, 0.0])
    assert np.isnan(found.mean[1:]).all()  # no step counts, no step at all


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
def test_joint_null_equals_brute_force(cells, scheme):
    x, labels = cells
    graph = make_graph([(0, 2, core.RELEASE), (1, 0, core.DECOY)])
    key, n = 77, 61
    order = reference.shuffled(range(70), key, 2**64 - 1) if scheme != "independent" else np.arange(70)
    with team(1) as threads:
        for memory in (10**9, 1):
            draws = Draws(n=n, scheme=scheme, key=key, memory=memory)
            np.testing.assert_array_equal(draws.order(70), order)
            read = LabelledCells.read(x, cells=np.arange(70), groups=Groups.of(labels, 4), columns=np.arange(6),
                                      order=draws.order(70), team=threads)  # fmt: skip
            labelled = read.with_exact_sums()
            tally = core.CircuitCounter(graph, labelled, means=labelled.observe().mean, rule="min")
            permute(labelled, tally, draws)

            def all_of(m):
                values = slow_nodes(m.T, np.bincount(labels))[:, None]
                scores = core.step_scores(values, graph)
                return [scores[:, 0], *(s[:, 0] for s in core.strengths(scores, graph))]

            permuted = reference.labellings(labels, n, key, scheme)
            null = [all_of(reference.group_means(x, p, 4)) for p in permuted]
            observed = all_of(reference.group_means(x, labels, 4))
            for i, counts in enumerate((tally.steps, tally.mean, tally.lowest)):
                expected = sum(p[i] >= observed[i] * (1 - 1e-9) for p in null)
                np.testing.assert_array_equal(counts, expected)


def test_flows_are_logs_of_scores_squared():
    rng = np.random.default_rng(0)
    levels = rng.normal(3, 1, (4, 5))
    graph = make_graph([(0, 2, core.RELEASE), (1, 0, core.DECOY), (2, 1, core.CORECEPTOR)])
    scores = core.step_scores(2**levels.T, graph)
    flows = core.step_flows(levels, graph)
    np.testing.assert_allclose(flows, 2 * np.log2(scores).T, rtol=1e-12)
    left, right = core.step_sides(levels, graph)
    np.testing.assert_allclose(left + right + core.decoy_terms(levels, graph), flows, rtol=1e-12)
    assert (core.decoy_terms(levels, graph)[:, 1] < 0).all()
    assert (core.decoy_terms(levels, graph)[:, [0, 2]] == 0).all()


def test_levels_take_the_least_subunit_and_keep_what_is_missing():
    logs = np.random.default_rng(0).normal(5, 1, (3, 3, 6))
    logs[1, 0] = np.nan
    found = core.node_levels(logs, make_graph())
    np.testing.assert_allclose(found[:, 1], logs[:, 1, [1, 2]].min(axis=1))
    assert np.isnan(found[1, [0, 2]]).all()
    assert np.isfinite(found[[0, 2]]).all()


def test_noise_and_fractions_of_steps_follow_the_side_that_limits():
    rng = np.random.default_rng(3)
    units, props = rng.uniform(0, 1, (4, 5)), rng.uniform(0, 1, (4, 5))
    gates = [(0, 2, core.RELEASE), (1, 0, core.DECOY), (2, 1, core.CORECEPTOR)]
    graph, bare = make_graph(gates), make_graph([])
    ends = [(units[:, a], units[:, b]) for a, b in zip(graph.source, graph.target, strict=True)]
    found = core.step_units(units, graph)
    np.testing.assert_allclose(core.step_units(units, bare), np.column_stack([a + b for a, b in ends]))
    np.testing.assert_allclose(found[:, 0], np.maximum(ends[0][0], units[:, 2]) + ends[0][1])
    np.testing.assert_allclose(found[:, 1], ends[1][0] + ends[1][1] + units[:, 0])
    np.testing.assert_allclose(found[:, 2], ends[2][0] + np.maximum(ends[2][1], units[:, 1]))
    lowest = np.minimum(*core.step_sides(props, graph))
    for step, more in ((0, [2]), (1, []), (2, [1])):  # a decoy need not be expressed
        nodes = [graph.source[step], graph.target[step], *more]
        np.testing.assert_array_equal(lowest[:, step], props[:, nodes].min(axis=1))


def test_association_is_of_samples_within_conditions():
    rng = np.random.default_rng(5)
    strata = np.repeat([0, 1], 10)
    shifted = strata * 5.0
    x, y = shifted + rng.normal(0, 1, 20), shifted + rng.normal(0, 1, 20)
    rho, p, n = core.spearman_within(x, y, strata=strata, sign=1, rng=rng)
    assert stats.spearmanr(x, y).pvalue < 0.001  # the conditions alone would make it
    assert p > 0.05
    assert n == 20
    assert abs(rho) < 0.5
    near = core.spearman_within(x, x + rng.normal(0, 0.2, 20), strata=strata, sign=1, rng=rng)
    assert near[0] > 0.8
    assert near[1] < 0.01
    against = core.spearman_within(x, x, strata=strata, sign=-1, rng=rng)
    assert against[1] > 0.9


def test_association_without_strata_is_spearmans():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=12), rng.normal(size=12)
    rho, p, _ = core.spearman_within(x, y, strata=np.zeros(12, int), sign=1, rng=rng)
    expected = stats.spearmanr(x, y, alternative="greater")
    assert rho == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue, abs=0.03)
    assert np.isnan(core.spearman_within(x, np.ones(12), strata=np.zeros(12, int), sign=1, rng=rng)[0])
