"""How many of the cells that express a gene fall into a group whose cells are drawn at random within each stratum.

The number is a sum of independent hypergeometric variables, one per stratum. Its upper tail comes from the
convolution of their probabilities, tilted so that the mass lies at the threshold: what is left out is below 1e-14 of
what is summed, however far the threshold is in the tail.
"""

from __future__ import annotations

import math

import numpy as np

from ._jit import njit

_NEGLIGIBLE = 1e-14
_CERTAIN = 35.0  # the lower tail is below exp(-35)
_HALVINGS = 24  # any odds ratio near the best will do: it is where digits are kept, not what they are
_WIDEST = 40.0  # logarithm of the odds ratio
_STIRLING = 16
_HALF_LOG_2PI = 0.9189385332046727


@njit
def log_factorial(n):
    """Logarithm of n! of a whole number, by Stirling's series from 16 on: the same bits whatever library is linked."""
    if n < _STIRLING:
        product = 1.0
        for i in range(2, int(n) + 1):
            product *= i
        return math.log(product)
    inverse = 1.0 / (n * n)
    series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / n
    return (n + 0.5) * math.log(n) - n + _HALF_LOG_2PI + series


@njit
def log_choose(n, k):
    """Logarithm of the binomial coefficient."""
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k)


@njit
def tilted_mean(cells, marked, drawn, odds):
    """Root of (e − x)(n − x)·odds = x (N − e − n + x): where the tilted hypergeometric has its mass."""
    a = odds - 1.0
    b = -(odds * (marked + drawn) + cells - marked - drawn)
    c = odds * marked * drawn
    root = math.sqrt(max(b * b - 4.0 * a * c, 0.0))
    return 2.0 * c / (-b + root)


@njit
def tilt_to(cells, marked, drawn, threshold):
    """Logarithm of the odds ratio at which the sum's mass lies at ``threshold``; 0 where it is above without."""
    low, high = 0.0, _WIDEST
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high) if high < _WIDEST or low > 0.0 else 0.0
        total, odds = 0.0, math.exp(middle)
        for s in range(cells.size):
            total += tilted_mean(cells[s], marked[s], drawn[s], odds)
        if total >= threshold:
            if middle == 0.0:
                return 0.0
            high = middle
        elif middle == 0.0:
            low = 1e-9
        else:
            low = middle
    return 0.5 * (low + high)


@njit
def tilted_masses(cells, marked, drawn, tilt, out):
    """Write the tilted probabilities, as parts of the largest, from the returned place on; return place, n and log."""
    odds = math.exp(tilt)
    least, most = max(0.0, drawn + marked - cells), min(marked, drawn)
    mode = min(max(math.floor(tilted_mean(cells, marked, drawn, odds)), least), most)
    log_peak = log_choose(marked, mode) + log_choose(cells - marked, drawn - mode) - log_choose(cells, drawn)
    first, mass = mode, 1.0
    while first > least and mass > _NEGLIGIBLE:
        x = first - 1.0
        mass *= (x + 1.0) * (cells - marked - drawn + x + 1.0) / ((marked - x) * (drawn - x) * odds)
        first = x
    last, mass = mode, 1.0
    while last < most and mass > _NEGLIGIBLE:
        mass *= (marked - last) * (drawn - last) * odds / ((last + 1.0) * (cells - marked - drawn + last + 1.0))
        last += 1.0
    at = int(mode - first)
    out[at] = 1.0
    for i in range(at, 0, -1):
        x = first + i - 1.0
        out[i - 1] = out[i] * (x + 1.0) * (cells - marked - drawn + x + 1.0) / ((marked - x) * (drawn - x) * odds)
    n = int(last - first) + 1
    for i in range(at, n - 1):
        x = first + i
        out[i + 1] = out[i] * (marked - x) * (drawn - x) * odds / ((x + 1.0) * (cells - marked - drawn + x + 1.0))
    return first, n, log_peak + tilt * mode


@njit
def trim(joined, size, total):
    """Write what is not negligible, as parts of the largest, to ``total``; return its begin, its size, the largest."""
    largest = 0.0
    for i in range(size):
        largest = max(largest, joined[i])
    start, stop = 0, size
    while joined[start] < _NEGLIGIBLE * largest:
        start += 1
    while joined[stop - 1] < _NEGLIGIBLE * largest:
        stop -= 1
    for i in range(start, stop):
        total[i - start] = joined[i] / largest
    return start, stop - start, largest


@njit
def upper_tail(cells, marked, drawn, threshold):
    """P(sum over strata ≥ ``threshold``), ``marked`` and ``drawn`` of ``cells`` in each stratum (float64)."""
    tilt = tilt_to(cells, marked, drawn, threshold)
    all_marked = all_drawn = 0.0
    for s in range(cells.size):
        all_marked += marked[s]
        all_drawn += drawn[s]
    room = int(min(all_marked, all_drawn)) + 2 * cells.size + 3
    one, total, joined = np.empty(room), np.zeros(room), np.zeros(room)
    total[0] = 1.0
    begin, size, log_scale = 0.0, 1, 0.0
    for s in range(cells.size):
        first, n, log_peak = tilted_masses(cells[s], marked[s], drawn[s], tilt, one)
        begin += first
        log_scale += log_peak
        for i in range(size + n - 1):
            joined[i] = 0.0
        for i in range(size):
            v = total[i]
            for j in range(n):
                joined[i + j] += v * one[j]
        size += n - 1
        start, size, largest = trim(joined, size, total)
        begin += start
        log_scale += math.log(largest)
    tail = 0.0
    for i in range(size - 1, -1, -1):
        if begin + i >= threshold:
            tail += total[i] * math.exp(-tilt * (begin + i - threshold))
    if tail <= 0.0:
        return 0.0
    return min(math.exp(log_scale - tilt * threshold + math.log(tail)), 1.0)


@njit
def pass_probabilities(cells, marked, drawn, threshold, start, stop, out):
    """Write P(at least ``threshold`` marked cells are drawn) of the rows ``start`` to ``stop``.

    ``cells`` (n_strata), ``marked`` and ``drawn`` (rows × n_strata), all float64. A stratum of which nothing or
    everything is drawn or marked adds a constant.
    """
    of, e_of, d_of = np.empty(cells.size), np.empty(cells.size), np.empty(cells.size)
    for row in range(start, stop):
        n, rest, most, mean = 0, threshold[row], 0.0, 0.0
        for s in range(cells.size):
            e, d = marked[row, s], drawn[row, s]
            if e == cells[s] or d == cells[s]:
                rest -= min(e, d)
            elif e > 0.0 and d > 0.0:
                of[n], e_of[n], d_of[n] = cells[s], e, d
                n += 1
                most += min(e, d)
                mean += e * d / cells[s]
        # Chernoff's bound of the lower tail, which hypergeometrics obey as binomials do
        if rest <= 0.0 or (rest < mean and (mean - rest) ** 2 > 2.0 * mean * _CERTAIN):
            out[row] = 1.0
        elif rest > most:
            out[row] = 0.0
        else:
            out[row] = upper_tail(of[:n], e_of[:n], d_of[:n], rest)
