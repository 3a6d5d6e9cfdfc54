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

ZERO, MEDIAN, WIDTH = 0, 1, 2
NEVER_ZERO = -40.0
LEAST = 1e-9
STEP = 0.4
FAR = 5.0
BEYOND = 100.0
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
def cubics(curve):
    """Add to (x, y) the coefficients of a monotone cubic per cell, and of a line beyond the last node."""
    x, y, slope = curve[0], curve[1], curve[2]
    n = x.size
    for k in range(n):
        a, b = min(max(k - 1, 0), n - 2), min(k, n - 2)
        h0, h1 = x[a + 1] - x[a], x[b + 1] - x[b]
        slope[k] = slope_between(h0, (y[a + 1] - y[a]) / h0, h1, (y[b + 1] - y[b]) / h1)
    for k in range(n - 1):
        h = x[k + 1] - x[k]
        secant = (y[k + 1] - y[k]) / h
        curve[3, k] = (3.0 * secant - 2.0 * slope[k] - slope[k + 1]) / h
        curve[4, k] = (slope[k] + slope[k + 1] - 2.0 * secant) / (h * h)
    curve[3, n - 1] = 0.0
    curve[4, n - 1] = 0.0


@njit
def finish(profile):
    """Complete a profile whose scores and values (rows 0 and 1 of its first curve) are set.

    Both are made strictly increasing and the values positive; the second curve has their roles exchanged. The
    last node is the end of the support, or beyond any probability that matters: no value is larger, and what
    asks for 1 % more needs one unit of score more.
    """
    score, value = profile[0, 0], profile[0, 1]
    value[0] = max(value[0], LEAST * value[value.size - 1])
    for k in range(1, score.size):
        score[k] = max(score[k], score[k - 1] + 1e-7)
        value[k] = max(value[k], value[k - 1] * (1.0 + LEAST))
    for k in range(score.size):
        profile[1, 0, k] = value[k]
        profile[1, 1, k] = score[k]
    cubics(profile[0])
    cubics(profile[1])
    profile[0, 2, score.size - 1] = 0.0
    profile[1, 2, score.size - 1] = BEYOND / value[score.size - 1]


@njit
def interpolate(curve, at, k):
    """Read ``curve`` at ``at``, walking from cell ``k``; returns the value and its cell."""
    x = curve[0]
    last = x.size - 1
    while k < last and x[k + 1] <= at:
        k += 1
    while k > 0 and x[k] > at:
        k -= 1
    d = at - x[k]
    if d < 0.0:
        return curve[1, k] + d * curve[2, k], k
    return curve[1, k] + d * (curve[2, k] + d * (curve[3, k] + d * curve[4, k])), k


@njit
def value_at(profile, zero, u, k):
    """Mean at normal score ``u``, and its cell."""
    if u < zero:
        return 0.0, k
    value, k = interpolate(profile[0], u, k)
    return max(value, profile[1, 0, 0]), k


@njit
def score_at(profile, zero, value, k):
    """Return the score of the event "at least ``value`` and not zero", and its cell."""
    if value <= 0.0:
        return zero, k
    score, k = interpolate(profile[1], value, k)
    return max(score, zero), k


@njit
def measure(profile, zero, shape):
    """Write the score of "not zero", the median, and half the way between the values at scores −1 and 1.

    Where a mean of zero is still possible at score 1, the upper end is half a score above that.
    """
    low, high = value_at(profile, zero, -1.0, FIRST)[0], value_at(profile, zero, max(1.0, zero + 0.5), FIRST)[0]
    shape[ZERO] = zero
    shape[MEDIAN] = value_at(profile, zero, 0.0, FIRST)[0]
    shape[WIDTH] = max(0.5 * (high - low), LEAST * high)


@njit
def marginal(tables, unit, mean, sd, p_zero, picks, start, stop, profiles, shapes):
    """Profiles of the table rows ``picks[start:stop]`` (2 curves × 5 × 41), and their ``shapes``.

    The curves are value by score and score by value: x, y and three coefficients per cell (:func:`cubics`).
    """
    for i in range(start, stop):
        row = picks[i]
        table, score, value = tables[row], profiles[i, 0, 0], profiles[i, 0, 1]
        weight = math.log1p(-p_zero[row])
        atom = p_zero[row] > 0.0
        zero = score_of(weight) if atom else NEVER_ZERO
        for k in range(N_NODES):
            r = r_star(GRID[k] * unit[row], table[k, SLOPE], table[k, CUMULANT], table[k, CURVATURE], table[k, FACTOR])
            if k == ORIGIN:
                r = (table[k + 1, CURVATURE] - table[k - 1, CURVATURE]) / (6.0 * unit[row])
            value[k] = max(mean[row] + sd[row] * table[k, SLOPE], LEAST * mean[row])
            score[k] = score_of(weight + log_upper(r)) if atom else r
        finish(profiles[i])
        measure(profiles[i], zero, shapes[i])


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
            out[0, 1, k] = low
            out[0, 0, k] = score_of(math.log(all_above(scores, loads, rests))) if low > 0.0 else zero - 1e-3
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
        if height > best:
            begin, best = u, height
        elif v < FAR or u * u > -best:
            break
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
