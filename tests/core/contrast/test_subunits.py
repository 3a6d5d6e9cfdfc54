"""The limiting subunit of a complex: against loops, and against being pulled down by noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from commscore.arrays import Entities
from commscore.arrays import Tests as Edges
from commscore.core.contrast import _subunits, compare, design
from commscore.core.log_rates import log_rates

COUNTING = 1 / np.log(2) ** 2


def rates(cohort):
    there = np.isfinite(cohort.logcpm[:, :, 0])
    counts = np.where(there[:, :, None], cohort.counts, 0).sum(axis=0)
    return counts / np.where(there, cohort.library, 0).sum(axis=0)[:, None]


def slow_between(cohort, complexes):
    """Half the variance of differences of two subunits within levels, less counting, over all that are well counted."""
    rate, found = rates(cohort), []
    for group in range(cohort.n_groups):
        there = np.isfinite(cohort.logcpm[:, group, 0])
        level, library = cohort.condition[there], cohort.library[there, group]
        for first, *others in complexes:
            for other in others:
                expected = [rate[group, g] * library for g in (first, other)]
                counting = [COUNTING / (e + 0.5) for e in expected]
                if min(COUNTING / c.mean() - 0.5 for c in counting) < 4:
                    continue
                y = cohort.logcpm[there, group, other] - cohort.logcpm[there, group, first]
                squares = sum(((y[level == c] - y[level == c].mean()) ** 2).sum() for c in set(level))
                found.append(squares / (level.size - len(set(level))) - (counting[0] + counting[1]).mean())
    return max(np.mean(found), 0) / 2


def slow_choice(cohort, genes, group, *, between):
    """Limiting gene of every level."""
    rate, there = rates(cohort), np.isfinite(cohort.logcpm[:, group, 0])
    level = cohort.condition[there]
    value = {g: cohort.logcpm[there, group, g] for g in genes}
    counting = {g: COUNTING / (rate[group, g] * cohort.library[there, group] + 0.5) for g in genes}
    usual = min(genes, key=lambda g: np.average(value[g], weights=1 / (between + counting[g])))
    out = []
    for code in range(len(cohort.levels)):
        lower = {usual: 0.0}
        for g in genes:
            y = value[usual] - value[g]
            here = level == code
            squares = sum(((y[level == c] - y[level == c].mean()) ** 2).sum() for c in set(level))
            own = squares / (level.size - len(set(level)))
            variance = max((2 * between + counting[g] + counting[usual])[here].mean(), own)
            if y[here].mean() > 3.3 * np.sqrt(variance / here.sum()):
                lower[g] = y[here].mean()
        out.append(max(lower, key=lower.get))
    return out


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_choice_is_what_loops_give(cohort, seed):
    rng = np.random.default_rng(seed)
    condition = np.repeat([0, 1, 2], 4)
    fold = np.zeros((12, 2, 16))
    fold[4:8] = rng.normal(0, 3, (2, 16))
    c = cohort(condition, n_groups=2, fold=fold, donor=0.3, seed=seed, missing=[(0, 1)], depth=rng.uniform(0.2, 1, 12))
    complexes = [[1, 2], [3, 4, 5], [6, 7, 8, 9]]
    got = _subunits.choose(c, Entities.of([[0], *complexes]), rate=rates(c))
    assert (got[:, :, 0] == 0).all()
    between = slow_between(c, complexes)
    want = [[slow_choice(c, genes, group, between=between) for genes in complexes] for group in range(2)]
    np.testing.assert_array_equal(got[:, :, 1:], np.moveaxis(want, 2, 0))
    assert (got.min(axis=0) != got.max(axis=0)).any()  # some switch


def test_unequal_depth_does_not_pull_complexes_down(cohort):
    """Two subunits of the same level, one condition read at an eighth of the depth: no change, on average."""
    entities, effects, least = Entities.of([[2 * i, 2 * i + 1] for i in range(8)]), [], []
    rows = Edges(*np.array([[0, 0, i, i] for i in range(8)]).T.copy())
    for seed in range(40):
        c = cohort(
            np.repeat([0, 1], 5), n_groups=1, seed=seed, depth=[1.0] * 5 + [0.125] * 5, cells=np.full((10, 1), 60)
        )
        rng, mean = np.random.default_rng(seed), 1.0 * 60 * np.array([1.0] * 5 + [0.125] * 5)
        rate = mean[:, None] * np.exp(0.2 * rng.normal(size=(10, 16)))
        counts = rng.poisson(rate)[:, None].astype(float)
        c = replace(c, counts=counts, logcpm=log_rates(counts, c.library[:, :, None]))
        out = compare(c, entities, rows, contrast=design.pair("x", ref=0, alt=1, n_coefficients=2)).columns
        effects.append(out["ligand_effect"])
        low = c.logcpm[:, 0].reshape(10, 8, 2).min(axis=2)
        least.append(low[5:].mean(axis=0) - low[:5].mean(axis=0))
    error = np.std(effects) / np.sqrt(np.size(effects))
    bias = np.mean([e.mean() for e in least])
    assert bias < -0.1  # what the lowest subunit of every sample would say
    assert abs(np.mean(effects)) < 3 * error
    assert error < 0.03
