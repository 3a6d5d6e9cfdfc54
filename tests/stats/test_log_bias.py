"""The bias of small logarithms against enumeration and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from commscore.core.log_rates import log_rates
from commscore.stats.log_bias import left_over


@pytest.mark.parametrize(("total", "share"), [(1, 0.3), (7, 0.5), (40, 0.02), (200, 0.07), (15, 0.999), (12, 1.0)])
def test_against_all_counts_there_can_be(total, share):
    prior, bias = 0.7, 0.3
    k = np.arange(total + 1)
    mean = (stats.binom.pmf(k, total, share) * np.log2(k + prior + bias)).sum()
    got = left_over(*(np.array([float(v)]) for v in (total, share)), prior=np.array([prior]), bias=np.array([bias]))
    assert got[0] == pytest.approx(mean - np.log2(total * share + prior), abs=1e-9)


def test_nothing_in_nothing_out():
    none = np.zeros(0)
    assert left_over(none, none, prior=none, bias=none).size == 0


@pytest.mark.parametrize("mean", [0.5, 2.0, 6.0])
def test_depth_alone_moves_no_mean_though_the_rate_is_estimated(mean):
    """Six samples of full depth, six of a quarter; the rate of the gene is known from these counts only."""
    rng = np.random.default_rng(0)
    library = np.repeat([1e5, 2.5e4], 6)[:, None] * np.ones(60_000)
    counts = rng.poisson(mean * library / 1e5).astype(float)
    value = log_rates(counts, library)
    change = value[6:].mean(axis=0) - value[:6].mean(axis=0)
    assert abs(change.mean()) < 4 * change.std() / np.sqrt(change.size)
    assert 4 * change.std() / np.sqrt(change.size) < 0.0125  # tight enough to see the bias of an estimated mean
