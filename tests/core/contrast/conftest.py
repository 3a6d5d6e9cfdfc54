"""Small cohorts of pseudobulk with known truth."""

from __future__ import annotations

import numpy as np
import pytest

from commscore.arrays import Entities, Tests
from commscore.core.contrast import Cohort

N_GENES = 16


def build_cohort(
    condition, *, seed=0, n_groups=3, donor=0.25, fold=None, depth=None, cells=None, paired=False, covariate=None,
    level=3.0, missing=(), absent=(), abundance=None,
):  # fmt: skip
    """Poisson counts around log-normal donors; ``fold`` (n, groups, genes) in log2; genes are all expressed."""
    rng = np.random.default_rng(seed)
    condition = np.asarray(condition)
    n, levels = condition.size, int(condition.max()) + 1
    if cells is None:
        cells = rng.integers(60, 200, (n, n_groups))
    cells = np.array(cells) if abundance is None else np.round(np.array(cells) * 2.0**abundance).astype(int)
    for sample, group in missing:
        cells[sample, group] = 4
    for sample, group in absent:
        cells[sample, group] = 0
    depth = np.ones(n) if depth is None else np.asarray(depth)
    rate = level * np.exp(rng.normal(0, 0.7, (n_groups, N_GENES)))
    rate = rate * np.exp(donor * rng.normal(size=(n, n_groups, N_GENES)))
    if fold is not None:
        rate = rate * 2.0**fold
    mean = rate * depth[:, None, None] * cells[:, :, None]
    counts = rng.poisson(mean).astype(float)
    library = np.maximum(1500.0 * depth[:, None] * cells, 1.0)
    logcpm = np.log2((counts + 0.5) / (library + 1)[:, :, None] * 1e6)
    logcpm[cells < 10] = np.nan
    design = np.eye(levels)[condition]
    block = None
    if covariate is not None:
        design = np.column_stack([design, covariate - np.mean(covariate)])
    if paired:
        block = np.concatenate([np.arange((condition == c).sum()) for c in range(levels)])
        dummies = (block[:, None] == np.arange(1, block.max() + 1)).astype(float)
        design = np.column_stack([design, dummies - dummies.mean(axis=0)])
    return Cohort(
        logcpm=logcpm, counts=counts, library=library, n_cells=cells, prop=1 - np.exp(-rate * depth[:, None, None]),
        condition=condition, levels=tuple(f"c{i}" for i in range(levels)), design=design, block=block,
    )  # fmt: skip


def build_tests(n_groups=3):
    """Every pair of groups × six interactions: two of single genes, two with complexes, one with itself."""
    entities = Entities.of([[0], [1], [2], [3], [4, 5], [6, 7, 8], [9]])
    sides = np.array([(0, 1), (2, 3), (0, 4), (5, 3), (6, 6), (4, 5)])
    pairs = np.array([(s, t) for s in range(n_groups) for t in range(n_groups)])
    rows = np.array([(s, t, a, b) for s, t in pairs for a, b in sides])
    return entities, Tests(*rows.T.copy())


@pytest.fixture
def cohort():
    return build_cohort


@pytest.fixture
def tests():
    return build_tests
