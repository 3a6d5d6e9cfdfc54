"""Scores of two sides that are no plain sum: products, zero rules, complexes.

Every gene × group gets a profile: its mean against the normal score of its upper tail. A complex is the
minimum of its subunits under a Gaussian copula (one factor: exact for two subunits, and for three unless their
correlations disagree in sign). A p-value is a one-dimensional integral over the ligand's normal score u,

    p = ∫ φ(u) P(receptor ≥ r(ligand(u)) | u) du,

with r the smallest receptor value that, with this ligand, reaches the threshold.
"""

from __future__ import annotations

import math

import numpy as np

from ._jit import njit
from .permute import PRODUCT
from .saddle import CUMULANT, CURVATURE, FACTOR, GRID, N_NODES, ORIGIN, SLOPE
from .saddle_tail import FLOOR, log_upper, r_star, score_of

SCORE, VALUE, SCORE_SLOPE, VALUE_SLOPE = 0, 1, 2, 3
ZERO, MEDIAN, WIDTH = 0, 1, 2
NEVER_ZERO = -40.0
STEP = 0.4
FIRST = np.int64(0)
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
_ROOT = math.sqrt(0.5)
# normal scores at which a complex is tabulated
LADDER = np.concatenate([np.arange(-12, 12) / 2, 6.0 + np.arange(8), 14.0 + 2 * np.arange(9)])


@njit
def slope_between(h0, d0, h1, d1):
    """Slope at a node from the secants left and right of it, both positive (Fritsch & Butland 1984)."""
    a, b = 2.0 * h1 + h0, h1 + 2.0 * h0
    return (a + b) / (a / d0 + b / d1)


@njit
def finish(profile):
    """Make scores and values strictly increasing and add the slopes of both interpolants."""
    score, value = profile[SCORE], profile[VALUE]
    n = score.size
    for k in range(1, n):
        score[k] = max(score[k], score[k - 1] + 1e-7)
        value[k] = max(value[k], value[k - 1] * (1.0 + 1e-9) + 1e-12)
    for k in range(n):
        a, b = max(k - 1, 0), min(k + 1, n - 1)
        h0, h1 = score[k] - score[a], score[b] - score[k]
        v0, v1 = value[k] - value[a], value[b] - value[k]
        if k == 0:
            h0, v0 = h1, v1
        elif k == n - 1:
            h1, v1 = h0, v0
        profile[VALUE_SLOPE, k] = slope_between(h0, v0 / h0, h1, v1 / h1)
        profile[SCORE_SLOPE, k] = slope_between(v0, h0 / v0, v1, h1 / v1)


@njit
def interpolate(x, y, slope, at, k):
    """Cubic Hermite through (x, y), linear outside, walking from cell ``k``; returns the value and its cell."""
    last = x.size - 2
    while k < last and x[k + 1] <= at:
        k += 1
    while k > 0 and x[k] > at:
        k -= 1
    if at <= x[k]:
        return y[k] + (at - x[k]) * slope[k], k
    if at >= x[k + 1]:
        return y[k + 1] + (at - x[k + 1]) * slope[k + 1], k
    h = x[k + 1] - x[k]
    q = (at - x[k]) / h
    rise = y[k + 1] - y[k]
    d0, d1 = slope[k] * h, slope[k + 1] * h
    return y[k] + q * (d0 + q * (3.0 * rise - 2.0 * d0 - d1 + q * (d0 + d1 - 2.0 * rise))), k


@njit
def value_at(profile, zero, u, k):
    """Mean at normal score ``u``, and its cell."""
    if u < zero:
        return 0.0, k
    value, k = interpolate(profile[SCORE], profile[VALUE], profile[VALUE_SLOPE], u, k)
    return max(value, 1e-12), k


@njit
def score_at(profile, zero, value, k):
    """Return the score of the event "at least ``value`` and not zero", and its cell."""
    if value <= 0.0:
        return zero, k
    score, k = interpolate(profile[VALUE], profile[SCORE], profile[SCORE_SLOPE], value, k)
    return max(score, zero), k


@njit
def measure(profile, zero, shape):
    """Write the score of "not zero", the median, and half the distance between the values at scores −1 and 1."""
    low, high = value_at(profile, zero, -1.0, FIRST)[0], value_at(profile, zero, 1.0, FIRST)[0]
    shape[ZERO] = zero
    shape[MEDIAN] = value_at(profile, zero, 0.0, FIRST)[0]
    shape[WIDTH] = max(0.5 * (high - low), 1e-12)


@njit
def marginal(tables, unit, mean, sd, p_zero, picks, start, stop, profiles, shapes):
    """Profiles (4 × 41 each) of the table rows ``picks[start:stop]``, and their ``shapes`` (:func:`measure`)."""
    for i in range(start, stop):
        row = picks[i]
        table, out = tables[row], profiles[i]
        weight = math.log1p(-p_zero[row])
        atom = p_zero[row] > 0.0
        zero = score_of(weight) if atom else NEVER_ZERO
        for k in range(N_NODES):
            r = r_star(GRID[k] * unit[row], table[k, SLOPE], table[k, CUMULANT], table[k, CURVATURE], table[k, FACTOR])
            if k == ORIGIN:
                r = (table[k + 1, CURVATURE] - table[k - 1, CURVATURE]) / (6.0 * unit[row])
            out[VALUE, k] = max(mean[row] + sd[row] * table[k, SLOPE], 1e-12)
            out[SCORE, k] = score_of(weight + log_upper(r)) if atom else r
        finish(out)
        measure(out, zero, shapes[i])


@njit
def all_above(scores, loads, rests):
    """P(every Z_i ≥ scores[i]) under one factor: ∫ φ(v) Π Φc((z_i − λ_i v) / √(1 − λ_i²)) dv.

    The integrand is log-concave: from 0 to either side until it has faded.
    """
    total = 0.0
    h = 0.3
    for side in range(2):
        v = 0.0 if side == 0 else -h
        best = 0.0
        for _ in range(140):
            f = _DENSITY * math.exp(-0.5 * v * v)
            for i in range(scores.size):
                f *= 0.5 * math.erfc((scores[i] - loads[i] * v) * rests[i] * _ROOT)
            total += f
            best = max(best, f)
            if f < 1e-7 * total and (f < best or side == 1):
                break
            v += h if side == 0 else -h
    return min(max(total * h, FLOOR), 1.0)


@njit
def loadings(correlation, loads):
    """One factor for a correlation matrix (flat): exact for two variables, alternating least squares for more."""
    n = loads.size
    if n == 2:
        r = correlation[1]
        loads[0] = math.sqrt(abs(r))
        loads[1] = loads[0] if r > 0.0 else -loads[0]
        return
    for i in range(n):
        loads[i] = 0.5
    for _ in range(30):
        for i in range(n):
            a, b = 0.0, 1e-12
            for j in range(n):
                if j != i:
                    a += correlation[i * n + j] * loads[j]
                    b += loads[j] * loads[j]
            loads[i] = min(max(a / b, -0.97), 0.97)


@njit
def minima(profiles, shapes, indptr, members, correlations, offsets, first, scratch, start, stop):
    """Profiles of the complexes ``start`` to ``stop``, written into row ``first + c`` of ``profiles``.

    ``members[indptr[c]:indptr[c + 1]]`` are the rows of the subunits, and ``correlations[offsets[c]:]`` their
    matrix. Value k is the least of the subunits' values at the k-th score of the ladder. ``scratch`` (3 × most
    subunits) is overwritten.
    """
    for c in range(start, stop):
        rows = members[indptr[c] : indptr[c + 1]]
        n = rows.size
        matrix = correlations[offsets[c] : offsets[c] + n * n]
        loads, rests, scores = scratch[0, :n], scratch[1, :n], scratch[2, :n]
        loadings(matrix, loads)
        for i in range(n):
            rests[i] = 1.0 / math.sqrt(1.0 - loads[i] * loads[i])
            scores[i] = shapes[rows[i], ZERO]
        zero = score_of(math.log(all_above(scores, loads, rests)))
        out = profiles[first + c]
        for k in range(N_NODES):
            low = np.inf
            for i in range(n):
                low = min(low, value_at(profiles[rows[i]], shapes[rows[i], ZERO], LADDER[k], FIRST)[0])
            for i in range(n):
                scores[i] = score_at(profiles[rows[i]], shapes[rows[i], ZERO], low, FIRST)[0]
            out[VALUE, k] = low
            out[SCORE, k] = score_of(math.log(all_above(scores, loads, rests))) if low > 0.0 else zero - 1e-3
        finish(out)
        measure(out, zero, shapes[first + c])


@njit
def weighted_tail(u, v):
    """exp(−u²/2) · 2 Φc(v), with erfc to a relative 1.2e-7 for all v (Chebyshev fit of Press et al., erfccheb)."""
    x = abs(v) * _ROOT
    t = 1.0 / (1.0 + 0.5 * x)
    fit = -0.82215223 + t * 0.17087277
    fit = -0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * fit)))
    tail = t * math.exp(
        -0.5 * u * u - x * x - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * fit)))
    )
    return tail if v >= 0.0 else 2.0 * math.exp(-0.5 * u * u) - tail


@njit
def need_at(profile, zero, other, other_zero, form, threshold, rho, rest, u, cells):
    """Score that the other side must reach at ``u``, given u; 40 where this side is zero. ``rest`` is 1/√(1 − ρ²).

    ``cells`` remembers where both profiles were last read.
    """
    mine, cells[0] = value_at(profile, zero, u, cells[0])
    if mine <= 0.0:
        return 40.0
    need = threshold / mine if form == PRODUCT else 2.0 * threshold - mine
    score, cells[1] = score_at(other, other_zero, need, cells[1])
    return (score - rho * u) * rest


@njit
def integrate(profile, zero, other, other_zero, form, threshold, rho, cells):
    """∫ φ(u) P(other side reaches | u) du by the trapezoid rule from this side's "not zero" on.

    Nodes are ``origin + i h``. The walk starts near the largest integrand (−u² − v² is largest there, v being the
    score needed) and goes either way until it has faded. Where the domain begins inside the integrand the first
    three weights are Gregory's.
    """
    bounded = zero > -7.0
    origin = zero if bounded else 0.0
    rest = 1.0 / math.sqrt(1.0 - rho * rho)
    begin, best = origin, -np.inf
    for k in range(20):
        u = origin + 2.0 * k
        v = max(need_at(profile, zero, other, other_zero, form, threshold, rho, rest, u, cells), 0.0)
        height = -(max(u, 0.0) ** 2) - v * v
        if height < best:
            break
        begin, best = u, height
    middle = int((begin - origin) / STEP + 0.5)
    total = 0.0
    for side in range(2):
        peak = 0.0
        for k in range(120):
            i = middle + k if side == 0 else middle - 1 - k
            u = origin + i * STEP
            if (bounded and i < 0) or u > 38.5 or u < -9.0:
                break
            v = need_at(profile, zero, other, other_zero, form, threshold, rho, rest, u, cells)
            f = weighted_tail(u, v)
            peak = max(peak, f)
            if bounded and i < 3:
                f *= 0.375 if i == 0 else (7.0 / 6.0 if i == 1 else 23.0 / 24.0)
            total += f
            if f < 1e-6 * total and (side == 1 or f < peak):
                break
    return total * STEP * 0.5 * _DENSITY


@njit
def joint(profiles, shapes, narrow, wide, form, threshold, rho, cells, start, stop, p):
    """p-values of the tests ``start`` to ``stop``: rows of ``profiles`` and the correlation of their scores.

    Both forms are symmetric in their sides; u is the score of the side that moves the test's score less, so
    that the other side's tail is a gentle function of u. ``cells`` (2) remembers where profiles were read.
    """
    for i in range(start, stop):
        a, b = narrow[i], wide[i]
        total = integrate(profiles[a], shapes[a, ZERO], profiles[b], shapes[b, ZERO], form, threshold[i], rho[i], cells)
        p[i] = min(max(total, FLOOR), 1.0)
