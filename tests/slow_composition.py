"""Composition factors the slow, obvious way: whole ranks, one gene after the other."""

import numpy as np
from scipy.stats import rankdata


def inside(values, share):
    """Whether each rank (ties share the mean) lies between the ``share`` lowest and highest."""
    n = len(values)
    cut = int(np.floor(n * share))
    ranks = rankdata(values)
    return (ranks >= cut + 1) & (ranks <= n - cut)


def pooled(counts, library):
    """Shrunk log2 factors, log2 factors and standard errors of ``counts`` (samples × genes)."""
    counts = counts[:, counts.sum(axis=0) >= 5]
    n = len(library)
    if counts.shape[1] < 10:
        return np.zeros(n), np.zeros(n), np.full(n, np.inf)
    factor, se = np.zeros(n), np.zeros(n)
    for s in range(n):
        expected = counts.sum(axis=0) / sum(library) * library[s]
        genes = [g for g in range(len(expected)) if expected[g] >= 1]
        if len(genes) < 100:
            last = sorted(expected, reverse=True)[min(100, len(expected)) - 1]
            genes = [g for g in range(len(expected)) if expected[g] >= last]
        m = np.array([np.log2((counts[s, g] + 0.5) / (expected[g] + 0.25)) for g in genes])
        e = np.array([expected[g] for g in genes])
        kept = inside(m, 0.3) & inside(e, 0.05)
        w = np.array([1 / (0.05 + 1 / (np.log(2) ** 2 * (x + 0.5))) for x in e])
        factor[s] = np.average(m[kept], weights=w[kept])
        se[s] = np.sqrt(0.6 / w[kept].sum())
    away = factor - factor.mean()
    between = max(np.var(factor, ddof=1) - np.mean(se**2), 0.0)
    return away * between / (between + se**2), away, se
