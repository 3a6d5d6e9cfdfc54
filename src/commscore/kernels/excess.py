"""Rows × samples: which samples a row has, its excess in each of them, and their weighted mean."""

from __future__ import annotations

import numpy as np

from ._jit import njit


@njit
def used_samples(source, target, cells, every, least, start, stop, out):
    """Write whether each sample has enough cells of both groups of the rows, and others than the source's.

    ``cells`` (groups × samples), ``every`` (samples,) cells of all groups.
    """
    for i in range(start, stop):
        for s in range(every.size):
            n, m = cells[source[i], s], cells[target[i], s]
            out[i, s] = n >= least and m >= least and n < every[s]


@njit
def weaker_side(ligand, source, receptor, target, fractions, start, stop, out):
    """Write the lesser of both sides' ``fractions`` (entities × groups × samples) of every row and sample."""
    for i in range(start, stop):
        for s in range(fractions.shape[2]):
            out[i, s] = min(fractions[ligand[i], source[i], s], fractions[receptor[i], target[i], s])


@njit
def linear_excess(ends, pair, mean, part, cell, overall, sd, correlation, used, start, stop, excess, variance, level):
    """Write the excess of (L + R) / 2 over its mean under permuted labels, and its variance; NaN in unused samples.

    ``ends`` (4 × rows) are source, target and both genes; ``pair`` their number in ``correlation`` (pairs × samples),
    -1 where both are one gene; ``mean`` (genes × groups × samples); ``part`` (groups × samples) 1/n − 1/N of the n
    cells of a group among all N of the sample, ``cell`` (samples,) 1/N; ``overall`` and ``sd`` (genes × samples) means
    and standard deviations over all cells of a sample. ``level`` gets the sum of the means under permuted labels.
    """
    for i in range(start, stop):
        k, m, a, b, at = ends[0, i], ends[1, i], ends[2, i], ends[3, i], max(pair[i], 0)
        total = 0.0
        for s in range(cell.size):
            if not used[i, s]:
                excess[i, s], variance[i, s] = np.nan, np.nan
                continue
            one, other = part[k, s], part[m, s]
            left, right = sd[a, s], sd[b, s]
            r = correlation[at, s] if pair[i] >= 0 else 1.0
            shared = r * left * right * (one if k == m else -cell[s])
            variance[i, s] = max(0.25 * (left * left * one + right * right * other + 2.0 * shared), 0.0)
            centre = 0.5 * (overall[a, s] + overall[b, s])
            excess[i, s] = 0.5 * (mean[a, k, s] + mean[b, m, s]) - centre
            total += centre
        level[i] = total


@njit
def least_variance(variance, used, share, least, out):
    """Write the variance that none of a row's samples is taken to be below: ``share`` of their mean."""
    for i in range(used.shape[0]):
        n, total = 0, 0.0
        for s in range(used.shape[1]):
            if used[i, s]:
                n += 1
                total += variance[i, s]
        out[i] = max(share * total / max(n, 1), least)


@njit
def weighted(excess, variance, used, least, between, total, mean, spread):
    """Write the sum of the weights 1 / (variance + between), the weighted mean, and squares about it, row by row.

    No variance of a row counts as less than ``least``.
    """
    for i in range(used.shape[0]):
        weights, sums = 0.0, 0.0
        for s in range(used.shape[1]):
            if used[i, s]:
                w = 1.0 / (max(variance[i, s], least[i]) + between[i])
                weights += w
                sums += w * excess[i, s]
        total[i] = weights
        mean[i] = sums / weights if weights > 0.0 else np.nan
        squares = 0.0
        for s in range(used.shape[1]):
            if used[i, s]:
                squares += (excess[i, s] - mean[i]) ** 2 / (max(variance[i, s], least[i]) + between[i])
        spread[i] = squares


@njit
def moments_between(excess, variance, used, least, out):
    """Write DerSimonian & Laird's moment estimate of the variance between samples, untruncated, of every row."""
    for i in range(used.shape[0]):
        n, weights, squares, sums = 0, 0.0, 0.0, 0.0
        for s in range(used.shape[1]):
            if used[i, s]:
                w = 1.0 / max(variance[i, s], least[i])
                n += 1
                weights += w
                squares += w * w
                sums += w * excess[i, s]
        spread, mean = 0.0, sums / weights
        for s in range(used.shape[1]):
            if used[i, s]:
                spread += (excess[i, s] - mean) ** 2 / max(variance[i, s], least[i])
        out[i] = (spread - (n - 1)) / (weights - squares / weights)
