"""Counter-based random numbers: a draw is a pure function of (key, stream, position).

SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195) as the mixing function; bounded integers
without bias by Lemire's rejection (2019, doi:10.1145/3230636).
"""

from __future__ import annotations

import numpy as np

from ._jit import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)


@njit
def mix(z):
    """Finaliser of SplitMix64."""
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@njit
def start(key, stream):
    """First state of stream number ``stream`` of ``key`` (both uint64)."""
    return mix(key ^ mix(stream + GOLDEN))


@njit
def shuffle(values, key, stream):
    """Fisher–Yates shuffle of ``values`` in place, exactly uniform over orders."""
    state = start(key, stream)
    for i in range(values.size - 1, 0, -1):
        n = np.uint64(i + 1)
        state += GOLDEN
        m = (mix(state) >> _S32) * n
        if (m & _LOW) < n:
            floor = ((_ONE << _S32) - n) % n
            while (m & _LOW) < floor:
                state += GOLDEN
                m = (mix(state) >> _S32) * n
        j = m >> _S32
        v = values[np.uint64(i)]
        values[np.uint64(i)] = values[j]
        values[j] = v
