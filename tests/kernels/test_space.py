"""Neighbours and sums in a tissue against loops over all pairs of cells."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from commscore.core.space import neighbours as graphs
from commscore.core.space.neighbours import Reach, neighbours_of
from commscore.core.threads import team

REACHES = [Reach("flat", 25.0), Reach("gaussian", 20.0), Reach("flat", 1e-6), Reach("gaussian", 5000.0)]


def weight(reach, distance):
    if distance > reach.radius:
        return 0.0
    return 1.0 if reach.shape == "flat" else np.exp(-(distance**2) / (2 * reach.um**2))


def all_pairs(points, sample, reach):
    """Weights of all ordered pairs of cells of one sample."""
    n = len(points)
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j and sample[i] == sample[j]:
                out[i, j] = weight(reach, np.sqrt(((points[i] - points[j]) ** 2).sum()))
    return out


def dense(neighbours):
    out = np.zeros((neighbours.n_cells,) * 2)
    for i in range(neighbours.n_cells):
        some = slice(neighbours.indptr[i], neighbours.indptr[i + 1])
        assert len(set(neighbours.indices[some])) == neighbours.indices[some].size
        out[i, neighbours.indices[some]] = neighbours.weights[some]
    return out


def tissue(n=150, dimensions=2, rng=0):
    rng = np.random.default_rng(rng)
    return rng.uniform(0, 150, (n, dimensions)), np.sort(rng.integers(0, 3, n))


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("reach", REACHES)
def test_neighbours_are_all_pairs_within_reach_of_one_sample(reach, dimensions):
    points, sample = tissue(dimensions=dimensions)
    with team(1) as one:
        found = neighbours_of(points, sample, reach, team=one)
    assert (found.indptr.dtype, found.indices.dtype, found.weights.dtype) == (np.int64, np.int32, np.float32)
    expected = all_pairs(points, sample, reach)
    assert ((dense(found) > 0) == (expected > 0)).all()
    np.testing.assert_allclose(dense(found), expected, rtol=1e-6)


def test_a_few_cells_far_away_change_no_neighbours_and_take_no_memory():
    points, _ = tissue()
    far = np.array([[1e9, 1e9], [-1e9, 5.0]])
    one_sample = np.zeros(len(points) + 2, np.int64)
    with team(1) as one:
        near = neighbours_of(points, one_sample[2:], REACHES[0], team=one)
        both = neighbours_of(np.vstack([points, far]), one_sample, REACHES[0], team=one)
    np.testing.assert_array_equal(dense(both)[:-2, :-2] > 0, dense(near) > 0)
    assert not dense(both)[-2:].any()


def test_neither_threads_nor_tiles_change_the_bytes(monkeypatch):
    rng = np.random.default_rng(1)
    points, sample = rng.uniform(0, 2000, (10_000, 2)), np.repeat([0, 1], 5000)
    found = []
    for n, cells in ((1, 4096), (3, 4096), (3, 77)):
        monkeypatch.setattr(graphs, "_STEP", cells)
        with team(n) as threads:
            found.append(neighbours_of(points, sample, Reach("gaussian", 20.0), team=threads))
    for name in ("indptr", "indices", "weights"):
        assert len({getattr(f, name).tobytes() for f in found}) == 1


def test_the_graph_of_100_000_cells_takes_little_more_than_itself():
    width = 1000 * np.sqrt(100_000 / 1500)  # µm, at 1,500 cells per mm²
    points = np.random.default_rng(0).uniform(0, width, (100_000, 2))
    with team(1) as one:
        neighbours_of(points[:100], np.zeros(100, np.int64), Reach("gaussian", 50.0), team=one)  # compiles
        tracemalloc.start()
        found = neighbours_of(points, np.zeros(len(points), np.int64), Reach("gaussian", 50.0), team=one)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    itself = found.indptr.nbytes + found.indices.nbytes + found.weights.nbytes
    assert found.indices.size > 100 * len(points)
    assert itself < 90 * 2**20
    assert peak < itself + 20 * 2**20


def test_turning_and_moving_a_tissue_changes_nothing():
    points, sample = tissue()
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    with team(1) as one:
        as_it_is = neighbours_of(points, sample, REACHES[1], team=one)
        turned = neighbours_of(points @ turn + [100.0, -300.0], sample, REACHES[1], team=one)
        in_mm = neighbours_of(points / 1000, sample, Reach("gaussian", REACHES[1].um / 1000), team=one)
    np.testing.assert_allclose(dense(turned), dense(as_it_is), atol=1e-6)
    np.testing.assert_allclose(dense(in_mm), dense(as_it_is), atol=1e-6)


def test_what_arrives_and_who_touches_whom():
    points, sample = tissue()
    rng = np.random.default_rng(2)
    group, values = rng.integers(0, 4, len(points)), rng.exponential(size=len(points)).astype(np.float32)
    rows = np.flatnonzero(rng.random(len(points)) < 0.5).astype(np.uint32)
    with team(1) as one:
        neighbours = neighbours_of(points, sample, REACHES[1], team=one)
    w = all_pairs(points, sample, REACHES[1])
    arrived = np.zeros((len(points), 4))
    touching = np.zeros((4, 4), int)
    for j in range(len(points)):
        for i in rows:
            arrived[j, group[i]] += w[i, j] * values[i]
        for i in range(len(points)):
            touching[group[i], group[j]] += w[i, j] > 0
    found = neighbours.arriving(values[rows], rows, group=group, n_groups=4)
    np.testing.assert_allclose(found, arrived, rtol=1e-6)
    reached = np.stack([w[group == k].sum(axis=0) for k in range(4)], axis=1)
    np.testing.assert_allclose(neighbours.reached(group, 4), reached, rtol=1e-6)
    np.testing.assert_array_equal(neighbours.contacts(group, 4), touching)
