"""Tail probabilities from the tables: the normal score of a saddlepoint, and sums of two group means.

The tail is written as Φc(r*), r* = w + log(v / w) / w (Barndorff-Nielsen 1986, doi:10.1093/biomet/73.2.307),
which agrees with Lugannani & Rice (1980, doi:10.2307/1426607) to its order, cannot leave [0, 1], and keeps its
relative accuracy where the probability is 1e-300.
"""

from __future__ import annotations

import math

from ._jit import njit
from .saddle import CUMULANT, CURVATURE, FACTOR, GRID, N_NODES, ORIGIN, SLOPE

FLOOR = 1e-300
NEAR = 0.3
_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
_V_LEAST = math.exp(-_LOG_ROOT_2PI)


@njit
def log_upper(z):
    """Natural logarithm of Φc(z), for any z."""
    if z < 10.0:
        return math.log(0.5 * math.erfc(z * 0.7071067811865476))
    r = 1.0 / (z * z)
    return -0.5 * z * z - _LOG_ROOT_2PI - math.log(z) + math.log1p(-r * (1.0 - 3.0 * r * (1.0 - 5.0 * r)))


@njit
def upper(z):
    """Φc(z), never below 1e-300."""
    return max(0.5 * math.erfc(z * 0.7071067811865476), FLOOR)


@njit
def score_of(log_p):
    """Return z with log Φc(z) = ``log_p``; Newton on the logarithm from a rational start."""
    if log_p >= 0.0:
        return -38.0
    if log_p > -0.6931471805599453:
        rest = -math.expm1(log_p)
        return -score_of_small(math.log(rest)) if rest > FLOOR else -38.0
    return score_of_small(log_p)


@njit
def score_of_small(log_p):
    """Like :func:`score_of` for probabilities up to one half."""
    a = math.sqrt(-2.0 * log_p)
    z = a - (2.515517 + 0.802853 * a + 0.010328 * a * a) / (1.0 + a * (1.432788 + a * (0.189269 + a * 0.001308)))
    for _ in range(2):
        have = log_upper(z)
        z += (have - log_p) * math.exp(have + 0.5 * z * z + _LOG_ROOT_2PI)
    return z


@njit
def locate(g):
    """Left node of the grid cell of ``g``; end cells serve what lies beyond."""
    a = abs(g)
    if a < 4.0:
        k = int(a * 2.0)
    elif a < 8.0:
        k = 4 + int(a)
    elif a < 16.0:
        k = 8 + int(a * 0.5)
    elif a < 32.0:
        k = 12 + int(a * 0.25)
    else:
        k = 16 + int(a * 0.125)
    j = ORIGIN + k if g >= 0.0 else ORIGIN - k - 1
    return min(max(j, 0), N_NODES - 2)


@njit
def look_up(table, unit, t):
    """C̃, C̃', C̃'' and the factor at tilt ``t`` of the standardised mean (cubic Hermite of C̃').

    Beyond the grid the generating function goes on as a parabola.
    """
    g = t / unit
    if g >= GRID[N_NODES - 1] or g <= GRID[0]:
        j = N_NODES - 1 if g > 0.0 else 0
        d = (g - GRID[j]) * unit
        c2 = table[j, CURVATURE]
        c1 = table[j, SLOPE]
        return table[j, CUMULANT] + d * (c1 + 0.5 * d * c2), c1 + d * c2, c2, table[j, FACTOR]
    j = locate(g)
    h = (GRID[j + 1] - GRID[j]) * unit
    q = (g - GRID[j]) * unit / h
    y0, y1 = table[j, SLOPE], table[j + 1, SLOPE]
    d0, d1 = table[j, CURVATURE] * h, table[j + 1, CURVATURE] * h
    a2, a3 = 3.0 * (y1 - y0) - 2.0 * d0 - d1, 2.0 * (y0 - y1) + d0 + d1
    whole = h * (y0 + d0 / 2.0 + a2 / 3.0 + a3 / 4.0)
    part = h * q * (y0 + q * (d0 / 2.0 + q * (a2 / 3.0 + q * a3 / 4.0)))
    c = table[j, CUMULANT] + part + q * (table[j + 1, CUMULANT] - table[j, CUMULANT] - whole)
    slope = y0 + q * (d0 + q * (a2 + q * a3))
    curvature = max((d0 + q * (2.0 * a2 + 3.0 * q * a3)) / h, 1e-12)
    return c, slope, curvature, table[j, FACTOR] + q * (table[j + 1, FACTOR] - table[j, FACTOR])


@njit
def r_star(t, z, c, c2, factor):
    """Return the normal score of the tail beyond ``z``, whose tilt is ``t`` (not near 0).

    At the end of the support, where no curvature is left, v goes to 0 and the formula with it: there v is held
    where the tail would pass Chernoff's bound exp(−w²/2), and a score on its own side of the mean.
    """
    w = math.sqrt(max(2.0 * (t * z - c), 1e-12))
    v = abs(t) * math.sqrt(c2 * math.exp(factor))
    if w > 1.0:
        v = max(v, _V_LEAST)
    r = max(w + math.log(max(v, 1e-12) / w) / w, -0.5)
    return r if t > 0.0 else -r


@njit
def sum_at(left, right, units, shares, t):
    """C̃, C̃', C̃'' and factor of the weighted sum of two standardised means at tilt ``t``."""
    a, a1, a2, af = look_up(left, units[0], shares[0] * t)
    b, b1, b2, bf = look_up(right, units[1], shares[1] * t)
    return a + b, shares[0] * a1 + shares[1] * b1, shares[0] * shares[0] * a2 + shares[1] * shares[1] * b2, af + bf


@njit
def solve(left, right, units, shares, z):
    """Tilt at which the mean of the weighted sum is ``z``: Newton with a bracket, in at most 60 steps."""
    low, high = -200.0, 400.0
    t = min(max(z, -8.0), 40.0)
    for _ in range(60):
        _, c1, c2, _ = sum_at(left, right, units, shares, t)
        gap = c1 - z
        if gap > 0.0:
            high = t
        else:
            low = t
        step = gap / c2
        if abs(step) < 1e-6:
            break
        t -= step
        if t <= low or t >= high:
            t = 0.5 * (low + high)
    return t


@njit
def near_mean(left, right, units, shares, z):
    """Return the score where the saddlepoint formula is 0/0: a parabola through it at ± 0.3 and its limit κ3/6 at 0."""
    a, x0, a2, af = sum_at(left, right, units, shares, -NEAR)
    b, x1, b2, bf = sum_at(left, right, units, shares, NEAR)
    middle = (b2 - a2) / (12.0 * NEAR)
    y0 = (r_star(-NEAR, x0, a, a2, af) - middle) / x0
    y1 = (r_star(NEAR, x1, b, b2, bf) - middle) / x1
    return middle + z * (y0 + (z - x0) * (y1 - y0) / (x1 - x0))


@njit
def additive(tables, unit, left, right, share, z, weight, units, shares, start, stop, p):
    """p-values of the tests ``start`` to ``stop``: ``weight`` · P(share·Y_left + √(1 − share²)·Y_right ≥ z).

    ``left`` and ``right`` are rows of ``tables``; the Y are independent, standardised and without their atom
    at zero; ``weight`` is the probability that neither mean is zero. ``units`` and ``shares`` (2) are overwritten.
    """
    for i in range(start, stop):
        a, b = tables[left[i]], tables[right[i]]
        units[0], units[1] = unit[left[i]], unit[right[i]]
        shares[0] = share[i]
        shares[1] = math.sqrt(max(1.0 - share[i] * share[i], 0.0))
        t = solve(a, b, units, shares, z[i])
        if abs(t) < NEAR:
            r = near_mean(a, b, units, shares, z[i])
        else:
            c, c1, c2, factor = sum_at(a, b, units, shares, t)
            r = r_star(t, c1, c, c2, factor)
        p[i] = min(max(weight[i] * upper(r), FLOOR), 1.0)
