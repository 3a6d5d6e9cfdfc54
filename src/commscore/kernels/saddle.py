"""Tables of the cumulant generating function of a permuted group mean.

Under the permutation null the sum of a gene over a group of ``n`` of ``N`` cells is the sum of a simple random
sample without replacement: independent Bernoulli inclusion conditioned on ``n`` inclusions. With tilt τ and the
multiplier u that keeps the expected number of inclusions at n,

    C(τ) = Σ log(1 − f + f exp(u + τ x)) − u n,     f = n / N,

summed over one atom for the zeros and one for each bin of the histogram (double saddlepoint, Skovgaard 1987,
doi:10.2307/3214212). The atom at "no expressing cell in the group", probability P0, is then taken out exactly,
exp C̃ = (exp C − P0) / (1 − P0), which leaves a distribution without an atom at zero: a rare gene in a small
group is as smooth as any other.

A table holds, at 41 tilts, C̃ of the standardised mean, its two derivatives, and log K_uu(τ)/K_uu(0), the
factor that conditioning puts into the tail.
"""

from __future__ import annotations

import math

import numpy as np

from ._jit import njit

CUMULANT, SLOPE, CURVATURE, FACTOR = 0, 1, 2, 3
FRACTION, SIZE, N_ZERO, ATOM = 0, 1, 2, 3
_POSITIVE = np.concatenate(
    [np.arange(8) / 2, 4 + np.arange(4), 8 + 2 * np.arange(4), 16 + 4 * np.arange(4), 32 + 8 * np.arange(5)]
)
GRID = np.concatenate([-_POSITIVE[16:0:-1], _POSITIVE])
ORIGIN = 16
N_NODES = GRID.size
N_RIGHT = N_NODES - ORIGIN - 1
MANY = 8  # strata


@njit
def tilted(odds, e, c, x, n_zero, w, q):
    """Inclusions, their variance, and the sum's mean, covariance and variance at one tilt.

    ``odds`` are the odds of including a zero, ``e`` the factors exp(τ x) of the bins; ``w`` and ``q`` are scratch.
    """
    m = c.size
    for j in range(m):
        o = odds * e[j]
        r = 1.0 / (1.0 + o)
        w[j] = c[j] * o * r
        q[j] = w[j] * r
    p = odds / (1.0 + odds)
    k1, k2 = n_zero * p, n_zero * p / (1.0 + odds)
    kt, ktu, ktt = 0.0, 0.0, 0.0
    for j in range(m):
        k1 += w[j]
        k2 += q[j]
        kt += w[j] * x[j]
        ktu += q[j] * x[j]
        ktt += q[j] * x[j] * x[j]
    return k1, k2, kt, ktu, ktt


@njit
def log_total(u, odds, f, n, e, c, n_zero):
    """C at one tilt, from its definition."""
    base = math.log1p(-f)
    total = n_zero * (base + math.log1p(odds)) - u * n
    for j in range(c.size):
        total += c[j] * (base + math.log(1.0 + odds * e[j]))
    return total


@njit
def advance(e, step, wider):
    """Move the factors exp(τ x) by one node of the grid; ``wider`` squares the step first."""
    for j in range(e.size):
        if wider:
            step[j] = min(step[j] * step[j], 1e100)
        e[j] = min(e[j] * step[j], 1e200)


@njit
def settle(u, lift, n, e, c, x, n_zero, scratch, out):
    """Newton from ``u`` to the multiplier that includes ``n`` cells; returns it and its derivative by τ.

    ``out`` gets C', C'' and log K_uu. The last correction of u, below 1e-4, is carried into C'.
    """
    k2, ktu, du = 1.0, 0.0, 0.0
    for _ in range(40):
        k1, k2, kt, ktu, ktt = tilted(math.exp(u + lift), e, c, x, n_zero, scratch[0], scratch[1])
        k2 = max(k2, 1e-30)
        du = min(max((n - k1) / k2, -2.0), 2.0)
        u += du
        if abs(du) < 1e-4:
            break
    out[SLOPE] = kt + ktu * du
    out[CURVATURE] = max(ktt - ktu * ktu / k2, 0.0)
    out[FACTOR] = math.log(k2)
    return u, -ktu / k2


@njit
def walk(direction, unit, f, n, n_zero, c, x, p_zero, stride, scratch, raw):
    """Fill ``raw`` (nodes × 4: C, C', C'', log K_uu), every ``stride``-th, from the origin to one end of the grid.

    One exp per bin: from node to node the factors exp(τ x) are multiplied, and squared where the spacing
    doubles. u is predicted from its derivative. C comes from its definition while the atom at zero matters and
    from the Hermite quadrature of C' where it does not.
    """
    lift = math.log(f) - math.log1p(-f)
    e, step = scratch[2, : c.size], scratch[3, : c.size]
    t = GRID[ORIGIN + stride] * direction * unit
    for j in range(c.size):
        e[j] = 1.0
        step[j] = math.exp(t * x[j])
    raw[ORIGIN, CUMULANT] = 0.0
    u, slope = settle(0.0, lift, n, e, c, x, n_zero, scratch, raw[ORIGIN])
    before = slope
    for k in range(stride, N_RIGHT + 1 if direction > 0.0 else ORIGIN + 1, stride):
        node = ORIGIN + k if direction > 0.0 else ORIGIN - k
        back = node - stride if direction > 0.0 else node + stride
        h = abs(GRID[node] - GRID[back]) * direction * unit
        u += h * (slope + 0.5 * h / t * (slope - before))
        before = slope
        advance(e, step, abs(h) > 1.5 * abs(t))
        t = h
        u, slope = settle(u, lift, n, e, c, x, n_zero, scratch, raw[node])
        if p_zero > 0.0 and math.exp(min(raw[back, CUMULANT], 50.0)) < 1e3 * p_zero:
            raw[node, CUMULANT] = log_total(u, math.exp(u + lift), f, n, e, c, n_zero)
        else:
            gain = 0.5 * h * (raw[back, SLOPE] + raw[node, SLOPE])
            raw[node, CUMULANT] = (
                raw[back, CUMULANT] + gain + h * h * (raw[back, CURVATURE] - raw[node, CURVATURE]) / 12
            )


@njit
def truncate(raw, unit, p_zero, mean, scale, out):
    """Take the atom at zero out of ``raw`` and standardise: ``out`` is in units of ``scale`` about ``mean``.

    C̃' = C' / r and C̃'' = (C'' − C'² (1 − r) / r) / r, with r = 1 − P0 / exp C.
    """
    for node in range(N_NODES):
        c, c1, c2 = raw[node, CUMULANT], raw[node, SLOPE], raw[node, CURVATURE]
        if p_zero > 0.0:
            r = max(1.0 - p_zero * math.exp(-c), 1e-12)
            c2 = (c2 - c1 * c1 * (1.0 - r) / r) / r
            c1 /= r
            c += math.log(r) - math.log1p(-p_zero)
        out[node, CUMULANT] = c - GRID[node] * unit * mean
        out[node, SLOPE] = (c1 - mean) / scale
        out[node, CURVATURE] = max(c2 / (scale * scale), 1e-12)
        out[node, FACTOR] = raw[node, FACTOR] - raw[ORIGIN, FACTOR]


@njit
def between_nodes(raw, unit, stride):
    """Fill the nodes in the middle between every ``stride``-th: quintic Hermite for C and what follows from it."""
    for node in range(stride // 2, N_NODES, stride):
        a, b = raw[node - stride // 2], raw[node + stride // 2]
        h = (GRID[node + stride // 2] - GRID[node - stride // 2]) * unit
        raw[node, CUMULANT] = (
            0.5 * (a[CUMULANT] + b[CUMULANT])
            + 5.0 * h / 32.0 * (a[SLOPE] - b[SLOPE])
            + h * h / 64.0 * (a[CURVATURE] + b[CURVATURE])
        )
        raw[node, SLOPE] = (
            15.0 / (8.0 * h) * (b[CUMULANT] - a[CUMULANT])
            - 7.0 / 16.0 * (a[SLOPE] + b[SLOPE])
            + h / 32.0 * (b[CURVATURE] - a[CURVATURE])
        )
        raw[node, CURVATURE] = 1.5 / h * (b[SLOPE] - a[SLOPE]) - 0.25 * (a[CURVATURE] + b[CURVATURE])
        raw[node, FACTOR] = 0.5 * (a[FACTOR] + b[FACTOR])


@njit
def build(genes, indptr, counts, values, parts, rows, start, stop, scratch, one, raw, tables):
    """Tables (rows × 41 × 4) of sums over strata: cumulants and the logarithms of the factors add up.

    Row i, between ``start`` and ``stop``, has the gene ``genes[i]``, whose occupied bins in stratum ``s`` are
    ``counts`` and ``values`` between ``indptr[s, gene]`` and ``indptr[s, gene + 1]``. ``parts`` (rows × strata × 4) are
    f, n, number of zeros and P0 of each stratum (n is 0 where nothing is drawn), and ``rows`` (rows × 5) atom, tilt of
    one unit of the grid, mean and sd of the sum without its atom, and what is constant in it. ``scratch`` (4 × 128),
    ``one`` and ``raw`` (41 × 4) are overwritten.

    The strata are walked on every other node, or every fourth, where there is no atom at zero; their sum is
    interpolated: *measured* (GSE128531, six strata) p-values move by 0.03 % in the median, 6 % below 1e-20; with every
    fourth 0.1 % and, above 1e-6, at most 1 % (8 % in GSE75688, eleven strata of 47 cells).
    """
    for i in range(start, stop):
        atom, tilt, centre, scale, constant = rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3], rows[i, 4]
        raw[:] = 0.0
        stride = 1 if atom > 0.0 or parts.shape[1] == 1 else 2 if parts.shape[1] < MANY else 4
        for s in range(parts.shape[1]):
            n = parts[i, s, SIZE]
            if n == 0.0:
                continue
            first, last = indptr[s, genes[i]], indptr[s, genes[i] + 1]
            c, x = counts[first:last], values[first:last]
            p_zero = parts[i, s, ATOM] if atom > 0.0 else 0.0
            for side in range(2):
                walk(
                    1.0 - 2.0 * side,
                    tilt,
                    parts[i, s, FRACTION],
                    n,
                    parts[i, s, N_ZERO],
                    c,
                    x,
                    p_zero,
                    stride,
                    scratch,
                    one,
                )
            origin = one[ORIGIN, FACTOR]
            for node in range(0, N_NODES, stride):
                raw[node, CUMULANT] += one[node, CUMULANT]
                raw[node, SLOPE] += one[node, SLOPE]
                raw[node, CURVATURE] += one[node, CURVATURE]
                raw[node, FACTOR] += one[node, FACTOR] - origin
        while stride > 1:
            between_nodes(raw, tilt, stride)
            stride //= 2
        for node in range(N_NODES):
            raw[node, CUMULANT] += GRID[node] * tilt * constant
            raw[node, SLOPE] += constant
        truncate(raw, tilt, atom, centre, scale, tables[i])
