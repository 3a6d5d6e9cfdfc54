"""Loops against enumeration by brute force; rewiring against what it must keep."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from commscore.core import circuits as core
from commscore.kernels import cycles


def network(seed, n_edges=40, n_groups=5, n_kinds=6, density=0.4):
    rng = np.random.default_rng(seed)
    every = np.array(list(itertools.product(range(n_groups), range(n_kinds), range(n_groups))))
    chosen = every[rng.choice(len(every), n_edges, replace=False)]
    linked = rng.random((n_kinds, n_kinds)) < density
    return core.Network(
        chosen[:, 0].copy(), chosen[:, 2].copy(), chosen[:, 1].copy(), rng.uniform(0.1, 2, n_edges), linked, n_groups
    )  # fmt: skip


def brute(net, longest):
    """Every loop as a tuple of edges that begins in its lowest group."""
    found = set()
    n = net.source.size
    for length in range(2, longest + 1):
        for path in itertools.product(range(n), repeat=length):
            groups = [net.source[e] for e in path]
            if len(set(groups)) < length or groups[0] != min(groups):
                continue
            turn = zip(path, path[1:] + path[:1], strict=True)
            if all(net.target[a] == net.source[b] and net.linked[net.kind[a], net.kind[b]] for a, b in turn):
                found.add(path)
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("longest", [2, 3])
def test_loops_equal_brute_force(seed, longest):
    net = network(seed)
    found = core.search(net, longest=longest, room=1000, budget=10**6)
    expected = brute(net, longest)
    assert {tuple(e[:n]) for e, n in zip(found.edges, found.length, strict=True)} == expected
    assert found.complete
    assert found.totals[0] == len(expected)
    strength = [np.prod(net.score[list(p)]) ** (1 / len(p)) for p in expected]
    assert found.totals[1] == pytest.approx(sum(strength))
    assert found.totals[2] == pytest.approx(max(strength, default=0.0))
    assert sorted(core.loop_strengths(net, found)) == pytest.approx(sorted(strength))


def test_loops_of_four():
    net = network(9, n_edges=16, density=0.8)
    found = core.search(net, longest=4, room=1000, budget=10**6)
    assert {tuple(e[:n]) for e, n in zip(found.edges, found.length, strict=True)} == brute(net, 4)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("room", [1, 7, 10_000])
def test_relays_equal_brute_force_however_little_is_kept(seed, room, monkeypatch):
    monkeypatch.setattr(core._loops, "_PENDING", 3)
    net = network(seed, n_edges=60, density=0.6)
    net.score[:] = np.ceil(net.score * 4) / 4  # ties
    expected = []
    for e, f in itertools.permutations(range(net.source.size), 2):
        groups = {net.source[e], net.target[e], net.target[f]}
        if net.target[e] == net.source[f] and len(groups) == 3 and net.linked[net.kind[e], net.kind[f]]:
            expected.append((-net.score[e] * net.score[f], e, f))
    pairs, total = core.relays(net, room=room)
    assert total == len(expected) > 30
    assert pairs.tolist() == [[e, f] for _, e, f in sorted(expected)[:room]]


def test_bounds_are_kept_and_reported():
    net = network(0, n_edges=120, density=0.9)
    whole = core.search(net, longest=4, room=10**5, budget=10**7)
    few = core.search(net, longest=4, room=3, budget=10**7)
    assert few.length.size == 3
    assert few.totals[0] == whole.totals[0] == whole.length.size > 100
    cut = core.search(net, longest=4, room=10, budget=50)
    assert not cut.complete
    assert cut.totals[0] < whole.totals[0]


def test_autocrine_edges_are_found_apart():
    net = network(1, n_edges=80, density=0.5)
    expected = [e for e in range(80) if net.source[e] == net.target[e] and net.linked[net.kind[e], net.kind[e]]]
    assert core.autocrine(net).tolist() == expected
    assert expected


def test_rewiring_keeps_degrees_and_moves_edges():
    net = network(2, n_edges=60)
    present = np.zeros((5, 6, 5), bool)
    present[net.source, net.kind, net.target] = True
    target = net.target.copy()
    cycles.rewire(net.source, target, net.kind, present, 600, np.uint64(1), np.uint64(0))
    assert (target != net.target).sum() > 20
    np.testing.assert_array_equal(np.bincount(target, minlength=5), np.bincount(net.target, minlength=5))
    assert len({*zip(net.source, net.kind, target, strict=True)}) == 60  # none twice
    expected = np.zeros_like(present)
    expected[net.source, net.kind, target] = True
    np.testing.assert_array_equal(present, expected)
    within = net.source == net.target
    np.testing.assert_array_equal(target[within], net.target[within])
    assert (net.source[~within] != target[~within]).all()


def test_null_of_random_networks_is_not_too_small():
    p = []
    for seed in range(60):
        net = network(seed + 100, n_edges=45)
        found = core.search(net, longest=3, room=200, budget=10**6)
        null = core.rewired(net, found, n_perms=39, key=seed, longest=3, budget=10**6)
        p.append((1 + (null.totals[:, 0] >= found.totals[0]).sum()) / 40)
    assert np.mean(np.array(p) <= 0.1) <= 0.2
    assert np.mean(p) == pytest.approx(0.5, abs=0.13)


def test_counts_of_the_null_against_a_second_look():
    net = network(3, n_edges=50, density=0.6)
    found = core.search(net, longest=2, room=100, budget=10**6)
    null = core.rewired(net, found, n_perms=20, key=5, longest=2, budget=10**6)
    contain, exceed = np.zeros(found.length.size, int), np.zeros(found.length.size, int)
    for i in range(20):
        target, present = net.target.copy(), np.zeros((5, 6, 5), bool)
        present[net.source, net.kind, target] = True
        cycles.rewire(net.source, target, net.kind, present, 500, np.uint64(5), np.uint64(i))
        other = core.Network(net.source, target, net.kind, net.score, net.linked, 5)
        again = core.search(other, longest=2, room=1000, budget=10**6)
        assert again.totals == pytest.approx(null.totals[i])
        edges = {*zip(net.source, net.kind, target, strict=True)}
        for j, path in enumerate(found.edges):
            contain[j] += all((net.source[e], net.kind[e], net.target[e]) in edges for e in path)
            exceed[j] += again.totals[2] >= core.loop_strengths(net, found)[j] * (1 - 1e-9)
    np.testing.assert_array_equal(null.contain, contain)
    np.testing.assert_array_equal(null.exceed, exceed)
